import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import huggingface_hub.constants
import pytest

from core import checkpoints
from core.checkpoints import REGISTRY, best_clip, checkpoint_id, clip_by_id, doctor, pull, status
from core.errors import CheckpointMissing, DownloadError
from core.settings import ROOT

COMMIT = "c0ffee" * 6 + "c0ff"

# The published files, by name: what `pull` must find its way through.
OOTD_PARTS = [
    "model_index.json",
    "feature_extractor/preprocessor_config.json",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/pytorch_model.bin",
    "tokenizer/merges.txt",
    "tokenizer/special_tokens_map.json",
    "tokenizer/tokenizer_config.json",
    "tokenizer/vocab.json",
    "vae/config.json",
    "vae/diffusion_pytorch_model.bin",
    *[
        f"ootd_{kind}/checkpoint-36000/unet_{net}/{file}"
        for kind in ("hd", "dc")
        for net in ("garm", "vton")
        for file in ("config.json", "diffusion_pytorch_model.safetensors")
    ],
]
HUB = {
    "levihsu/OOTDiffusion": [
        "README.md",
        "images/demo.png",
        *[f"checkpoints/ootd/{part}" for part in OOTD_PARTS],
        "checkpoints/humanparsing/exp-schp-201908261155-lip.pth",
        "checkpoints/humanparsing/parsing_atr.onnx",
        "checkpoints/humanparsing/parsing_lip.onnx",
        "checkpoints/openpose/ckpts/body_pose_model.pth",
    ],
    "openai/clip-vit-large-patch14": [
        ".gitattributes",
        "README.md",
        "config.json",
        "flax_model.msgpack",
        "merges.txt",
        "model.safetensors",
        "preprocessor_config.json",
        "pytorch_model.bin",
        "special_tokens_map.json",
        "tf_model.h5",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
    ],
    "mattmdjaga/segformer_b2_clothes": [
        "README.md",
        "config.json",
        "model.safetensors",
        "onnx/model.onnx",
        "preprocessor_config.json",
    ],
    "nlpconnect/vit-gpt2-image-captioning": [
        "README.md",
        "config.json",
        "merges.txt",
        "preprocessor_config.json",
        "pytorch_model.bin",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
    ],
}


class FakeHub(BaseHTTPRequestHandler):
    """The three requests that the hub's client makes: model, tree, file. Contents are the names."""

    broken: str | None = None
    served: list[str]

    def log_message(self, *args):
        pass

    def reply(self, body, code=200, **headers):
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_GET(self):
        path = unquote(urlsplit(self.path).path).strip("/")
        if path.startswith("api/models/"):
            repo = "/".join(path.split("/")[2:4])
            if repo not in HUB:
                return self.reply(b"{}", 404, X_Error_Code="RepoNotFound")
            if "/tree/" in path:
                rows = [
                    {"type": "file", "path": f, "size": len(f), "oid": "0" * 40} for f in HUB[repo]
                ]
                return self.reply(json.dumps(rows).encode(), Content_Type="application/json")
            about = {"id": repo, "sha": COMMIT, "siblings": [{"rfilename": f} for f in HUB[repo]]}
            return self.reply(json.dumps(about).encode(), Content_Type="application/json")
        owner, name, _, _, *file = path.split("/")
        file = "/".join(file)
        if file not in HUB[f"{owner}/{name}"] or file == self.broken:
            return self.reply(b"", 403 if file == self.broken else 404)
        if self.command == "GET":
            self.served.append(file)
        return self.reply(
            file.encode(), X_Repo_Commit=COMMIT, ETag=f'"{abs(hash(file)):040x}"'[:42]
        )

    do_HEAD = do_GET  # noqa: N815


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_CHECKPOINTS_DIR", str(tmp_path / "weights"))
    return tmp_path / "weights"


def point_hub_at(monkeypatch, address):
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    files = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)


