"""Training the small networks of the deep model: all members at once, as batched matrices."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.popularity.ridge import Design

if TYPE_CHECKING:
    import torch

MEMBERS = 8
HIDDEN = 32
INNER = 16
EPOCHS = 60
PATIENCE = 10
BATCH = 256
RATE = 2e-3
DECAY = 1.0
DROPOUT = 0.1
MODALITY_DROPOUT = 0.2
"""How often an item's text, or photo, counts as missing in a step of training."""
COMPONENTS = 48
"""Main directions of a text or photo that the networks learn from; wide ones only overfit."""


@dataclass(frozen=True)
class Networks:
    """The members' layers after the first.

    Attributes:
        first_bias: (members, hidden).
        second: (members, hidden, inner), `second_bias` (members, inner).
        last: (members, inner), already divided by the number of members and weighted.
    """

    first_bias: np.ndarray
    second: np.ndarray
    second_bias: np.ndarray
    last: np.ndarray

    @classmethod
    def empty(cls) -> "Networks":
        """No members: the output is 0."""
        return cls(np.zeros((0, 1)), np.zeros((0, 1, 1)), np.zeros((0, 1)), np.zeros((0, 1)))

    @property
    def units(self) -> int:
        """Units of the first layer, all members together."""
        return self.first_bias.size

    def output(self, summed: np.ndarray) -> np.ndarray:
        """(...,) of sums (..., units), less the output of a zero sum."""
        return self._raw(summed) - self.at_zero

    @property
    def at_zero(self) -> float:
        """What the layers give for a zero sum."""
        return float(self._raw(np.zeros(self.units)))

    def _raw(self, summed: np.ndarray) -> np.ndarray:
        total = np.zeros(summed.shape[:-1])
        hidden = summed.reshape(*summed.shape[:-1], *self.first_bias.shape) + self.first_bias
        np.maximum(hidden, 0.0, out=hidden)
        for k, (second, bias, last) in enumerate(
            zip(self.second, self.second_bias, self.last, strict=True)
        ):
            total += np.maximum(hidden[..., k, :] @ second + bias, 0.0) @ last
        return total


@dataclass(frozen=True)
class NetworksFit:
    """What was learned: `first` (features, units), the layers after it, and how it was chosen.

    Attributes:
        epochs: passes over the items, where the held-out error was least.
        weight: 0..1, the networks' part of the mean with ridge.
        residuals: of held-out items, from that mean.
        level: the networks' own output for the average item, log units.
    """

    first: np.ndarray
    networks: Networks
    epochs: int
    weight: float
    residuals: np.ndarray
    level: float = 0.0


def fit_networks(
    design: Design,
    centre: np.ndarray,
    target: np.ndarray,
    ridge: np.ndarray,
    parts: Sequence[np.ndarray],
    modalities: Sequence[bool],
    *,
    seed: int = 0,
) -> NetworksFit:
    """Learn the target, and how much of the networks a mean with ridge should hold.

    A first round holds out each part from some members. On the held-out items it finds the number
    of epochs (early stopping) and the weight at which ``(1 - weight) ridge + weight networks`` has
    the least squared error, and the residuals that calibrate. A second round of the same length
    learns from all items.

    Args:
        design: encoded training items.
        centre: what `Design.centre` says.
        target: (items,) log units.
        ridge: (items,) residuals of ridge on items that it had not seen, log units.
        parts: positions held out in turn; together every item once.
        modalities: which blocks are a text or photo, dropped at times and reduced.
        seed: of weights, batches and dropout.
    """
    import torch

    inputs, projections, owners = _inputs(design, centre, modalities)
    mean, scale = float(target.mean()), float(target.std()) or 1.0
    part_of = np.empty(len(target), dtype=np.int64)
    for i, part in enumerate(parts):
        part_of[part] = i
    held = np.arange(MEMBERS)[None, :] % len(parts) == part_of[:, None]
    best, epochs, weight, residuals, since = float(ridge @ ridge), 0, 0.0, ridge, 0
    with _one_thread():
        x = torch.from_numpy(inputs.astype(np.float32))
        y = torch.from_numpy(((target - mean) / scale).astype(np.float32))
        owner = torch.from_numpy(owners)
        learns = torch.from_numpy((~held).astype(np.float32))
        trainer = _Trainer(x, y, learns, owner, modalities, seed)
        for epoch in range(1, EPOCHS + 1):
            trainer.epoch()
            seen = (trainer.outputs().numpy() * held).sum(axis=1) / held.sum(axis=1)
            own = target - mean - scale * seen.astype(np.float64)
            share, mixed = _mix(ridge, own)
            since += 1
            if mixed @ mixed < best:
                best, epochs, weight, residuals = float(mixed @ mixed), epoch, share, mixed
                since = 0
            if since >= PATIENCE:
                break
        if not epochs:
            none = np.zeros((len(centre), 0))
            return NetworksFit(none, Networks.empty(), 0, 0.0, ridge)
        trainer = _Trainer(x, y, torch.ones_like(learns), owner, modalities, seed + 1)
        for _ in range(epochs):
            trainer.epoch()
    layers = [p.detach().numpy().astype(np.float32) for p in trainer.parameters]
    first, first_bias, second, second_bias, last, last_bias = layers
    first = np.vstack([p @ first[owners == i] for i, p in enumerate(projections)])
    networks = Networks(
        first_bias.reshape(MEMBERS, HIDDEN),
        second,
        second_bias,
        (last * weight * scale / MEMBERS).astype(np.float32),
    )
    level = mean + scale * float(last_bias.mean()) + networks.at_zero / weight
    first = first.astype(np.float32).astype(np.float64)
    return NetworksFit(first, networks, epochs, weight, residuals, level)


