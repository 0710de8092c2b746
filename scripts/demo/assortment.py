"""The range: which styles there are, in which colours, when they launch and at what price."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from scripts.demo.palette import CLASHES, FAMILIES, FAMILY_WEIGHTS, MATCHES

SEASONS = ("SS23", "AW23", "SS24", "AW24", "SS25", "AW25")

BRANDS: dict[str, float] = {
    # brand -> price level
    "Norrvik": 1.25,
    "Atelier Lune": 1.55,
    "Bramble & Co": 0.95,
    "Casa Oliva": 1.1,
    "Hollis": 0.8,
    "Kestrel": 1.0,
    "Maren": 1.3,
    "Oakridge": 0.85,
    "Studio Tamsin": 1.4,
    "Verde Nove": 1.05,
}


@dataclass(frozen=True)
class Kind:
    """What a category offers: list price in EUR, and the choices with their weights."""

    weight: float
    price: float
    materials: dict[str, float]
    patterns: dict[str, float]
    summer: float
    sleeves: dict[str, float] = field(default_factory=dict)
    necks: dict[str, float] = field(default_factory=dict)
    shapes: tuple[str, ...] = ("regular",)


_PLAIN = {"solid": 9, "stripes": 2, "check": 1, "dots": 1, "floral": 1, "colour block": 1}

KINDS: dict[str, Kind] = {
    "T-shirt": Kind(
        13,
        24,
        {"cotton": 6, "linen blend": 1, "cotton blend": 3},
        {"solid": 6, "stripes": 4, "graphic": 5, "colour block": 2, "dots": 1},
        0.68,
        {"short": 7, "long": 2, "sleeveless": 1},
        {"crew": 6, "V-neck": 3, "scoop": 2},
    ),
    "Shirt": Kind(
        10,
        49,
        {"cotton": 6, "linen": 3, "cotton blend": 2},
        {"solid": 6, "stripes": 4, "check": 4, "dots": 1, "floral": 2},
        0.55,
        {"long": 7, "short": 4},
        {"collar": 8, "band collar": 2},
    ),
    "Blouse": Kind(
        8,
        45,
        {"viscose": 5, "satin": 3, "cotton": 2},
        {"solid": 6, "floral": 5, "dots": 3, "stripes": 1},
        0.58,
        {"long": 5, "short": 3, "three-quarter": 3, "sleeveless": 2},
        {"V-neck": 4, "crew": 2, "band collar": 2, "scoop": 2},
    ),
    "Sweater": Kind(
        10,
        59,
        {"wool": 5, "cotton": 2, "acrylic blend": 2, "cashmere blend": 2},
        {"solid": 8, "stripes": 4, "colour block": 3},
        0.2,
        {"long": 9, "short": 1},
        {"crew": 5, "V-neck": 3, "turtleneck": 3},
    ),
    "Hoodie": Kind(
        6,
        55,
        {"cotton fleece": 6, "cotton blend": 3},
        {"solid": 8, "graphic": 4, "colour block": 3},
        0.4,
        {"long": 1},
        {"hood": 1},
    ),
    "Jacket": Kind(
        8,
        99,
        {"denim": 3, "nylon": 3, "faux leather": 2, "wool blend": 2, "cotton": 1},
        {"solid": 10, "check": 2, "colour block": 2},
        0.42,
        {"long": 1},
        {"collar": 4, "band collar": 3, "lapel": 3},
        ("zip", "buttoned"),
    ),
    "Coat": Kind(
        6,
        169,
        {"wool blend": 6, "cotton": 2, "padded nylon": 3},
        {"solid": 9, "check": 4},
        0.12,
        {"long": 1},
        {"lapel": 5, "collar": 2, "hood": 2},
        ("single", "double"),
    ),
    "Dress": Kind(
        12,
        65,
        {"viscose": 5, "cotton": 3, "linen blend": 2, "satin": 2, "jersey": 2},
        {"solid": 6, "floral": 6, "dots": 3, "stripes": 2, "check": 1},
        0.68,
        {"sleeveless": 4, "short": 4, "three-quarter": 2, "long": 2},
        {"V-neck": 4, "crew": 2, "scoop": 3, "collar": 1},
        ("a-line", "sheath", "tiered", "slip"),
    ),
    "Skirt": Kind(
        7,
        42,
        {"viscose": 4, "cotton": 2, "satin": 2, "denim": 2, "wool blend": 1},
        {"solid": 6, "floral": 3, "check": 2, "dots": 2, "stripes": 1},
        0.56,
        shapes=("a-line", "pencil", "pleated", "tiered"),
    ),
    "Trousers": Kind(
        9,
        55,
        {"cotton": 4, "wool blend": 3, "linen": 2, "viscose": 2},
        {"solid": 10, "check": 3, "stripes": 2},
        0.46,
        shapes=("slim", "straight", "wide"),
    ),
    "Jeans": Kind(7, 69, {"denim": 1}, {"solid": 1}, 0.42, shapes=("slim", "straight", "wide")),
    "Shorts": Kind(
        4,
        34,
        {"cotton": 4, "linen": 3, "denim": 3},
        {"solid": 8, "stripes": 1, "check": 2, "floral": 1},
        0.95,
        shapes=("regular",),
    ),
}

WARM_MATERIALS = {"wool", "wool blend", "cashmere blend", "cotton fleece", "padded nylon"}
COOL_MATERIALS = {"linen", "linen blend"}
JEANS_COLOURS = {"blue": 10, "navy": 4, "black": 4, "grey": 3, "white": 2, "beige": 1}
TO_LAUNCH = 40
"""Items at the end of the last season whose sales are still to come."""


@dataclass
class Item:
    """One row of the catalog, with what only its photo shows (`fit` and below)."""

    style: int
    brand: str
    category: str
    colour: str
    pattern: str
    material: str
    sleeve: str | None
    neckline: str | None
    season: str
    price: float
    release: date
    shape: str
    fit: str
    length: str
    print_scale: str
    shade: str
    second: str
    harmony: float
    seed: int
    id: str = ""
    launched: bool = True


def _pick(rng: np.random.Generator, weights: dict[str, float]) -> str:
    values = np.array(list(weights.values()), float)
    return list(weights)[int(rng.choice(len(values), p=values / values.sum()))]


def _release(rng: np.random.Generator, season: str) -> date:
    year = 2000 + int(season[2:])
    first = date(year, 2, 1) if season.startswith("SS") else date(year, 8, 1)
    return first + timedelta(days=7 * int(rng.integers(0, 12)) + 2)


def _price(rng: np.random.Generator, kind: Kind, brand: str, material: str) -> float:
    lift = {"wool": 1.15, "cashmere blend": 1.5, "linen": 1.1, "satin": 1.1, "faux leather": 1.1}
    value = kind.price * BRANDS[brand] * lift.get(material, 1.0) * np.exp(rng.normal(0, 0.22))
    step = 1 if value < 40 else 5 if value < 120 else 10
    return float(max(9, round(value / step) * step) - 0.05)


def draw_assortment(seed: int, items: int) -> list[Item]:
    """Draw the range: `items` rows in order of release, colour variants sharing a style."""
    rng = np.random.default_rng([seed, 1])
    rows: list[Item] = []
    style = 0
    while len(rows) < items:
        style += 1
        rows += _style(rng, style)[: items - len(rows)]
    last = {r.style: r.release for r in rows}
    rows.sort(key=lambda r: (last[r.style], r.style))
    for number, row in enumerate(rows, 1):
        row.id = f"FD-{number:04d}"
        row.launched = number <= items - TO_LAUNCH
    # A style is either out or still to come, never half of it.
    waiting = {r.style for r in rows if not r.launched}
    for row in rows:
        row.launched = row.style not in waiting
    return rows


def _style(rng: np.random.Generator, style: int) -> list[Item]:
    season = SEASONS[int(rng.integers(0, len(SEASONS)))]
    summer = season.startswith("SS")
    category = _pick(
        rng, {k: v.weight * (v.summer if summer else 1 - v.summer) for k, v in KINDS.items()}
    )
    kind = KINDS[category]
    materials = {
        m: w * (0.15 if (m in WARM_MATERIALS and summer) or (m in COOL_MATERIALS and not summer)
                else 1.0)
        for m, w in kind.materials.items()
    }  # fmt: skip
    material = _pick(rng, materials)
    pattern = _pick(rng, kind.patterns)
    if material in ("denim", "faux leather", "padded nylon"):
        pattern = "solid"
    sleeves = {
        s: w * (0.25 if (s in ("short", "sleeveless")) != summer else 1.0)
        for s, w in kind.sleeves.items()
    }
    sleeve = _pick(rng, sleeves) if sleeves else None
    neck = _pick(rng, kind.necks) if kind.necks else None
    shape = str(rng.choice(kind.shapes))
    if category == "Dress" and shape == "slip":
        sleeve, neck = "sleeveless", "V-neck"
    if category == "Coat" and material == "padded nylon":
        neck, shape = "hood", "single"
    elif category == "Coat" and neck == "hood":
        neck = "lapel"
    if category == "Jacket" and material in ("nylon", "faux leather"):
        shape, neck = "zip", "band collar" if material == "nylon" else "collar"
    elif category == "Jacket":
        shape = "buttoned"
        neck = "collar" if material in ("denim", "cotton") else "lapel"
    brand = str(rng.choice(list(BRANDS)))
    release = _release(rng, season)
    fit = _pick(rng, {"slim": 3, "regular": 4, "relaxed": 4, "oversized": 2})
    if category in ("Trousers", "Jeans"):
        fit = {"slim": "slim", "straight": "regular", "wide": "relaxed"}[shape]
    length = _pick(rng, {"cropped": 2, "regular": 5, "long": 3})
    print_scale = _pick(rng, {"small": 3, "medium": 4, "large": 3})
    price = _price(rng, kind, brand, material)
    colours = JEANS_COLOURS if material == "denim" else FAMILY_WEIGHTS
    count = 1 + int(rng.choice(4, p=[0.28, 0.32, 0.25, 0.15]))
    chosen: list[str] = []
    while len(chosen) < count:
        colour = _pick(rng, colours)
        if colour not in chosen:
            chosen.append(colour)
    style_seed = int(rng.integers(1 << 30))
    rows = []
    for colour in chosen:
        shade = str(rng.choice(list(FAMILIES[colour])))
        clash = rng.random() < 0.2
        second = str(rng.choice(CLASHES if clash else MATCHES[colour]))
        harmony = 0.0 if clash else 1.0
        if pattern == "solid":
            second, harmony = MATCHES[colour][0], 1.0
        rows.append(
            Item(
                style, brand, category, colour, pattern, material, sleeve, neck, season, price,
                release, shape, fit, length, print_scale, shade, second, harmony, style_seed,
            )
        )  # fmt: skip
    return rows
