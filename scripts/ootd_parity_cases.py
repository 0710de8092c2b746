"""Golden cases of the published pre-processing, and how far this project's answers are off.

Each function takes a folder of golden files (``masks/``, ``openpose/`` or ``parsing/`` of a golden
set) and yields ``(name, worst difference, tolerance)``: a case passes where the difference is at
most the tolerance, and is infinite where one of the two raised and the other did not.
"""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import load_file

from core.errors import FashionError
from core.tryon.agnostic import agnostic_mask_ootd
from core.vision.openpose import SEEN, network_input
from core.vision.openpose_decode import decode, enlarged, published_points
from core.vision.openpose_network import BodyNetwork

Case = tuple[str, float, float]

OLD_CONTOURS = 75
"""Pixels per mask by which OpenCV before 4.11 approximates outlines otherwise."""


def mask_cases(folder: Path) -> Iterator[Case]:
    """The agnostic masks; the difference is a number of pixels.

    Held against the masks of current libraries (``current_libs/``) where the set has them.
    """
    current = folder / "current_libs"
    expected = current if (current / "cases.json").is_file() else folder
    tolerance = 0 if expected is current else OLD_CONTOURS
    for case in json.loads((expected / "cases.json").read_text(encoding="utf-8"))["cases"]:
        name = f"masks/{case['scene']}/{case['category']}/{case['model_type']}"
        with Image.open(folder / case["parse"]) as opened:
            parse = np.asarray(opened)
        points, category, model = (
            case[key] for key in ("pose_keypoints_2d", "category", "model_type")
        )
        try:
            mask, grey = agnostic_mask_ootd(parse, points, category, model, mend=False)
        except FashionError:
            yield name, 0.0 if "exception" in case else np.inf, tolerance
            continue
        if "exception" in case:
            yield name, np.inf, tolerance
            continue
        with Image.open(expected / case["mask"]) as opened:
            golden = np.asarray(opened)
        apart = (mask != golden).sum() + (grey != np.where(mask > 0, 127, 0)).sum()
        yield name, float(apart), tolerance


PICTURE = (512, 384)
"""Height and width of the picture that golden heat maps are of."""

EXACT, CLOSE = 1e-9, 1e-4
"""Tolerances of decoding and of what a network says; convolutions differ between processors."""


def openpose_cases(folder: Path) -> Iterator[Case]:
    """Network and decoding of body points; the difference is the largest of any number."""
    about = json.loads((folder / "openpose.json").read_text(encoding="utf-8"))
    if (folder / "network.safetensors").is_file():
        yield from _network_cases(load_file(folder / "network.safetensors"), about)
    golden = load_file(folder / "decode.safetensors")
    # The width that the network sees of a picture, before it is filled up to a multiple of 8.
    seen = (SEEN, int(PICTURE[1] * SEEN / PICTURE[0]))
    for case in about["decode"]:
        name = case["case"]
        try:
            heat, fields = (
                enlarged(golden[f"{name}.{kind}"], seen, PICTURE) for kind in ("heatmap", "paf")
            )
            candidates, people = decode(heat, fields, mend=False)
            worst = max(
                _apart(candidates, golden[f"{name}.candidate"]),
                _apart(people, golden[f"{name}.subset"]),
            )
            yield f"openpose/{name}/people", worst, EXACT
            points = published_points(candidates, people, PICTURE)
        except FashionError:
            raised = any("exception" in key for key in case)
            yield f"openpose/{name}/points", 0.0 if raised else np.inf, EXACT
            continue
        expected = golden.get(f"{name}.pose_keypoints_2d")
        worst = np.inf if expected is None else _apart(points, expected)
        yield f"openpose/{name}/points", worst, EXACT


def random_body_weights(shapes: dict[str, list[int]], seed: int) -> dict[str, torch.Tensor]:
    """Weights by the recipe of the golden set's README: by name, so in any order."""
    weights = {}
    for name, shape in shapes.items():
        random = np.random.RandomState(zlib.crc32(name.encode()) ^ seed)
        scale = np.sqrt(2 / np.prod(shape[1:])) if name.endswith("weight") else 0.05
        drawn = (random.standard_normal(shape) * scale).astype(np.float32)
        weights[name] = torch.from_numpy(drawn)
    return weights


def _network_cases(golden: dict[str, np.ndarray], about: dict) -> Iterator[Case]:
    network = BodyNetwork().eval()
    network.load_published(
        random_body_weights(about["network"]["state_dict_shapes"], about["seed"])
    )
    pixels, seen = network_input(golden["image_rgb"])
    yield "openpose/network/input", _apart(pixels, golden["net_input"]), EXACT
    with torch.inference_mode():
        fields, heat = (out.numpy() for out in network(torch.from_numpy(pixels)))
    yield "openpose/network/fields", _apart(fields, golden["net_paf"]), CLOSE
    yield "openpose/network/heat", _apart(heat, golden["net_heatmap"]), CLOSE
    size = golden["image_rgb"].shape[:2]
    candidates, people = decode(
        enlarged(heat[0], seen, size), enlarged(fields[0], seen, size), mend=False
    )
    yield "openpose/network/candidates", _apart(candidates, golden["candidate"]), CLOSE
    yield "openpose/network/people", _apart(people, golden["subset"]), CLOSE


def _apart(ours: np.ndarray, golden: np.ndarray) -> float:
    """Largest difference; infinite where shapes differ."""
    if ours.shape != golden.shape:
        return float(np.inf)
    return float(np.abs(ours.astype(np.float64) - golden).max(initial=0.0))
