"""Placeholder."""


def read(*a, **k):
    raise NotImplementedError
