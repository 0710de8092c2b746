"""Titles, descriptions and reviews in the words of a shop."""

import numpy as np

from scripts.demo.assortment import Item

_NOUN = {
    ("Jacket", "denim"): "Denim jacket", ("Jacket", "nylon"): "Bomber jacket",
    ("Jacket", "faux leather"): "Biker jacket", ("Jacket", "wool blend"): "Blazer",
    ("Jacket", "cotton"): "Overshirt jacket", ("Coat", "padded nylon"): "Puffer coat",
    ("Coat", "cotton"): "Trench coat", ("Coat", "wool blend"): "Wool-blend coat",
}  # fmt: skip
_PATTERN = {
    "solid": "", "stripes": "striped", "check": "checked", "dots": "dotted", "floral": "floral",
    "colour block": "colour-block", "graphic": "graphic",
}  # fmt: skip
_SHAPE = {"a-line": "A-line", "pencil": "pencil", "pleated": "pleated", "tiered": "tiered",
          "slip": "slip", "sheath": "shift"}  # fmt: skip
_LINES = ("Elio", "Marlow", "Ines", "Tova", "Sorrel", "Linden", "Ada", "Rune", "Juno", "Wren",
          "Cleo", "Alma", "Otis", "Freya", "Piper", "Noor", "Vega", "Hugo", "Mira",
          "Leif")  # fmt: skip
_FABRIC = {
    "cotton": ("a crisp mid-weight cotton", "soft combed cotton", "a smooth cotton poplin"),
    "cotton blend": ("a cotton blend with a little stretch", "an easy cotton blend"),
    "linen": ("airy washed linen", "a slubby pure linen"),
    "linen blend": ("a breezy linen blend", "a linen blend with a dry hand"),
    "viscose": ("fluid viscose", "a drapey viscose crêpe"),
    "satin": ("softly gleaming satin", "a matt-backed satin"),
    "jersey": ("a weighty jersey", "smooth stretch jersey"),
    "wool": ("a fine merino wool", "a springy lambswool"),
    "wool blend": ("a brushed wool blend", "a dense wool blend"),
    "cashmere blend": ("a cloud-soft cashmere blend", "a light cashmere blend"),
    "acrylic blend": ("a chunky acrylic blend", "a lightweight acrylic blend"),
    "cotton fleece": ("loop-backed cotton fleece", "a heavy brushed fleece"),
    "denim": ("a rigid 12 oz denim", "a broken-in denim"),
    "nylon": ("a matt technical nylon", "a light water-repellent nylon"),
    "padded nylon": ("a downproof nylon with synthetic fill", "a quilted nylon"),
    "faux leather": ("a supple faux leather", "a lightly grained faux leather"),
}
_OPENINGS = (
    "A {noun} in {fabric}, made for {use}.",
    "Our {line} {noun} is cut from {fabric} and made for {use}.",
    "{fabric_up} gives this {noun} its shape; wear it for {use}.",
    "The {noun} to reach for on {day}, in {fabric}.",
    "Made in {fabric}, this {noun} is at home on {day}.",
)
_USES = {
    "SS": ("warm evenings", "city weekends", "long summer days", "garden parties",
           "holidays by the sea", "everyday wear"),
    "AW": ("cold mornings", "city weekends", "layering through winter", "long office days",
           "evenings by the fire", "everyday wear"),
}  # fmt: skip
_DAYS = {
    "SS": ("warm evenings", "city weekends", "long summer days", "bright June mornings"),
    "AW": ("cold mornings", "city weekends", "grey November days", "long office days"),
}
_NECK = {
    "crew": "a neat crew neck", "V-neck": "an open V-neck", "scoop": "a soft scoop neck",
    "collar": "a classic collar", "band collar": "a clean band collar",
    "turtleneck": "a folded roll neck", "hood": "a drawcord hood", "lapel": "notched lapels",
}  # fmt: skip
_SLEEVE = {"short": "short sleeves", "long": "full-length sleeves",
           "sleeveless": "bare shoulders", "three-quarter": "three-quarter sleeves"}  # fmt: skip
