"""Runs in a peer's own environment: ``PEER FOLDER``, one of the peers of `explain_peers.py`.

Reads `design.npy` (the encoded items), `background.npy` (items to hold them against) and
`model.json` (``coefficients``, ``intercept``, ``columns``, ``groups`` of them by original column,
``edit``: the encoding of an edited item). Prints one line of JSON.
"""

import json
import resource
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

ITEMS = 20


def read(folder: Path):
    """The model as scikit-learn holds it, the items, the background and the rest."""
    told = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    design, background = (
        pd.DataFrame(np.load(folder / f"{name}.npy"), columns=told["columns"])
        for name in ("design", "background")
    )
    model = LinearRegression()
    model.coef_ = np.array(told["coefficients"])
    model.intercept_ = told["intercept"]
    model.n_features_in_ = len(model.coef_)
    model.feature_names_in_ = np.array(design.columns, dtype=object)
    return model, design, background, told


def timed(call, count: int = 1) -> float:
    """Median seconds of a call with 0, 1, and so on."""
    seconds = []
    for i in range(count):
        start = time.perf_counter()
        call(i)
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def explainerdashboard(folder: Path) -> dict:
    """Its explainer, a waterfall, a what-if, and the dashboard that asks for them."""
    from explainerdashboard import ExplainerDashboard, RegressionExplainer

    model, design, background, told = read(folder)
    # Its groups must be one-hot: a number's spline pieces stay apart.
    groups = {
        name: columns
        for name, columns in told["groups"].items()
        if len(columns) > 1 and design[columns].isin((0, 1)).all(axis=None)
    }
    explainer = RegressionExplainer(
        model,
        design,
        pd.Series(model.predict(design), index=design.index),
        shap="linear",
        X_background=background,
        cats=groups,
    )
    explainer.plot_contributions(index=0).to_json()
    done = time.time()
    again = timed(lambda i: explainer.plot_contributions(index=i + 1).to_json(), ITEMS)
    edited = pd.DataFrame([told["edit"]], columns=design.columns)
    what_if = timed(lambda i: explainer.plot_contributions(X_row=edited).to_json(), ITEMS)
    values = explainer.get_shap_values_df().iloc[0]
    built = timed(lambda i: ExplainerDashboard(explainer, shap_interaction=False))
    return {
        "done": done,
        "again": again,
        "what_if": what_if,
        "dashboard": built,
        "values": {name: float(values[name]) for name in told["groups"] if name in values.index},
    }


def shapash(folder: Path) -> dict:
    """Its explainer and a waterfall; it has no what-if, so one edited item is compiled anew."""
    from shap.maskers import Independent
    from shapash import SmartExplainer
    from shapash.backend import ShapBackend

    model, design, background, told = read(folder)
    groups = {name: columns for name, columns in told["groups"].items() if len(columns) > 1}

    # Given a table it would take the model for a black box and permute columns, for minutes.
    masker = Independent(background, max_samples=len(background))

    def explained(table):
        explainer = SmartExplainer(
            model=model, features_groups=groups, backend=ShapBackend(model, masker=masker)
        )
        explainer.compile(x=table)
        return explainer

    explainer = explained(design)
    explainer.plot.local_plot(row_num=0).to_json()
    done = time.time()
    again = timed(lambda i: explainer.plot.local_plot(row_num=i + 1).to_json(), ITEMS)
    edited = pd.DataFrame([told["edit"]], columns=design.columns)
    what_if = timed(lambda i: explained(edited).plot.local_plot(row_num=0).to_json(), 3)
    values = explainer.explainer.contributions.iloc[0]
    return {
        "done": done,
        "again": again,
        "what_if": what_if,
        "values": {n: float(values[columns].sum()) for n, columns in told["groups"].items()},
    }


def main(peer: str, folder: str) -> None:
    with redirect_stdout(sys.stderr):
        found = {"explainerdashboard": explainerdashboard, "shapash": shapash}[peer](Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**found, "peak_mb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
