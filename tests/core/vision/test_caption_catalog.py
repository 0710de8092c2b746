from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.catalog import suggestions
from core.catalog.catalog import write_catalog
from core.catalog.roles import Role
from core.vision.caption_catalog import caption_items, pending
from core.vision.captions import Captioner
from scripts import caption_catalog as command
from tests.core.popularity.synthetic import make_catalog
from tests.core.vision.tiny_captioner import write_tiny_captioner

ITEMS = 70


@pytest.fixture(scope="module")
def captioner(tmp_path_factory):
    return write_tiny_captioner(tmp_path_factory.mktemp("tiny") / "captioner-tiny")


def untitled(directory):
    """Items without titles; all but the last have a photo, and that of item 3 is damaged."""
    catalog = make_catalog(ITEMS)
    roles = {c: r for c, r in catalog.roles.items() if r not in ("title", "description")}
    frame = catalog.frame.assign(photo=[f"{i}.png" for i in range(ITEMS - 1)] + [None])
    rng = np.random.default_rng(0)

    def photos(new):
        for i in range(ITEMS - 1):
            pixels = rng.integers(0, 255, (24, 18, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(new / "images" / f"{i}.png")
        (new / "images" / "3.png").write_bytes(b"no photo")

    return write_catalog(
        replace(catalog, frame=frame, roles=roles | {"photo": Role.IMAGE}),
        directory,
        add_files=photos,
    )


def test_every_item_with_a_photo_gets_a_suggestion_and_the_damaged_one_a_sentence(
    captioner, tmp_path
):
    catalog, model = untitled(tmp_path / "untitled"), Captioner(captioner, cautious=False)
    steps = []
    rows = pending(catalog, model.checkpoint_id)
    assert list(rows) == list(range(ITEMS - 1))
    done = caption_items(catalog, model, rows, lambda a, b: steps.append((a, b)))
    assert done.suggested + done.unsure == ITEMS - 2
    assert len(done.damaged) == 1 and catalog.ids[3] in done.damaged[0]
    assert steps[0] == (0, ITEMS - 1) and steps[-1] == (ITEMS - 1, ITEMS - 1)
    made = suggestions.load(catalog)
    assert made[catalog.ids[0]].photo == "0.png" and made[catalog.ids[0]].kind == "title"
    assert made[catalog.ids[0]].checkpoint == model.checkpoint_id
    assert list(pending(catalog, model.checkpoint_id)) == [3]
    assert len(pending(catalog, "another-00000000")) == ITEMS - 1


def test_a_run_that_is_stopped_keeps_what_it_has(captioner, tmp_path):
    catalog, model = untitled(tmp_path / "untitled"), Captioner(captioner)

    def stop(done, total):
        if done >= 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        caption_items(catalog, model, pending(catalog, model.checkpoint_id), stop)
    left = pending(catalog, model.checkpoint_id)
    assert len(left) == ITEMS - 1 - 63  # 64 photos, one of them damaged
    caption_items(catalog, model, left)
    assert list(pending(catalog, model.checkpoint_id)) == [3]


def test_a_decision_or_a_new_photo_changes_what_is_pending(captioner, tmp_path):
    catalog, model = untitled(tmp_path / "untitled"), Captioner(captioner, cautious=False)
    caption_items(catalog, model, range(5))
    some = [i for i, m in suggestions.load(catalog).items() if m.text][:2]
    suggestions.decide(catalog, some[:1], "accepted")
    suggestions.decide(catalog, some[1:], "rejected")
    waiting = {catalog.ids[row] for row in pending(catalog, "another-00000000")}
    assert not waiting & set(some)
    cells = catalog.frame["photo"].where(catalog.ids != catalog.ids[4], "9.png")
    moved = replace(catalog, frame=catalog.frame.assign(photo=cells))
    assert 4 in pending(moved, model.checkpoint_id)


def test_the_command_captions_a_catalog_and_says_when_nothing_is_left(captioner, tmp_path, capsys):
    catalog = untitled(tmp_path / "untitled")
    (catalog.directory / "images" / "3.png").unlink()
    argv = ["--data_dir", str(catalog.directory), "--checkpoint", str(captioner)]
    assert command.main(argv) == 0
    assert "suggestions by captioner-tiny-" in capsys.readouterr().out
    assert command.main(argv) == 0
    assert "no item with a photo waits" in capsys.readouterr().out


def test_the_command_ends_with_a_sentence_where_there_is_no_captioner(tmp_path, capsys):
    catalog = untitled(tmp_path / "untitled")
    argv = ["--data_dir", str(catalog.directory), "--checkpoint", str(tmp_path)]
    assert command.main(argv) == 2
    assert "model.safetensors is missing" in capsys.readouterr().err


def test_the_demo_lacks_nothing():
    from core.catalog.catalog import load_catalog
    from core.settings import ROOT

    assert not len(suggestions.lacking(load_catalog(ROOT / "data" / "demo")))
