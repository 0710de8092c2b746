import json

import pytest
import torch

from core.tryon.ootd_sampler import make_sampler
from tests.core.tryon.ootd_goldens import WEIGHTS


def settings(variant):
    file = WEIGHTS / "ootd" / f"scheduler_{variant}" / "scheduler_config.json"
    return json.loads(file.read_text())


@pytest.mark.parametrize(
    ("variant", "steps", "timesteps"),
    [
        ("pndm", 4, [999, 749, 500, 250]),
        ("dpmk", 4, [999, 687, 146, 0]),
        ("dpmk", 20, [999, 962, 921, 876, 827, 772, 710, 640, 561, 474, 380, 285, 197, 123, 69,
                      35, 15, 6, 2, 0]),
    ],
)  # fmt: skip
def test_timesteps_are_the_originals(variant, steps, timesteps):
    assert make_sampler(settings(variant), steps).timesteps.tolist() == timesteps


def test_noise_ends_at_the_smallest_level_not_at_zero():
    sigmas = make_sampler(settings("dpmk"), 20).sigmas
    assert sigmas[0] == pytest.approx(14.6146, abs=1e-4)
    assert sigmas[-3:].tolist() == pytest.approx([0.0485, 0.0292, 0.0292], abs=1e-4)


@pytest.mark.parametrize("name", ["published", "fast"])
@pytest.mark.parametrize("steps", [1, 44, 45, 50, 100])
def test_steps_are_counted_so_that_repeated_timesteps_do_no_harm(name, steps):
    """A net that knows the answer: the noise that leads to it, at the level that was reached."""
    sampler = make_sampler(settings("dpmk"), steps, name)
    noise = torch.randn(1, 4, 8, 6, generator=torch.Generator().manual_seed(0))
    answer = torch.linspace(-1, 1, 192).reshape(1, 4, 8, 6)
    latents = noise
    for index, timestep in enumerate(sampler.timesteps):
        level = sampler.sigmas[index]
        told = (latents * (1 + level**2) ** 0.5 - answer) / level
        latents = sampler.step(told, timestep, latents, return_dict=False)[0]
        if index < steps - 1:
            following = sampler.timesteps[index + 1 : index + 2]
            level = sampler.sigmas[index + 1]
            want = (answer + level * noise) / (1 + level**2) ** 0.5
            assert torch.allclose(sampler.add_noise(answer, noise, following), want, atol=1e-5)
    left = sampler.sigmas[-1] if name == "published" else 0.0
    assert (latents * (1 + left**2) ** 0.5 - answer).abs().max() < 0.02 + 6 * left
    if name == "published" and steps >= 45:
        assert len(set(sampler.timesteps.tolist())) < steps
