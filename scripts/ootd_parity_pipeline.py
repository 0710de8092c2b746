"""The pipeline of OOTDiffusion against its recorded runs."""

import json
import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from core.tryon.ootd_attention import garment_tokens
from core.tryon.ootd_pipeline import OotdPipeline, Step, initial_noise, mask_latents
from core.tryon.ootd_sampler import make_sampler
from core.tryon.ootd_weights import WORDS, Folders, scheduler_settings
from scripts.ootd_parity_findings import Finding, whole

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
    "vton_in_step0": "encoded",
    "garm_out": "net",
    "vton_out": "net",
    "noise_pred_guided": "latents",
    "sched_prev_sample": "latents",
    "repaint_target": "latents",
    "latents_after_step": "latents",
    "decoded": "decoded",
    "out_images": "picture",
}
"""Recorded tensors that are compared; `spatial_attn_*` are "net"."""

SECOND_CALL = "second_call_"
"""Begins the names of what the original's second call gave. It guides by way of another formula;
here every call is the first."""


def pipeline_cases(goldens: Path, threads: int) -> Iterator[Finding]:
    """What is found of each case; of all its differences the largest share of its tolerance counts.

    A case is a .json and a .safetensors of one name; a .json of something else beside them is none.
    Pictures are rounded to whole levels, so one level is usual: it is told, not taken as worst.
    """
    folder = goldens / "pipeline"
    names = {file.stem for file in folder.glob("*.safetensors")}
    names |= {file.stem for file in folder.glob("*.json") if _may_be_a_case(file)}
    for name in sorted(names):
        yield from whole(name, partial(_case, name, goldens, threads))


def _may_be_a_case(file: Path) -> bool:
    """Whether a .json says how a run was made, or cannot be read."""
    try:
        return "num_inference_steps" in json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return True


def _case(name: str, goldens: Path, threads: int) -> Iterator[Finding]:
    from safetensors.torch import load_file

    file = goldens / "pipeline" / f"{name}.json"
    case = json.loads(file.read_text(encoding="utf-8"))
    if any("exception" in key for key in case) and not file.with_suffix(".safetensors").exists():
        yield _mended(name, goldens, case)
        return
    recorded = load_file(file.with_suffix(".safetensors"))
    allowed = ONE_THREAD if threads == 1 else SEVERAL_THREADS
    computed = run_case(goldens, case, recorded)
    levels = ""
    if "out_images" in recorded:
        worst = _difference(computed["out_images"], recorded["out_images"])
        levels = f"; pictures {worst:.0f} of 255"
    compared = 0
    for key, numbers in recorded.items():
        plain = key.removeprefix(SECOND_CALL)
        if plain not in computed:
            continue
        compared += 1
        kind = KINDS.get(plain, "net")
        if plain != key and kind in ("net", "latents", "decoded"):
            kind = "other path"
        if plain == "vton_out" and numbers.ndim == 5:
            # The half that a scale of exactly 1 cancels is not computed here.
            numbers = numbers[:, : computed[plain].shape[1]]
        found = Finding(name, _difference(computed[plain], numbers), allowed[kind], key + levels)
        yield found._replace(worst=0.0) if kind == "picture" and found.within else found
    if not compared:
        raise ValueError("nothing is recorded that could be compared")


def _mended(name: str, goldens: Path, case: dict[str, Any]) -> Finding:
    """Of a run where the original raised: whether it is for timesteps that repeat.

    Here steps are counted, and such a run is one like any other; with what else may have stopped
    the original nothing can be compared.
    """
    folders = _folders(goldens, case)
    steps = case["num_inference_steps"]
    repeat = len(set(make_sampler(scheduler_settings(folders), steps).timesteps.tolist())) < steps
    where = "timesteps that repeat, where the original raises" if repeat else "what raised there"
    return Finding(name, 0.0 if repeat else math.inf, 0.0, where)


