"""Bytes of a text table to text, saying what was assumed."""

import codecs

from core.errors import CatalogError

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MAGIC = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls)"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite", "a database"),
)


def decode(data: bytes, name: str) -> tuple[str, str | None]:
    """Text of a file, and a sentence for the user where its encoding had to be guessed.

    A byte-order mark decides; then UTF-8, then UTF-16 without a mark, then Windows-1252. A UTF-8
    file with a few damaged bytes stays UTF-8.

    Raises:
        CatalogError: the bytes are not text.
    """
    for bom, encoding in BOMS:
        if data.startswith(bom):
            return _checked(data.decode(encoding, errors="replace"), name)
    for magic, what in MAGIC:
        if data.startswith(magic):
            raise CatalogError(
                f"{name} is {what}, not a text table. Save it as CSV (UTF-8) or .xlsx."
            )
    if b"\x00" in data[:4096]:
        sample = data[:4096]
        for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
            if zeros and zeros.count(0) > 0.5 * len(zeros):
                return _checked(data.decode(encoding, errors="replace"), name)
        raise CatalogError(
            f"{name} is not a text table (it holds binary data). Save it as CSV (UTF-8) or .xlsx."
        )
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    text = data.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    if sum(c > "\x7f" for c in text) > 10 * damaged:
        return text, (
            f"{name}: {damaged:,} damaged characters (first in line {line:,}) were replaced by �."
            " Save the table as UTF-8 and import it again to keep them."
        )
    text = data.decode("cp1252", errors="replace")
    unknown = text.count("\ufffd")
    sentence = f"{name} is not UTF-8 (first seen in line {line:,}); it was read as Windows-1252."
    if unknown:
        sentence += f" {unknown:,} characters could not be read and show as �."
    controls = sum(c < " " and c not in "\t\r\n" for c in text[:100_000])
    if controls > 0.02 * min(len(text), 100_000):
        raise CatalogError(
            f"{name} is not a text table (its encoding is unknown). Save it as CSV (UTF-8) or"
            " .xlsx."
        )
    return text, sentence + " If letters look wrong, save the table as UTF-8 and import it again."


def _checked(text: str, name: str) -> tuple[str, str | None]:
    damaged = text.count("\ufffd")
    if damaged:
        return text, f"{name}: {damaged:,} damaged characters were replaced by �."
    return text, None
