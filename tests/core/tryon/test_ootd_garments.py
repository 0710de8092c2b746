import torch
from hypothesis import given
from hypothesis import strategies as st

from core.tryon.ootd_garments import GarmentCache, Kept


def kept(numbers):
    """Something of 4 bytes for each number."""
    half = torch.zeros(1, 1, numbers)
    return Kept(torch.zeros(0), [(half, half)] if numbers else [])


def test_size_counts_all_tensors():
    assert kept(10).size == 80
    assert Kept(torch.zeros(1, 2, 3, dtype=torch.float16), []).size == 12


def test_what_was_not_used_for_longest_makes_room():
    cache = GarmentCache(limit=200)
    first, second, third = kept(10), kept(10), kept(10)
    cache.put(("a", True), first)
    cache.put(("b", True), second)
    assert cache.get(("a", True)) is first and cache.get(("a", False)) is None
    cache.put(("c", True), third)
    assert cache.get(("b", True)) is None and cache.get(("a", True)) is first
    assert (cache.hits, cache.misses) == (2, 2)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 60)), max_size=30))
def test_memory_is_bounded_whatever_comes(puts):
    cache, latest = GarmentCache(limit=300), {}
    for name, numbers in puts:
        key, row = (str(name), True), kept(numbers)
        cache.put(key, row)
        latest[key] = row
        assert cache.size <= 300
        assert cache.get(key) is (row if row.size <= 300 else None)
    for key, row in latest.items():
        assert cache.get(key) in (None, row)
