"""Which role a column probably has, from its name and its cells, and why.

A guess is a proposal: the report lists it with its reason, the form shows it for correction.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from core.catalog.importing.dates import parse_dates
from core.catalog.importing.numbers import parse_numbers
from core.catalog.roles import Role

SAMPLE = 2_000
"""Rows whose cells are looked at; names decide first."""

NAMES: dict[Role, tuple[str, ...]] = {
    # Earlier names win. Each is a pattern that must fit the whole normalised name.
    Role.ID: (
        r"item_id|article_id|product_id|external_code|id|uniq_id|asin|artikelnummer|artikel_nr",
        r"sku|item_sku|variant_sku|article_(number|no|code)|item_(number|no|code)|product_(code|no)",
        r"style_(id|code|no|number)|code|ref|reference|handle|gtin|ean|barcode|item|pid",
    ),
    Role.TITLE: (
        r"title|product_display_name|product_title|titel|titre|titolo|titulo",
        r"name|product_name|prod_name|item_name|article_name|display_name|produktname|nom|nome"
        r"|nombre|bezeichnung",
        r"item|product|article|style_name",
    ),
    Role.DESCRIPTION: (
        r"description|detail_desc|product_description|long_description|item_description|desc"
        r"|beschreibung|descrizione|descripcion",
        r"details|product_details|body|body_html|short_description|about|bullet_points",
    ),
    Role.PRICE: (
        r"price|preis|prix|prezzo|precio|unit_price|price_(eur|usd|gbp|inr|chf)|retail_price",
        r"(selling|sale|sales|current|final|discounted|discount|offer|actual|variant)_price",
        r"(list|original|regular|base|full|initial)_price|mrp|rrp|uvp|msrp",
    ),
    Role.CATEGORY: (
        r"category|cat|article_type|product_type|product_type_name|garment_type|kategorie|categorie"
        r"|categoria|item_type|clothing_type",
        r"type|product_category|category_name|sub_category|garment|label|class|department",
        r"master_category|main_category|product_group(_name)?|breadcrumbs?",
    ),
    Role.RELEASE_DATE: (
        r"release_date|launch_date|released?(_on)?|launched?(_on)?|introduction_date|drop_date"
        r"|first_sold|first_sale(_date)?|go_live(_date)?",
        r"availability_date|available_from|date_added|published(_at|_on)?|created(_at|_on)?|date",
    ),
    Role.GROUP: (
        r"item_group_id|group(_id)?|style_group|style_(id|code|no|number)|parent_(id|sku)"
        r"|model(_id|_code|_number)|product_code|article_group|family(_id)?",
    ),
    Role.RATING: (
        r"rating|ratings?_(avg|average|value)|(average|avg|mean)_(rating|stars)|stars?|star_rating"
        r"|review_score|customer_rating",
    ),
    Role.REVIEW: (r"reviews?|review_texts?|list_of_reviews|customer_reviews|comments|feedback",),
    Role.IMAGE: (
        r"image|images|image_(path|file|src|url|link|name)|photo|photos|picture|pictures|img"
        r"|img_(path|url)|main_image(_url)?|filename|file_name|bild|foto",
        r"(product|additional)_images?(_url|_link|_links)?|image_urls|photo_urls?",
    ),
    Role.TARGET: (
        r"target|units(_\w+)?|\w+_units|(units_|qty_|quantity_|items_|total_)sold|sold(_units)?"
        r"|sales(_units|_qty|_quantity|_volume|_count|_\d+w)?|total_sales|quantity_sold|absatz"
        r"|verkaufte_stuck|popularity|demand|order_count|orders|num_orders",
        r"likes?(_count)?|num_likes|favou?rites(_count)?|wishlist(_count|s)?|saves",
        r"(number|num|no|count)_of_ratings|ratings?_count|ratings_total|num_ratings",
        r"(number|num|no|count)_of_reviews|reviews?_count|num_reviews|total_reviews",
    ),
    Role.NUMBER: (
        r"(list|original|regular|base|full|initial)_price|mrp|rrp|uvp|msrp|cost(_per_item)?"
        r"|compare_at_price|weight(_\w+)?|length(_\w+)?|width(_\w+)?|height(_\w+)?|heel(_\w+)?"
        r"|year|pack_size|num(ber)?_of_(colou?rs|sizes|variants)|variants|gsm"
        r"|discount(_percent(age)?|_pct)?|markdown(_\w+)?",
    ),
    Role.ATTRIBUTE: (
        r"brand|vendor|manufacturer|label|marke|marque|designer|colou?r\w*|base_colou?r|farbe"
        r"|couleur|colore|material|fabric|composition|stoff|pattern|print|graphical_appearance_name"
        r"|season|saison|collection|line|gender|sex|age_group|department(_name)?|sleeves?(_length)?"
        r"|neck(line)?|collar|fit|style|occasion|usage|length|closure|fabric_type|size|extra"
        r"|(sub|master|main)_category|\w*category|section(_name)?|index_name|\w+_group_name"
        r"|perceived_colou?r\w*_name|colou?r_group_name|breadcrumbs?|availability|country_of_origin"
        r"|care|sustainab\w+|waist|rise|silhouette|theme|kids|condition",
    ),
}

LATE = re.compile(
    r"(^|_)(rating|ratings|stars?|reviews?|review_score|availability|in_stock|stock\w*|sold_out"
    r"|soldout|out_of_stock|inventory\w*|discount\w*|markdown\w*|mark_down|clearance|returns?"
    r"|return_rate|views?|clicks?|impressions|conversion\w*|add_to_cart|wishlist\w*|likes?|favou?rites"
    r"|bestseller|best_seller|trending|sell_through|revenue|turnover|umsatz|sold|units|orders?"
    r"|sale_price|compare_at_price|compare_at|restock\w*)(_|$)"
)
"""Names of columns that are known only after an item began to sell."""

NEVER = re.compile(
    r"index|unnamed_\d+|column_\d+|url|link|\w+_url|\w+_link|crawled_at|scraped_at|updated_at"
    r"|uniq(ue)?_?id|row|position|source\w*"
)
VARIED = frozenset({Role.TARGET, Role.RATING, Role.REVIEW, Role.GROUP})
"""Roles that a column whose cells are all equal cannot have."""

NEVER_LATE = frozenset({Role.ID, Role.PRICE, Role.RELEASE_DATE, Role.TARGET})
"""Roles of columns that no name marks as post-launch (the target is by its nature)."""

WEEK = re.compile(r"(?:(?:week|wk|w|kw|sales_week|sales_w|period|month|m)_?)?(\d{1,3})")
CODE = re.compile(r"(?=\S*\d)(?=\S*[^\W\d_])[^\s:]{3,64}|\d{5,20}")
"""Cells that look like article codes: letters with digits, or many digits."""

UNITS = (
    (r"like", "likes"),
    (r"favou?rite", "favourites"),
    (r"wishlist|saves", "wishlist entries"),
    (r"rating", "ratings"),
    (r"review", "reviews"),
    (r"order", "orders"),
)


@dataclass
class Guesses:
    """Proposed roles: column to role, column to reason, and what is known only after launch."""

    roles: dict[str, Role] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    post_launch: set[str] = field(default_factory=set)

    def give(self, column: str, role: Role, reason: str) -> None:
        """Propose a role for a column that has none yet."""
        if column not in self.roles:
            self.roles[column] = role
            self.reasons[column] = reason


def normal(name: str) -> str:
    """A column name in lower case with single underscores: “Selling Price ($)” -> selling_price."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^0-9a-zß-ÿ]+", "_", name.lower()).strip("_")


