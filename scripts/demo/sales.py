"""The simulated sales: what each item's units are made of, part by part.

Every part is in log units (log of 1 + units over 12 weeks) and they add up:
`base + columns + interactions + image + description + noise = log1p(units)`.
"""

import numpy as np
import pandas as pd

from scripts.demo.assortment import SEASONS, Item
from scripts.demo.palette import FAMILIES, rgb

BASE = 5.0
NOISE = 0.5
BRAND = {
    "Norrvik": 0.25, "Atelier Lune": 0.15, "Bramble & Co": -0.3, "Casa Oliva": 0.4,
    "Hollis": -0.05, "Kestrel": 0.5, "Maren": 0.15, "Oakridge": -0.5, "Studio Tamsin": -0.4,
    "Verde Nove": -0.05,
}  # fmt: skip
CATEGORY = {
    "T-shirt": 0.55, "Shirt": 0.1, "Blouse": -0.05, "Sweater": 0.3, "Hoodie": 0.25, "Jacket": -0.35,
    "Coat": -0.55, "Dress": 0.4, "Skirt": -0.3, "Trousers": 0.0, "Jeans": 0.35, "Shorts": -0.25,
}  # fmt: skip
ELASTICITY = {
    "T-shirt": 1.1, "Shirt": 0.8, "Blouse": 0.8, "Sweater": 0.6, "Hoodie": 0.8, "Jacket": 0.5,
    "Coat": 0.3, "Dress": 0.7, "Skirt": 0.8, "Trousers": 0.6, "Jeans": 0.5, "Shorts": 1.0,
}  # fmt: skip
MIDDLE_PRICE = {
    "T-shirt": 25, "Shirt": 52, "Blouse": 48, "Sweater": 65, "Hoodie": 58, "Jacket": 104,
    "Coat": 178, "Dress": 69, "Skirt": 45, "Trousers": 58, "Jeans": 72, "Shorts": 36,
}  # fmt: skip
PATTERN = {"solid": 0.05, "stripes": 0.12, "check": -0.05, "dots": -0.1, "floral": 0.0,
           "colour block": -0.1, "graphic": 0.05}  # fmt: skip
MATERIAL = {"linen": 0.12, "cashmere blend": 0.2, "wool": 0.1, "acrylic blend": -0.25,
            "satin": 0.05, "faux leather": -0.1, "denim": 0.08, "cotton": 0.05}  # fmt: skip
NECKLINE = {"turtleneck": -0.08, "V-neck": 0.06, "lapel": 0.05, "band collar": -0.06}
SLEEVE = {"sleeveless": -0.08, "three-quarter": -0.05, "short": 0.04, "long": 0.03}
SEASON = dict(zip(SEASONS, (-0.12, -0.05, 0.0, 0.04, 0.08, 0.12), strict=True))
PATTERN_CATEGORY = {
    ("floral", "Dress"): 0.3, ("floral", "Blouse"): 0.15, ("floral", "Shirt"): -0.3,
    ("stripes", "T-shirt"): 0.2, ("check", "Coat"): 0.25, ("check", "Trousers"): -0.2,
    ("check", "Shirt"): 0.2, ("graphic", "Hoodie"): 0.15, ("dots", "Dress"): 0.15,
    ("stripes", "Trousers"): -0.2,
}  # fmt: skip
PREMIUM_BRANDS = {"Atelier Lune": 0.7, "Studio Tamsin": 0.5, "Norrvik": 0.4, "Hollis": -0.5,
                  "Oakridge": -0.4}  # fmt: skip
