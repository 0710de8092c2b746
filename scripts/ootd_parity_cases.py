"""Golden cases of the published pre-processing, and how far this project's answers are off.

Each function takes a golden directory, and a number of threads that pre-processing does not depend
on, and yields what it finds, all of one case in a row. A difference is infinite where one of the
two raised and the other did not. Cases are those that the golden set's README promises; one that is
missing or broken is a finding with its reason.
"""

import hashlib
import json
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import load_file

from core.errors import FashionError
from core.tryon.agnostic import agnostic_mask_ootd
from core.vision.atr import ID
from core.vision.openpose import SEEN, network_input
from core.vision.openpose_decode import decode, enlarged, published_points
from core.vision.openpose_network import BodyNetwork
from core.vision.schp import SIDES, SchpParser, inverse, square_to_photo, to_photo
from core.vision.schp import network_input as network_input_schp
from scripts.ootd_parity_findings import Finding, broken, whole

OLD_CONTOURS = 75
"""Pixels per mask by which OpenCV before 4.11 approximates outlines otherwise."""


def mask_cases(goldens: Path, threads: int = 1) -> Iterator[Finding]:
    """The agnostic masks; the difference is a number of pixels.

    A case is held against the mask of current libraries (``current_libs/``) where the set has it.
    """
    folder = goldens / "masks"
    found: dict[str, tuple[dict, Path]] = {}
    listed = [home for home in (folder, folder / "current_libs") if (home / "cases.json").exists()]
    for home in listed or [folder]:
        try:
            for case in json.loads((home / "cases.json").read_text(encoding="utf-8"))["cases"]:
                asked = ("parse", "pose_keypoints_2d", "category", "model_type")
                found[json.dumps([case[key] for key in asked])] = case, home
        except (OSError, ValueError, KeyError, TypeError) as error:
            yield broken(f"{home.relative_to(goldens / 'masks')}/cases.json", error)
    for case, home in found.values():
        parts = (case.get("scene", case["parse"]), case["category"], case["model_type"])
        name = "/".join(map(str, parts))
        tolerance = OLD_CONTOURS if home == folder else 0
        yield from whole(name, partial(_mask_case, name, case, home, folder, tolerance))


def _mask_case(
    name: str, case: dict, home: Path, folder: Path, tolerance: float
) -> Iterator[Finding]:
    with Image.open(folder / case["parse"]) as opened:
        parse = np.asarray(opened)
    points, category, model = (case[key] for key in ("pose_keypoints_2d", "category", "model_type"))
    try:
        mask, grey = agnostic_mask_ootd(parse, points, category, model, mend=False)
    except FashionError:
        yield Finding(name, 0.0 if "exception" in case else np.inf, tolerance, "raised")
        return
    if "exception" in case:
        yield Finding(name, np.inf, tolerance, "not raised")
        return
    with Image.open(home / case["mask"]) as opened:
        golden = np.asarray(opened)
    apart = _pixels(mask, golden)
    if np.isfinite(apart):
        apart += _pixels(grey, np.where(mask > 0, 127, 0))
    yield Finding(name, apart, tolerance, "pixels")


THREE_LEVELS, OLD_ROUNDING = 3 / 255 / 0.224, 49
"""By how much warping and outlines differ between versions of OpenCV: the network's input (three
grey levels, normalised), and pixels of a body map."""

PICTURE = (512, 384)
"""Height and width of the picture that golden heat maps are of."""

EXACT, CLOSE = 1e-9, 1e-4
"""Tolerances of decoding and of what a network says; convolutions differ between processors."""


