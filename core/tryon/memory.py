"""Memory that could not be had, told from other errors."""

OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "alloc_cpu")
"""What errors of PyTorch say where memory cannot be had: CUDA and MPS, CPU (Windows and Linux)."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory could not be had.

    CUDA has an error of its own, Python `MemoryError`; a CPU and MPS raise a `RuntimeError` that
    only its words tell from others.
    """
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(w in str(error).lower() for w in OUT_OF_MEMORY)
