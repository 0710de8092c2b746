"""What a training run left behind: scores, split, data, date; one `scoreboard.json` a folder."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import ModelError
from core.folders import restore_folder
from core.popularity.findings import Finding
from core.popularity.metrics import Scores

REFERENCE = "reference"
"""The category mean's name on a scoreboard."""
NEIGHBOURS = "neighbours"
"""The name of the mean of the most alike items."""
REFERENCES = (REFERENCE, NEIGHBOURS)
"""What models are compared with; neither is saved, so neither can rank."""
AT_LAUNCH = "_at_launch"
"""Ends the name of a line for a model that reads post-launch columns: the same one without them,
scored only, so that both can be compared."""
FORMAT_VERSION = 1


@dataclass(frozen=True)
class ModelScores:
    """Scores of one model on items that it had not seen.

    Attributes:
        forward: on later seasons; empty where the catalog has no dates to split by.
        grouped: on held-out styles, every item once.
        folds: one entry a fold: split, label, items to learn from and to be scored on, Spearman.
        items_without_photo: image model only.
        note: a sentence on what the model cannot see, or empty.
        weekly: ``weekly_wape`` and ``weekly_mae`` of its curves on the headline's split; empty
            where the catalog has no sales series.
    """

    forward: Scores
    grouped: Scores
    folds: list[dict[str, Any]]
    items_without_photo: int = 0
    note: str = ""
    weekly: Scores = field(default_factory=dict)

    @property
    def headline(self) -> Scores:
        """Scores on later seasons, or on held-out styles where there are no dates."""
        return self.forward or self.grouped


@dataclass(frozen=True)
class Choice:
    """A person's decision on what ranks.

    Attributes:
        date: ISO 8601 in UTC.
        action: ``promoted`` (another model of the folder ranks) or ``restored`` (an earlier
            training run was put back).
        model: what ranks from then on.
        before: what ranked until then: a model, or the date of the training run that was replaced.
        who, why: as the person wrote them; may be empty.
    """

    date: str
    action: str
    model: str
    before: str
    who: str = ""
    why: str = ""


@dataclass(frozen=True)
class Scoreboard:
    """All that is needed to judge the models of a folder, and to reproduce them.

    Attributes:
        date: when the training ended, ISO 8601 in UTC.
        catalog, data_hash: name and content hash of the catalog that was learned from.
        target, unit: the target column and its unit.
        items: items with a known target; all of them were learned from in the end.
        split: how the headline scores were split, as a sentence.
        columns: names and roles of the columns that the metadata model reads.
        promoted: the model that ranks unless another is named.
        models: scores by model, among them those of `REFERENCES` and, where post-launch columns
            were read, those of the same models without them (`AT_LAUNCH`).
        skipped: models that could not be trained, and why.
        notice: what the catalog says about its data (``simulated sales``), or empty.
        findings: what could leak the target, as seen in training; None where nobody looked.
        choices: decisions on what ranks, oldest first; empty where the score alone decided.
    """

    date: str
    catalog: str
    data_hash: str
    target: str
    unit: str
    items: int
    items_without_target: int
    include_post_launch: bool
    split: str
    columns: list[dict[str, str]]
    promoted: str
    models: dict[str, ModelScores]
    skipped: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    findings: list[Finding] | None = None
    choices: list[Choice] = field(default_factory=list)

    @property
    def trained(self) -> list[str]:
        """Models that can rank, the promoted one first."""
        rest = [m for m in self.models if m != self.promoted and m not in self.compared]
        return [self.promoted, *rest]

    @property
    def compared(self) -> list[str]:
        """Lines that are only there to compare with: models at launch time, then references."""
        launch = [m for m in self.models if m.endswith(AT_LAUNCH)]
        return [*launch, *(m for m in REFERENCES if m in self.models)]

    def save(self, model_dir: Path) -> None:
        """Write `scoreboard.json`."""
        text = json.dumps({"version": FORMAT_VERSION, **asdict(self)}, ensure_ascii=False, indent=1)
        (model_dir / "scoreboard.json").write_text(text + "\n", encoding="utf-8")


def load_scoreboard(model_dir: str | Path) -> Scoreboard:
    """The scoreboard of a model folder.

    Raises:
        ModelError: the folder holds no trained models, or the file is damaged.
    """
    path = Path(model_dir) / "scoreboard.json"
    restore_folder(path.parent)
    if not path.is_file():
        raise ModelError(
            f"{model_dir} holds no trained models (it has no scoreboard.json). Train them with"
            f" python scripts/train_models.py --data_dir DIR --model_dir {model_dir}."
        )
    try:
        values: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        values = {k: v for k, v in values.items() if k != "version"}
        models = {name: ModelScores(**scores) for name, scores in values["models"].items()}
        findings = values.get("findings")
        if findings is not None:
            findings = [Finding.from_json(finding) for finding in findings]
        choices = [Choice(**choice) for choice in values.get("choices", [])]
        return Scoreboard(**{**values, "models": models, "findings": findings, "choices": choices})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} cannot be read ({error}). Train the models again with scripts/train_models.py."
        ) from error


def load_out_of_fold(model_dir: str | Path) -> pd.DataFrame:
    """Predictions for training items by models that had not seen them.

    Columns: item_id, model, split (``forward`` or ``grouped``), fold, predicted, expected, low,
    high, low_80, high_80, actual. In the grouped split every training item stands once a model.

    Raises:
        ModelError: the file is missing or damaged.
    """
    path = Path(model_dir) / "out_of_fold.parquet"
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} cannot be read ({error}). Train the models again with scripts/train_models.py."
        ) from error


def headline_rows(out_of_fold: pd.DataFrame, model: str) -> pd.DataFrame:
    """The predictions of a model that its headline scores are of, in the table's order.

    Those for later seasons, or for held-out styles where there are none.

    Raises:
        ModelError: the table has no line of the model.
    """
    own = out_of_fold[out_of_fold["model"] == model]
    if own.empty:
        raise ModelError(
            f"There are no stored predictions of the model “{model}” for items that it had not"
            " seen. Train the models again with scripts/train_models.py."
        )
    forward = own["split"] == "forward"
    return own[forward if forward.any() else ~forward].reset_index(drop=True)
