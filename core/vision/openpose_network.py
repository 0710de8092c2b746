"""OpenPose's body network: the layers of Cao et al. (CVPR 2017), by their published names.

The first ten layers of VGG-19, two small ones, and six stages of two branches: part affinity fields
(38 channels) and heat maps (19). Each stage after the first sees the outputs of the one before
beside the first part's features.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping

import torch
from torch import nn

Layer = tuple[str, int, int, int]
"""A convolution's name, channels in and out, and the side of its kernel."""

TRUNK: tuple[Layer | None, ...] = (
    ("conv1_1", 3, 64, 3),
    ("conv1_2", 64, 64, 3),
    None,
    ("conv2_1", 64, 128, 3),
    ("conv2_2", 128, 128, 3),
    None,
    ("conv3_1", 128, 256, 3),
    ("conv3_2", 256, 256, 3),
    ("conv3_3", 256, 256, 3),
    ("conv3_4", 256, 256, 3),
    None,
    ("conv4_1", 256, 512, 3),
    ("conv4_2", 512, 512, 3),
    ("conv4_3_CPM", 512, 256, 3),
    ("conv4_4_CPM", 256, 128, 3),
)
"""The first part; None halves the picture."""

BRANCHES = {"L1": 38, "L2": 19}
STAGES = 6


class BodyNetwork(nn.Module):
    """Fields and heat maps of a picture, at an eighth of its size."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = _sequence(TRUNK, last_is_linear=False)
        self.stages = nn.ModuleList(
            nn.ModuleList(_sequence(_branch(stage, *branch)) for branch in BRANCHES.items())
            for stage in range(1, STAGES + 1)
        )

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Both outputs of the last stage.

        Args:
            pixels: (n, 3, height, width) float32 BGR in -0.5..0.5, sides multiples of 8.

        Returns:
            Fields (n, 38, height / 8, width / 8) and heat maps (n, 19, height / 8, width / 8), the
            latter not below 0.
        """
        seen = features = self.trunk(pixels)
        for stage in self.stages:
            fields, heat = (branch(features) for branch in stage.children())
            features = torch.cat([fields, heat, seen], 1)
        # The published port ends the last heat maps, and no other output, with a rectifier.
        return fields, heat.relu()

    def load_published(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Load weights by the published names, with or without the names of their parts.

        Args:
            weights: ``conv1_1.weight`` or ``model0.conv1_1.weight`` and so on to the tensors.

        Raises:
            RuntimeError: weights are missing, unknown, or of another shape.
        """
        plain = {re.sub(r"^model\d(_\d)?\.", "", name): value for name, value in weights.items()}
        own = {".".join(name.split(".")[-2:]): name for name in self.state_dict()}
        self.load_state_dict({own.get(name, name): value for name, value in plain.items()})


def _branch(stage: int, branch: str, channels: int) -> list[Layer]:
    if stage == 1:
        layers = [(f"conv5_{n}_CPM_{branch}", 128, 128, 3) for n in (1, 2, 3)]
        return [
            *layers,
            (f"conv5_4_CPM_{branch}", 128, 512, 1),
            (f"conv5_5_CPM_{branch}", 512, channels, 1),
        ]
    name = f"stage{stage}_{branch}"
    seen = sum(BRANCHES.values()) + 128
    layers = [(f"Mconv{n}_{name}", seen if n == 1 else 128, 128, 7) for n in range(1, 6)]
    return [*layers, (f"Mconv6_{name}", 128, 128, 1), (f"Mconv7_{name}", 128, channels, 1)]


def _sequence(layers: Iterable[Layer | None], last_is_linear: bool = True) -> nn.Sequential:
    modules: dict[str, nn.Module] = {}
    for number, layer in enumerate(layers):
        if layer is None:
            modules[f"pool_{number}"] = nn.MaxPool2d(2)
            continue
        name, wide_in, wide_out, kernel = layer
        modules[name] = nn.Conv2d(wide_in, wide_out, kernel, padding=kernel // 2)
        modules[f"relu_{number}"] = nn.ReLU()
    if last_is_linear:
        modules.popitem()
    return nn.Sequential(OrderedDict(modules))