_BOTTOM = {
    "Skirt": ("It sits at the waist and closes with a hidden zip.",
              "A flat waistband keeps the front clean."),
    "Trousers": ("Slant pockets and a flat front keep the line clean.",
                 "The waist sits mid-rise, with belt loops and two back pockets."),
    "Jeans": ("Five pockets, a mid rise and sturdy copper rivets.",
              "It has the classic five-pocket build and a zip fly."),
    "Shorts": ("Side pockets and a turned hem finish it.",
               "The waist sits mid-rise with an easy leg."),
}  # fmt: skip
_PLUS = {
    "organic": ("Grown as organic fibre on certified farms.", "The yarn is certified organic."),
    "recycled": ("Half of the yarn is recycled.", "Woven with recycled fibres."),
    "limited run": ("A limited run, numbered on the label.",
                    "Made in a limited run that will not be repeated."),
    "easy care": ("Easy care: wash at 30 and hang to dry.", "Easy care, no ironing needed."),
    "dry clean only": ("Dry clean only.", "Delicate, so dry clean only."),
    "hand-finished": ("The seams are hand-finished.",
    "Edges are hand-finished in our own workshop."),
    "runs small": ("The fit runs small, so consider a size up.",
                   "Please note that the fit runs small."),
    "lined": ("Fully lined.", "Cleanly lined in a matching shade."),
}  # fmt: skip
_PLAIN = ("Wash at 30 degrees with like colours.", "Designed in our studio and made in Portugal.",
          "Wears well with the rest of the season.", "Machine washable.",
          "A piece that works across the wardrobe.", "Made in a family-run mill.")  # fmt: skip

_GOOD = ("Love the cut, it sits just right.", "Lovely fabric, feels more expensive than it was.",
         "Got compliments on the first day.", "Washes well and keeps its shape.",
         "True to the photo, colour is beautiful.",
         "Bought a second one in another colour.")  # fmt: skip
_FAIR = ("Nice, though a little shorter than I thought.", "Good for the price.",
         "Fine quality, the fit is a bit boxy on me.",
         "Colour is slightly different in daylight.")  # fmt: skip
_POOR = ("Lost its shape after two washes.", "The fabric is thinner than expected.",
         "Sent it back, the fit was off.", "Nice idea but the seams pucker.")  # fmt: skip


def noun(item: Item) -> str:
    """What a shop would call the item, lower case but for proper nouns."""
    name = _NOUN.get((item.category, item.material), item.category)
    if item.category in ("Skirt", "Dress") and item.shape in _SHAPE:
        name = f"{_SHAPE[item.shape]} {item.category.lower()}"
    return name


def line_name(item: Item) -> str:
    """The name that a style carries in titles and descriptions."""
    return str(np.random.default_rng([item.seed, 11]).choice(_LINES))


def title(item: Item) -> str:
    """A shop title, the same for all colours of a style but for the colour."""
    rng = np.random.default_rng([item.seed, 13])
    line = line_name(item)
    name, pattern = noun(item), _PATTERN[item.pattern]
    name = name[0].lower() + name[1:] if not name.startswith(("A-line", "T-shirt")) else name
    body = f"{pattern} {name}".strip()
    style = int(rng.integers(3))
    if style == 0:
        return f"{line} {body} in {item.colour}"
    body = body[0].upper() + body[1:]
    if style == 1 and item.material.split()[0] not in body.lower():
        return f"{body} in {item.colour} {item.material}"
    return f"{body} {line} in {item.colour}"