def _difference(got: Any, recorded: Any) -> float:
    """Largest absolute difference; rows that repeat may be given once.

    Infinite where shapes differ, and where one is no number.
    """
    try:
        got = got.expand(recorded.shape)
    except RuntimeError:
        return math.inf
    if not recorded.numel():
        return 0.0
    worst = float((got.double() - recorded.double()).abs().max())
    return math.inf if math.isnan(worst) else worst


def _folders(goldens: Path, case: dict[str, Any]) -> Folders:
    weights = goldens / "tiny_ckpt"
    return Folders(
        weights / "ootd",
        weights / "clip-vit-large-patch14",
        case["model_type"],
        f"scheduler_{case['scheduler_variant']}",
    )


def run_case(goldens: Path, case: dict[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    """Run a case from its inputs and settings; the tensors that it may record, as computed here.

    Raises:
        CheckpointMissing: the golden directory's weights are missing or damaged.
        KeyError: the case lacks an input or a setting.
    """
    import torch

    pipeline = OotdPipeline(_folders(goldens, case))
    garment, masked, person, mask = (
        recorded[f"in_{name}"].numpy() for name in ("garment", "masked_person", "person", "mask")
    )
    word, samples, scale = (
        case[key] for key in ("category", "num_images_per_prompt", "image_guidance_scale")
    )
    if case["model_type"] == "hd":
        word = WORDS[0]  # it reads none, so that any will do
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
    rows = 2 if scale >= 1 else 1
    garment_latents, prompt = pipeline.encode(garment), pipeline.prompt(garment, word)
    both = torch.cat([garment_latents, torch.zeros_like(garment_latents)])[:rows]
    latents = torch.stack([step.latents for step in steps])
    targets = [step.target for step in steps[:-1]]  # the last step's has no noise
    noise = initial_noise(case["seed"], tuple(latents.shape[1:]))
    masked_latents = pipeline.encode(masked)
    beside = torch.cat([noise, masked_latents.expand(samples, -1, -1, -1)], 1)
    with torch.inference_mode():
        unused = pipeline.unet_garm(both, 0, prompt.expand(rows, -1, -1)).sample
    found = {
        "clip_pixel_values": pipeline.clip_pixels(garment),
        "image_embeds": pipeline.image_embeds(garment),
        "text_input_ids": pipeline.text[word].ids,
        "text_hidden": pipeline.text[word].hidden,
        "prompt_embeds_in": prompt,
        "prompt_embeds": prompt,
        "garm_latents": both.repeat_interleave(samples, 0),
        "vton_latents": masked_latents,
        "image_ori_latents": pipeline.encode(person),
        "mask_latents": mask_latents(mask, tuple(garment_latents.shape[2:])),
        "init_noise": noise,
        "timesteps": sampler.timesteps,
        "sigmas": sampler.sigmas,
        "vton_timesteps": torch.tensor([step.timestep for step in steps]),
        "vton_in_step0": beside.repeat(rows, 1, 1, 1),
        "garm_out": unused.repeat_interleave(samples, 0),
        "vton_out": torch.stack([step.noise for step in steps]),
        "noise_pred_guided": torch.stack([step.guided for step in steps]),
        "sched_prev_sample": torch.stack([step.stepped for step in steps]),
        "repaint_target": torch.stack(targets) if targets else latents[:0],
        "latents_after_step": latents,
        "decoded": pipeline.decode(latents[-1]),
        "out_images": torch.from_numpy(pictures),
    }
    for row, garment_row in enumerate(both):

        def keep(place: int, tokens: Any, row: int = row) -> None:
            name = f"spatial_attn_{place:02d}"
            found[name] = torch.cat([*([found[name]] if row else []), tokens])

        with torch.inference_mode():
            garment_tokens(pipeline.unet_garm, garment_row[None], prompt, keep)
    for name in [name for name in found if name.startswith("spatial_attn_")]:
        found[name] = found[name].repeat_interleave(samples, 0)
    return found
