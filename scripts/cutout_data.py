"""What the garment cut-out is trained on: garments with known outline, and grounds to lay them on.

Garments come from three sources: product photos on near-white ground, where the outline is plain to
see; rendered garments, whose outline is exact; clothes in labelled street photos. Grounds come from
street photos without their people, and from the corners of photos that owners took of their
clothes. `scripts.cutout_scenes` composes them afresh for every sample.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.errors import CatalogError, ImageError
from core.tryon.silhouette import disk, main_parts
from core.vision.images import open_image

PIECE = (208, 160)
"""Height and width into which a garment is fitted (pixels)."""

SHEET = (224, 168)
"""Height and width of a stored ground (pixels)."""

WORN = (
    "blazer", "blouse", "bodysuit", "cape", "cardigan", "coat", "dress", "hoodie", "jacket",
    "jeans", "jumper", "leggings", "pants", "romper", "shirt", "shorts", "skirt", "suit",
    "sweater", "sweatshirt", "t-shirt", "top", "vest",
)  # fmt: skip
"""Labels of the street photos that are garments."""

HELD_OUT = {"street": 120, "own": 600}
"""Photos of each source that no training run uses as ground."""


@dataclass(frozen=True)
class Stock:
    """Everything that scenes are composed of.

    Attributes:
        pieces: (n, 208, 160, 4) uint8 RGBA, colours running on under the transparent part.
        weights: (n,) float, how often each is drawn; sums to 1.
        grounds: (m, 224, 168, 3) uint8.
    """

    pieces: np.ndarray
    weights: np.ndarray
    grounds: np.ndarray


def held_out(names: list[str], count: int, seed: int = 0) -> set[str]:
    """The names of one source that training leaves alone, drawn by `seed`; at most a fifth."""
    order = np.random.default_rng(seed).permutation(sorted(names))
    return set(order[: min(count, len(names) // 5)].tolist())


def own_photo_names(folder: Path) -> list[str]:
    """File names of the photos in ``images/`` of the clothing data set, sorted.

    Raises:
        CatalogError: there are none.
    """
    return _names(folder / "images", ".jpg")


def street_names(folder: Path) -> list[str]:
    """File names of the photos in ``photos/`` that have a label picture, sorted.

    Raises:
        CatalogError: there are none.
    """
    names = _names(folder / "photos", "")
    labelled = {path.stem for path in (folder / "labels").glob("*.png")}
    found = [name for name in names if Path(name).stem in labelled]
    if not found:
        raise CatalogError(f"{folder} has photos but no labels/NAME.png beside them.")
    return found


def _names(folder: Path, suffix: str) -> list[str]:
    names = sorted(p.name for p in folder.glob(f"*{suffix}") if p.is_file())
    if not names:
        raise CatalogError(f"{folder} holds no photos.")
    return names


# Grounds -----------------------------------------------------------------------------------------


def without_person(photo: np.ndarray, person: np.ndarray) -> np.ndarray:
    """A photo whose masked region mirrors what lies around it.

    Args:
        photo: (height, width, 3) uint8.
        person: (height, width) bool; at least one pixel is false.

    Returns:
        As `photo`. Each masked pixel becomes its reflection in the nearest pixel outside; where
        the reflection is masked or beyond the frame, that nearest pixel itself.
    """
    from scipy.ndimage import distance_transform_edt

    height, width = person.shape
    near = distance_transform_edt(person, return_distances=False, return_indices=True)
    here = np.indices(person.shape)
    rows, columns = 2 * near - here
    ok = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows, columns = np.where(ok, rows, near[0]), np.where(ok, columns, near[1])
    ok &= ~person[rows, columns]
    return photo[np.where(ok, rows, near[0]), np.where(ok, columns, near[1])]


def street_ground(folder: Path, name: str) -> np.ndarray:
    """A street photo without the people in it (height, width, 3), uint8.

    Raises:
        ImageError: the photo cannot be read.
    """
    photo = np.asarray(open_image(folder / "photos" / name))
    with Image.open(folder / "labels" / f"{Path(name).stem}.png") as opened:
        labels = np.asarray(opened)
    person = cv2.dilate((labels > 0).astype(np.uint8), disk(5)) > 0
    person[0, 0] = False
    return without_person(photo, person)


def corner_ground(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A ground of mirrored tiles: one corner of a photo, which the garment rarely reaches.

    Returns:
        (height, width, 3) uint8 of the photo's size.
    """
    height, width = photo.shape[:2]
    h, w = (max(8, round(side * rng.uniform(0.14, 0.24))) for side in (height, width))
    top = int(rng.integers(2)) * (height - h)
    left = int(rng.integers(2)) * (width - w)
    tile = photo[top : top + h, left : left + w]
    tile = np.concatenate([tile, tile[:, ::-1]], axis=1)
    tile = np.concatenate([tile, tile[::-1]], axis=0)
    copies = (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1)
    tiled: np.ndarray = np.tile(tile, copies)[:height, :width]
    return tiled


