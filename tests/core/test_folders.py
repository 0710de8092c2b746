from pathlib import Path

import pytest

from core.folders import replace_folder, restore_folder


def folder(path, text):
    path.mkdir()
    (path / "a.txt").write_text(text)
    return path


def test_the_new_folder_takes_the_old_ones_place_and_nothing_stays_beside(tmp_path):
    out = folder(tmp_path / "out", "old")
    (out / "b.txt").write_text("old too")
    replace_folder(folder(tmp_path / "new", "new"), out)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert [(p.name, p.read_text()) for p in out.iterdir()] == [("a.txt", "new")]


def test_the_old_folder_comes_back_after_a_kill_and_the_next_run_replaces_it(tmp_path):
    out = folder(tmp_path / "out", "old")
    out.rename(tmp_path / ".out.previous")
    restore_folder(out)
    assert (out / "a.txt").read_text() == "old"
    replace_folder(folder(tmp_path / "new", "new"), out)
    restore_folder(out)
    assert (out / "a.txt").read_text() == "new"


def test_a_reader_that_restores_in_between_does_not_stop_the_writer(tmp_path, monkeypatch):
    out = folder(tmp_path / "out", "old")
    rename = Path.rename

    def disturbed(path, target):
        if path.name == "new" and disturbed.times < 2:
            disturbed.times += 1
            restore_folder(out)
        return rename(path, target)

    disturbed.times = 0
    monkeypatch.setattr(Path, "rename", disturbed)
    replace_folder(folder(tmp_path / "new", "new"), out)
    assert disturbed.times == 2 and (out / "a.txt").read_text() == "new"


def test_a_failed_rename_leaves_the_old_folder_in_place(tmp_path):
    out = folder(tmp_path / "out", "old")
    with pytest.raises(FileNotFoundError):
        replace_folder(tmp_path / "never made", out)
    assert (out / "a.txt").read_text() == "old"
