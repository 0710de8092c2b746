import pytest

from core.checkpoint_registry import REGISTRY
from core.errors import DownloadError
from scripts import checkpoints


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_CHECKPOINTS_DIR", str(tmp_path))


def test_list_has_a_line_for_each_checkpoint(capsys):
    assert checkpoints.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(REGISTRY)
    states = {line.split()[0]: line.split()[1] for line in lines}
    assert states["clip-fashion-small"] == states["parser-ccp-small"] == "present"
    assert states["clip-vit-large-patch14"] == "absent"


def test_doctor_names_missing_files_licences_and_the_command_that_helps(capsys, tmp_path):
    (tmp_path / "humanparsing").mkdir()
    (tmp_path / "humanparsing/parsing_atr.onnx").write_bytes(b"x")
    assert checkpoints.main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert str(tmp_path) in out
    assert "CC BY-NC-SA 4.0: non-commercial" in out
    schp = out[out.index("schp-parsing:") : out.index("openpose-body:")]
    assert "(partial, " in schp
    assert "parsing_lip.onnx" in schp and "parsing_atr.onnx" not in schp
    assert "python scripts/checkpoints.py pull schp-parsing" in schp


def test_what_goes_wrong_is_a_sentence_and_status_2(capsys):
    assert checkpoints.main(["pull", "no-such-thing"]) == 2
    assert "Choose one of: clip-fashion-small" in capsys.readouterr().err


def test_a_pull_says_where_it_is_and_its_licence(capsys, monkeypatch, tmp_path):
    def fetch(wanted, staging):
        if wanted.name != "openpose-body":
            raise DownloadError("not this one")
        file = staging / "checkpoints/openpose/ckpts/body_pose_model.pth"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"x" * 2_000_000)
        return "abc"

    monkeypatch.setattr("core.checkpoints._fetch", fetch)
    assert checkpoints.main(["pull", "openpose-body"]) == 0
    out = capsys.readouterr().out
    assert f"{tmp_path} (2 MB)" in out and "non-commercial" in out
    assert (tmp_path / "openpose/ckpts/body_pose_model.pth").is_file()
