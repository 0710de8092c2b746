import json
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


def alone(goldens, number=0):
    """The golden directory with one run in it: the files of its numbers and its settings."""
    other = goldens / "pipeline" / CASES[1 - number]
    for suffix in (".json", ".safetensors"):
        other.with_name(other.name + suffix).unlink()
    own = goldens / "pipeline" / CASES[number]
    return [own.with_name(own.name + suffix) for suffix in (".safetensors", ".json")]


def without(file, *names):
    save_file({k: v for k, v in load_file(file).items() if k not in names}, file)


def told(goldens, capsys):
    status = main([str(goldens)])
    return status, capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("tensor", "by"), [("second_call_vton_out", 1e-2), ("vton_in_step0", 2e-4), ("garm_out", 2e-4)]
)
def test_whatever_the_readme_names_is_compared(goldens, capsys, tensor, by):
    numbers, _ = alone(goldens)
    tensors = load_file(numbers)
    tensors[tensor] = tensors[tensor.removeprefix("second_call_")].clone()
    save_file(tensors, numbers)
    assert told(goldens, capsys)[0] == 0
    tensors[tensor].flatten()[0] += by
    save_file(tensors, numbers)
    status, lines = told(goldens, capsys)
    assert status == 1 and f" in {tensor};" in lines[0]


def test_numbers_that_were_left_out_or_added_do_not_matter(goldens, capsys):
    numbers, settings = alone(goldens)
    without(numbers, "garm_latents", "out_images", "vton_out", "spatial_attn_00")
    save_file(load_file(numbers) | {"new": torch.ones(3)}, numbers)
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"new": [1]}))
    (goldens / "pipeline" / "notes.json").write_text('{"made": "today"}')
    (goldens / "pipeline" / "notes.txt").write_text("made today")
    status, lines = told(goldens, capsys)
    assert status == 0 and len(lines) == 2 and "255" not in lines[0]


def test_a_run_of_another_name_and_of_one_step(goldens, capsys):
    numbers, settings = alone(goldens)
    one = ("timesteps", "vton_timesteps", "sigmas", "repaint_target")
    kept = {k: v for k, v in load_file(numbers).items() if not k.startswith(("in_", *one))}
    inputs = {k: v for k, v in load_file(numbers).items() if k.startswith("in_")}
    steady = {k: v for k, v in kept.items() if k.startswith(("spatial", "garm", "mask", "prompt"))}
    nothing = torch.zeros(0, 1, 4, 16, 12)
    numbers.unlink()
    save_file(inputs | steady | {"repaint_target": nothing}, numbers.with_name("x.safetensors"))
    case = json.loads(settings.read_text()) | {"num_inference_steps": 1}
    settings.unlink()
    settings.with_name("x.json").write_text(json.dumps(case))
    status, lines = told(goldens, capsys)
    assert status == 0 and lines[0].startswith("ok   pipeline/x ")


@pytest.mark.parametrize(("steps", "status"), [(45, 0), (44, 1)])
def test_where_the_original_raises_for_timesteps_that_repeat(goldens, capsys, steps, status):
    numbers, settings = alone(goldens)
    numbers.unlink()
    changed = {
        "num_inference_steps": steps,
        "scheduler_variant": "dpmk",
        "exception": ["RuntimeError", "a Tensor with 2 elements cannot be converted to Scalar"],
    }
    settings.write_text(json.dumps(json.loads(settings.read_text()) | changed))
    got, lines = told(goldens, capsys)
    assert got == status and "raise" in lines[0]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda numbers, settings: numbers.unlink(), "safetensors"),
        (lambda numbers, settings: settings.unlink(), "No such file"),
        (lambda numbers, settings: settings.write_text("{"), "JSONDecodeError"),
        (lambda numbers, settings: numbers.write_bytes(b"x" * 20), "Error"),
        (lambda numbers, settings: without(numbers, "in_mask"), "'in_mask' is not recorded"),
        (lambda numbers, settings: shutil.rmtree(numbers.parents[1] / "tiny_ckpt"), "cannot load"),
    ],
)
def test_a_broken_case_is_a_line_with_its_reason(goldens, capsys, broken, said):
    own = goldens / "pipeline" / CASES[0]
    broken(*(own.with_name(own.name + suffix) for suffix in (".safetensors", ".json")))
    status, lines = told(goldens, capsys)
    assert status == 1 and lines[0].startswith(f"FAIL pipeline/{CASES[0]}") and said in lines[0]
    assert len(lines) == 3 and CASES[1] in lines[1]


@pytest.mark.parametrize("folder", ["masks", "openpose", "parsing"])
def test_broken_pre_processing_is_a_line_with_its_reason(tmp_path, capsys, folder):
    shutil.copytree(GOLDENS / folder, tmp_path / folder)
    status, lines = told(tmp_path, capsys)
    assert status == 0
    whole = len(lines)
    doomed = {
        "masks": "parse_00_standing_tee_pants.png",
        "openpose": "decode.safetensors",
        "parsing": "0_image.png",
    }
    (tmp_path / folder / doomed[folder]).unlink()
    status, lines = told(tmp_path, capsys)
    assert status == 1 and "No such file" in next(x for x in lines if x.startswith("FAIL"))
    assert len(lines) == whole or folder == "openpose"
    for file in (tmp_path / folder).rglob("*.json"):
        file.write_text("[")
    status, lines = told(tmp_path, capsys)
    assert status == 1 and all(".json" in line for line in lines[:-1])


def test_decodings_are_found_by_their_numbers_where_none_are_listed(tmp_path, capsys):
    shutil.copytree(GOLDENS / "openpose", tmp_path / "openpose")
    listed = told(tmp_path, capsys)[1]
    (tmp_path / "openpose" / "openpose.json").write_text('{"seed": 1}')
    status, lines = told(tmp_path, capsys)
    assert status == 0 and sorted(lines) == sorted(listed)
    numbers = tmp_path / "openpose" / "decode.safetensors"
    tensors = load_file(numbers)
    name = next(k for k in tensors if k.endswith(".pose_keypoints_2d"))
    del tensors[name]
    save_file(tensors, numbers)
    status, lines = told(tmp_path, capsys)
    assert status == 1 and "points: not raised" in next(x for x in lines if x.startswith("FAIL"))


def test_a_folder_without_cases_is_an_error(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "holds no recorded cases" in capsys.readouterr().err


@pytest.mark.shared
def test_every_run_that_was_recorded(shared, capsys):
    assert main([str(shared / "goldens" / "ootd")]) == 0
    assert capsys.readouterr().out.count("ok   pipeline/") == 9