def covering(ground: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A random part of a ground, scaled to fill `size` (height, width)."""
    height, width = ground.shape[:2]
    fit = min(height / size[0], width / size[1]) * rng.uniform(0.55, 1.0)
    h, w = max(2, round(size[0] * fit)), max(2, round(size[1] * fit))
    top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
    part = ground[top : top + h, left : left + w]
    method = cv2.INTER_AREA if fit > 1 else cv2.INTER_CUBIC
    return cv2.resize(part, size[::-1], interpolation=method)


# Garments ----------------------------------------------------------------------------------------


def product_alpha(pixels: np.ndarray) -> np.ndarray | None:
    """Where the product is on a near-white ground; None where that is not sure.

    Sure means: the ground is near white, few parts, not cut by the frame, and nearly all of its
    outline lies where the colour leaves white steeply.

    Args:
        pixels: (height, width, 3) uint8.

    Returns:
        (height, width) bool, one pixel inside the outline, so that no ground shines through.
    """
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    rim = np.concatenate([lab[:3].reshape(-1, 3), lab[-3:].reshape(-1, 3),
                          lab[:, :3].reshape(-1, 3), lab[:, -3:].reshape(-1, 3)])  # fmt: skip
    ground = np.median(rim, axis=0)
    away = np.linalg.norm(rim - ground, axis=1) > 6
    if ground[0] < 94 or away.mean() > 0.02:
        return None
    difference = np.linalg.norm(lab - ground, axis=2)
    open_ground = np.pad((difference < 8).astype(np.uint8), 1, constant_values=1)
    cv2.floodFill(open_ground, None, (0, 0), 2)
    inside = main_parts(cv2.medianBlur((open_ground[1:-1, 1:-1] != 2).astype(np.uint8), 3) > 0)
    if not 0.05 < inside.mean() < 0.75:
        return None
    within = cv2.erode(inside.astype(np.uint8), disk(2)) > 0
    strip = inside & ~(cv2.erode(inside.astype(np.uint8), disk(3)) > 0)
    if not within.any() or (cv2.dilate(difference, disk(2))[strip] > 22).mean() < 0.93:
        return None
    return cv2.erode(inside.astype(np.uint8), disk(1)) > 0


def shows_skin(pixels: np.ndarray, inside: np.ndarray) -> bool:
    """Whether a tenth of the region's upper or lower quarter has the colour of skin.

    The range in YCrCb is that of Chai and Ngan (1999); it also meets beige cloth, which is left out
    with the people.
    """
    crcb = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)[..., 1:]
    skin = ((crcb >= (136, 80)) & (crcb <= (173, 127))).all(axis=2) & inside
    rows = np.flatnonzero(inside.any(axis=1))
    quarter = max(1, len(rows) // 4)
    for part in (rows[:quarter], rows[-quarter:]):
        if skin[part].sum() > 0.1 * max(1, int(inside[part].sum())):
            return True
    return False


def fitted(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """A garment cropped, scaled to fit `PIECE` and centred: uint8 RGBA.

    Args:
        pixels: (height, width, 3) uint8.
        alpha: (height, width) float32 0..1.
    """
    from scipy.ndimage import distance_transform_edt

    rows, columns = np.nonzero(alpha > 0.5)
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    pixels, alpha = pixels[box], alpha[box]
    solid = alpha > 0.9
    if solid.any():
        near = distance_transform_edt(~solid, return_distances=False, return_indices=True)
        pixels = pixels[tuple(near)]
    scale = min((PIECE[0] - 8) / alpha.shape[0], (PIECE[1] - 8) / alpha.shape[1])
    size = (max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    pixels = cv2.resize(pixels, size, interpolation=method)
    alpha = np.clip(cv2.resize(alpha.astype(np.float32), size, interpolation=method), 0, 1)
    top, left = (PIECE[0] - size[1]) // 2, (PIECE[1] - size[0]) // 2
    border = (top, PIECE[0] - size[1] - top, left, PIECE[1] - size[0] - left)
    out = cv2.copyMakeBorder(pixels, *border, cv2.BORDER_REPLICATE)
    mask = cv2.copyMakeBorder(alpha, *border, cv2.BORDER_CONSTANT, value=0)
    return np.dstack([out, np.round(mask * 255).astype(np.uint8)])


def product_pieces(folder: Path, most: int, seed: int) -> Iterator[np.ndarray]:
    """Garments of Fashion Product Images that are shown alone on near-white ground."""
    from scripts.clip_data import read_styles

    table = read_styles(folder)
    table = table[(table["masterCategory"] == "Apparel")].sample(frac=1, random_state=seed)
    found = 0
    for path in table["photo"]:
        if found == most:
            return
        try:
            photo = np.asarray(open_image(path).resize((168, 224), Image.Resampling.BICUBIC))
        except ImageError:
            continue
        inside = product_alpha(photo)
        if inside is None or shows_skin(photo, inside):
            continue
        found += 1
        yield fitted(photo, cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.6))


def rendered_pieces(count: int, seed: int) -> Iterator[np.ndarray]:
    """Garments of the demo collection's renderer with their exact outline."""
    from scripts.demo.assortment import draw_assortment
    from scripts.demo.garments import paint

    for item in draw_assortment(seed, count):
        canvas = paint(item, 1)
        alpha = np.clip(canvas.alpha, 0, 1)
        colour = canvas.colour / np.maximum(alpha, 1e-3)[..., None]
        pixels = np.clip(np.round(colour * 255), 0, 255).astype(np.uint8)
        yield fitted(pixels, alpha)


def street_pieces(folder: Path, names: list[str]) -> Iterator[np.ndarray]:
    """Clothes cut from street photos by their labels, where they show in one large piece."""
    words = json.loads((folder / "labels.json").read_text())
    for name in names:
        try:
            photo = np.asarray(open_image(folder / "photos" / name))
        except ImageError:
            continue
        with Image.open(folder / "labels" / f"{Path(name).stem}.png") as opened:
            labels = np.asarray(opened)
        for index in np.unique(labels):
            if words[index] not in WORN:
                continue
            inside = main_parts(cv2.medianBlur((labels == index).astype(np.uint8), 5) > 0)
            if inside.mean() < 0.04:
                continue
            if _solidity(inside) < 0.7:
                continue  # torn by what is worn over it
            inside = cv2.erode(inside.astype(np.uint8), disk(1)) > 0
            yield fitted(photo, cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.8))


