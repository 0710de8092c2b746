"""What the comparison with other explainers hands them is this project's own model."""

import json

import numpy as np
import pytest

from benchmarks import explain_peers
from core.catalog.catalog import load_catalog
from core.popularity.ranking import load_model


@pytest.mark.slow
def test_peers_get_the_same_function_and_the_same_parts(tmp_path):
    explain_peers.shared(tmp_path, 300)
    told = json.loads((tmp_path / "model.json").read_text())
    design, background = (np.load(tmp_path / f"{n}.npy") for n in ("design", "background"))
    coefficients = np.array(told["coefficients"])
    model = load_model(tmp_path / "models", "linear")
    catalog = load_catalog(tmp_path / "catalog")
    assert np.allclose(design @ coefficients + told["intercept"], model.output(catalog), atol=1e-9)
    moved = (design - background.mean(axis=0)) * coefficients
    parts = model.contributions(catalog)
    place = {name: i for i, name in enumerate(told["columns"])}
    for player, columns in told["groups"].items():
        own = moved[:, [place[c] for c in columns]].sum(axis=1)
        assert np.allclose(own, parts[player], atol=1e-9)
    after = np.array(told["edit"])
    changed = {told["columns"][i].rsplit("_", 1)[0] for i in np.flatnonzero(after != design[7])}
    assert changed == {"price"}


def test_the_table_names_what_is_missing(capsys):
    run = {"again": 1.0, "what_if": 2.0, "first": 3.0, "peak_mb": 100.0, "values": {"price": 0.5}}
    other = {k: v for k, v in run.items() if k != "what_if"} | {"values": {"price": 0.75}}
    explain_peers.print_table({"Fashion Diffusion": [run], "another": [other]})
    own, peer = capsys.readouterr().out.splitlines()[2:]
    assert "2.000" in own and "| none |" in peer and "2e-01 (1 of 1)" in peer