def late_name(column: str) -> bool:
    """The name says that the column is known only after an item began to sell."""
    return bool(LATE.search(normal(column)))


def unit_of(column: str) -> str:
    """What a target column counts, in the plural."""
    return next((unit for pattern, unit in UNITS if re.search(pattern, normal(column))), "units")


def guess_roles(frame: pd.DataFrame, *, taken: frozenset[Role] = frozenset()) -> Guesses:
    """Propose roles for the columns of a table of text.

    Args:
        frame: text cells, missing where empty.
        taken: single roles that the user gave already; they are not proposed.
    """
    guesses = Guesses()
    present = [c for c in frame.columns if frame[c].notna().any()]
    # A range of one brand or season keeps their meaning; counts that never differ mean nothing.
    varied = {c for c in present if frame[c].nunique() > 1 or len(frame) == 1}
    names = {c: normal(c) for c in frame.columns}
    sample = frame.head(SAMPLE)
    _weeks(frame, names, sample, guesses)

    if Role.ID not in taken:
        found = _id_column(frame, names)
        if found:
            guesses.give(found[0], Role.ID, found[1])
    checks: dict[Role, Callable[[str], bool]] = {
        Role.TITLE: lambda c: _wordy(sample[c], 1),
        Role.DESCRIPTION: lambda c: _wordy(sample[c], 1),
        Role.REVIEW: lambda c: _wordy(sample[c], 2),
        Role.PRICE: lambda c: _numeric(sample[c], "price"),
        Role.RATING: lambda c: _numeric(sample[c], "number"),
        Role.TARGET: lambda c: _numeric(sample[c], "count"),
        Role.RELEASE_DATE: lambda c: _dated(sample[c]),
        Role.IMAGE: lambda c: not _numeric(sample[c], "number"),
        Role.GROUP: lambda c: frame[c].nunique() < frame[c].count(),
        Role.CATEGORY: lambda c: _levels(frame[c]),
    }
    for role, check in checks.items():
        if role not in taken:
            free = [c for c in present if c not in guesses.roles]
            if role in VARIED:
                free = [c for c in free if c in varied]
            _by_name(role, free, names, check, guesses)
    for column in present:
        name = names[column]
        if column in guesses.roles or NEVER.fullmatch(name) or _counts_sales(name):
            continue
        is_number = column in varied and _numeric(sample[column], "number")
        if is_number and any(re.fullmatch(p, name) for p in NAMES[Role.NUMBER]):
            guesses.give(column, Role.NUMBER, "its name, and its cells are numbers")
        elif any(re.fullmatch(p, name) for p in NAMES[Role.ATTRIBUTE]) and _levels(frame[column]):
            guesses.give(column, Role.ATTRIBUTE, "its name")
        elif _few_words(frame[column]):
            levels = frame[column].nunique()
            guesses.give(column, Role.ATTRIBUTE, f"{levels} different short texts")
    guesses.post_launch = {
        c for c in frame.columns if late_name(c) and guesses.roles.get(c) not in NEVER_LATE
    }
    return guesses