def description(item: Item) -> str:
    """Two or three sentences; the last may hold a phrase that moves sales and no column knows."""
    rng = np.random.default_rng([item.seed, 12])
    choices = _FABRIC[item.material]
    if item.category == "T-shirt" and item.material == "cotton":
        choices = ("soft combed cotton", "a mid-weight cotton jersey", "a dry-touch cotton jersey")
    elif item.category == "Sweater" and item.material == "cotton":
        choices = ("a smooth cotton knit", "a soft combed cotton knit")
    fabric = str(rng.choice(choices))
    name = noun(item)
    name = name if name.startswith(("A-line", "T-shirt")) else name.lower()
    use = str(rng.choice(_USES[item.season[:2]]))
    day = str(rng.choice(_DAYS[item.season[:2]]))
    plural = item.category in ("Trousers", "Jeans", "Shorts")
    opening = str(rng.choice(_OPENINGS))
    if plural:
        opening = (
            opening.replace("A {noun}", "{noun_up}").replace("this {noun}", "these {noun}")
            .replace("gives", "gives").replace("is cut", "are cut").replace("wear it", "wear them")
            .replace("{noun} is at home", "{noun} are at home").replace("its shape", "their shape")
        )  # fmt: skip
    elif name.startswith(("A-line", "overshirt")):
        opening = opening.replace("A {noun}", "An {noun}")
    first = opening.format(
        noun=name, noun_up=name[0].upper() + name[1:], fabric=fabric, line=line_name(item),
        use=use, day=day,
        fabric_up=fabric[0].upper() + fabric[1:],
    )  # fmt: skip
    if item.category in _BOTTOM:
        second = str(rng.choice(_BOTTOM[item.category]))
    else:
        frame = str(rng.choice(("It has {n} and {s}.", "With {n} and {s}.",
                                "{n_up} meets {s}.", "Details: {n}, {s}.")))  # fmt: skip
        neck, sleeve = _NECK[item.neckline or "crew"], _SLEEVE[item.sleeve or "long"]
        if neck == "notched lapels":
            frame = frame.replace("meets", "meet")
        second = frame.format(n=neck, s=sleeve, n_up=neck[0].upper() + neck[1:])
    sentences = [first, second]
    likely = {
        "organic": 0.2 * (item.material in ("cotton", "cotton blend", "linen", "jersey", "denim",
                                            "cotton fleece", "linen blend", "viscose")),
        "recycled": 0.16 * (item.material not in ("linen", "satin")),
        "limited run": 0.12, "easy care": 0.2, "hand-finished": 0.1, "runs small": 0.16,
        "dry clean only": 0.2 if item.material in ("wool", "wool blend", "cashmere blend", "satin")
        else 0.1,
        "lined": 0.35 * (item.category in ("Coat", "Skirt", "Dress")
                         or (item.category == "Jacket" and item.material != "denim")),
    }  # fmt: skip
    said = [phrase for phrase, p in likely.items() if rng.random() < p]
    if "dry clean only" in said and "easy care" in said:
        said.remove("easy care")
    if "organic" in said and "recycled" in said:
        said.remove("recycled")
    rng.shuffle(said)
    sentences += [str(rng.choice(_PLUS[phrase])) for phrase in said[:2]]
    if not said or (len(said) == 1 and rng.random() < 0.3):
        sentences.append(str(rng.choice(_PLAIN)))
    return " ".join(sentences)


def reviews(seed: int, item: Item, units: float, appeal: float) -> tuple[float, float, str | None]:
    """Stars (1..5, one decimal), review count and up to four review texts, one a line.

    They follow the item's sales, so they may be used only after launch.
    """
    rng = np.random.default_rng([seed, 3, int(item.id[3:])])
    if not item.launched:
        return np.nan, 0.0, None
    count = float(rng.poisson(units * float(rng.uniform(0.02, 0.07))))
    if count == 0:
        return np.nan, 0.0, None
    stars = float(np.clip(4.05 + 0.45 * appeal + rng.normal(0, 0.3), 1.6, 5.0))
    texts: list[str] = []
    for _ in range(int(min(count, 1 + rng.integers(4)))):
        felt = stars + rng.normal(0, 0.8)
        pool = _GOOD if felt > 3.9 else _FAIR if felt > 3.1 else _POOR
        text = str(rng.choice(pool))
        if text not in texts:
            texts.append(text)
    return round(stars, 1), count, "\n".join(texts)
