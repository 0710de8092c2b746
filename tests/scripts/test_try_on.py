import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.cache import open_cache
from core.tryon import people
from core.tryon.preview import PreviewEngine
from core.tryon.provenance import read_stamp
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
        about["engine"] == "preview" and about["person"] == "Plain" and len(about["inputs"]) == 64
    )
    assert "armpit_0" in about["points"]
    assert read_stamp((out / "try_on_2.png").read_bytes()) == about
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


def test_what_was_chosen_in_a_photo_of_several_people_is_told(studio, capsys, monkeypatch):
    note = "2 people are in the photo; the largest is used."
    monkeypatch.setattr(
        "scripts.try_on.read_person", lambda path: replace(make_person(), id="photo-1", note=note)
    )
    assert run(studio, person="tee.png") == 0
    assert capsys.readouterr().err == f"note: tee.png: {note}\n"


def test_a_wider_mask_is_kept_to_and_told(studio):
    assert run(studio) == 0 and run(studio, "--mask-style", "square", out="wide") == 0
    masks = [np.asarray(Image.open(studio / out / "mask.png")) > 0 for out in ("out", "wide")]
    assert masks[0].sum() < masks[1].sum()
    told = json.loads((studio / "wide" / "try_on.json").read_text())
    assert told["mask_edit"]["style"] == "square"


def batch(studio, *categories):
    return main(
        ["--person", "plain", "wide", "--garment", str(studio / "tee.png"),
         str(studio / "trousers.png"), str(studio / "gone.png"), "--category", *categories,
         "--out", str(studio / "many")]
    )  # fmt: skip


def test_several_garments_on_several_people_go_on_where_they_were(studio, capsys, monkeypatch):
    folder = write_people(
        studio / "two", make_person(), replace(make_person(True), id="wide", title="Wide")
    )
    monkeypatch.setattr(people.people, "__defaults__", (folder,))
    monkeypatch.setattr(people.demo_person, "__defaults__", (folder,))
    make_garment("trousers")[0].save(studio / "trousers.png")
    with open_cache(studio / "cache") as cache:
        monkeypatch.setattr("scripts.try_on.artefacts", lambda: cache)
        runs, run_once = [], PreviewEngine.run

        def killed(*args, **named):
            if len(runs) == 2:
                raise KeyboardInterrupt
            runs.append(1)
            return run_once(*args, **named)

        monkeypatch.setattr(PreviewEngine, "run", killed)
        with pytest.raises(KeyboardInterrupt):
            batch(studio, "upper_body", "lower_body", "upper_body")
        assert not (studio / "many" / "contact_sheet.png").exists()
        runs.clear()
        capsys.readouterr()
        # One pair of three fails, and is told; the others are made.
        assert batch(studio, "upper_body", "lower_body", "upper_body") == 2
    assert len(runs) == 2, "the two that were made before are not made again"
    out = capsys.readouterr()
    assert out.err.count("“gone.png” is missing") == 2
    many = studio / "many"
    made = ["tee_on_plain", "trousers_on_plain", "tee_on_wide", "trousers_on_wide"]
    assert all((many / name / "try_on_1.png").is_file() for name in made)
    told = json.loads((many / "batch.json").read_text())
    assert [("problem" in pair) for pair in told] == [False, False, True] * 2
    assert Image.open(many / "contact_sheet.png").width > 700
    with zipfile.ZipFile(many / "try_on.zip") as archive:
        assert {f"{name}.png" for name in made} < set(archive.namelist())


def test_a_category_for_some_garments_alone_is_refused(studio):
    with pytest.raises(SystemExit) as caught:
        batch(studio, "upper_body", "lower_body")
    assert caught.value.code == 2
