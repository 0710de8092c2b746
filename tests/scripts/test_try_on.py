import json

import numpy as np
import pytest
from PIL import Image

from core.tryon import people
from scripts.try_on import main
from tests.core.tryon.synthetic import make_garment, make_person, write_people


@pytest.fixture
def studio(tmp_path, monkeypatch):
    folder = write_people(tmp_path / "people", make_person())
    monkeypatch.setattr(people.people, "__defaults__", (folder,))
    monkeypatch.setattr(people.demo_person, "__defaults__", (folder,))
    make_garment("tee")[0].save(tmp_path / "tee.png")
    return tmp_path


def run(studio, *extra, person="plain", garment="tee.png", out="out"):
    return main(
        ["--person", person, "--garment", str(studio / garment), "--category", "upper_body",
         "--out", str(studio / out), *extra]
    )  # fmt: skip


def test_it_writes_the_picture_and_what_made_it(studio, capsys):
    assert run(studio, "--engine", "preview", "--samples", "2") == 0
    out = studio / "out"
    first, second = (np.asarray(Image.open(out / f"try_on_{i}.png")) for i in (1, 2))
    assert first.shape == (1024, 768, 3) and np.array_equal(first, second)
    mask = np.asarray(Image.open(out / "mask.png")) > 0
    assert np.array_equal(first[~mask], make_person().pixels[~mask])
    about = json.loads((out / "try_on.json").read_text())
    assert (
        about["engine"] == "preview" and about["person"] == "plain" and len(about["inputs"]) == 64
    )
    assert "armpit_0" in about["points"]
    assert str(out / "try_on_1.png") in capsys.readouterr().out


@pytest.mark.parametrize("engine", ["ootd-hd", "ootd-dc"])
def test_an_engine_that_is_not_here_says_what_is_missing(studio, capsys, engine):
    assert run(studio, "--engine", engine) == 2
    said = capsys.readouterr().err
    assert "OOTDiffusion" in said and "cannot run here yet" in said and "unet_vton" in said
    assert "Traceback" not in said
    assert not (studio / "out").exists()


@pytest.mark.parametrize(
    ("person", "garment", "says"),
    [
        ("nobody", "tee.png", "There is no demo model “nobody”"),
        ("plain", "gone.png", "“gone.png” is missing"),
        ("tee.png", "tee.png", "nobody who wears them"),
        ("people/gone.jpg", "tee.png", "“gone.jpg” is missing"),
    ],
)
def test_bad_input_is_one_sentence(studio, capsys, monkeypatch, person, garment, says):
    monkeypatch.chdir(studio)
    assert run(studio, person=person, garment=garment) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


def test_an_unknown_category_and_silly_numbers_are_refused_by_the_parser(studio):
    for extra in (["--category", "hats"], ["--samples", "0"], ["--engine", "magic"]):
        with pytest.raises(SystemExit) as caught:
            run(studio, *extra)
        assert caught.value.code == 2
