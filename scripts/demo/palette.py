"""Colours of the range: a coarse family (the catalog's column) and the shade seen in the photo."""

FAMILIES: dict[str, dict[str, str]] = {
    "black": {"jet": "#1d1d1f", "washed black": "#333336", "ink": "#1b1e28"},
    "white": {"optic": "#f3f3f1", "ivory": "#f1ebdf", "chalk": "#ebe9e4"},
    "grey": {"marl": "#a9abae", "charcoal": "#4b4e54", "dove": "#c9c8c5", "slate": "#727a84"},
    "beige": {"sand": "#d9c7a8", "oat": "#e2d8c6", "camel": "#bf9463", "stone": "#c8bda9"},
    "brown": {"chocolate": "#4e362a", "tobacco": "#8a5d3b", "walnut": "#6d503c"},
    "navy": {"navy": "#232f4b", "midnight": "#1a2238", "marine": "#2f4468"},
    "blue": {
        "sky": "#a9c6de",
        "cobalt": "#2c53a8",
        "dusty blue": "#7d97b3",
        "denim blue": "#4c6c94",
        "petrol": "#2d5c6e",
    },
    "green": {
        "sage": "#a3b096",
        "olive": "#6b6b45",
        "forest": "#2f4a3b",
        "emerald": "#1f7458",
        "mint": "#bcd8c5",
    },
    "red": {"cherry": "#ab2534", "brick": "#9a4a3a", "bordeaux": "#652532", "poppy": "#d0432f"},
    "pink": {"blush": "#e8c7c2", "rose": "#d18c95", "fuchsia": "#bf3a74", "old rose": "#b98486"},
    "yellow": {"butter": "#f0dfa0", "mustard": "#c99a35", "lemon": "#eed35c"},
    "orange": {"terracotta": "#bd6443", "apricot": "#eab588", "rust": "#9c5130"},
    "purple": {"lilac": "#c6b5d6", "plum": "#583552", "lavender": "#a79bc4"},
}
"""family -> shade -> sRGB."""

FAMILY_WEIGHTS = {
    "black": 13,
    "white": 11,
    "grey": 9,
    "beige": 12,
    "brown": 6,
    "navy": 11,
    "blue": 12,
    "green": 10,
    "red": 6,
    "pink": 7,
    "yellow": 4,
    "orange": 4,
    "purple": 4,
}

MATCHES: dict[str, tuple[str, ...]] = {
    "black": ("#e9e4da", "#b99a6b", "#8d9199", "#a83a3f"),
    "white": ("#2b3a5c", "#a5654a", "#5d7a66", "#22252b"),
    "grey": ("#f0ece4", "#2c3142", "#b38a94", "#5f7a84"),
    "beige": ("#5a4130", "#f5f0e6", "#35463d", "#2d3850"),
    "brown": ("#e6d8c0", "#c08a4e", "#7e8f82", "#f2e9dc"),
    "navy": ("#f2eee6", "#b5483c", "#9fb4c8", "#cfae74"),
    "blue": ("#f5f1e8", "#23304d", "#dba878", "#e7cfc9"),
    "green": ("#f0e9d8", "#c58a54", "#24352c", "#d8b7ab"),
    "red": ("#f3e8dc", "#2a2b38", "#d9a75f", "#e6b9b0"),
    "pink": ("#f7efe8", "#7d3346", "#8a9a83", "#3d4560"),
    "yellow": ("#f8f3e4", "#54604c", "#3a4763", "#b9673f"),
    "orange": ("#f6ecdd", "#44382f", "#6f8a88", "#27374a"),
    "purple": ("#f3edf2", "#3c2c47", "#a3ae93", "#d9b98a"),
}
"""Second colours that go with a family (harmonious)."""

CLASHES = ("#a9b83c", "#d9662e", "#2f9aa8", "#d8a61c", "#b8407f")
"""Second colours that quarrel with nearly everything."""


def rgb(code: str) -> tuple[float, float, float]:
    """sRGB 0..1 of a hexadecimal colour."""
    return tuple(int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))  # type: ignore[return-value]
