"""One denoising step of OOTDiffusion at its real size, against the original's attention.

    python benchmarks/ootd_step.py [--latent 64x48] [--repeats 5] [--threads 2] [--dtype float32]
    python benchmarks/ootd_step.py --memory [--latent 64x48]
    python benchmarks/ootd_step.py --cache  [--latent 64x48]

Both UNets have Stable Diffusion 1.5's shape and random weights, and guidance is on (two rows). The
peer is the original's formula written from its description: in every self-attention of the person's
UNet the garment's tokens are joined to the person's before the normalisation, all of them ask, and
the garment's half of the answer is thrown away. Both run in this process, in turn, on the same
numbers, and must agree to 1e-3. `--memory` runs each alone, with both UNets, in a process of its
own and reports the largest resident size; `--cache` times a garment that is new and one that is
kept.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import torch  # noqa: E402 - after the path is set
from diffusers import UNet2DConditionModel  # noqa: E402
from torch import Tensor  # noqa: E402

from core.tryon.ootd_attention import (  # noqa: E402
    garment_tokens,
    keys_values,
    transformer_blocks,
    wearing,
)

CROSS = 768
TIMESTEP = 500
AGREE = 1e-3


def unet(channels: int, dtype: torch.dtype) -> Any:
    """Stable Diffusion 1.5's UNet with small random weights."""
    with torch.device("meta"):
        net = UNet2DConditionModel(
            sample_size=64,
            in_channels=channels,
            cross_attention_dim=CROSS,
            attention_head_dim=8,
        )
    # diffusers warns of its own `to`, for nets that keep some weights in float32; this has none.
    net = torch.nn.Module.to(net, dtype).to_empty(device="cpu").requires_grad_(False).eval()
    draw = torch.Generator().manual_seed(channels)
    for name, weight in net.named_parameters():
        if weight.ndim > 1:
            fan = weight[0].numel()
            values = torch.empty(weight.shape).uniform_(-1, 1, generator=draw) * (3 / fan) ** 0.5
            weight.copy_(values)
        else:
            weight.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
    return net


