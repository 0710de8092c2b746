"""What the captioner is trained on: facts about a photo, as words of a closed list.

The list is written here by hand and holds words for garments, colours, patterns, cuts and uses, so
that no brand can be learnt from a product's name. A fact is a word, an empty string (this is known
to have none: a belt has no sleeves), or None (the source does not say).
"""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from scripts.clip_data import SAME_TYPE, Examples

Facts = dict[str, str | None]

TYPES = {
    "tshirts": "T-shirt",
    "longsleeve": "T-shirt",
    "shirts": "shirt",
    "tops": "top",
    "kurtas": "kurta",
    "kurtis": "kurti",
    "kurta sets": "kurta set",
    "tunics": "tunic",
    "sweaters": "sweater",
    "sweatshirts": "sweatshirt",
    "jackets": "jacket",
    "coat": "coat",
    "blazers": "blazer",
    "waistcoat": "waistcoat",
    "shrug": "shrug",
    "dresses": "dress",
    "skirts": "skirt",
    "sarees": "saree",
    "body": "bodysuit",
    "jeans": "jeans",
    "trousers": "trousers",
    "track pants": "track pants",
    "tracksuits": "tracksuit",
    "shorts": "shorts",
    "capris": "capris",
    "leggings": "leggings",
    "churidar": "churidar",
    "tights": "tights",
    "stockings": "stockings",
    "socks": "socks",
    "briefs": "briefs",
    "trunk": "trunks",
    "boxers": "boxers",
    "bra": "bra",
    "innerwear vests": "undershirt",
    "lounge shorts": "lounge shorts",
    "lounge pants": "lounge pants",
    "shoes": "shoes",
    "casual shoes": "casual shoes",
    "sports shoes": "sports shoes",
    "formal shoes": "formal shoes",
    "sandals": "sandals",
    "sports sandals": "sports sandals",
    "flip flops": "flip-flops",
    "heels": "heels",
    "flats": "flats",
    "shoe accessories": "shoe accessory",
    "watches": "watch",
    "sunglasses": "sunglasses",
    "handbags": "handbag",
    "clutches": "clutch",
    "wallets": "wallet",
    "backpacks": "backpack",
    "rucksacks": "rucksack",
    "laptop bag": "laptop bag",
    "messenger bag": "messenger bag",
    "duffel bag": "duffel bag",
    "mobile pouch": "phone pouch",
    "waist pouch": "waist pouch",
    "travel accessory": "travel accessory",
    "belts": "belt",
    "caps": "cap",
    "hat": "hat",
    "headband": "headband",
    "ties": "tie",
    "cufflinks": "cufflinks",
    "gloves": "gloves",
    "mufflers": "muffler",
    "scarves": "scarf",
    "stoles": "stole",
    "dupatta": "dupatta",
    "umbrellas": "umbrella",
    "necklace and chains": "necklace",
    "perfume and body mist": "perfume",
    "deodorant": "deodorant",
    "fragrance gift set": "fragrance gift set",
    "accessory gift set": "accessory gift set",
    "free gifts": "gift",
    "footballs": "football",
}
"""Types as the sources name them, and as a line names one article."""

_PLAIN_COLOURS = (
    "black", "blue", "white", "grey", "brown", "red", "green", "navy", "purple", "pink", "beige",
    "maroon", "yellow", "olive", "silver", "steel", "orange", "cream", "gold", "tan", "charcoal",
    "khaki", "magenta", "copper", "lavender", "peach", "mustard", "teal", "rust", "burgundy",
    "taupe", "bronze", "nude", "metallic",
)  # fmt: skip
COLOURS = {
    **{word: word for word in _PLAIN_COLOURS},
    "navy blue": "navy",
    "multi": "multicoloured",
    "off white": "off-white",
    "coffee brown": "coffee brown",
    "turquoise blue": "turquoise",
    "grey melange": "grey melange",
    "fluorescent green": "fluorescent green",
    "sea green": "sea green",
    "skin": "nude",
}

GENDERS = {
    "men": "men's",
    "women": "women's",
    "boys": "boys'",
    "girls": "girls'",
    "unisex": "unisex",
    "kids": "kids'",
}

PATTERNS = {
    "striped": "stripe|stripes|striped",
    "checked": "check|checks|checked|chequered|checkered",
    "floral": "floral|flower|flowers",
    "polka-dot": "polka|dots",
    "colour-block": "colou?r[ -]?block",
    "graphic": "graphic",
    "printed": "print|prints|printed",
    "plain": "solid|plain",
}
SLEEVES = {
    "sleeveless": "sleeveless",
    "short-sleeve": "(?:short|half) sleeves?",
    "long-sleeve": "(?:long|full) sleeves?|longsleeve",
    "three-quarter-sleeve": "three-quarter",
}
NECKS = {
    "polo": "(?<!classic )polo(?! assn| ralph)",
    "hooded": "hood|hooded|hoodie",
    "V-neck": "v[ -]?neck",
    "crew-neck": "crew(?: neck)?|round neck",
    "scoop-neck": "scoop",
    "turtleneck": "turtle ?neck",
    "band-collar": "band collar|mandarin",
}
"""Words for patterns, sleeves and necks, and how names and labels say them (one, first found)."""

USES = {
    "casual": "casual",
    "formal": "formal",
    "sports": "sports",
    "ethnic": "ethnic",
    "smart casual": "smart casual",
    "travel": "travel",
}

WORDS: dict[str, tuple[str, ...]] = {
    name: tuple(dict.fromkeys(words))
    for name, words in {
        "gender": GENDERS.values(),
        "colour": COLOURS.values(),
        "pattern": PATTERNS,
        "sleeve": SLEEVES,
        "neck": NECKS,
        "type": TYPES.values(),
        "usage": USES.values(),
    }.items()
}
"""Everything that a line can hold, in its order."""

