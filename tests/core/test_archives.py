import stat
import zipfile

import pytest

from core import archives
from core.archives import ArchiveError, unpack


@pytest.fixture
def pack(tmp_path):
    def write(entries):
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        return path

    return write


def test_files_are_unpacked_where_they_belong(pack, tmp_path):
    archive = pack({"top/a.csv": "a", "top/images/b.jpg": "b", "__MACOSX/x": "", ".DS_Store": ""})
    shares = []
    written = unpack(
        archive, tmp_path / "out", max_bytes=100, on_progress=lambda s, m: shares.append(s)
    )
    assert sorted(p.relative_to(tmp_path / "out").as_posix() for p in written) == [
        "top/a.csv",
        "top/images/b.jpg",
    ]
    assert shares[-1] == 1.0


def test_paths_can_be_changed_and_left_out(pack, tmp_path):
    archive = pack({"top/a.csv": "a", "top/skip/b": "b"})
    unpack(
        archive,
        tmp_path / "out",
        max_bytes=100,
        rename=lambda n: None if "skip" in n else n.removeprefix("top/"),
    )
    assert [p.name for p in (tmp_path / "out").rglob("*")] == ["a.csv"]


@pytest.mark.parametrize("name", ["../evil.txt", "a/../../evil.txt", "/etc/evil.txt", "a\\..\\e"])
def test_a_path_that_leaves_the_folder_is_refused(pack, tmp_path, name):
    with pytest.raises(ArchiveError, match="leaves its folder"):
        unpack(pack({name: "x"}), tmp_path / "out", max_bytes=100)
    assert not (tmp_path / "evil.txt").exists()


def test_links_are_left_out(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.csv", "a")
    assert [p.name for p in unpack(path, tmp_path / "out", max_bytes=100)] == ["a.csv"]


def test_a_bomb_is_refused_before_it_is_unpacked(pack, tmp_path, monkeypatch):
    archive = pack({"zeros": b"\x00" * 1_000_000})
    with pytest.raises(ArchiveError, match="unpacks to 1 files of 1 MB; at most"):
        unpack(archive, tmp_path / "out", max_bytes=999_999)
    monkeypatch.setattr(archives, "MAX_ENTRIES", 1)
    with pytest.raises(ArchiveError, match="2 files"):
        unpack(pack({"a": "", "b": ""}), tmp_path / "out", max_bytes=10)
    assert not (tmp_path / "out").exists()


def test_a_damaged_archive_is_a_sentence(pack, tmp_path):
    path = pack({"a.csv": "id,title\n" * 100})
    whole = bytearray(path.read_bytes())
    whole[45] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(ArchiveError, match="damaged"):
        unpack(path, tmp_path / "out", max_bytes=10_000)
    path.write_bytes(b"no archive")
    with pytest.raises(ArchiveError, match="damaged or not a plain ZIP"):
        unpack(path, tmp_path / "out", max_bytes=10_000)
