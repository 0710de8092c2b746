"""The table of a photo's parts: the parser's where a person wears it, the cut-out's otherwise."""

import numpy as np
from PIL import Image

from app import map_regions
from core.errors import TryOnError
from core.explain.maps import PhotoMap
from core.explain.maps_regions import GARMENT
from core.vision.atr import ID
from tests.app.test_item_map import opened


def made():
    photo = Image.new("RGB", (80, 120), "white")
    values = np.arange(16.0).reshape(4, 4) / 100
    return PhotoMap("A1", "image", "ridge", "c", values, 1.2, 0.0, 0.0, photo, (0, 0, 80, 120))


class Parser:
    def __init__(self, parse):
        self.made = parse

    def parse(self, image):
        return self.made


def test_a_worn_garment_is_told_by_the_parser(monkeypatch):
    parse = np.zeros((120, 80), np.uint8)
    parse[30:90, 20:60] = ID["dress"]
    parse[10:30, 30:50] = ID["face"]
    monkeypatch.setattr(map_regions, "_parser", lambda: Parser(parse))
    told, source = map_regions._regions.__wrapped__(("worn",), made())
    assert source == "body" and {r.name for r in told} == {"Background", "Dress", "Face and neck"}


def test_without_a_person_the_cut_out_is_cut_into_thirds(monkeypatch):
    alpha = np.zeros((120, 80), np.float32)
    alpha[30:90, 20:60] = 1
    monkeypatch.setattr(map_regions, "_parser", lambda: Parser(np.zeros((120, 80), np.uint8)))
    monkeypatch.setattr(map_regions, "matte", lambda photo: (alpha, "outline"))
    told, source = map_regions._regions.__wrapped__(("flat",), made())
    assert source == "garment" and {r.name for r in told} == set(GARMENT)


def test_a_garment_that_cannot_be_cut_out_is_told_in_a_sentence(monkeypatch):
    def fails(key, found):
        raise TryOnError("Nothing stands out from the background.")

    monkeypatch.setattr(map_regions, "_regions", fails)
    test = opened(item="FD-0002")
    assert not test.exception and not test.dataframe
    assert "Nothing stands out" in test.caption[1].value
