"""OOTDiffusion's function: from garment, person and mask to pictures, number by number.

Behaviour is that of levihsu/OOTDiffusion at commit 13ef0fa, without what does not change the
result: the garment's UNet runs once a garment and stops after its last transformer block, garment
tokens never ask, and rows of guidance that would cancel are not computed. Guidance and sampler run
in float32 whatever the nets' precision.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from core.tryon.ootd_attention import garment_tokens, keys_values, wearing
from core.tryon.ootd_garments import GarmentCache, Kept
from core.tryon.ootd_sampler import make_sampler
from core.tryon.ootd_weights import (
    Folders,
    load_clip_vision,
    load_unet,
    load_vae,
    scheduler_settings,
    text_constants,
)

if TYPE_CHECKING:
    import torch

GB = 10**9


@dataclass(frozen=True)
class Step:
    """One step of the sampler. n = samples, r = rows of guidance, h x w = size of the latents.

    Attributes:
        index: from 0.
        total: how many there are.
        timestep: what the UNet was told.
        noise: (r n, 4, h, w) what the UNet answered, the row that sees the garment first.
        guided: (n, 4, h, w) the noise after guidance.
        stepped: (n, 4, h, w) after the sampler, before what is outside the mask is put back.
        target: (1 or n, 4, h, w) what is put back: the person, with the next step's noise.
        latents: (n, 4, h, w) after it.
        clean: (n, 4, h, w) the finished latents as they look from here.
    """

    index: int
    total: int
    timestep: int
    noise: "torch.Tensor"
    guided: "torch.Tensor"
    stepped: "torch.Tensor"
    target: "torch.Tensor"
    latents: "torch.Tensor"
    clean: "torch.Tensor"


OnLatents = Callable[[Step], None]


class OotdPipeline:
    """One of the two models, loaded. Not safe to be called from two threads at once."""

    def __init__(
        self,
        folders: Folders,
        *,
        device: str = "cpu",
        dtype: str = "float32",
        lean: bool = False,
        cache_bytes: int = 2 * GB,
    ) -> None:
        """Load the weights.

        Args:
            folders: where they lie.
            device: cpu, cuda or mps.
            dtype: float32, bfloat16 or float16.
            lean: let the garment's UNet and CLIP go after each garment, and read them again for
                the next: a third less memory between garments.
            cache_bytes: for garments that were tried on before.

        Raises:
            CheckpointMissing: a file is missing or damaged.
        """
        import torch

        self.folders, self.lean = folders, lean
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        self.kept = GarmentCache(cache_bytes)
        self.text = text_constants(folders)
        self.schedule = scheduler_settings(folders)
        self.vae = load_vae(folders.ootd / "vae", self.dtype, self.device)
        self.unet_vton = load_unet(folders.unets / "unet_vton", self.dtype, self.device)
        self._unet_garm: Any = None
        self._clip: Any = None

    @property
    def unet_garm(self) -> Any:
        """The garment's UNet, read when it is first needed."""
        if self._unet_garm is None:
            folder = self.folders.unets / "unet_garm"
            self._unet_garm = load_unet(folder, self.dtype, self.device)
        return self._unet_garm

    @property
    def clip(self) -> tuple[Any, Any]:
        """CLIP's image tower and processor, read when first needed."""
        if self._clip is None:
            self._clip = load_clip_vision(self.folders.clip, self.device)
        return self._clip

    def release_garment_nets(self) -> None:
        """Let the garment's UNet and CLIP go; the next new garment reads them again."""
        self._unet_garm = self._clip = None

    def clip_pixels(self, garment: np.ndarray) -> "torch.Tensor":
        """What CLIP sees of a garment (height, width, 3) uint8: its middle square, normalised."""
        _tower, processor = self.clip
        pixels: torch.Tensor = processor(
            images=Image.fromarray(garment), return_tensors="pt"
        ).pixel_values
        return pixels

    def image_embeds(self, garment: np.ndarray) -> "torch.Tensor":
        """CLIP's projected embedding of a garment (height, width, 3) uint8, (1, channels)."""
        import torch

        tower, _processor = self.clip
        with torch.inference_mode():
            embeds: torch.Tensor = tower(self.clip_pixels(garment).to(self.device)).image_embeds
        return embeds

    def prompt(self, garment: np.ndarray, word: str) -> "torch.Tensor":
        """What both UNets are told of a garment, (1, tokens, channels) float32.

        Args:
            garment: (height, width, 3) uint8 RGB.
            word: one of `WORDS`.
        """
        import torch

        text = self.text[word].hidden.to(self.device)
        image = self.image_embeds(garment)[:, None]
        # The half-body model's second text token gives its place to the image.
        return torch.cat([text[:, :1] if self.folders.model == "hd" else text, image], dim=1)

    def encode(self, picture: np.ndarray) -> "torch.Tensor":
        """Latents (1, 4, height / 8, width / 8) float32, not scaled, of a uint8 RGB picture.

        A picture whose sides are no multiples of 8 is made a little smaller.
        """
        import torch

        height, width = (side - side % 8 for side in picture.shape[:2])
        if picture.shape[:2] != (height, width):
            resized = Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS)
            picture = np.asarray(resized)
        # Channels stay last in memory, as in the original: another order is rounded otherwise, by
        # up to 1e-3 after the encoder.
        pixels = torch.from_numpy(picture.astype(np.float32) / 255)[None].permute(0, 3, 1, 2)
        with torch.inference_mode():
            latents = self.vae.encode((2 * pixels - 1).to(self.device, self.dtype)).latent_dist
        return latents.mode().float()

    def decode(self, latents: "torch.Tensor") -> "torch.Tensor":
        """Pictures (n, 3, height, width) float32, -1 to 1 or a little beyond, one at a time."""
        import torch

        scaled = (latents / self.vae.config.scaling_factor).to(self.dtype)
        with torch.inference_mode():
            return torch.cat([self.vae.decode(one[None]).sample.float() for one in scaled])

    def garment(
        self, garment: np.ndarray, word: str, shown: bool, prompt: "torch.Tensor | None" = None
    ) -> Kept:
        """One row of guidance of a garment: kept from before, or computed now.

        Args:
            garment: (height, width, 3) uint8 RGB.
            word: its category, one of `WORDS`.
            shown: False for the row in which the garment's latents are zeros.
            prompt: what the UNets are told of the garment, where its other row has it already.

        Raises:
            CheckpointMissing: its nets were let go, and their files are gone.
        """
        import torch

        digest = hashlib.sha256(f"{word} {garment.shape} ".encode() + garment.tobytes())
        key = (digest.hexdigest(), shown)
        if (kept := self.kept.get(key)) is not None:
            return kept
        if shown:
            latents = self.encode(garment).to(self.dtype)
        else:
            vae = self.vae.config
            factor = 2 ** (len(vae.block_out_channels) - 1)
            sides = ((side - side % 8) // factor for side in garment.shape[:2])
            latents = torch.zeros(
                (1, vae.latent_channels, *sides), dtype=self.dtype, device=self.device
            )
        if prompt is None:
            prompt = self.prompt(garment, word).to(self.dtype)
        pairs = []

        def keep(place: int, tokens: "torch.Tensor") -> None:
            pairs.append(keys_values(self.unet_vton, place, tokens))

        with torch.inference_mode():
            garment_tokens(self.unet_garm, latents, prompt, keep)
        kept = Kept(prompt, pairs)
        self.kept.put(key, kept)
        return kept

    def dress(
        self,
        garment: np.ndarray,
        masked: np.ndarray,
        person: np.ndarray,
        mask: np.ndarray,
        word: str,
        *,
        steps: int = 20,
        scale: float = 2.0,
        seed: int = 0,
        samples: int = 1,
        sampler: str = "published",
        on_step: OnLatents | None = None,
    ) -> np.ndarray:
        """Repaint what the mask covers.

        Args:
            garment: (height, width, 3) uint8 RGB, of the person's size.
            masked: the person with the mask painted grey, as `garment`.
            person: as `garment`.
            mask: (any height, any width) uint8, repainted from 127 up.
            word: the garment's category, one of `WORDS`.
            steps: of the sampler.
            scale: how strictly the garment is followed. Up to 1 the row without the garment would
                not count, and is not computed.
            seed: of the one random draw.
            samples: how many pictures. Picture i does not depend on how many there are.
            sampler: one of `SAMPLERS`.
            on_step: called after each step; what it raises ends the run.

        Returns:
            (samples, height, width, 3) uint8 RGB, sides rounded down to multiples of 8.

        Raises:
            CheckpointMissing: as `garment`.
        """
        import torch

        rows = [self.garment(garment, word, True)]
        if scale > 1:
            rows.append(self.garment(garment, word, False, rows[0].prompt))
        if self.lean:
            self.release_garment_nets()
        masked_latents, person_latents = self.encode(masked), self.encode(person)
        noise = initial_noise(seed, (samples, *person_latents.shape[1:]))
        with torch.inference_mode():
            latents = self._denoise(
                rows,
                masked_latents,
                person_latents * self.vae.config.scaling_factor,
                mask_latents(mask, noise.shape[2:]).to(self.device),
                noise.to(self.dtype).float().to(self.device),
                make_sampler(self.schedule, steps, sampler),
                scale,
                on_step,
            )
        return to_pixels(self.decode(latents))

    def _denoise(
        self,
        rows: list[Kept],
        masked: "torch.Tensor",
        person: "torch.Tensor",
        mask: "torch.Tensor",
        noise: "torch.Tensor",
        sampler: Any,
        scale: float,
        on_step: OnLatents | None,
    ) -> "torch.Tensor":
        """Latents of the pictures; `person` is scaled, `masked` is not."""
        import torch

        samples, total = len(noise), len(sampler.timesteps)
        prompt = torch.cat([row.prompt.expand(samples, -1, -1) for row in rows])
        latents, beside = noise, masked.expand(samples, -1, -1, -1)
        with wearing(self.unet_vton, [row.pairs for row in rows]):
            for index, timestep in enumerate(sampler.timesteps):
                seen = torch.cat([latents, beside], dim=1).to(self.dtype)
                answer = self.unet_vton(
                    seen.repeat(len(rows), 1, 1, 1),
                    timestep,
                    encoder_hidden_states=prompt,
                    return_dict=False,
                )[0].float()
                guided = answer
                if len(rows) == 2:
                    shown, hidden = answer.chunk(2)
                    guided = hidden + scale * (shown - hidden)
                level = sampler.sigmas[index]
                clean = latents * (1 + level**2) ** 0.5 - level * guided
                stepped = sampler.step(guided, timestep, latents, return_dict=False)[0]
                target = person
                if index < total - 1:  # the sampler has counted on: this is the next step's noise
                    following = sampler.timesteps[index + 1 : index + 2]
                    target = sampler.add_noise(person, noise, following)
                latents = (1 - mask) * target + mask * stepped
                if on_step is not None:
                    clean = (1 - mask) * person + mask * clean
                    seen_so_far = (answer, guided, stepped, target, latents, clean)
                    on_step(Step(index, total, int(timestep), *seen_so_far))
        return latents


def initial_noise(seed: int, shape: tuple[int, ...]) -> "torch.Tensor":
    """The one random draw, on the CPU, so that a seed means the same on every device."""
    import torch

    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def mask_latents(mask: np.ndarray, size: tuple[int, ...]) -> "torch.Tensor":
    """(1, 1, *size) float32: 1 where the mask, (any height, any width) uint8, is 127 or more."""
    import torch

    on = torch.from_numpy((mask >= 127).astype(np.float32))[None, None]
    return torch.nn.functional.interpolate(on, size=size)


def to_pixels(decoded: "torch.Tensor") -> np.ndarray:
    """(n, height, width, 3) uint8 of decoded pictures (n, 3, height, width)."""
    scaled = (decoded / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    return (scaled * 255).round().astype(np.uint8)
