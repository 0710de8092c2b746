import base64
import errno
import hashlib
import json
from pathlib import Path

import pytest

from core import downloads
from core.downloads import fetch
from core.errors import DownloadError
from tests.core.fake_server import fake_server

CONTENT = bytes(range(256)) * 12_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(downloads, "WAIT", 0.001)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with fake_server() as fake:
        fake.files["/file"] = CONTENT
        yield fake


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_file_arrives_with_its_hash_recorded(server, tmp_path):
    shares = []
    found = fetch(
        f"{server.url}/file", tmp_path / "f.bin", on_progress=lambda s, m: shares.append(s)
    )
    assert found == SHA256
    assert (tmp_path / "f.bin").read_bytes() == CONTENT
    record = json.loads((tmp_path / "f.bin.sha256.json").read_text())
    assert (record["sha256"], record["bytes"]) == (SHA256, len(CONTENT))
    assert names(tmp_path) == ["f.bin", "f.bin.sha256.json"]
    assert all(0 <= s <= 1 for s in shares)


def test_a_broken_connection_is_taken_up_where_it_broke(server, tmp_path):
    server.cut = [1_000_000, 500_000]
    assert fetch(f"{server.url}/file", tmp_path / "f.bin") == SHA256
    asked = [headers.get("Range") for _, headers in server.seen]
    assert asked[0] is None
    assert all(a.startswith("bytes=") for a in asked[1:])
    assert len(asked) == 3


def test_a_stopped_run_goes_on_in_the_next(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "ATTEMPTS", 1)
    server.cut = [1_000_000]
    with pytest.raises(DownloadError, match="goes on where it stopped"):
        fetch(f"{server.url}/file", tmp_path / "f.bin")
    assert not (tmp_path / "f.bin").exists()
    assert (tmp_path / "f.bin.part").stat().st_size == 1_000_000
    assert fetch(f"{server.url}/file", tmp_path / "f.bin") == SHA256
    assert server.seen[-1][1]["Range"] == "bytes=1000000-"


def test_two_versions_are_never_joined(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "ATTEMPTS", 1)
    server.cut = [1_000_000]
    with pytest.raises(DownloadError):
        fetch(f"{server.url}/file", tmp_path / "f.bin")
    server.etag, server.files["/file"] = '"v2"', CONTENT[::-1]
    fetch(f"{server.url}/file", tmp_path / "f.bin")
    assert (tmp_path / "f.bin").read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("etag", ['W/"weak"', ""])
def test_without_a_mark_of_the_version_it_starts_over(server, tmp_path, etag):
    server.etag, server.cut = etag, [1_000_000]
    assert fetch(f"{server.url}/file", tmp_path / "f.bin") == SHA256
    assert "Range" not in server.seen[1][1]


def test_a_server_without_ranges_starts_over(server, tmp_path):
    server.ranges, server.cut = False, [1_000_000]
    assert fetch(f"{server.url}/file", tmp_path / "f.bin") == SHA256


def test_a_part_longer_than_the_file_is_thrown_away(server, tmp_path):
    (tmp_path / "f.bin.part").write_bytes(b"x" * (len(CONTENT) + 1))
    (tmp_path / "f.bin.part.json").write_text(
        json.dumps({"url": f"{server.url}/file", "validator": '"v1"'})
    )
    assert fetch(f"{server.url}/file", tmp_path / "f.bin") == SHA256


def test_a_finished_file_is_checked_and_not_fetched_again(server, tmp_path):
    fetch(f"{server.url}/file", tmp_path / "f.bin")
    fetch(f"{server.url}/file", tmp_path / "f.bin")
    assert len(server.seen) == 1
    (tmp_path / "f.bin").write_bytes(b"damaged since")
    assert fetch(f"{server.url}/file", tmp_path / "f.bin") == SHA256
    assert len(server.seen) == 2


def test_a_file_with_another_hash_than_the_published_one_is_refused(server, tmp_path):
    with pytest.raises(DownloadError, match="its hash differs"):
        fetch(f"{server.url}/file", tmp_path / "f.bin", sha256="0" * 64)
    assert names(tmp_path) == []
    assert fetch(f"{server.url}/file", tmp_path / "f.bin", sha256=SHA256) == SHA256


def test_an_md5_that_the_server_sends_along_is_checked(server, tmp_path):
    right = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()
    server.headers = {"x-goog-hash": f"crc32c=AAAAAA==,md5={right}"}
    assert fetch(f"{server.url}/file", tmp_path / "f.bin") == SHA256
    server.headers = {"x-goog-hash": "md5=" + base64.b64encode(b"0" * 16).decode()}
    with pytest.raises(DownloadError, match="its hash differs"):
        fetch(f"{server.url}/file", tmp_path / "g.bin")


def test_credentials_do_not_follow_a_redirect(server, tmp_path):
    server.redirect["/start"] = f"{server.url}/file?signature=secret"
    server.files["/file?signature=secret"] = CONTENT
    fetch(f"{server.url}/start", tmp_path / "f.bin", headers={"Authorization": "Basic c2VjcmV0"})
    assert server.seen[0][1]["Authorization"] == "Basic c2VjcmV0"
    assert "Authorization" not in server.seen[1][1]
    assert "signature" not in (tmp_path / "f.bin.sha256.json").read_text()


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "asks for credentials. Log in."), (403, "refuses access. Log in."), (404, "not have")],
)
def test_a_refusal_is_a_sentence_at_once(server, tmp_path, status, said):
    server.status = status
    with pytest.raises(DownloadError, match=said):
        fetch(f"{server.url}/file", tmp_path / "f.bin", denied="Log in.")
    assert len(server.seen) == 1


def test_a_server_in_trouble_is_tried_again(server, tmp_path):
    server.status = 503
    with pytest.raises(DownloadError, match="5 times"):
        fetch(f"{server.url}/file", tmp_path / "f.bin")
    assert len(server.seen) == downloads.ATTEMPTS


def test_a_server_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "WAIT", 0.001)
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1"):
        fetch("http://127.0.0.1:9/file", tmp_path / "f.bin")


def test_a_full_disk_is_a_sentence(server, tmp_path, monkeypatch):
    real = Path.open

    def full(self, mode="r", *args, **kwargs):
        if self.suffix == ".part":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DownloadError, match="No space left on device"):
        fetch(f"{server.url}/file", tmp_path / "f.bin")
