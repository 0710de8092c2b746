"""Golden cases of the published pre-processing, and how far this project's answers are off.

Each function takes a golden directory, and a number of threads that pre-processing does not depend
on, and yields ``(name, worst difference, tolerance, where)``: a case passes where the difference is
at most the tolerance. It is infinite where one of the two raised and the other did not.
"""

import hashlib
import json
import shutil
import tempfile
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
from core.vision.schp import SIDES, SchpParser, inverse, square_to_photo, to_photo
from core.vision.schp import network_input as network_input_schp

Case = tuple[str, float, float, str]

OLD_CONTOURS = 75
"""Pixels per mask by which OpenCV before 4.11 approximates outlines otherwise."""


def mask_cases(goldens: Path, threads: int = 1) -> Iterator[Case]:
    """The agnostic masks; the difference is a number of pixels.

    Held against the masks of current libraries (``current_libs/``) where the set has them.
    """
    folder = goldens / "masks"
    current = folder / "current_libs"
    expected = current if (current / "cases.json").is_file() else folder
    tolerance = 0 if expected is current else OLD_CONTOURS
    for case in json.loads((expected / "cases.json").read_text(encoding="utf-8"))["cases"]:
        name = f"{case['scene']}/{case['category']}/{case['model_type']}"
        with Image.open(folder / case["parse"]) as opened:
            parse = np.asarray(opened)
        points, category, model = (
            case[key] for key in ("pose_keypoints_2d", "category", "model_type")
        )
        try:
            mask, grey = agnostic_mask_ootd(parse, points, category, model, mend=False)
        except FashionError:
            yield name, 0.0 if "exception" in case else np.inf, tolerance, "raised"
            continue
        if "exception" in case:
            yield name, np.inf, tolerance, "not raised"
            continue
        with Image.open(expected / case["mask"]) as opened:
            golden = np.asarray(opened)
        apart = (mask != golden).sum() + (grey != np.where(mask > 0, 127, 0)).sum()
        yield name, float(apart), tolerance, "pixels"


THREE_LEVELS, OLD_ROUNDING = 3 / 255 / 0.224, 49
"""By how much warping and outlines differ between versions of OpenCV: the network's input (three
grey levels, normalised), and pixels of a body map."""

PICTURE = (512, 384)
"""Height and width of the picture that golden heat maps are of."""

EXACT, CLOSE = 1e-9, 1e-4
"""Tolerances of decoding and of what a network says; convolutions differ between processors."""


def openpose_cases(goldens: Path, threads: int = 1) -> Iterator[Case]:
    """Network and decoding of body points; the difference is the largest of any number."""
    folder = goldens / "openpose"
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
            yield name, worst, EXACT, "people"
            points = published_points(candidates, people, PICTURE)
        except FashionError:
            raised = any("exception" in key for key in case)
            yield name, 0.0 if raised else np.inf, EXACT, "points"
            continue
        expected = golden.get(f"{name}.pose_keypoints_2d")
        worst = np.inf if expected is None else _apart(points, expected)
        yield name, worst, EXACT, "points"


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
    yield "network", _apart(pixels, golden["net_input"]), EXACT, "input"
    with torch.inference_mode():
        fields, heat = (out.numpy() for out in network(torch.from_numpy(pixels)))
    yield "network", _apart(fields, golden["net_paf"]), CLOSE, "fields"
    yield "network", _apart(heat, golden["net_heatmap"]), CLOSE, "heat"
    size = golden["image_rgb"].shape[:2]
    candidates, people = decode(
        enlarged(heat[0], seen, size), enlarged(fields[0], seen, size), mend=False
    )
    yield "network", _apart(candidates, golden["candidate"]), CLOSE, "candidates"
    yield "network", _apart(people, golden["subset"]), CLOSE, "people"


def parsing_cases(goldens: Path, threads: int = 1) -> Iterator[Case]:
    """SCHP's pre- and post-processing by two tiny networks.

    The difference is that of numbers, or a number of pixels for label maps.
    """
    folder = goldens / "parsing"
    about = json.loads((folder / "parsing.json").read_text(encoding="utf-8"))
    for case in about["affine"]:
        back = square_to_photo(case["size_wh"][::-1], case["input"])
        worst = max(
            _apart(back, np.array(case["inverse"])),
            _apart(inverse(back), np.array(case["forward"])),
        )
        size = "x".join(map(str, case["size_wh"]))
        yield f"affine_{size}_{case['input']}", worst, EXACT, "matrices"
    with tempfile.TemporaryDirectory() as named:
        for name in SIDES:
            shutil.copy(folder / f"tiny_{name}.onnx", Path(named) / f"parsing_{name}.onnx")
        parser = SchpParser(named)
        for case in about["cases"]:
            yield from _parsing_case(folder, case, parser)


def _parsing_case(folder: Path, case: dict, parser: SchpParser) -> Iterator[Case]:
    number = case["index"]
    name = f"{number}_{case['scene']}"
    golden = load_file(folder / f"{number}_tensors.safetensors")
    with Image.open(folder / case["image"]) as opened:
        image = opened.convert("RGB")
    pixels = np.asarray(image)
    rows, columns = golden["sample_yx"].T
    for net, side in SIDES.items():
        seen = network_input_schp(pixels, side)
        same = hashlib.sha256(seen.tobytes()).hexdigest() == case[net]["net_input_sha256"]
        every_8th = seen[0, :, ::8, ::8]
        worst = 0.0 if same else max(1e-9, _apart(every_8th, golden[f"{net}_net_input_sub8"]))
        yield name, worst, THREE_LEVELS, f"{net} input"
        answer = parser.logits(net, pixels)
        if f"{net}_logits" in golden:
            yield name, _apart(answer, golden[f"{net}_logits"]), CLOSE, f"{net} logits"
        large = to_photo(answer, side, pixels.shape[:2])[rows, columns]
        worst = _apart(large, golden[f"{net}_transformed_logits_samples"])
        yield name, worst, CLOSE, f"{net} logits at the photo's size"
    ids = parser.parse(image, mend=False)
    with Image.open(folder / case["parsing"]) as opened:
        worst = _pixels(ids, np.asarray(opened))
    yield name, worst, OLD_ROUNDING, "pixels of the body map"


def _pixels(ours: np.ndarray, golden: np.ndarray) -> float:
    return float(np.inf) if ours.shape != golden.shape else float((ours != golden).sum())


def _apart(ours: np.ndarray, golden: np.ndarray) -> float:
    """Largest difference; infinite where shapes differ."""
    if ours.shape != golden.shape:
        return float(np.inf)
    return float(np.abs(ours.astype(np.float64) - golden).max(initial=0.0))