def openpose_cases(goldens: Path, threads: int = 1) -> Iterator[Finding]:
    """Network and decoding of body points; the difference is the largest of any number."""
    folder = goldens / "openpose"
    try:
        about = json.loads((folder / "openpose.json").read_text(encoding="utf-8"))
        listed = {case["case"]: case for case in about.get("decode", [])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        yield broken("openpose.json", error)
        return
    if "network" in about or (folder / "network.safetensors").exists():
        yield from whole("network", partial(_network_case, folder, about))
    golden: dict[str, np.ndarray] = {}
    if listed or (folder / "decode.safetensors").exists():
        try:
            golden = load_file(folder / "decode.safetensors")
        except Exception as error:  # safetensors has an error of its own
            yield broken("decode.safetensors", error)
            return
    for name in dict.fromkeys([*listed, *(key.rpartition(".")[0] for key in golden)]):
        yield from whole(name, partial(_decode_case, name, golden, listed.get(name, {})))


def _decode_case(name: str, golden: dict[str, np.ndarray], case: dict) -> Iterator[Finding]:
    # The width that the network sees of a picture, before it is filled up to a multiple of 8.
    seen = (SEEN, int(PICTURE[1] * SEEN / PICTURE[0]))
    heat, fields = (
        enlarged(golden[f"{name}.{kind}"], seen, PICTURE) for kind in ("heatmap", "paf")
    )
    expected = golden.get(f"{name}.pose_keypoints_2d")
    raised = expected is None or any("exception" in key for key in case)
    try:
        candidates, people = decode(heat, fields, mend=False)
    except FashionError:
        stopped = raised and f"{name}.subset" not in golden
        yield Finding(name, 0.0 if stopped else np.inf, EXACT, "people: raised")
        return
    worst = max(
        _apart(candidates, golden[f"{name}.candidate"]), _apart(people, golden[f"{name}.subset"])
    )
    yield Finding(name, worst, EXACT, "people")
    try:
        points = published_points(candidates, people, PICTURE)
    except FashionError:
        yield Finding(name, 0.0 if raised else np.inf, EXACT, "points: raised")
        return
    if raised:
        yield Finding(name, np.inf, EXACT, "points: not raised")
    else:
        yield Finding(name, _apart(points, expected), EXACT, "points")


def random_body_weights(shapes: dict[str, list[int]], seed: int) -> dict[str, torch.Tensor]:
    """Weights by the recipe of the golden set's README: by name, so in any order."""
    weights = {}
    for name, shape in shapes.items():
        random = np.random.RandomState(zlib.crc32(name.encode()) ^ seed)
        scale = np.sqrt(2 / np.prod(shape[1:])) if name.endswith("weight") else 0.05
        drawn = (random.standard_normal(shape) * scale).astype(np.float32)
        weights[name] = torch.from_numpy(drawn)
    return weights


def _network_case(folder: Path, about: dict) -> Iterator[Finding]:
    name = "network"
    golden = load_file(folder / "network.safetensors")
    weights = random_body_weights(about["network"]["state_dict_shapes"], about["seed"])
    told = hashlib.sha256()
    for key in sorted(weights):
        told.update(weights[key].numpy().tobytes())
    same = told.hexdigest() == about["network"].get("weights_sha256", told.hexdigest())
    yield Finding(name, 0.0 if same else np.inf, EXACT, "weights")
    network = BodyNetwork().eval()
    network.load_published(weights)
    pixels, seen = network_input(golden["image_rgb"])
    yield Finding(name, _apart(pixels, golden["net_input"]), EXACT, "input")
    with torch.inference_mode():
        fields, heat = (out.numpy() for out in network(torch.from_numpy(pixels)))
    yield Finding(name, _apart(fields, golden["net_paf"]), CLOSE, "fields")
    yield Finding(name, _apart(heat, golden["net_heatmap"]), CLOSE, "heat")
    # Of what the original's network said: a rounding more or less can be one peak more or less.
    size = golden["image_rgb"].shape[:2]
    heat, fields = (enlarged(golden[f"net_{kind}"][0], seen, size) for kind in ("heatmap", "paf"))
    candidates, people = decode(heat, fields, mend=False)
    yield Finding(name, _apart(candidates, golden["candidate"]), EXACT, "candidates")
    yield Finding(name, _apart(people, golden["subset"]), EXACT, "people")


def parsing_cases(goldens: Path, threads: int = 1) -> Iterator[Finding]:
    """SCHP's pre- and post-processing by two tiny networks.

    The difference is that of numbers, or a number of pixels for label maps.
    """
    folder = goldens / "parsing"
    try:
        about = json.loads((folder / "parsing.json").read_text(encoding="utf-8"))
        affine, cases = about.get("affine", []), about.get("cases", [])
    except (OSError, ValueError, AttributeError) as error:
        yield broken("parsing.json", error)
        return
    for number, case in enumerate(affine):
        size = "x".join(map(str, case.get("size_wh", [number])))
        name = f"affine_{size}_{case.get('input')}"
        yield from whole(name, partial(_affine_case, name, case))
    if not cases:
        return
    with tempfile.TemporaryDirectory() as named:
        try:
            for net in SIDES:
                shutil.copy(folder / f"tiny_{net}.onnx", Path(named) / f"parsing_{net}.onnx")
            parser = SchpParser(named)
        except (OSError, FashionError) as error:
            yield broken("networks", error)
            return
        for place, case in enumerate(cases):
            number = case.get("index", place)
            name = f"{number}_{case['scene']}" if "scene" in case else str(number)
            yield from whole(name, partial(_parsing_case, name, number, folder, case, parser))


def _affine_case(name: str, case: dict) -> Iterator[Finding]:
    back = square_to_photo(case["size_wh"][::-1], case["input"])
    worst = max(
        _apart(back, np.array(case["inverse"])), _apart(inverse(back), np.array(case["forward"]))
    )
    yield Finding(name, worst, EXACT, "matrices")


def _parsing_case(
    name: str, number: int, folder: Path, case: dict, parser: SchpParser
) -> Iterator[Finding]:
    golden = load_file(folder / f"{number}_tensors.safetensors")
    with Image.open(folder / case.get("image", f"{number}_image.png")) as opened:
        image = opened.convert("RGB")
    with Image.open(folder / case.get("parsing", f"{number}_parsing.png")) as opened:
        expected = np.asarray(opened)
    pixels = np.asarray(image)
    rows, columns = golden["sample_yx"].T
    for net, side in SIDES.items():
        seen = network_input_schp(pixels, side)
        same = hashlib.sha256(seen.tobytes()).hexdigest() == case[net]["net_input_sha256"]
        every_8th = seen[0, :, ::8, ::8]
        worst = 0.0 if same else max(1e-9, _apart(every_8th, golden[f"{net}_net_input_sub8"]))
        yield Finding(name, worst, THREE_LEVELS, f"{net} input")
        answer = parser.logits(net, pixels)
        if f"{net}_logits" in golden:
            yield Finding(name, _apart(answer, golden[f"{net}_logits"]), CLOSE, f"{net} logits")
        large = to_photo(answer, side, pixels.shape[:2])
        worst = _apart(large[rows, columns], golden[f"{net}_transformed_logits_samples"])
        yield Finding(name, worst, CLOSE, f"{net} logits at the photo's size")
        labels = golden.get("atr_argmax_before_fill" if net == "atr" else "lip_argmax")
        if labels is not None:
            worst = _pixels(large.argmax(axis=2), labels)
            yield Finding(name, worst, OLD_ROUNDING, f"pixels of what {net} says")
    ids = parser.parse(image, mend=False)
    yield Finding(name, _pixels(ids, expected), OLD_ROUNDING, "pixels of the body map")
    if "face_mask" in golden:
        worst = _pixels(ids == ID["face"], golden["face_mask"] > 0)
        yield Finding(name, worst, OLD_ROUNDING, "pixels of the face")


def _pixels(ours: np.ndarray, golden: np.ndarray) -> float:
    return float(np.inf) if ours.shape != golden.shape else float((ours != golden).sum())


def _apart(ours: np.ndarray, golden: np.ndarray) -> float:
    """Largest difference; infinite where shapes differ and where one is no number."""
    if ours.shape != golden.shape:
        return float(np.inf)
    worst = np.abs(ours.astype(np.float64) - golden).max(initial=0.0)
    return float(np.inf if np.isnan(worst) else worst)
