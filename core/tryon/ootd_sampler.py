"""The samplers that OOTDiffusion can run with."""

from typing import Any

from core.vision.importing import IMPORTING

SAMPLERS = {
    "published": ("As published: UniPC", 20),
    "fast": ("Faster: DPM-Solver++ in fewer steps", 12),
}
"""What people call each sampler, and how many steps it needs."""


def make_sampler(settings: dict[str, Any], steps: int, name: str = "published") -> Any:
    """A diffusers scheduler, ready for its first step.

    The original always samples with UniPC, whatever its file names, and with the version of
    diffusers it pins UniPC ends at the smallest noise level, not at zero. Steps are counted, never
    looked up by timestep: with Karras noise levels timesteps repeat from 45 steps on, where the
    original raises.

    Args:
        settings: the published scheduler_config.json.
        steps: how many steps.
        name: one of `SAMPLERS`.
    """
    with IMPORTING:
        from diffusers import DPMSolverMultistepScheduler, UniPCMultistepScheduler

    if name == "fast":
        sampler = DPMSolverMultistepScheduler.from_config(
            settings,
            algorithm_type="dpmsolver++",
            solver_type="midpoint",
            solver_order=2,
            use_karras_sigmas=True,
            final_sigmas_type="zero",
        )
    else:
        sampler = UniPCMultistepScheduler.from_config(settings, final_sigmas_type="sigma_min")
    sampler.set_timesteps(steps)
    sampler.set_begin_index(0)
    return sampler
