"""Product photos with and without a person in them."""

import numpy as np
import pytest

from core.errors import CheckpointMissing, TryOnError
from core.tryon import model_shot
from core.tryon.cutout import Cutout, cut_out
from core.tryon.model_shot import worn_part
from core.tryon.people import demo_person
from core.tryon.preview import PreviewEngine
from core.vision.atr import ID
from tests.core.tryon.synthetic import make_garment


@pytest.fixture(scope="module")
def shot():
    person = demo_person("sofia")
    return Cutout(person.pixels, (person.parse > 0).astype(np.float32)), person.parse


def test_a_person_in_the_product_photo_is_left_out(shot):
    cut, parse = shot
    top = worn_part(cut, "upper_body").alpha > 0.5
    trousers = worn_part(cut, "lower_body").alpha > 0.5
    assert top[parse == ID["upper_clothes"]].mean() > 0.8
    assert trousers[parse == ID["pants"]].mean() > 0.8
    for found in (top, trousers):
        assert found.shape == parse.shape
        assert found[parse == ID["face"]].mean() < 0.02
        assert found[parse == ID["hair"]].mean() < 0.05
    assert top[parse == ID["pants"]].mean() < 0.1


def test_a_garment_alone_is_returned_as_it_is():
    for colour in ((30, 96, 150), (214, 176, 150)):  # the second is the colour of skin
        cut = cut_out(make_garment("tee", colour=colour)[0])
        assert worn_part(cut, "upper_body") is cut


def test_a_person_without_such_a_garment_is_a_sentence(shot):
    cut, parse = shot
    head = np.isin(parse, [ID["face"], ID["hair"], ID["neck"], ID["upper_clothes"],
                           ID["left_arm"], ID["right_arm"]])  # fmt: skip
    with pytest.raises(TryOnError, match="wears nothing of this category"):
        worn_part(Cutout(cut.pixels, head.astype(np.float32)), "lower_body")


def test_another_parser_or_none_is_another_version_of_the_preview(monkeypatch, tmp_path):
    usual = PreviewEngine().version
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(model_shot, "best_parser", lambda: tmp_path)
    other = PreviewEngine().version

    def missing():
        raise CheckpointMissing("Not here.")

    monkeypatch.setattr(model_shot, "best_parser", missing)
    assert len({usual, other, PreviewEngine().version}) == 3
