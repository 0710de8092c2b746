import numpy as np
import pytest
import torch
from transformers import CLIPImageProcessorPil

from core.tryon.ootd_attention import transformer_blocks
from core.tryon.ootd_pipeline import initial_noise, mask_latents
from tests.core.tryon.ootd_goldens import load, pictures, recorded


@pytest.fixture(autouse=True)
def one_thread():
    """Recorded numbers are those of one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pipeline():
    return load()


def dress(pipeline, **settings):
    steps = []
    settings = {"steps": 4, "scale": 1.5, "seed": 12} | settings
    shown = pipeline.dress(*pictures(), "upperbody", on_step=steps.append, **settings)
    return shown, steps


def apart(got, want):
    return float((got - want).abs().max())


def test_a_recorded_run_is_reproduced_step_by_step(pipeline):
    _, want = recorded()
    shown, steps = dress(pipeline)
    assert apart(torch.stack([s.noise for s in steps]), want["vton_out"]) < 1e-4
    assert apart(torch.stack([s.latents for s in steps]), want["latents_after_step"]) < 1e-4
    assert [s.timestep for s in steps] == want["vton_timesteps"].tolist()
    assert [(s.index, s.total) for s in steps] == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert np.abs(shown.astype(int) - want["out_images"].numpy().astype(int)).max() <= 1


def test_the_prompt_is_one_word_and_the_garment(pipeline):
    _, want = recorded()
    garment = want["in_garment"].numpy()
    assert pipeline.text["upperbody"].ids.tolist() == want["text_input_ids"].tolist()
    assert apart(pipeline.prompt(garment, "upperbody"), want["prompt_embeds_in"]) < 1e-5
    assert pipeline.prompt(garment, "upperbody").shape == (1, 2, 32)


def test_clips_pictures_are_made_without_torchvision(pipeline):
    _, want = recorded()
    assert isinstance(pipeline.clip[1], CLIPImageProcessorPil)
    assert apart(pipeline.clip_pixels(want["in_garment"].numpy()), want["clip_pixel_values"]) == 0


def test_noise_is_one_draw_and_a_picture_does_not_depend_on_how_many_there_are(pipeline):
    _, want = recorded()
    assert apart(initial_noise(12, (1, 4, 16, 12)), want["init_noise"]) == 0
    (first,), _ = dress(pipeline)
    several, steps = dress(pipeline, samples=3)
    assert several.shape == (3, 128, 96, 3) and steps[0].noise.shape[0] == 6
    assert np.abs(several[0].astype(int) - first.astype(int)).max() <= 1
    assert np.abs(several[1].astype(int) - first.astype(int)).max() > 8


def test_outside_the_mask_latents_end_as_the_persons(pipeline):
    _, want = recorded()
    _, steps = dress(pipeline, samples=2)
    outside = (want["mask_latents"] == 0).expand(2, 4, -1, -1)
    person = want["image_ori_latents"].expand(2, -1, -1, -1) * 0.18215
    assert outside.any() and not outside.all()
    assert apart(steps[-1].latents[outside], person[outside]) < 1e-6
    assert apart(steps[0].latents[outside], person[outside]) > 0.1  # still noisy then


def test_guidance_starts_from_the_row_without_the_garment(pipeline):
    _, steps = dress(pipeline, scale=3.0)
    shown, hidden = steps[0].noise.chunk(2)
    assert apart(steps[0].guided, hidden + 3 * (shown - hidden)) < 1e-5
    assert apart(shown, hidden) > 0.01


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0])
def test_up_to_a_scale_of_one_only_the_row_with_the_garment_is_computed(pipeline, scale):
    _, steps = dress(pipeline, scale=scale)
    assert all(step.noise.shape[0] == 1 for step in steps)
    assert apart(steps[0].guided, steps[0].noise) == 0
    _, guided = dress(pipeline, scale=1.0 + 1e-9)  # two rows that cancel
    assert guided[0].noise.shape[0] == 2
    assert apart(steps[-1].latents, guided[-1].latents) < 1e-4


def test_a_garment_is_computed_once(pipeline, monkeypatch):
    fresh = load()
    runs = []
    original = type(fresh.unet_garm).forward
    monkeypatch.setattr(
        type(fresh.unet_garm),
        "forward",
        lambda self, *a, **k: (runs.append(self is fresh.unet_garm), original(self, *a, **k))[1],
    )
    dress(fresh, scale=1.0)
    assert (sum(runs), fresh.kept.misses, fresh.kept.hits) == (1, 1, 0)
    first, _ = dress(fresh)  # guidance needs the other row too
    assert (sum(runs), fresh.kept.misses, fresh.kept.hits) == (2, 2, 1)
    again, _ = dress(fresh)
    assert (sum(runs), fresh.kept.misses, fresh.kept.hits) == (2, 2, 3)
    assert np.array_equal(first, again)
    garment, *others = pictures()
    other = garment.copy()
    other[0, 0, 0] ^= 1
    fresh.dress(other, *others, "upperbody", steps=1)
    fresh.dress(garment, *others, "dress", steps=1)
    assert fresh.kept.misses == 6


def test_a_new_garment_is_looked_at_once_for_both_rows(pipeline, monkeypatch):
    looks = []
    for name in ("encode", "prompt"):
        original = getattr(pipeline, name)
        monkeypatch.setattr(
            pipeline, name, lambda *a, n=name, f=original: (looks.append(n), f(*a))[1]
        )
    garment, *others = pictures()
    other = garment.copy()
    other[0, 0, 0] ^= 1
    pipeline.dress(other, *others, "upperbody", steps=1)
    # The garment, what is seen of the person, and the person.
    assert sorted(looks) == ["encode"] * 3 + ["prompt"]


def test_the_garments_nets_can_be_let_go(pipeline):
    lean = load(lean=True)
    first, _ = dress(lean)
    assert lean._unet_garm is None and lean._clip is None
    again, _ = dress(lean)  # from what is kept
    assert lean._unet_garm is None
    want, _ = dress(pipeline)
    assert np.array_equal(first, again) and np.array_equal(first, want)


def test_a_run_can_be_stopped_and_the_next_is_as_ever(pipeline):
    want, _ = dress(pipeline)
    before = [block.attn1.processor for block in transformer_blocks(pipeline.unet_vton)]

    def stop(step):
        if step.index == 1:
            raise InterruptedError("enough")

    with pytest.raises(InterruptedError):
        pipeline.dress(*pictures(), "upperbody", steps=4, on_step=stop)
    after = [block.attn1.processor for block in transformer_blocks(pipeline.unet_vton)]
    assert after == before
    assert np.array_equal(dress(pipeline)[0], want)


def test_pictures_are_decoded_one_at_a_time(pipeline, monkeypatch):
    seen = []
    decode = pipeline.vae.decode
    monkeypatch.setattr(pipeline.vae, "decode", lambda x: (seen.append(len(x)), decode(x))[1])
    dress(pipeline, samples=3, steps=1)
    assert seen == [1, 1, 1]


@pytest.mark.parametrize(("dtype", "levels"), [("bfloat16", 12), ("float16", 4)])
def test_half_precision_is_near(pipeline, dtype, levels):
    want, _ = dress(pipeline, scale=1.0)
    got, steps = dress(load(dtype=dtype), scale=1.0)
    assert steps[0].latents.dtype == torch.float32
    assert 0 < np.abs(got.astype(int) - want.astype(int)).mean() < levels


@pytest.mark.parametrize("steps", [1, 10, 50])
def test_any_number_of_steps_ends_in_a_picture(pipeline, steps):
    shown, told = dress(pipeline, steps=steps, scale=1.0)
    assert len(told) == steps and torch.isfinite(told[-1].latents).all() and shown.std() > 5


def test_the_clean_picture_emerges(pipeline):
    _, steps = dress(pipeline, steps=10)
    errors = [float((step.clean - steps[-1].latents).square().mean()) for step in steps]
    assert errors[-1] < errors[4] < errors[0]
    outside = mask_latents(pictures()[3], (16, 12)).expand(1, 4, -1, -1) == 0
    assert apart(steps[0].clean[outside], steps[-1].latents[outside]) < 1e-6