"""How much less (or more) a brand's customers mind a high price, per log unit of price."""
TREND = {
    # colour family -> level at SS23 and change per season
    "black": (0.05, 0.0), "white": (0.05, 0.02), "grey": (-0.15, 0.06), "beige": (0.25, -0.07),
    "brown": (-0.3, 0.13), "navy": (0.05, 0.0), "blue": (0.0, 0.05), "green": (0.3, -0.09),
    "red": (-0.25, 0.12), "pink": (0.1, -0.05), "yellow": (-0.2, 0.05), "orange": (-0.1, -0.05),
    "purple": (0.0, -0.06),
}  # fmt: skip
WORDS = {
    "organic": 0.3, "recycled": 0.16, "limited run": 0.36, "easy care": 0.22,
    "dry clean only": -0.34, "hand-finished": 0.2, "runs small": -0.34, "lined": 0.12,
}  # fmt: skip
"""What a phrase that stands only in the description adds."""
SUMMER = {"T-shirt": 0.25, "Shirt": 0.1, "Blouse": 0.08, "Sweater": -0.3, "Hoodie": -0.15,
          "Jacket": -0.15, "Coat": -0.5, "Dress": 0.25, "Skirt": 0.1, "Trousers": -0.05,
          "Jeans": -0.08, "Shorts": 0.4}  # fmt: skip
WARM = {"wool", "wool blend", "cashmere blend", "cotton fleece", "padded nylon"}
FIT = {"slim": -0.3, "regular": 0.0, "relaxed": 0.28, "oversized": 0.08}
LENGTH = {"cropped": -0.12, "regular": 0.1, "long": -0.05}
PRINT_SCALE = {"small": 0.22, "medium": 0.05, "large": -0.3}
PLAYERS = (
    "brand", "category", "colour", "pattern", "material", "sleeve", "neckline", "season", "price",
    "image", "description", "season x category", "colour x season", "price x brand",
    "pattern x category",
)  # fmt: skip


def image_effect(item: Item) -> float:
    """What only the photo shows: cut, length, scale and harmony of the print, softness of tone."""
    red, green, blue = rgb(FAMILIES[item.colour][item.shade])
    saturation = max(red, green, blue) - min(red, green, blue)
    effect = FIT[item.fit] + LENGTH[item.length] - 0.55 * (saturation - 0.25)
    if item.pattern != "solid":
        effect += PRINT_SCALE[item.print_scale] + (0.1 if item.harmony else -0.4)
    return float(effect)


def text_effect(description: str) -> float:
    """What only the description says."""
    text = description.lower()
    return float(sum(value for phrase, value in WORDS.items() if phrase in text))


def parts(item: Item, description: str) -> dict[str, float]:
    """The parts of an item's expected log units, by player (without base and noise)."""
    summer = item.season.startswith("SS")
    when = SEASONS.index(item.season)
    dear = float(np.log(item.price / MIDDLE_PRICE[item.category]))
    level, drift = TREND[item.colour]
    warm = (-0.25 if summer else 0.08) if item.material in WARM else 0.0
    return {
        "brand": BRAND[item.brand],
        "category": CATEGORY[item.category],
        "colour": level,
        "pattern": PATTERN[item.pattern],
        "material": MATERIAL.get(item.material, 0.0),
        "sleeve": SLEEVE.get(item.sleeve or "", 0.0),
        "neckline": NECKLINE.get(item.neckline or "", 0.0),
        "season": SEASON[item.season],
        "price": -ELASTICITY[item.category] * dear,
        "image": image_effect(item),
        "description": text_effect(description),
        "season x category": (1 if summer else -1) * SUMMER[item.category] + warm,
        "colour x season": drift * when,
        "price x brand": PREMIUM_BRANDS.get(item.brand, 0.0) * dear,
        "pattern x category": PATTERN_CATEGORY.get((item.pattern, item.category), 0.0),
    }


def draw_sales(seed: int, items: list[Item], descriptions: list[str]) -> pd.DataFrame:
    """Units and their true parts: id, base, one column a player, mean, noise, log1p_units, units.

    `mean` is the expected log; `noise` includes the rounding to whole units, so that
    base + players + noise is log1p(units) exactly. Items still to launch have neither noise nor
    units.
    """
    rng = np.random.default_rng([seed, 2])
    rows = []
    for item, description in zip(items, descriptions, strict=True):
        made = parts(item, description)
        mean = BASE + sum(made.values())
        units = float(np.round(np.expm1(mean + rng.normal(0, NOISE))))
        units = max(units, 0.0) if item.launched else np.nan
        total = np.log1p(units)
        rows.append(
            {"id": item.id, "base": BASE, **made, "mean": mean, "noise": total - mean,
             "log1p_units": total, "units": units}
        )  # fmt: skip
    return pd.DataFrame(rows)
