"""The errors that users may meet, each a sentence: what is wrong, where, and what to do."""


class FashionError(Exception):
    """Base of every error whose text is written for the person at the screen."""


class CatalogError(FashionError):
    """A catalog or a source table cannot be read, or does not hold what is asked of it."""


class ImageError(FashionError):
    """An image file is missing, damaged, too large, or outside its catalog."""


class CheckpointMissing(FashionError):  # noqa: N818
    """A set of weights that an action needs is not on this machine."""


class ModelError(FashionError):
    """A popularity model cannot be trained, loaded, or applied to this catalog."""


class TryOnError(FashionError):
    """A try-on cannot be prepared or run."""


class NoPersonError(TryOnError):
    """No person was found where one is needed."""


class CancelledError(FashionError):
    """A person stopped what was running."""


class DownloadError(FashionError):
    """A file could not be fetched, or arrived damaged."""
