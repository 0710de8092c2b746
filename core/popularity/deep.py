"""The deep model: details, text and photo together, with interactions that a sum cannot hold.

Each player (a column, the text, the photo) adds one term to a shared first layer, and

    output = link(intercept + summed[0] + sum over centres of weight . exp(summed[centre]))

``summed[0]`` adds up what every player says by itself, linear in its encoding; the others are the
logarithms of a product kernel at up to 1,000 training items (`core.popularity.kernel`). Together: a
radial basis function network, "wide and deep" (Cheng et al. 2016), or a Gaussian process with a
linear and a product kernel at inducing points (Nystrom; Williams & Seeger 2001). How far a player
reaches, the two kernels' shares and the noise are chosen on held-out periods or styles
(`core.popularity.kernel_search`), the weights by ridge regression in closed form.

It learns ``log1p`` of the target, its fourth or its square root, whichever ordered held-out items
best; the link turns any of them into ``log1p``. A root makes top sellers count more.

A photo or text that is missing has the term 0, the average item's. As exponentials of sums
factorise, all 8,192 coalitions of 13 players cost one product of a (128, centres) and a (centres,
64) matrix, 16 MFLOP: at most 1.6 GFLOP against 100 background items (see
`core.popularity.kernel_game`).
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import ModelError
from core.popularity import model as base
from core.popularity.additive import BlockModel
from core.popularity.background import Background
from core.popularity.blocks import ImageBlock, LevelBlock, TextBlock
from core.popularity.intervals import calibrate
from core.popularity.kernel import Coordinates, Kernel, coordinates
from core.popularity.kernel_game import KernelGame
from core.popularity.kernel_search import Shares, search
from core.popularity.link import LINKS, Link
from core.popularity.metrics import spearman
from core.popularity.one_thread import one_thread
from core.popularity.parts import first_dates, held_out_parts, passes
from core.popularity.ridge import Design, fit_ridges
from core.popularity.shapley import MAX_EXACT
from core.popularity.splits import group_codes
from core.popularity.vectors import MIN_PHOTOS, image_vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MIN_LEVEL_ITEMS = 1
"""From how many items on a level has a place of its own; few items pull it little."""
CENTRES = 1000
SEARCHED = 1000
"""Training items that lengths and shares are chosen on."""
PENALTIES = (0.5, 1.0, 2.0, 4.0)
"""Penalties to choose from, in multiples of the noise that the search found."""
CHUNK = 2048
SEARCH_POWER = 0.25
"""Power of the target (see `Link`) at which lengths and shares are chosen for all links."""


class DeepModel(BlockModel):
    """See the module's text. With a CLIP `checkpoint` it also reads the photos."""

    kind = "deep"

    def __init__(
        self, name: str = "deep", *, include_post_launch: bool = False, checkpoint: str = ""
    ) -> None:
        super().__init__(name, include_post_launch=include_post_launch, checkpoint=checkpoint)
        self.linear = np.zeros(0)
        self.centre = np.zeros(0)
        self.kernel = Kernel((), (), np.zeros(0), np.zeros(0), (), np.zeros(0))
        self.weights = np.zeros(0)
        self.base = 0.0
        self.link = Link(0.0)
        self._game: tuple[Background, str | None, KernelGame] | None = None

    def fit(self, catalog: Catalog, rows: np.ndarray) -> Self:
        """Learn from these rows; all choices are made and the intervals calibrated inside them.

        Raises:
            ModelError: no target, no usable column, or photos that were not read.
        """
        rows = np.asarray(rows)
        y = self._start(catalog, rows)
        design = self._design(catalog, rows)
        self.centre = design.centre()
        self.background = Background.draw(catalog, rows, design)
        parts = held_out_parts(catalog, rows)
        order = np.random.default_rng(0).permutation(len(rows))
        some, middle = (np.sort(order[:count]) for count in (SEARCHED, CENTRES))
        codes = group_codes(catalog)[rows]
        dated = first_dates(catalog, rows, codes) is not None
        if dated:
            for code, part in enumerate(parts):
                codes[part] = code
        scales = _scales(design, some, self.centre)
        learned = Link.fitted(SEARCH_POWER, y).learned(y)
        shares = self._search(design, scales, some, learned, codes)
        self.kernel, whiten, joint = self._joint(design, scales, middle, shares)
        links = [Link.fitted(power, y) for power in LINKS]
        targets = [link.learned(y) for link in links]
        fits = []
        alphas = [shares.noise * p for p in PENALTIES]
        for link, learned, ridge in zip(
            links, targets, fit_ridges(joint, targets, parts, alphas), strict=True
        ):
            seen = learned - ridge.residuals
            scores = [spearman(y[part], seen[part]) for part in parts]
            fits.append((float(np.nanmean(scores)), link, ridge))
        _, self.link, ridge = max(fits, key=lambda fit: fit[0])
        width = len(self.centre)
        self.linear = ridge.coefficients[:width] * self._spread(scales, shares)
        self.weights = whiten @ ridge.coefficients[width:]
        self.base = ridge.intercept - float(ridge.centre[width:] @ ridge.coefficients[width:])
        seen = self.link.output(self.link.learned(y) - ridge.residuals)
        self.link = replace(self.link, shift=float(np.median(y - seen)))
        residuals = y - seen - self.link.shift
        source = "held-out periods" if dated else "held-out styles"
        self.calibration = calibrate(catalog, rows, self.features, y, residuals, parts, source)
        self.intercept = float(self.head(np.zeros(self.units)))
        self.info = {
            "power": self.link.power,
            "product": shares.product,
            "noise": ridge.alpha,
            "linear": dict(zip(self.players, map(float, shares.linear), strict=True)),
            "lengths": dict(zip(self.players, map(float, shares.lengths), strict=False)),
            "items": len(rows),
            "currency": catalog.currency,
        }
        return self

    @property
    def exact(self) -> bool:
        """Whether its players are few enough to try all coalitions."""
        return len(self.blocks) <= MAX_EXACT

    @property
    def units(self) -> int:
        """Units of the first layer: what players add up to, ratios, centres."""
        return 1 + len(self.kernel.ratios) + len(self.kernel)

    def output(self, catalog: Catalog, rows: np.ndarray | None = None) -> np.ndarray:
        """Predicted ``log1p`` of the target, one value a row."""
        rows = np.arange(len(catalog)) if rows is None else np.asarray(rows)
        parts = []
        for start in range(0, len(rows), CHUNK):
            design = self._design(catalog, rows[start : start + CHUNK])
            summed = np.empty((len(design.average), self.units))
            summed[:, 0] = design.products(self.linear, self.centre)
            summed[:, 1:] = self.kernel.summed(_encoded(design))
            parts.append(self.head(summed))
        return np.concatenate([*parts, np.zeros(0)])

    def terms(self, catalog: Catalog, rows: np.ndarray) -> np.ndarray:
        """First-layer terms, (players, items, units); all zeros where a player counts as average.

        Unit 0 is what a player adds by itself, then come logarithms of ratios, then the centres.
        """
        return self._terms(self._design(catalog, rows))

    def _terms(self, design: Design) -> np.ndarray:
        return np.stack([self._block_terms(i, *e) for i, e in enumerate(_encoded(design))])

    def head(self, summed: np.ndarray) -> np.ndarray:
        """Outputs, log units, of sums of terms (..., units); a sum of 0 is the average item."""
        together = self.kernel.values(summed[..., 1:]) @ self.weights
        return self.link.output(self.base + summed[..., 0] + together)

    def base_output(self, category: str | None = None) -> float:
        """Mean output over the background, or over that of a category, in log units.

        Raises:
            ModelError: the category has no background of its own.
        """
        return float(self.game(category).outputs.mean())

    def game(self, category: str | None = None) -> KernelGame:
        """What coalitions say against the background, or against that of a category.

        The last one is kept: 20 MB for 13 players, 100 background items and 1,000 centres.

        Raises:
            ModelError: the category has no background of its own.
        """
        kept = self._game
        if kept is None or kept[0] is not self.background or kept[1] != category:
            terms = self._terms(self.background.among(category))
            game = KernelGame(terms, self.kernel, self.weights, self.base, self.link)
            self._game = kept = (self.background, category, game)
        return kept[2]

    def _values(self, catalog: Catalog, rows: np.ndarray, category: str | None) -> np.ndarray:
        game = self.game(category)
        values = np.zeros((len(rows), len(self.blocks)))
        for start in range(0, len(rows), CHUNK // 8):
            terms = self.terms(catalog, rows[start : start + CHUNK // 8])
            with one_thread():
                for i in range(terms.shape[1]):
                    values[start + i] = game.values(terms[:, i])
        return values

    def interactions(self, catalog: Catalog, row: int) -> pd.DataFrame:
        """Shapley interaction index of each two players of an item, against the background.

        Log units; a symmetric table with a line and a column a player, 0 on the diagonal.

        Raises:
            ModelError: there are too many players to try all coalitions.
        """
        if not self.exact:
            raise ModelError(
                f"The {self.name} model reads {len(self.blocks)} fields; how two go together is"
                f" computed for up to {MAX_EXACT}."
            )
        game, own = self.game(), self.terms(catalog, np.array([row]))[:, 0]
        with one_thread():
            found = game.interactions(own)
        return pd.DataFrame(found, self.players, self.players)

    def block_values(self, position: int, cells: pd.Series) -> np.ndarray:
        """What a column's cells alone make of the background items, on average, in log units."""
        block = self.blocks[position]
        assert not isinstance(block, TextBlock | ImageBlock)
        game = self.game()
        others = game.terms.sum(axis=0) - game.terms[position]
        matrix, average = block.encode(cells)
        terms = self._block_terms(position, matrix, average)
        means = [float(self.head(others + term).mean()) for term in terms]
        return np.array(means) - game.outputs.mean()

    def save(self, directory: Path) -> None:
        """Write `model.safetensors` and `model.json`."""
        tensors = {
            "linear": self.linear,
            "centre": self.centre,
            "weights": self.weights,
            "constants": np.array([self.intercept, self.base, *self.link.constants]),
            "scales": self.kernel.scales,
            "lengths": self.kernel.lengths,
            "ratios": np.array(self.kernel.ratios, dtype=np.int64).reshape(-1, 2),
            "ratio_scales": self.kernel.ratio_scales,
            **self._block_tensors(),
        }
        for i, (places, average) in enumerate(self.kernel.centres):
            tensors[f"centres.{i}"] = places.astype(np.float32)
            tensors[f"average.{i}"] = average
        base.write_model(directory, tensors, self._plain())

    @classmethod
    def load(cls, directory: Path) -> "DeepModel":
        """The model that `save` wrote; it predicts the same numbers.

        Raises:
            ModelError: the files are missing or damaged.
        """
        tensors, values = base.read_model(directory)
        try:
            model = cls(
                values["name"],
                include_post_launch=values["include_post_launch"],
                checkpoint=values["checkpoint"],
            )
            model._restore(tensors, values)
            model.linear, model.centre = tensors["linear"], tensors["centre"]
            model.weights = tensors["weights"]
            _, model.base, *constants = map(float, tensors["constants"])
            model.link = Link(*constants)
            model.kernel = Kernel(
                model.blocks,
                [
                    (tensors[f"centres.{i}"].astype(np.float64), tensors[f"average.{i}"])
                    for i in range(len(model.blocks))
                ],
                tensors["scales"],
                tensors["lengths"],
                tuple((int(a), int(b)) for a, b in tensors["ratios"]),
                tensors["ratio_scales"],
            )
            model._check()
        except (KeyError, TypeError, ValueError) as error:
            raise base.damaged(directory, error) from error
        return model

    def _check(self) -> None:
        width = sum(b.width for b in self.blocks)
        if len(self.linear) != width or len(self.centre) != width:
            raise ValueError("weights do not fit the blocks")
        if any(len(average) != len(self.weights) for _, average in self.kernel.centres):
            raise ValueError("weights do not fit the centres")
        self.intercept = float(self.head(np.zeros(self.units)))

    def _restore(self, tensors: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        super()._restore({**tensors, "intercept": tensors["constants"]}, values)

    def _fit_blocks(self, catalog: Catalog, rows: np.ndarray) -> None:
        super()._fit_blocks(catalog, rows)
        blocks, self.blocks = self.blocks, []
        dates = catalog.column(Role.RELEASE_DATE)
        for block in blocks:
            if isinstance(block, LevelBlock):
                cells = catalog.frame[block.feature.name].iloc[rows]
                if dates and passes(cells, catalog.frame[dates].iloc[rows]):
                    continue
                block = LevelBlock.fit(block.feature, cells, MIN_LEVEL_ITEMS)
            self.blocks.append(block)
        if self.checkpoint:
            vectors = image_vectors(catalog, self.checkpoint)
            if np.isfinite(vectors[rows]).all(axis=1).sum() >= MIN_PHOTOS:
                self.blocks.append(ImageBlock(self.checkpoint, vectors.shape[1]))

    def _search(
        self,
        design: Design,
        scales: np.ndarray,
        rows: np.ndarray,
        learned: np.ndarray,
        codes: np.ndarray,
    ) -> Shares:
        kernel = Kernel.at(self.blocks, _encoded(design, rows))
        dense = design.centred(rows, self.centre)
        linear, distances = [], []
        for i, part in enumerate(design.slices):
            own = dense[:, part] / scales[i]
            linear.append(own @ own.T)
            distances.append(kernel.distance(i, kernel.centres[i]))
        places = kernel.ratio_places() / kernel.ratio_scales
        ratios = [np.abs(own[:, None] - own) for own in places.T]
        own = codes[rows]
        parts = [np.flatnonzero(own == code) for code in np.unique(own)]
        return search(linear, distances, ratios, learned[rows], parts)

    def _joint(
        self, design: Design, scales: np.ndarray, rows: np.ndarray, shares: Shares
    ) -> tuple[Kernel, np.ndarray, Design]:
        """The kernel with these rows as centres, the matrix that makes its values independent and
        equally strong beforehand, and these with the scaled encodings as one design for ridge.

        Directions that are nothing but rounding, or that missing photos turn below zero, are left.
        """
        from scipy.linalg import eigh

        kernel = replace(Kernel.at(self.blocks, _encoded(design, rows)), lengths=shares.lengths)
        among = kernel.values(kernel.summed(_encoded(design, rows)))
        sizes, directions = eigh((among + among.T) / 2)
        kept = sizes > max(1e-6 * sizes[-1], -sizes[0])
        alike = np.exp((1 / shares.lengths[: len(self.blocks)]).sum())
        whiten = directions[:, kept] * np.sqrt(shares.product / alike / sizes[kept])
        every = np.arange(len(design.average))
        values = np.vstack(
            [
                kernel.values(kernel.summed(_encoded(design, every[start : start + CHUNK])))
                for start in range(0, len(every), CHUNK)
            ]
        )
        spread = self._spread(scales, shares)
        matrices = [
            (m * spread[part]).tocsr()
            for m, part in zip(design.matrices, design.slices, strict=True)
        ]
        average = np.column_stack([design.average, np.zeros(len(every), dtype=bool)])
        return kernel, whiten, Design([*matrices, values @ whiten], average)

    def _spread(self, scales: np.ndarray, shares: Shares) -> np.ndarray:
        """What each feature is multiplied with before ridge."""
        widths = [block.width for block in self.blocks]
        return np.repeat(np.sqrt(shares.linear) / scales, widths)

    def _block_terms(self, position: int, matrix: "csr_array", average: np.ndarray) -> np.ndarray:
        start = sum(b.width for b in self.blocks[:position])
        part = slice(start, start + self.blocks[position].width)
        alone = np.asarray(matrix @ self.linear[part]) - self.centre[part] @ self.linear[part]
        places: Coordinates = coordinates(self.blocks[position], matrix, average)
        terms = np.column_stack([alone, self.kernel.player_terms(position, places)])
        terms[average] = 0.0
        return terms


def _encoded(
    design: Design, rows: np.ndarray | slice = slice(None)
) -> list[tuple["csr_array", np.ndarray]]:
    return [(m[rows], design.average[rows, i]) for i, m in enumerate(design.matrices)]


def _scales(design: Design, rows: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Root mean square length of each player's encodings."""
    dense = design.centred(rows, centre)
    lengths = [np.sqrt((dense[:, part] ** 2).sum(axis=1).mean()) for part in design.slices]
    return np.array([length if length > 1e-9 else 1.0 for length in lengths])
