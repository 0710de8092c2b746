"""The arrows of the design: which part of the project may import which."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

MAY_IMPORT = {
    "pages": {"app", "core"},
    "app": {"core", "app"},
    "core": {"core"},
    "scripts": {"core", "scripts"},
    "benchmarks": {"core", "scripts", "benchmarks", "app"},
}
INSIDE_CORE = {
    "catalog": {"catalog", "vision.images"},
    "vision": {"catalog", "vision"},
    "popularity": {"catalog", "vision", "popularity"},
    "explain": {"catalog", "vision", "popularity", "explain"},
    "tryon": {"catalog", "vision", "popularity", "tryon"},
}
"""`vision.images` opens files and knows nothing of catalogs, so importers may check photos."""

SHARED = {"errors", "folders", "settings", "cache", "checkpoints"}
"""Modules of core that everything may import."""

FILES = sorted(
    path
    for part in MAY_IMPORT
    for path in (ROOT / part).rglob("*.py")
    if path.name != "__init__.py"
)


def imported(path: Path) -> set[str]:
    """Dotted names that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def identity(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_imports_follow_the_arrows(path: Path) -> None:
    part = path.relative_to(ROOT).parts[0]
    for name in imported(path):
        head = name.split(".")[0]
        if head in MAY_IMPORT:
            assert head in MAY_IMPORT[part], f"{identity(path)} imports {name}"


@pytest.mark.parametrize(
    "path", [p for p in FILES if identity(p).startswith("core/")], ids=identity
)
def test_arrows_inside_core(path: Path) -> None:
    parts = path.relative_to(ROOT / "core").with_suffix("").parts
    if len(parts) == 1:
        return
    for name in imported(path):
        if not name.startswith("core."):
            continue
        inner = name.split(".")[1:]
        allowed = inner[0] in SHARED or any(
            ".".join(inner).startswith(prefix) for prefix in INSIDE_CORE[parts[0]]
        )
        assert allowed, f"{identity(path)} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_streamlit_stays_in_the_front(path: Path) -> None:
    if identity(path).startswith(("app/", "pages/")) or identity(path) == "core/resources.py":
        return
    driver = "streamlit.testing." if identity(path).startswith("benchmarks/") else None
    for name in imported(path):  # a benchmark may drive a page, not draw one
        if name.split(".")[0] == "streamlit":
            assert driver and name.startswith(driver), f"{identity(path)} imports {name}"


def lazily_imported(node: ast.AST) -> Iterator[ast.AST]:
    """Imports from transformers and diffusers that run without the lock of their own."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.With) and ast.unparse(child.items[0]) == "IMPORTING":
            continue
        module = (child.module or "") if isinstance(child, ast.ImportFrom) else ""
        if module.split(".")[0] in ("transformers", "diffusers"):
            yield child
        yield from lazily_imported(child)


@pytest.mark.parametrize(
    "path", [p for p in FILES if identity(p).startswith(("core/", "app/"))], ids=identity
)
def test_two_threads_never_import_from_transformers_at_once(path: Path) -> None:
    found = [ast.unparse(node) for node in lazily_imported(ast.parse(path.read_text("utf-8")))]
    assert not found, "import under core.vision.importing.IMPORTING"


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_nothing_runs_code_from_a_file(path: Path) -> None:
    names = imported(path)
    assert not {n.split(".")[0] for n in names} & {"pickle", "joblib", "shelve", "marshal"}
    text = path.read_text(encoding="utf-8")
    assert "allow_pickle=True" not in text
    assert not re.search(r"torch\.load\((?![^)]*weights_only=True)", text)
