import shutil
import time
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.errors import CancelledError, CheckpointMissing, TryOnError
from core.tryon import ootd
from core.tryon.cutout import Cutout
from core.tryon.engine import MemoryShort, drawn_seed, require
from core.tryon.ootd import OotdEngine
from core.tryon.ootd_pipeline import OotdPipeline
from core.tryon.ootd_preview import preview
from tests.core.tryon.ootd_goldens import copy_weights
from tests.core.tryon.synthetic import make_garment

FRAME = (128, 96)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder of checkpoints in the published layout, on a CPU in float32."""
    monkeypatch.setenv("FASHION_CHECKPOINTS_DIR", str(tmp_path / "checkpoints"))
    for name in ("DEVICE", "DTYPE", "LEAN"):
        monkeypatch.delenv(f"FASHION_OOTD_{name}", raising=False)
    yield copy_weights(tmp_path / "checkpoints")
    ootd.release()


@pytest.fixture(scope="module")
def garment():
    rgba = np.asarray(make_garment("tee")[0].convert("RGBA"))
    return Cutout(rgba[..., :3].copy(), (rgba[..., 3] / 255).astype(np.float32))


@pytest.fixture
def engine(root):
    return OotdEngine("hd", FRAME)


@pytest.fixture
def prepared(engine, person, garment):
    return engine.prepare(person, garment, "upper_body")


def test_the_mask_is_of_the_persons_size_and_leaves_the_face(prepared, person):
    assert prepared.mask.shape == person.parse.shape and set(np.unique(prepared.mask)) == {0, 255}
    on = prepared.mask > 0
    assert on[person.parse == 4].mean() > 0.95 and on[person.parse == 11].mean() < 0.01


def test_a_person_is_dressed_inside_the_mask_alone(engine, prepared, person):
    told = []
    pictures = engine.run(
        prepared,
        steps=4,
        samples=2,
        on_step=lambda done, total, preview=None: told.append((done, total, preview)),
    )
    assert len(pictures) == 2 and pictures[0].shape == person.pixels.shape
    outside = prepared.mask < 127
    for picture in pictures:
        assert np.array_equal(picture[outside], person.pixels[outside])
        assert (picture[~outside] != person.pixels[~outside]).mean() > 0.5
    assert not np.array_equal(*pictures)
    assert [(done, total) for done, total, _ in told] == [(i, 4) for i in range(5)]
    assert told[0][2] is None and told[4][2].shape == (16, 12, 3)


def test_a_seed_means_the_same_and_the_mask_may_be_edited(engine, prepared):
    def run(prepared, **settings):
        return engine.run(prepared, steps=2, **settings)[0]

    first = run(prepared, seed=3)
    assert np.array_equal(first, run(prepared, seed=3))
    assert not np.array_equal(first, run(prepared, seed=4))
    smaller = prepared.mask.copy()
    smaller[: len(smaller) // 2] = 0
    edited = run(replace(prepared, mask=smaller), seed=3)
    assert np.array_equal(edited[smaller == 0], prepared.person.pixels[smaller == 0])
    assert not np.array_equal(run(prepared, seed=-1), run(prepared, seed=-1))


def test_the_whole_painted_picture_can_be_had(engine, prepared, person):
    whole = engine.run(prepared, steps=2, whole=True)[0]
    outside = prepared.mask < 127
    assert whole.shape == person.pixels.shape
    assert (whole[outside] != person.pixels[outside]).mean() > 0.5


def test_a_run_is_cancelled_by_what_on_step_raises(engine, prepared):
    def stop(done, total, preview=None):
        if done == 2:
            raise CancelledError("Stopped.")

    with pytest.raises(CancelledError):
        engine.run(prepared, steps=8, on_step=stop)
    assert engine.run(prepared, steps=1)  # and the next one runs


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"steps": 0}, "Steps must be 1 to 100, not 0"),
        ({"scale": -1.0}, "Scale must be"),
        ({"samples": 5}, "Samples must be 1 to 4, not 5"),
        ({"seed": 2**64}, "Seed must be -1 to"),
        ({"sampler": "magic"}, "no sampler “magic”"),
    ],
)
def test_settings_out_of_range_are_a_sentence(engine, prepared, settings, says):
    with pytest.raises(TryOnError, match=says):
        engine.run(prepared, **settings)


def test_the_half_body_model_takes_no_trousers(engine, person, garment):
    with pytest.raises(TryOnError, match="trained for tops alone"):
        engine.prepare(person, garment, "lower_body")


def test_a_precision_that_does_not_exist_is_a_sentence(engine, prepared, monkeypatch):
    monkeypatch.setenv("FASHION_OOTD_DTYPE", "int3")
    with pytest.raises(TryOnError, match="float32, bfloat16, float16"):
        engine.run(prepared)


def test_what_changes_the_picture_changes_the_version(engine, monkeypatch, root):
    before = engine.version
    monkeypatch.setenv("FASHION_OOTD_DTYPE", "bfloat16")
    assert engine.version != before
    monkeypatch.delenv("FASHION_OOTD_DTYPE")
    file = root / "ootd/ootd_hd/checkpoint-36000/unet_vton/diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes() + b" ")
    assert engine.version != before != OotdEngine("hd", (64, 48)).version
    garm = file.parents[1] / "unet_garm" / file.name
    for other in (garm, root / "ootd/vae/config.json"):
        before = engine.version
        other.write_bytes(other.read_bytes() + b" ")
        assert engine.version != before


def test_only_one_model_is_in_memory(engine, prepared, monkeypatch):
    engine.run(prepared, steps=1)
    (first,) = ootd._loaded.values()
    engine.run(prepared, steps=1, seed=1)
    assert list(ootd._loaded.values()) == [first] and first.kept.hits == 2
    monkeypatch.setenv("FASHION_OOTD_LEAN", "0")
    engine.run(prepared, steps=1)
    (second,) = ootd._loaded.values()
    assert second is not first and first.lean and not second.lean  # a CPU is lean by itself
    ootd.release()
    assert not ootd._loaded


def test_the_published_tree_is_all_it_takes(engine):
    assert engine.available() and not engine.available().missing
    require(engine)


def test_files_one_level_wrong_are_found_and_told(engine, root):
    shutil.move(root / "ootd/vae", root / "vae")
    (missing,) = engine.available().missing
    assert missing == f"checkpoints/ootd/vae (found at {root / 'vae'}: move it)"
    with pytest.raises(CheckpointMissing, match="found at"):
        require(engine)
    shutil.move(root / "vae", root / "ootd/vae")
    assert engine.available()


def test_a_folder_that_is_not_there_is_named_once(engine, root):
    shutil.rmtree(root / "ootd/ootd_hd/checkpoint-36000/unet_garm")
    shutil.rmtree(root / "clip-vit-large-patch14")
    assert engine.available().missing == (
        "checkpoints/ootd/ootd_hd/checkpoint-36000/unet_garm",
        "checkpoints/clip-vit-large-patch14",
    )


def test_the_folder_of_the_other_model_is_not_taken_for_a_misplaced_one(engine, root):
    shutil.copytree(root / "ootd/ootd_hd", root / "ootd/ootd_dc")
    shutil.rmtree(root / "ootd/ootd_hd/checkpoint-36000/unet_garm")
    assert engine.available().missing == ("checkpoints/ootd/ootd_hd/checkpoint-36000/unet_garm",)


SHORT = {
    "CUDA": lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    "Linux": lambda: RuntimeError(
        "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory:"
        " you tried to allocate 9663676416 bytes. Error code 12 (Cannot allocate memory)"
    ),
    "Windows": lambda: RuntimeError(
        "DefaultCPUAllocator: not enough memory: you tried to allocate"
    ),
    "MPS": lambda: RuntimeError("MPS backend out of memory (MPS allocated: 17.9 GB, max: 18 GB)."),
    "Python": lambda: MemoryError(),
}


@pytest.mark.parametrize("where", list(SHORT))
def test_too_little_memory_is_a_sentence_and_the_next_run_is_as_ever(
    engine, prepared, monkeypatch, where
):
    want = engine.run(prepared, steps=2, seed=5)[0]
    denoise, let_go, held, gone = OotdPipeline._denoise, ootd._let_go, [], []
    model = weakref.ref(next(iter(ootd._loaded.values())))
    monkeypatch.setattr(ootd, "_let_go", lambda: let_go() or gone.append(model() is None))

    def full(self, *_, **__):
        large = torch.zeros(1000)
        held.append(weakref.ref(large))
        raise SHORT[where]()

    monkeypatch.setattr(OotdPipeline, "_denoise", full)
    with pytest.raises(MemoryShort, match=r"than there is\. Ask for fewer than 2 pic") as told:
        engine.run(prepared, steps=2, samples=2)
    assert "FASHION_OOTD_DTYPE=bfloat16" in str(told.value)
    assert "FASHION_OOTD_LEAN" not in str(told.value)  # a CPU is lean by itself
    assert held[0]() is None and gone == [True]  # the error holds on to nothing
    assert not engine.in_memory
    monkeypatch.setattr(OotdPipeline, "_denoise", denoise)
    assert np.array_equal(engine.run(prepared, steps=2, seed=5)[0], want)


def test_memory_that_does_not_suffice_for_the_model_itself_is_the_same_sentence(
    engine, prepared, monkeypatch
):
    def full(*_, **__):
        raise SHORT["Linux"]()

    monkeypatch.setattr("core.tryon.ootd_weights._weights", full)
    monkeypatch.setenv("FASHION_OOTD_DTYPE", "bfloat16")
    monkeypatch.setenv("FASHION_OOTD_LEAN", "0")
    with pytest.raises(MemoryShort, match=r"Set FASHION_OOTD_LEAN=1") as told:
        engine.run(prepared, steps=1)
    assert "bfloat16" not in str(told.value)


def test_other_errors_of_a_run_are_not_taken_for_too_little_memory(engine, prepared, monkeypatch):
    def wrong(*_, **__):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(OotdPipeline, "dress", wrong)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        engine.run(prepared)


def test_a_model_that_nobody_uses_is_let_go(engine, prepared, monkeypatch):
    monkeypatch.setattr(ootd, "IDLE", 0.2)
    assert not engine.in_memory
    seen = []
    engine.run(
        prepared, steps=1, on_step=lambda *_: time.sleep(0.3) or seen.append(engine.in_memory)
    )
    assert seen == [True, True]  # a run takes longer than that, and is not idle
    assert engine.in_memory
    end = time.monotonic() + 10
    while engine.in_memory:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert engine.run(prepared, steps=1)


def test_a_preview_has_a_colour_a_cell():
    latents = torch.zeros(4, 3, 2)
    assert (preview(latents) == 128).all()
    latents[0, 0, 0] = 100
    shown = preview(latents)
    assert shown.shape == (3, 2, 3) and (shown[0, 0] == 255).all() and (shown[1:] == 128).all()


def test_a_seed_is_kept_and_minus_one_draws_one():
    assert drawn_seed(7) == 7
    drawn = {drawn_seed(-1) for _ in range(20)}
    assert len(drawn) > 15 and min(drawn) >= 0