def _solidity(inside: np.ndarray) -> float:
    """Share of its convex hull that a region fills."""
    hull = cv2.convexHull(cv2.findNonZero(inside.astype(np.uint8)))
    return float(inside.sum()) / max(1.0, cv2.contourArea(hull))


# Stock -------------------------------------------------------------------------------------------


def read_stock(
    products: Path | None,
    street: Path | None,
    own: Path | None,
    rendered: int,
    cache: Path,
    *,
    most: int = 1500,
    seed: int = 0,
) -> tuple[Stock, list[str]]:
    """Cut garments and gather grounds, or read what an earlier call kept.

    Args:
        products: a folder like Fashion Product Images, or None.
        street: a folder like Clothing Co-Parsing, or None.
        own: a folder like the clothing data set, or None.
        rendered: how many garments to render.
        cache: folder for the result.
        most: at most so many pieces of `products`.
        seed: of the draws.

    Returns:
        The stock, and the names of the photos that it leaves for evaluation.

    Raises:
        CatalogError: a folder holds no photos, or there is no garment or no ground at all.
    """
    file = cache / "cutout_stock.npz"
    if file.is_file():
        with np.load(file, allow_pickle=False) as kept:
            stock = Stock(kept["pieces"], kept["weights"], kept["grounds"])
            return stock, kept["away"].tolist()
    rng = np.random.default_rng(seed)
    groups: list[tuple[float, list[np.ndarray]]] = []
    grounds: list[np.ndarray] = []
    away: list[str] = []
    if products:
        groups.append((0.5, list(product_pieces(products, most, seed))))
    if rendered:
        groups.append((0.3, list(rendered_pieces(rendered, 1000 + seed))))
    if street:
        names = street_names(street)
        left = held_out(names, HELD_OUT["street"], seed)
        away += sorted(left)
        used = [name for name in names if name not in left]
        groups.append((0.2, list(street_pieces(street, used))))
        for name in used:
            grounds.append(covering(street_ground(street, name), SHEET, rng))
    if own:
        names = own_photo_names(own)
        left = held_out(names, HELD_OUT["own"], seed)
        away += sorted(left)
        used = [name for name in names if name not in left]
        for name in rng.permutation(used)[: 1000 if street else None]:
            try:
                photo = np.asarray(open_image(own / "images" / str(name)))
            except ImageError:
                continue
            grounds.append(covering(corner_ground(photo, rng), SHEET, rng))
    groups = [(share, pieces) for share, pieces in groups if pieces]
    if not groups or not grounds:
        raise CatalogError(
            "There is nothing to train on: name folders that hold garments and grounds."
        )
    weights = np.concatenate([np.full(len(p), share / len(p)) for share, p in groups])
    stock = Stock(
        np.stack([piece for _, pieces in groups for piece in pieces]),
        weights / weights.sum(),
        np.stack(grounds),
    )
    cache.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part.npz")
    np.savez(part, pieces=stock.pieces, weights=stock.weights, grounds=stock.grounds,
             away=np.array(away))  # fmt: skip
    part.replace(file)
    print("garments: " + ", ".join(str(len(p)) for _, p in groups), f"grounds: {len(grounds)}",
          flush=True)  # fmt: skip
    return stock, away
