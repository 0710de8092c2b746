import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from scripts.check_ootd_parity import main
from tests.core.tryon.ootd_goldens import GOLDENS

CASES = ("hd_nocfg_s0.5_n1_pndm", "hd_s1.5_n1_dpmk")


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def goldens(tmp_path):
    for folder in ("pipeline", "tiny_ckpt"):
        shutil.copytree(GOLDENS / folder, tmp_path / folder)
    return tmp_path


def test_recorded_runs_are_reproduced(goldens, capsys):
    assert main([str(goldens)]) == 0
    lines = capsys.readouterr().out.splitlines()
    for line, case in zip(lines, CASES, strict=False):
        assert line.startswith(f"ok   pipeline/{case}  worst ") and "of 0.0001" in line
    assert lines[2:] == ["2 of 2 cases within tolerance."]


@pytest.mark.parametrize(
    ("tensor", "by"),
    [
        ("latents_after_step", 2e-4),
        ("spatial_attn_02", 2e-4),
        ("vton_out", 2e-4),
        ("decoded", 2e-4),
        ("out_images", 2),
        ("text_input_ids", 1),
        ("sigmas", 1e-6),
        ("init_noise", 1e-6),
        ("mask_latents", 1),
    ],
)
def test_a_difference_is_found_and_named(goldens, capsys, tensor, by):
    (goldens / "pipeline" / f"{CASES[1]}.safetensors").unlink()
    (goldens / "pipeline" / f"{CASES[1]}.json").unlink()
    file = goldens / "pipeline" / f"{CASES[0]}.safetensors"
    tensors = load_file(file)
    flat = tensors[tensor].flatten()
    flat[0] = flat[0] - by if tensor == "out_images" and flat[0] > 2 else flat[0] + by
    save_file(tensors, file)
    assert main([str(goldens)]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"FAIL pipeline/{CASES[0]}") and f" in {tensor};" in said
    assert "0 of 1 cases within tolerance" in said


def test_a_wrong_number_that_is_none_fails(goldens, capsys):
    file = goldens / "pipeline" / f"{CASES[0]}.safetensors"
    tensors = load_file(file)
    tensors["decoded"].flatten()[0] = float("nan")
    save_file(tensors, file)
    assert main([str(goldens)]) == 1
    assert "worst inf" in capsys.readouterr().out


def test_a_folder_without_cases_is_an_error(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "holds no recorded cases" in capsys.readouterr().err


@pytest.mark.shared
def test_every_run_that_was_recorded(shared, capsys):
    assert main([str(shared / "goldens" / "ootd")]) == 0
    assert capsys.readouterr().out.count("ok   pipeline/") == 9
