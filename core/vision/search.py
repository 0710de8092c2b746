"""Exact nearest neighbours among unit vectors."""

import numpy as np


def top_k(
    vectors: np.ndarray, query: np.ndarray, k: int, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Rows most similar to a query, best first.

    Exact: every row that the mask keeps is compared. Rows with equal scores come in row order.

    Args:
        vectors: (n, d) unit vectors of any float type; rows with NaN are never returned.
        query: (d,) unit vector.
        k: how many rows to return at most.
        mask: boolean (n,), True where a row may be returned; every row if None.

    Returns:
        ``(rows, scores)``: int64 positions and float32 cosines in -1..1, both of length ``min(k,
        rows allowed)``.

    Raises:
        ValueError: the shapes do not fit together.
    """
    if query.shape != vectors.shape[1:] or (mask is not None and mask.shape != vectors.shape[:1]):
        raise ValueError("top_k wants vectors (n, d), a query (d,) and a mask (n,)")
    # Gathering the allowed rows first costs less than scoring all of them.
    rows = np.arange(len(vectors)) if mask is None else np.flatnonzero(mask)
    kept = np.asarray(vectors if mask is None else vectors[rows], dtype=np.float32)
    scores = kept @ np.asarray(query, dtype=np.float32)
    known = ~np.isnan(scores)
    rows, scores = rows[known], scores[known]
    k = max(0, min(k, len(rows)))
    if 0 < k < len(rows):
        # Everything that ties with the k-th stays until the sort, so that ties break by row.
        best = np.flatnonzero(scores >= np.partition(scores, -k)[-k])
        rows, scores = rows[best], scores[best]
    order = np.argsort(-scores, kind="stable")[:k]
    return rows[order], scores[order]
