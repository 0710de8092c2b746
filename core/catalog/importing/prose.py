"""HTML and list cells to the text that a person would read."""

import ast
import json
import re
from html.parser import HTMLParser

_TAG = re.compile(r"<\s*/?\s*[a-zA-Z][^<>]*>|&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,5});")
_BLOCK = "p br div li ul ol tr table h1 h2 h3 h4 h5 h6 section hr dd dt"
_BLOCKS = frozenset(_BLOCK.split())
_UNSHOWN = frozenset(("script", "style", "head", "template"))


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in _UNSHOWN
        if tag in _BLOCKS:
            self.parts.append("\n• " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = max(0, self.hidden - (tag in _UNSHOWN))
        if tag in _BLOCKS and tag not in ("br", "li"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(re.sub(r"[\s\u00a0]+", " ", data))


def html_to_text(text: str) -> str:
    """Text of an HTML fragment: entities resolved, blocks as lines, scripts and styles dropped.

    Text without tags or entities comes back as it is.
    """
    if not _TAG.search(text):
        return text
    parser = _Text()
    parser.feed(text)
    parser.close()
    joined = re.sub(r"[ \t]*\n[ \t]*", "\n", "".join(parser.parts))
    return re.sub(r" {2,}", " ", re.sub(r"\n{2,}", "\n", joined)).strip()


def list_to_text(text: str) -> str:
    """A written-out list of texts (JSON or Python) as lines; any other text as it is."""
    if not (text.startswith("[") and text.endswith("]")):
        return text
    for read in (json.loads, ast.literal_eval):
        try:
            values = read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(values, list) and all(isinstance(v, str) for v in values):
            return "\n".join(v.strip() for v in values)
    return text
