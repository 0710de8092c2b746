"""Importers: from a shop's, a platform's or a research set's files to a catalog directory."""

from core.catalog.importing.detection import FORMATS
from core.catalog.importing.importer import Inspection, import_catalog, inspect_source
from core.catalog.importing.report import Guess, ImportReport, Issue, write_issues

__all__ = [
    "FORMATS",
    "Guess",
    "ImportReport",
    "Inspection",
    "Issue",
    "import_catalog",
    "inspect_source",
    "write_issues",
]
