"""Turn the labels of Clothing Co-Parsing into body maps: garments by name, skin by its place."""

import cv2
import numpy as np

from core.errors import CatalogError
from core.vision.atr import ID

GARMENTS = {
    "hat": ("hat",),
    "hair": ("hair",),
    "sunglasses": ("sunglasses", "glasses"),
    "upper_clothes": (
        *("blazer", "blouse", "bodysuit", "bra", "cape", "cardigan", "coat", "hoodie", "intimate"),
        *("jacket", "jumper", "shirt", "sweater", "sweatshirt", "t-shirt", "top", "vest", "suit"),
    ),
    "skirt": ("skirt",),
    "pants": ("pants", "jeans", "leggings", "shorts", "tights", "stockings", "panties"),
    "dress": ("dress", "romper", "swimwear"),
    # ATR has no class for jewellery, watches, ties and gloves; the class of belts takes them.
    "belt": (
        *("belt", "accessories", "bracelet", "earrings", "gloves", "necklace", "ring", "tie"),
        "watch",
    ),
    "left_shoe": (
        *("boots", "clogs", "flats", "heels", "loafers", "pumps", "sandals", "shoes", "sneakers"),
        *("wedges", "socks"),
    ),
    "bag": ("bag", "purse", "wallet"),
    "scarf": ("scarf",),
    "face": ("skin",),
}
"""Names of the data set by the part of the body map that they become; shoes and skin are divided
afterwards."""

CHIN = 0.135
"""Height of the chin below the top of the head, of the person's height (Drillis and Contini 1964:
0.130; hair adds a little)."""

NECK_DEPTH, NECK_REACH = 0.10, 0.085
"""How far below the chin, and from the face's middle, skin is neck or chest (of the height)."""

KNEE = 0.68
"""Below this (of the height) bare skin is leg: no hand of a standing person hangs so low."""

HANDS = 0.56
"""Where arms and legs that touch are cut (of the height): the wrists hang at about 0.5."""

BOTH = 0.25
"""A region with at least this share on either side of the midline is cut there."""


def class_table(names: list[str]) -> np.ndarray:
    """For each id of a label file, the body map id it becomes before `divide`.

    Raises:
        CatalogError: a name is not one of Clothing Co-Parsing's.
    """
    known = {name: ID[part] for part, group in GARMENTS.items() for name in group} | {"null": 0}
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise CatalogError(
            f"labels.json has names that are not of Clothing Co-Parsing: {', '.join(unknown)}."
        )
    return np.array([known[name] for name in names], dtype=np.uint8)


def divide(parse: np.ndarray) -> np.ndarray:
    """Divide the skin (given as face) and the shoes (given as left) of a standing person.

    The rule, with lengths as shares of the person's height (top of hair or hat to the lowest
    pixel):

    1. Skin no lower than the chin (0.135 below the top) and within 0.1 of the head's middle is
       face. Below it, down to 0.10 under the chin and at most 0.085 from the head's middle, it is
       neck (which takes the chest in a neckline). This cuts regions that run on into shoulders.
    2. Each connected region of the rest that reaches below 0.68 is leg; where it also begins
       above 0.45 (a hand that rests on a thigh), the part above 0.56 is arm. A region that begins
       below 0.56 is leg. What remains is arm, unless it lies under trousers, a skirt or a dress in
       most of its columns and begins below 0.45: then it is leg.
    3. Sides are the person's own. A region goes to the side of the midline on which its middle
       lies; one that has at least a quarter of its pixels on either side is cut at the midline.
       The midline is the median column of what covers the trunk for arms, and of legs, trousers
       and shoes in the lower third for legs and shoes.

    Args:
        parse: (height, width) uint8 body map with all skin as face and all shoes as left shoe.

    Returns:
        The divided body map.
    """
    out = parse.copy()
    if not (parse > 0).any():
        return out
    rows, columns = np.indices(parse.shape)
    head = np.isin(parse, [ID["hair"], ID["hat"], ID["sunglasses"]])
    skin = parse == ID["face"]
    figure = parse > 0
    bottom = rows[figure].max()
    top = rows[head].min() if head.any() else rows[skin | figure].min()
    height = max(int(bottom - top), 1)
    depth = (rows - top) / height
    near_top = (head | skin) & (depth <= CHIN) & (depth >= 0)
    middle = float(np.median(columns[near_top if near_top.any() else figure]))
    reach = np.abs(columns - middle) / height
    face = skin & (depth <= CHIN) & (reach <= 0.1)
    neck = skin & (depth > CHIN) & (depth <= CHIN + NECK_DEPTH) & (reach <= NECK_REACH)
    out[neck] = ID["neck"]
    trunk = np.isin(parse, [ID["upper_clothes"], ID["dress"]]) & (depth < 0.5)
    arms_middle = float(np.median(columns[trunk])) if trunk.any() else middle
    low = np.isin(parse, [ID["left_shoe"], ID["pants"], ID["skirt"], ID["dress"], ID["face"]])
    low &= depth > 0.67
    legs_middle = float(np.median(columns[low])) if low.any() else arms_middle
    arms, legs = _limbs(parse, skin & ~face & ~neck, depth)
    _sides(out, arms, arms_middle, "arm")
    _sides(out, legs, legs_middle, "leg")
    _sides(out, parse == ID["left_shoe"], legs_middle, "shoe")
    return out


def _limbs(parse: np.ndarray, rest: np.ndarray, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of the remaining skin is arm and which leg."""
    arms, legs = np.zeros_like(rest), np.zeros_like(rest)
    lower = np.isin(parse, [ID["pants"], ID["skirt"], ID["dress"]])
    covered = np.maximum.accumulate(lower, axis=0)
    for region in _regions(rest):
        first, last = depth[region].min(), depth[region].max()
        if first > HANDS or (last > KNEE and first >= 0.45):
            legs |= region
        elif last > KNEE:
            arms |= region & (depth <= HANDS)
            legs |= region & (depth > HANDS)
        elif first >= 0.45 and covered[region].mean() > 0.8:
            legs |= region
        else:
            arms |= region
    return arms, legs


def _sides(out: np.ndarray, mask: np.ndarray, middle: float, part: str) -> None:
    """Write left and right of a pair of parts into a body map."""
    columns = np.indices(out.shape)[1]
    for region in _regions(mask):
        left = columns >= middle  # the person's left is on the picture's right
        share = left[region].mean()
        if not BOTH <= share <= 1 - BOTH:
            left = np.full_like(left, share > 0.5)
        out[region & left] = ID[f"left_{part}"]
        out[region & ~left] = ID[f"right_{part}"]


def _regions(mask: np.ndarray) -> list[np.ndarray]:
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return [labels == i for i in range(1, count)]
