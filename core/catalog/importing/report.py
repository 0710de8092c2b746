"""What an import read, skipped and changed: every source row is accounted for."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.catalog.catalog import Catalog

KEPT_ISSUES = 100_000
"""Issues that are kept with their place; beyond that they are only counted."""

EXAMPLES = 3
"""Issues of each kind that the text of a report shows."""


@dataclass(frozen=True)
class Issue:
    """One thing that was wrong with a row or a cell.

    Attributes:
        kind: a short label that the counts are grouped by, such as ``"no item id"``.
        message: what is wrong and what became of it.
        file: name of the source file.
        row: its number as a spreadsheet shows it (the header is usually row 1), or None.
        column: the source's column name, or an empty string where the whole row is meant.
        skipped: the row did not become an item.
    """

    kind: str
    message: str
    file: str
    row: int | None
    column: str = ""
    skipped: bool = False

    def __str__(self) -> str:
        place = [self.file]
        if self.row is not None:
            place.append(f"row {self.row:,}")
        if self.column:
            place.append(f"column “{self.column}”")
        return f"{', '.join(place)}: {self.message}"


@dataclass(frozen=True)
class Guess:
    """A role that the importer gave a column by itself, and why."""

    column: str
    role: str
    reason: str


@dataclass
class Log:
    """Collects what happens while a source is read."""

    issues: list[Issue] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def skip(self, kind: str, message: str, file: str, row: int | None, column: str = "") -> None:
        """A source row that does not become an item."""
        self.skipped[kind] += 1
        self._keep(Issue(kind, message, file, row, column, skipped=True))

    def problem(
        self, kind: str, message: str, file: str, row: int | None, column: str = ""
    ) -> None:
        """A cell or photo that could not be used; its item is kept."""
        self.problems[kind] += 1
        self._keep(Issue(kind, message, file, row, column))

    def note(self, sentence: str) -> None:
        """A decision or warning about the whole source."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def _keep(self, issue: Issue) -> None:
        if len(self.issues) < KEPT_ISSUES:
            self.issues.append(issue)


@dataclass(frozen=True)
class ImportReport:
    """The account of one import: ``read == items + merged + sum(skipped.values())``.

    Attributes:
        catalog: the catalog as written.
        source: file or folder that was read.
        format: the reader that was used.
        read: source rows, headers and blank lines aside.
        items: rows of the catalog.
        merged: rows that joined another row's item (variants, further photos).
        skipped: rows left out, by reason.
        problems: cells and photos that could not be used, by reason; their items were kept.
        issues: the single issues with file, row and column (at most `KEPT_ISSUES`).
        notes: decisions and warnings about the whole source.
        guesses: roles that were not named by the user.
        photos: photos copied into the catalog.
        seconds: how long it took.
    """

    catalog: Catalog
    source: Path
    format: str
    read: int
    items: int
    merged: int
    skipped: dict[str, int]
    problems: dict[str, int]
    issues: list[Issue]
    notes: list[str]
    guesses: list[Guess]
    photos: int
    seconds: float

    def headline(self) -> str:
        """The account in one sentence."""
        left_out = sum(self.skipped.values())
        parts = [f"{self.items:,} items"]
        if self.merged:
            parts.append(f"{self.merged:,} merged into them (variants, further photos)")
        parts.append(f"{left_out:,} skipped")
        return f"{self.read:,} rows read: {', '.join(parts)}; {self.photos:,} photos copied."

    def lines(self) -> list[str]:
        """The whole report as text: account, reasons with examples, notes, guessed roles."""
        lines = [self.headline()]
        for title, counts, skipped in (
            ("Skipped", self.skipped, True),
            ("Kept, but not all of it could be used", self.problems, False),
        ):
            if counts:
                lines.append(f"{title}:")
            for kind, count in counts.items():
                lines.append(f"  {count:,} x {kind}")
                alike = [i for i in self.issues if i.kind == kind and i.skipped == skipped]
                lines += [f"    {issue}" for issue in alike[:EXAMPLES]]
                if count > EXAMPLES:
                    lines.append(f"    ... and {count - EXAMPLES:,} more")
        if self.notes:
            lines.append("Notes:")
            lines += [f"  {note}" for note in self.notes]
        if self.catalog.post_launch:
            late = ", ".join(sorted(self.catalog.post_launch))
            lines.append(f"Known only after launch, so no feature unless asked for: {late}")
        if self.guesses:
            lines.append("Roles that were not named (change one with --role ROLE=COLUMN):")
            lines += [f"  {g.role:12} {g.column}  ({g.reason})" for g in self.guesses]
        return lines


def write_issues(issues: Iterable[Issue], path: Path) -> None:
    """Write issues as CSV (UTF-8 with BOM): outcome, file, row, column, reason, message."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["outcome", "file", "row", "column", "reason", "message"])
        for issue in issues:
            outcome = "row skipped" if issue.skipped else "item kept"
            row: list[Any] = [outcome, issue.file, issue.row, issue.column, issue.kind]
            # Messages quote cells, so a spreadsheet must not take one for a formula.
            row.append(issue.message)
            writer.writerow([f"'{v}" if str(v)[:1] in "=+-@\t\r" and v else v for v in row])
