import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import CheckpointMissing
from core.tryon.ootd_weights import load_unet, load_vae, text_constants
from tests.core.tryon.ootd_goldens import WEIGHTS, copy_weights, folders

CPU = torch.device("cpu")
UNET = "ootd/ootd_hd/checkpoint-36000/unet_vton"
WEIGHT_FILE = "diffusion_pytorch_model.safetensors"


@pytest.fixture
def root(tmp_path):
    return copy_weights(tmp_path / "checkpoints")


def test_a_unet_is_the_stock_one_whatever_its_file_calls_it():
    net = load_unet(WEIGHTS / UNET, torch.bfloat16, CPU)
    named = json.loads((WEIGHTS / UNET / "config.json").read_text())["_class_name"]
    assert type(net).__name__ == "UNet2DConditionModel" != named
    assert {p.dtype for p in net.parameters()} == {torch.bfloat16}
    assert not net.training and not any(p.requires_grad for p in net.parameters())
    assert not any(p.is_meta for p in [*net.parameters(), *net.buffers()])


def test_published_bin_files_with_old_names_are_read(root):
    """The published autoencoder is a .bin of Stable Diffusion 1.5's age."""
    folder = root / "ootd/vae"
    weights = load_file(folder / WEIGHT_FILE)
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    renamed = {}
    for name, value in weights.items():
        for new, ancient in old.items():
            if "attentions" in name:
                name = name.replace(f".{new}.", f".{ancient}.")
        renamed[name] = value
    assert renamed.keys() != weights.keys()
    (folder / WEIGHT_FILE).unlink()
    torch.save(renamed, folder / "diffusion_pytorch_model.bin")
    loaded = load_vae(folder, torch.float32, CPU).state_dict()
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name], weights[name]) for name in weights)


def test_a_bin_text_encoder_is_read(root):
    folder = root / "ootd/text_encoder"
    want = text_constants(folders(root=root))["dress"].hidden
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert torch.equal(text_constants(folders(root=root))["dress"].hidden, want)


class Danger:
    def __reduce__(self):
        return print, ("code from a file",)


def test_a_file_cannot_run_code(root, capsys):
    folder = root / "ootd/vae"
    (folder / WEIGHT_FILE).unlink()
    torch.save({"weight": Danger()}, folder / "diffusion_pytorch_model.bin")
    with pytest.raises(CheckpointMissing, match="cannot load"):
        load_vae(folder, torch.float32, CPU)
    assert "code from a file" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda w: {k: v for k, v in w.items() if k != "conv_in.weight"}, "1 weights are missing"),
        (lambda w: w | {"extra": torch.zeros(1)}, "1 are not of this net, such as extra"),
        (lambda w: w | {"conv_in.weight": torch.zeros(16, 4, 3, 3)}, "size mismatch"),
    ],
)
def test_weights_of_another_net_are_refused(root, damage, says):
    file = root / UNET / WEIGHT_FILE
    save_file(damage(load_file(file)), file)
    with pytest.raises(CheckpointMissing, match=r"doctor") as caught:
        load_unet(root / UNET, torch.float32, CPU)
    assert says in str(caught.value) and str(root / UNET) in str(caught.value)


@pytest.mark.parametrize("part", [f"{UNET}/config.json", f"{UNET}/{WEIGHT_FILE}"])
def test_damaged_files_are_a_sentence(root, part):
    (root / part).write_bytes(b"{")
    with pytest.raises(CheckpointMissing, match="cannot load"):
        load_unet(root / UNET, torch.float32, CPU)


def test_the_full_body_model_reads_its_words_cut_to_three_tokens():
    found = text_constants(replace(folders(), model="dc"))
    ids = {word: text.ids.tolist() for word, text in found.items()}
    begin, end = 100, 101
    assert all(row[0][0] == begin and row[0][-1] == end for row in ids.values())
    assert all(text.hidden.shape == (1, 3, 32) for text in found.values())
    assert len({str(row) for row in ids.values()}) == 3
    half = text_constants(folders())
    assert {str(text.ids.tolist()) for text in half.values()} == {f"[[{begin}, {end}]]"}
