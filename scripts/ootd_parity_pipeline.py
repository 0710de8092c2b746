"""The pipeline of OOTDiffusion against its recorded runs."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.tryon.ootd_attention import garment_tokens
from core.tryon.ootd_pipeline import OotdPipeline, Step, initial_noise, mask_latents
from core.tryon.ootd_sampler import make_sampler
from core.tryon.ootd_weights import Folders

ONE_THREAD = {
    "exact": 0.0,
    "embeds": 1e-4,
    "encoded": 1e-4,
    "net": 1e-4,
    "latents": 1e-4,
    "decoded": 1e-4,
    "other path": 5e-3,
    "picture": 1.0,
}
"""Largest difference by kind of number, float32; pictures in levels of 255."""

SEVERAL_THREADS = ONE_THREAD | {
    "encoded": 2e-3,
    "net": 1e-3,
    "latents": 5e-3,
    "decoded": 5e-4,
}
"""The same with more threads, from the README of the recorded numbers."""

KINDS = {
    "clip_pixel_values": "embeds",
    "image_embeds": "embeds",
    "text_input_ids": "exact",
    "text_hidden": "embeds",
    "prompt_embeds_in": "embeds",
    "prompt_embeds": "embeds",
    "garm_latents": "encoded",
    "vton_latents": "encoded",
    "image_ori_latents": "encoded",
    "mask_latents": "exact",
    "init_noise": "exact",
    "timesteps": "exact",
    "sigmas": "exact",
    "vton_timesteps": "exact",
    "vton_out": "net",
    "noise_pred_guided": "latents",
    "sched_prev_sample": "latents",
    "repaint_target": "latents",
    "latents_after_step": "latents",
    "decoded": "decoded",
    "out_images": "picture",
    # The original's second call guides by way of another formula; here every call is the first.
    "second_call_noise_pred_guided": "other path",
    "second_call_latents_after_step": "other path",
    "second_call_decoded": "other path",
}
"""Recorded tensors that are compared; `spatial_attn_*` are "net"."""


def pipeline_cases(goldens: Path, threads: int) -> Iterator[tuple[str, float, float, str]]:
    """Each case's name, its difference nearest to (or farthest past) its tolerance, and where.

    Pictures are rounded to whole levels, so one level is usual: it is told, not taken as worst.
    """
    from safetensors.torch import load_file

    allowed = ONE_THREAD if threads == 1 else SEVERAL_THREADS
    for file in sorted((goldens / "pipeline").glob("*.json")):
        case = json.loads(file.read_text(encoding="utf-8"))
        recorded = load_file(file.with_suffix(".safetensors"))
        found = []
        for name, got in run_case(goldens, case, recorded).items():
            difference = _difference(got, recorded[name])
            tolerance = allowed[KINDS.get(name, "net")]
            share = _share(difference, tolerance)
            if name == "out_images":
                levels = difference
                share = share if difference > tolerance else 0.0
            found.append((share, difference, tolerance, name))
        _, difference, tolerance, name = max(found)
        yield case["case"], difference, tolerance, f"{name}; pictures {levels:.0f} of 255"


def _difference(got: Any, recorded: Any) -> float:
    """Largest absolute difference; rows that repeat may be given once. NaN counts as infinite."""
    worst = float((got.double() - recorded.double()).abs().max())
    return math.inf if math.isnan(worst) else worst


def _share(difference: float, tolerance: float) -> float:
    """A difference as a share of what is allowed."""
    if tolerance:
        return difference / tolerance
    return math.inf if difference else 0.0


def run_case(goldens: Path, case: dict[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    """Run a case from its inputs and settings; the tensors it recorded, as computed here.

    Raises:
        CheckpointMissing: the golden directory's weights are missing or damaged.
        KeyError: the case lacks an input or a setting.
    """
    import torch

    weights = goldens / "tiny_ckpt"
    pipeline = OotdPipeline(
        Folders(
            weights / "ootd",
            weights / "clip-vit-large-patch14",
            case["model_type"],
            f"scheduler_{case['scheduler_variant']}",
        )
    )
    garment, masked, person, mask = (
        recorded[f"in_{name}"].numpy() for name in ("garment", "masked_person", "person", "mask")
    )
    word, samples, scale = (
        case[key] for key in ("category", "num_images_per_prompt", "image_guidance_scale")
    )
    steps: list[Step] = []
    pictures = pipeline.dress(
        garment,
        masked,
        person,
        mask,
        word,
        steps=case["num_inference_steps"],
        scale=scale,
        seed=case["seed"],
        samples=samples,
        on_step=steps.append,
    )
    sampler = make_sampler(pipeline.schedule, case["num_inference_steps"])
    # With guidance there is a second row, whose garment is zeros, and the same prompt.
    rows = recorded["garm_latents"].shape[0] // samples
    garment_latents, prompt = pipeline.encode(garment), pipeline.prompt(garment, word)
    both = torch.cat([garment_latents, torch.zeros_like(garment_latents)])[:rows]
    latents = torch.stack([step.latents for step in steps])
    guided = torch.stack([step.guided for step in steps])
    decoded = pipeline.decode(latents[-1])
    found = {
        "clip_pixel_values": pipeline.clip_pixels(garment),
        "image_embeds": pipeline.image_embeds(garment),
        "text_input_ids": pipeline.text[word].ids,
        "text_hidden": pipeline.text[word].hidden,
        "prompt_embeds_in": prompt,
        "prompt_embeds": prompt,
        "garm_latents": both.repeat_interleave(samples, 0),
        "vton_latents": pipeline.encode(masked),
        "image_ori_latents": pipeline.encode(person),
        "mask_latents": mask_latents(mask, tuple(garment_latents.shape[2:])),
        "init_noise": initial_noise(case["seed"], tuple(latents.shape[1:])),
        "timesteps": sampler.timesteps,
        "sigmas": sampler.sigmas,
        "vton_timesteps": torch.tensor([step.timestep for step in steps]),
        "vton_out": torch.stack([step.noise for step in steps]),
        "noise_pred_guided": guided,
        "sched_prev_sample": torch.stack([step.stepped for step in steps]),
        "repaint_target": torch.stack([step.target for step in steps[:-1]]),
        "latents_after_step": latents,
        "decoded": decoded,
        "out_images": torch.from_numpy(pictures),
        "second_call_noise_pred_guided": guided,
        "second_call_latents_after_step": latents,
        "second_call_decoded": decoded,
    }
    for row, garment_row in enumerate(both):

        def keep(place: int, tokens: Any, row: int = row) -> None:
            name = f"spatial_attn_{place:02d}"
            found[name] = torch.cat([*([found[name]] if row else []), tokens])

        with torch.inference_mode():
            garment_tokens(pipeline.unet_garm, garment_row[None], prompt, keep)
    # The half that a scale of exactly 1 cancels is not computed here.
    recorded["vton_out"] = recorded["vton_out"][:, : found["vton_out"].shape[1]]
    for name in [name for name in found if name.startswith("spatial_attn_")]:
        found[name] = found[name].repeat_interleave(samples, 0)
    return {name: tensor for name, tensor in found.items() if name in recorded}
