import pytest
import torch

from core.tryon.memory import out_of_memory


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks the CPU's allocator")
def test_what_the_allocator_really_says_is_known():
    with pytest.raises(RuntimeError) as told:
        torch.empty(2**60, dtype=torch.uint8)
    assert out_of_memory(told.value)


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), ValueError("out of memory")])
def test_other_errors_are_not_taken_for_it(error):
    assert not out_of_memory(error)