@pytest.fixture
def hub(root, monkeypatch):
    handler = type("Hub", (FakeHub,), {"served": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    point_hub_at(monkeypatch, address)
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


def put(root: Path, *files):
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(b"x" * 10)


@pytest.mark.parametrize("name", [n for n, c in REGISTRY.items() if c.repo])
def test_every_published_checkpoint_is_pulled_to_where_it_is_expected(root, hub, name):
    assert status(name).state == "absent"
    found = pull(name)
    assert found == status(name) and found.state == "present"
    assert found.commit == COMMIT
    assert not any(p.endswith(("msgpack", ".h5", "demo.png")) for p in hub.served)
    for choice in REGISTRY[name].files:
        assert any((root / part).is_file() for part in choice.split("|"))
    assert not (root / checkpoints.STAGING / name).exists()


def test_the_published_tree_of_ootd_is_kept(root, hub):
    pull("ootd-hd")
    unet = root / "ootd/ootd_hd/checkpoint-36000/unet_vton/diffusion_pytorch_model.safetensors"
    assert unet.read_text().endswith("unet_vton/diffusion_pytorch_model.safetensors")
    assert status("ootd-dc").state == "partial"
    assert len(status("ootd-dc").missing) == 4
    hub.served.clear()
    pull("ootd-dc")
    assert status("ootd-hd").state == status("ootd-dc").state == "present"


def test_pickled_clip_weights_are_not_fetched(root, hub):
    pull("clip-vit-large-patch14")
    assert not list(root.rglob("pytorch_model.bin"))


def test_a_download_that_breaks_off_looks_absent_and_goes_on_later(root, hub):
    hub.broken = "checkpoints/humanparsing/parsing_lip.onnx"
    with pytest.raises(DownloadError, match="schp-parsing"):
        pull("schp-parsing")
    assert status("schp-parsing").state == "absent"
    hub.broken = None
    assert pull("schp-parsing").state == "present"
    assert hub.served.count("checkpoints/humanparsing/parsing_atr.onnx") == 1


def test_a_repo_that_lost_a_file_is_named(root, hub, monkeypatch):
    monkeypatch.setitem(HUB, "levihsu/OOTDiffusion", ["README.md", HUB["levihsu/OOTDiffusion"][-2]])
    with pytest.raises(DownloadError, match=r"parsing_atr\.onnx"):
        pull("schp-parsing")


def test_no_network_is_one_sentence(root, monkeypatch):
    point_hub_at(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(DownloadError, match=r"openpose-body.*again"):
        pull("openpose-body")


def test_a_full_disk_is_seen_before_the_download(root, hub, monkeypatch):
    usage = type("Usage", (), {"free": 10**9})
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DownloadError, match=r"7\.7 GB.*FASHION_CHECKPOINTS_DIR"):
        pull("ootd-hd")
    assert hub.served == []


def test_the_embedded_checkpoint_cannot_be_pulled_and_unknown_names_are_listed(root):
    with pytest.raises(DownloadError, match="comes with the project"):
        pull("clip-fashion-small")
    with pytest.raises(CheckpointMissing, match="ootd-hd"):
        pull("clip")


def test_partial_and_misplaced_files_are_named(root):
    put(root, "humanparsing/parsing_atr.onnx", "checkpoints/humanparsing/parsing_lip.onnx")
    found = status("schp-parsing")
    assert (found.state, found.missing) == ("partial", ("humanparsing/parsing_lip.onnx",))
    row = next(row for row in doctor() if row["name"] == "schp-parsing")
    assert "checkpoints/humanparsing/parsing_lip.onnx: move it" in row["missing"]
    put(root, "humanparsing/parsing_lip.onnx")
    assert status("schp-parsing").state == "present"
    assert status("schp-parsing").size == 20


def test_the_other_form_of_a_misplaced_file_is_found_too(root):
    safe = "checkpoints/ootd/vae/diffusion_pytorch_model.safetensors"
    put(root, safe)
    wanted = "ootd/vae/diffusion_pytorch_model.bin"
    assert status("ootd-hd").misplaced == {wanted: root / safe}


def test_a_file_of_another_checkpoint_is_not_a_misplaced_one(root):
    unet = "checkpoint-36000/unet_garm/diffusion_pytorch_model.safetensors"
    put(root, f"ootd/ootd_dc/{unet}")
    assert f"ootd/ootd_hd/{unet}" in status("ootd-hd").missing
    assert not status("ootd-hd").misplaced
    put(root, f"ootd/checkpoint-36000/ootd_hd/{unet}")
    assert set(status("ootd-hd").misplaced) == {f"ootd/ootd_hd/{unet}"}


def test_a_stand_in_of_git_lfs_is_not_a_file(root):
    put(root, "openpose/ckpts/body_pose_model.pth")
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 209267595\n"
    (root / "openpose/ckpts/body_pose_model.pth").write_bytes(pointer)
    assert status("openpose-body").state == "absent"


def test_either_form_of_a_file_will_do(root):
    put(root, *[choice.split("|")[-1] for choice in REGISTRY["ootd-hd"].files])
    assert status("ootd-hd").state == "present"


def test_every_row_of_the_doctor_says_what_why_and_how(root):
    rows = doctor()
    assert [row["name"] for row in rows] == list(REGISTRY)
    for row in rows:
        assert row["enables"] and row["licence"] and row["size"] and row["source"]
        assert bool(row["get"]) == (row["state"] != "present")
    assert all("non-commercial" in r["licence"] for r in rows if r["name"].startswith("ootd"))


def test_the_large_clip_is_preferred_and_each_is_found_by_its_id(root):
    small = best_clip()
    assert small == ROOT / "checkpoints/clip-fashion-small"
    put(root, *[choice.split("|")[0] for choice in REGISTRY["clip-vit-large-patch14"].files])
    large = best_clip()
    assert large == root / "clip-vit-large-patch14"
    assert clip_by_id(checkpoint_id(small)) == small
    assert clip_by_id(checkpoint_id(large)) == large
    with pytest.raises(CheckpointMissing, match=checkpoint_id(small)):
        clip_by_id("clip-of-yesterday-00000000")


def test_an_id_changes_with_the_weights(tmp_path):
    put(tmp_path, "my clip/model.safetensors")
    one = checkpoint_id(tmp_path / "my clip")
    assert one.startswith("my-clip-")
    (tmp_path / "my clip/model.safetensors").write_bytes(b"other")
    assert checkpoint_id(tmp_path / "my clip") != one
    with pytest.raises(CheckpointMissing, match=r"model\.safetensors"):
        checkpoint_id(tmp_path)


def test_no_clip_at_all_is_one_sentence(root, monkeypatch):
    monkeypatch.setattr(checkpoints, "ROOT", root)
    with pytest.raises(CheckpointMissing, match="clip-fashion-small"):
        best_clip()