def _by_name(
    role: Role,
    columns: list[str],
    names: dict[str, str],
    check: Callable[[str], bool],
    guesses: Guesses,
) -> None:
    for pattern in NAMES[role]:
        for column in columns:
            if re.fullmatch(pattern, names[column]) and check(column):
                guesses.give(column, role, "its name")
                if role not in (Role.IMAGE, Role.DESCRIPTION):
                    return


def _counts_sales(name: str) -> bool:
    """Another count of popularity beside the target: never a feature."""
    return any(re.fullmatch(p, name) for p in NAMES[Role.TARGET])


def _id_column(frame: pd.DataFrame, names: dict[str, str]) -> tuple[str, str] | None:
    filled = {c: int(frame[c].count()) for c in frame.columns}
    unique = {c: frame[c].nunique() / filled[c] if filled[c] else 0.0 for c in frame.columns}
    named = [
        c
        for pattern in NAMES[Role.ID]
        for c in frame.columns
        if re.fullmatch(pattern, names[c]) and filled[c] * 2 >= len(frame)
    ]
    for floor, reason in (
        (0.98, "its name, and its cells are all different"),
        (0.9, "its name, and nearly all of its cells are different"),
    ):
        for column in named:
            if unique[column] >= floor and (floor < 0.98 or _opaque(frame[column])):
                return column, reason
    # Exports with repeated rows: the name decides, and the report lists the repeated ids.
    for column in named:
        clear = any(re.fullmatch(p, names[column]) for p in NAMES[Role.ID][:2])
        if clear or (unique[column] >= 0.5 and _opaque(frame[column])):
            return column, "its name"
    for column in frame.columns:
        if (
            filled[column] == len(frame)
            and unique[column] == 1.0
            and not NEVER.fullmatch(names[column])
            and not any(re.fullmatch(p, names[column]) for ps in NAMES.values() for p in ps)
            and len(frame) > 1
            and frame[column].str.fullmatch(CODE).mean() > 0.95
        ):
            return column, "its cells are all different and look like codes"
    return None


def _opaque(cells: pd.Series) -> bool:
    cells = cells.dropna().head(SAMPLE)
    short = cells.str.len() <= 64
    return bool((short & ~cells.str.contains(r"\s\S+\s|://")).mean() > 0.95)


def _numeric(cells: pd.Series, kind: str) -> bool:
    filled = cells.dropna()
    if filled.empty:
        return False
    parsed = parse_numbers(filled, kind)  # type: ignore[arg-type]
    return len(parsed.bad) <= 0.2 * len(filled)


def _dated(cells: pd.Series) -> bool:
    filled = cells.dropna()
    return len(filled) > 0 and len(parse_dates(filled).bad) <= 0.2 * len(filled)


def _wordy(cells: pd.Series, words: int) -> bool:
    filled = cells.dropna()
    if filled.empty or _numeric(filled, "number"):
        return False
    return bool(filled.str.count(r"\S+").mean() >= words)


def _levels(cells: pd.Series) -> bool:
    """Few enough different cells to be a property rather than a text or an identifier."""
    filled = cells.dropna()
    if filled.empty:
        return False
    few = filled.nunique() <= max(20, 0.5 * len(filled))
    return few and bool(filled.str.len().mean() <= 80)


def _few_words(cells: pd.Series) -> bool:
    filled = cells.dropna()
    if len(filled) < 20 or len(filled) * 2 < len(cells):
        return False
    levels = filled.nunique()
    plain = filled.head(SAMPLE)
    return (
        2 <= levels <= min(60, len(filled) / 5)
        and bool(plain.str.len().max() <= 40)
        and bool(plain.str.contains(r"[^\W\d_]{2}").mean() > 0.9)
    )


def _weeks(
    frame: pd.DataFrame, names: dict[str, str], sample: pd.DataFrame, guesses: Guesses
) -> None:
    """Runs of four or more numbered columns of numbers: sales by period."""
    numbered = [(int(m[1]), c) for c in frame.columns if (m := WEEK.fullmatch(names[c]))]
    numbered.sort()
    values = [n for n, _ in numbered]
    if len(values) < 4 or values != list(range(values[0], values[0] + len(values))):
        return
    if all(_numeric(sample[c], "count") for _, c in numbered):
        for _, column in numbered:
            guesses.give(column, Role.SERIES, "one of a run of numbered columns of numbers")