def _mix(ridge: np.ndarray, own: np.ndarray) -> tuple[float, np.ndarray]:
    """The weight of `own` residuals, 0..1, that leaves the least square of the mean; that mean."""
    apart = ridge - own
    share = float(np.clip(apart @ ridge / max(apart @ apart, 1e-12), 0.0, 1.0))
    return share, ridge - share * apart


def _inputs(
    design: Design, centre: np.ndarray, modalities: Sequence[bool]
) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Dense inputs of the networks, each block's (features, inputs) map, each input's block.

    Blocks are centred, texts and photos turned to their main directions, and all scaled to the
    same mean length, so that none starts louder than another.
    """
    parts, maps, owners = [], [], []
    for i, (matrix, part) in enumerate(zip(design.matrices, design.slices, strict=True)):
        block = matrix.toarray() - centre[part]
        block[design.average[:, i]] = 0.0
        turn = np.eye(block.shape[1])
        if modalities[i] and block.shape[1] > COMPONENTS:
            vectors = np.linalg.eigh(block.T @ block)[1][:, ::-1][:, :COMPONENTS]
            turn = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(COMPONENTS)])
            block = block @ turn
        length = np.sqrt((block**2).sum(axis=1).mean()) if block.size else 0.0
        factor = 1.5 / length if length > 1e-9 else 0.0
        parts.append(block * factor)
        maps.append(turn * factor)
        owners.append(np.full(block.shape[1], i))
    return np.hstack(parts), maps, np.concatenate(owners)


class _Trainer:
    """Weights, optimiser and random numbers of one round."""

    def __init__(
        self,
        x: "torch.Tensor",
        y: "torch.Tensor",
        learns: "torch.Tensor",
        owner: "torch.Tensor",
        modalities: Sequence[bool],
        seed: int,
    ) -> None:
        import torch

        self.x, self.y, self.learns, self.owner = x, y, learns, owner
        self.dropped = [i for i, m in enumerate(modalities) if m] if len(modalities) > 1 else []
        self.random = torch.Generator().manual_seed(seed)
        width, blocks = x.shape[1], max(len(modalities), 1)

        def normal(*shape: int, size: float) -> "torch.Tensor":
            return (torch.randn(*shape, generator=self.random) * size).requires_grad_()

        def zeros(*shape: int) -> "torch.Tensor":
            return torch.zeros(*shape).requires_grad_()

        self.parameters = [
            normal(width, MEMBERS * HIDDEN, size=(0.5 / blocks) ** 0.5),
            normal(MEMBERS * HIDDEN, size=0.3),
            normal(MEMBERS, HIDDEN, INNER, size=(2 / HIDDEN) ** 0.5),
            zeros(MEMBERS, INNER),
            normal(MEMBERS, INNER, size=0.2 / INNER**0.5),
            zeros(MEMBERS),
        ]
        groups: list[dict[str, Any]] = [
            {"params": [p for p in self.parameters if p.ndim > 1], "weight_decay": DECAY},
            {"params": [p for p in self.parameters if p.ndim == 1], "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=RATE)

    def epoch(self) -> None:
        """One pass over the items in a new order."""
        import torch

        order = torch.randperm(len(self.y), generator=self.random)
        size = min(BATCH, max(32, len(order) // 8))
        for batch in order.split(size):
            x = self.x[batch]
            for block in self.dropped:
                gone = torch.rand(len(batch), 1, generator=self.random) < MODALITY_DROPOUT
                x = torch.where(gone & (self.owner == block), 0.0, x)
            keep = torch.rand(len(batch), MEMBERS, HIDDEN, generator=self.random) >= DROPOUT
            out = self._forward(x, keep / (1 - DROPOUT))
            loss = torch.nn.functional.huber_loss(
                out, self.y[batch, None].expand_as(out), reduction="none", delta=1.5
            )
            self.optimiser.zero_grad()
            (loss * self.learns[batch]).sum(dim=0).div(len(batch)).sum().backward()
            self.optimiser.step()

    def outputs(self) -> "torch.Tensor":
        """(items, members), without dropout."""
        import torch

        with torch.no_grad():
            return self._forward(self.x, None)

    def _forward(self, x: "torch.Tensor", keep: "torch.Tensor | None") -> "torch.Tensor":
        import torch

        first, first_bias, second, second_bias, last, last_bias = self.parameters
        hidden = torch.relu(x @ first + first_bias).view(len(x), MEMBERS, HIDDEN)
        if keep is not None:
            hidden = hidden * keep
        inner = torch.bmm(hidden.transpose(0, 1), second).transpose(0, 1) + second_bias
        return (torch.relu(inner) * last).sum(dim=2) + last_bias


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread of torch: sums come in one order, so that a seed gives one model."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