def inputs(height: int, width: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Garment latents (2 rows, the second zeros), the person's 8 channels, the prompt."""
    draw = torch.Generator().manual_seed(0)
    garment = torch.randn(1, 4, height, width, generator=draw)
    seen = torch.randn(1, 8, height, width, generator=draw).repeat(2, 1, 1, 1)
    prompt = torch.randn(1, 2, CROSS, generator=draw).repeat(2, 1, 1)
    both = torch.cat([garment, torch.zeros_like(garment)])
    return both.to(dtype), seen.to(dtype), prompt.to(dtype)


class JoinedTokens:
    """The original's self-attention: a block's `norm1` and `attn1` see person and garment."""

    def __init__(self, net: Any, features: list[Tensor]) -> None:
        self.hooks: list[Any] = []
        for block, garment in zip(transformer_blocks(net), features, strict=True):
            self.hooks += [
                block.norm1.register_forward_pre_hook(self._join(garment)),
                block.attn1.register_forward_hook(self._keep_person),
            ]

    @staticmethod
    def _join(garment: Tensor) -> Callable[..., tuple[Tensor]]:
        return lambda _module, args: (torch.cat([args[0], garment], dim=1),)

    @staticmethod
    def _keep_person(_module: Any, _args: Any, answer: Tensor) -> Tensor:
        return answer.chunk(2, dim=1)[0]

    def remove(self) -> None:
        """Give the net its own attention back."""
        for hook in self.hooks:
            hook.remove()


def whole_garment(net: Any, latents: Tensor, prompt: Tensor) -> list[Tensor]:
    """The original's pass over the garment: all of the UNet, inputs of the blocks kept."""
    kept: list[Tensor] = []
    hooks = [
        block.norm1.register_forward_pre_hook(lambda _m, args: kept.append(args[0]))
        for block in transformer_blocks(net)
    ]
    net(latents, 0, encoder_hidden_states=prompt, return_dict=False)
    for hook in hooks:
        hook.remove()
    return kept


def rows_of(garm: Any, vton: Any, latents: Tensor, prompt: Tensor) -> list[Any]:
    """Keys and values of both rows, one row after the other as the engine does."""
    rows: list[list[tuple[Tensor, Tensor]]] = []
    for row in range(len(latents)):
        pairs: list[tuple[Tensor, Tensor]] = []

        def keep(place: int, tokens: Tensor, pairs: list[tuple[Tensor, Tensor]] = pairs) -> None:
            pairs.append(keys_values(vton, place, tokens))

        garment_tokens(garm, latents[row : row + 1], prompt[row : row + 1], keep)
        rows.append(pairs)
    return rows


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall seconds, processor seconds, and what the work returns."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def compare(height: int, width: int, repeats: int, dtype: torch.dtype, cold: bool) -> None:
    """Time a step by the original's formula and by the engine's, in turn."""
    vton, garm = unet(8, dtype), unet(4, dtype)
    latents, seen, prompt = inputs(height, width, dtype)
    features: list[Tensor] = []
    garment_tokens(garm, latents, prompt, lambda _place, tokens: features.append(tokens))
    del garm
    rows = [
        [keys_values(vton, place, part[row : row + 1]) for place, part in enumerate(features)]
        for row in range(2)
    ]

    def step() -> Any:
        return vton(seen, TIMESTEP, encoder_hidden_states=prompt, return_dict=False)[0]

    old: list[tuple[float, float]] = []
    new: list[tuple[float, float]] = []
    for turn in range(int(cold), repeats + 1):  # turn 0 warms up
        joined = JoinedTokens(vton, features)
        wall, cpu, want = timed(step)
        joined.remove()
        old.append((wall, cpu))
        with wearing(vton, rows):
            wall, cpu, got = timed(step)
        new.append((wall, cpu))
        apart = (got.float() - want.float()).abs().max().item()
        size = want.float().abs().max().item()
        if dtype == torch.float32 and not apart <= AGREE:
            raise SystemExit(f"the two differ by {apart:.2g}")
        told = "warm-up" if turn == 0 else f"turn {turn}"
        print(f"  {told}: original {old[-1][0]:.2f} s, here {new[-1][0]:.2f} s,"
              f" differ by {apart:.1e} of {size:.1f}", flush=True)  # fmt: skip
    old, new = old[-repeats:], new[-repeats:]
    for label, place in (("wall", 0), ("cores", 1)):
        before, after = [t[place] for t in old], [t[place] for t in new]
        ratios = [b / a for b, a in zip(before, after, strict=True)]
        print(f"{height}x{width} {dtype} {label}: original {spread(before)} s, here"
              f" {spread(after)} s, ratio {spread(ratios)}")  # fmt: skip


def alone(kind: str, height: int, width: int, dtype: torch.dtype) -> None:
    """One garment and one step of one kind, both UNets counted; prints the peak in GB."""
    vton, garm = unet(8, dtype), unet(4, dtype)
    latents, seen, prompt = inputs(height, width, dtype)
    if kind == "original":
        features = whole_garment(garm, latents, prompt)
        JoinedTokens(vton, features)
        vton(seen, TIMESTEP, encoder_hidden_states=prompt, return_dict=False)
    else:
        rows = rows_of(garm, vton, latents, prompt)
        if kind == "lean":
            del garm
        with wearing(vton, rows):
            vton(seen, TIMESTEP, encoder_hidden_states=prompt, return_dict=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    now = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**30
    print(json.dumps({"peak": peak, "after": now}))


def memory(arguments: list[str]) -> None:
    """Peak memory of each kind, each in a process of its own."""
    for kind in ("original", "here", "lean"):
        command = [sys.executable, __file__, "--alone", kind, *arguments]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = json.loads(answer.splitlines()[-1])
        print(f"{kind}: peak {found['peak']:.2f} GiB, {found['after']:.2f} GiB at the end of the"
              " step", flush=True)  # fmt: skip


def cache(height: int, width: int, repeats: int, dtype: torch.dtype) -> None:
    """A garment whose keys and values are computed, and one whose are kept."""
    from core.tryon.ootd_garments import GarmentCache, Kept

    vton, garm = unet(8, dtype), unet(4, dtype)
    latents, _seen, prompt = inputs(height, width, dtype)
    kept = GarmentCache(2 * 10**9)
    misses, hits, original = [], [], []
    for turn in range(repeats):
        wall, _cpu, rows = timed(lambda: rows_of(garm, vton, latents, prompt))
        misses.append(wall)
        wall, _cpu, _features = timed(lambda: whole_garment(garm, latents, prompt))
        original.append(wall)
        for shown, pairs in zip((True, False), rows, strict=True):
            kept.put((f"garment {turn}", shown), Kept(prompt[:1], pairs))
        wall, _cpu, found = timed(
            lambda turn=turn: [kept.get((f"garment {turn}", shown)) for shown in (True, False)]
        )
        assert all(found)
        hits.append(wall * 1e6)
    size = sum(row.size for row in found) / 2**20
    print(f"{height}x{width} {dtype} garment: original {spread(original)} s, new"
          f" {spread(misses)} s, kept {spread(hits)} µs, {size:.0f} MiB;"
          f" {kept.size / 2**30:.2f} GiB kept of {repeats} garments")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--latent", default="64x48", help="height x width, in cells of 8 pixels")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--cold", action="store_true", help="no turn to warm up")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--cache", action="store_true")
    parser.add_argument("--alone", choices=["original", "here", "lean"], help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    height, width = (int(side) for side in chosen.latent.split("x"))
    dtype = getattr(torch, chosen.dtype)
    torch.set_num_threads(chosen.threads)
    with torch.inference_mode():
        if chosen.alone:
            alone(chosen.alone, height, width, dtype)
        elif chosen.memory:
            memory(["--latent", chosen.latent, "--threads", str(chosen.threads),
                    "--dtype", chosen.dtype])  # fmt: skip
        elif chosen.cache:
            cache(height, width, chosen.repeats, dtype)
        else:
            compare(height, width, chosen.repeats, dtype, chosen.cold)
    return 0


if __name__ == "__main__":
    sys.exit(main())