SLEEVED = {
    "T-shirt", "shirt", "top", "kurta", "kurti", "kurta set", "tunic", "sweater", "sweatshirt",
    "jacket", "coat", "blazer", "dress", "bodysuit", "undershirt", "tracksuit", "shrug",
}  # fmt: skip
PLAIN_NECK = {"T-shirt", "shirt"}
"""Types whose names say so when their neck is not the usual one."""

NAMED_OFTEN = 0.1
"""Share of a type's names with a pattern from which on silence tells nothing about it."""


def say(facts: Mapping[str, str | None]) -> str:
    """Facts as one line, in the order of `WORDS`, in the form that is learnt: all are said."""
    said = [facts[name] for name in WORDS if name != "usage" and facts.get(name)]
    return " ".join(map(str, said)) + (f", {facts['usage']}" if facts.get("usage") else "")


def product_labels(table: pd.DataFrame) -> pd.DataFrame:
    """The label columns that `shop_facts` reads, of a table that `read_styles` gave."""
    columns = {"articleType": "type", "baseColour": "colour", "gender": "gender", "usage": "usage"}
    labels = table[list(columns)].rename(columns=columns).apply(lambda c: c.str.lower())
    labels["type"] = labels["type"].replace(SAME_TYPE)
    return labels.reset_index(drop=True)


def shop_facts(examples: Examples) -> list[Facts]:
    """Facts of a retailer's products: all labels, and pattern, sleeve and neck from the name."""
    found = []
    for name, row in zip(examples.names, examples.labels.to_dict("records"), strict=True):
        facts = _labelled(row)
        facts |= {"pattern": _named(PATTERNS, name)}
        facts |= {"sleeve": _named(SLEEVES, name), "neck": _named(NECKS, name)}
        kind = facts["type"]
        if kind == "socks":
            facts["neck"] = ""  # “crew” is their length
        if kind not in SLEEVED:
            facts["sleeve"] = ""
        if facts["neck"] is None and (kind not in SLEEVED or kind in PLAIN_NECK):
            facts["neck"] = ""
        found.append(facts)
    table = pd.DataFrame(
        {"type": [f["type"] for f in found], "named": [f["pattern"] is not None for f in found]}
    )
    often = table.groupby("type")["named"].mean()
    for facts in found:
        if facts["pattern"] is None and often.get(facts["type"], 0) < NAMED_OFTEN:
            facts["pattern"] = ""
    return found


def own_facts(examples: Examples) -> list[Facts]:
    """Facts of photos that people took of their own garments: the type, and what it implies."""
    found = []
    for name, row in zip(examples.names, examples.labels.to_dict("records"), strict=True):
        facts = _labelled(row)
        facts["gender"] = GENDERS["kids"] if row.get("kids") == "kids" else None
        facts["neck"] = _named(NECKS, name) or ""
        facts["sleeve"] = _named(SLEEVES, name)
        if facts["type"] == "T-shirt" and facts["sleeve"] is None:
            facts["sleeve"] = "short-sleeve"
        if facts["type"] not in SLEEVED:
            facts["sleeve"] = ""
        found.append(facts | {"pattern": None})
    return found


def rendered_facts(examples: Examples) -> list[Facts]:
    """Facts of a catalog of rendered garments: its attributes, all of which are known."""
    found = []
    for row in examples.labels.to_dict("records"):
        facts = _labelled(row)
        sleeve = str(row.get("sleeve", ""))
        sleeve = f"{sleeve} sleeve" if sleeve in ("long", "short") else sleeve
        facts["pattern"] = _named(PATTERNS, str(row.get("pattern", ""))) or ""
        facts["sleeve"] = _named(SLEEVES, sleeve) or ""
        facts["neck"] = _named(NECKS, str(row.get("neckline", ""))) or ""
        found.append(facts)
    return found


def _labelled(row: Mapping[str, str]) -> Facts:
    return {
        "gender": GENDERS.get(row.get("gender", "")),
        "colour": COLOURS.get(row.get("colour", "")),
        "type": TYPES.get(row.get("type", "")),
        "usage": USES.get(row.get("usage", "")),
    }


def _named(words: Mapping[str, str], text: str) -> str | None:
    for word, spelt in words.items():
        if re.search(rf"\b(?:{spelt})\b", text.lower()):
            return word
    return None


def brands(names: pd.Series) -> set[str]:
    """First words of product names that hardly ever stand elsewhere, in lower case.

    A word counts as a brand if it opens at least 4 of 5 of the names that hold it and is no
    number; words such as “Red” or “Classic” open a few brands but stand in many names.
    """
    words = names.str.lower().str.findall(r"[^\W\d_][\w'&.-]+")
    first = words.str[0].value_counts()
    anywhere = words.map(set).explode().value_counts()
    share = first / anywhere.reindex(first.index)
    return set(share.index[share >= 0.8])


def codes(facts: list[Facts]) -> tuple[np.ndarray, np.ndarray]:
    """Facts as numbers, both (n, attributes).

    Returns:
        The position of each word in the list of its attribute (-1 where none is said), int16; and
        which facts are not known, bool.
    """
    places = {name: {w: i for i, w in enumerate(words)} for name, words in WORDS.items()}
    said = [[places[n][f[n]] if f.get(n) else -1 for n in WORDS] for f in facts]  # type: ignore[index]
    unknown = [[f.get(name) is None for name in WORDS] for f in facts]
    return np.array(said, dtype=np.int16), np.array(unknown)
