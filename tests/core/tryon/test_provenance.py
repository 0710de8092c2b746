import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.tryon.engines import engine_named
from core.tryon.mask_edit import MaskEdit
from core.tryon.provenance import KEYWORD, provenance, read_stamp, stamped
from core.tryon.result import Settings, try_on
from tests.core.tryon.synthetic import make_garment

ENGINE = engine_named("preview")


@pytest.fixture(scope="module")
def made(person):
    out = io.BytesIO()
    make_garment("tee")[0].save(out, "PNG")
    edit = MaskEdit("relaxed", top=2)
    result = try_on(person, out.getvalue(), "upper_body", ENGINE, edit=edit)
    inputs = (person, out.getvalue(), "Chemise d’été", "upper_body", ENGINE, Settings(), edit)
    return result, provenance(*inputs, result)


def test_the_file_name_of_an_own_photo_does_not_travel_with_the_picture(made, person):
    own = replace(person, id="photo-0123", title="Ana at the beach.jpg")
    told = provenance(own, b"", "Tee", "upper_body", ENGINE, Settings(), MaskEdit(), made[0])
    assert told["person"] == "own photo" and "beach" not in str(told)


def test_it_tells_all_that_made_the_picture(made, person):
    result, about = made
    assert about["engine"] == "preview" and about["engine_version"] == ENGINE.version
    assert about["person"] == person.title and about["category"] == "upper_body"
    assert about["mask_edit"]["style"] == "relaxed" and about["mask_edit"]["top"] == 2
    assert len(about["inputs"]) == len(about["garment_sha256"]) == 64
    assert about["settings"] == {}  # the preview knows no seed
    assert about["made"].endswith("+00:00") and about["made"] == result.made
    json.dumps(about)


def test_the_picture_carries_it_and_stays_the_same(made):
    result, about = made
    file = stamped(result.pictures[0], about)
    about = json.loads(json.dumps(about))  # tuples become lists
    assert read_stamp(file) == about
    with Image.open(io.BytesIO(file)) as image, Image.open(io.BytesIO(result.pictures[0])) as plain:
        assert np.array_equal(np.asarray(image), np.asarray(plain))
        assert image.info["Software"] == "Fashion Diffusion"
        assert "nobody was photographed" in image.info["Disclaimer"]
        assert image.info["Description"].endswith("wearing Chemise d’été")
        assert json.loads(image.info[KEYWORD]) == about
    assert read_stamp(result.pictures[0]) is None


def test_a_licence_without_commercial_use_is_told_in_the_file(made):
    result, about = made
    file = stamped(result.pictures[0], {**about, "commercial_use": False})
    with Image.open(io.BytesIO(file)) as image:
        assert image.info["Copyright"].endswith("no commercial use")
