import pytest

from core.catalog.catalog import write_catalog
from core.popularity import metrics
from core.popularity.learning_curve import load_learning_curve
from core.popularity.training import train
from scripts.learning_curve import main
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    base = tmp_path_factory.mktemp("curve")
    catalog = write_catalog(make_catalog(200), base / "data")
    original, metrics.DRAWS = metrics.DRAWS, 20
    train(catalog, base / "models", models=["linear"])
    metrics.DRAWS = original
    return base


def arguments(folders, *more):
    return ["--data_dir", f"{folders}/data", "--model_dir", f"{folders}/models", *more]


def test_it_prints_the_scores_and_stores_them(folders, capsys):
    assert main(arguments(folders, "--draws", "2")) == 0
    out = capsys.readouterr().out
    curve = load_learning_curve(folders / "models")
    assert f"on the last season S5 ({curve.scored_on} items)" in out
    full = curve.points[-1]
    assert f"linear   100%       {full.items} items   {full.spearman:.2f}\n" in out
    low, high = sorted(p.spearman for p in curve.points if p.share == 0.7)
    assert f"({low:.2f} to {high:.2f})" in out


def test_what_it_cannot_do_is_a_sentence(folders, capsys):
    assert main(arguments(folders, "--models", "deep")) == 2
    assert "no model “deep”" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(arguments(folders, "--draws", "0"))
