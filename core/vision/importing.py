"""One thread at a time imports parts of transformers and diffusers."""

import threading

IMPORTING = threading.RLock()
"""Held while names are imported from transformers or diffusers.

Both import their modules when a name is first asked for. Two threads that ask at once can meet a
module that the other has only begun, and get an ImportError for a class that is there.
"""
