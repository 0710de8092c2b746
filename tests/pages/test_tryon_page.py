"""The try-on page as a user meets it: garments, people, views, masks."""

import io
import json
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import app.catalogs
import app.jobs
import app.tryon_batch
import app.tryon_own
import app.tryon_run
from app.tryon_choice import packed, unpacked
from core.tryon.joints import HIPS, SHOULDERS
from tests.pages.helpers import by_label, component, data, photo, pictures, png, uploader, words


def test_it_opens_with_the_first_garment_that_can_be_worn_on_the_first_person(studio):
    test = studio()
    assert not test.exception and not test.error
    assert len(pictures(test)) == 1
    assert data(test, "tryon_compare")["look"] == "Plain wearing Blue tee"
    text = words(test)
    assert "#### Blue tee" in text and "Rank 2 of 6" in text
    assert "not a simulation of fit" in text
    assert by_label(test.segmented_control, "Worn as").value == "upper_body"


def test_a_link_opens_its_garment_person_view_and_category(studio):
    test = studio(garment="a3", model="wide", view="mask", worn="lower_body")
    assert not test.exception and not test.error and not test.warning
    assert "#### Blue trousers" in words(test)
    assert by_label(test.segmented_control, "View").value == "mask"
    assert test.query_params["model"] == "wide"


@pytest.mark.parametrize("view", ["person", "map", "mask", "garment", "result"])
def test_every_view_shows_a_picture(studio, view):
    test = studio(view=view)
    assert not test.exception and len(pictures(test)) == 1


def test_opening_the_page_writes_nothing_into_the_link_so_that_a_step_back_leads_back(studio):
    assert not dict(studio().query_params)
    assert dict(studio(view="mask", garment="gone").query_params) == {
        "view": "mask",
        "garment": "gone",
    }


def test_changing_the_view_makes_a_link_that_opens_all_of_it_again(studio):
    test = studio()
    by_label(test.segmented_control, "View").set_value("garment").run()
    assert "pinned to the body" in words(test)
    link = dict(test.query_params)
    assert link == {"garment": "a1", "model": "plain", "view": "garment"}
    again = studio(**link)
    assert words(again) == words(test) and len(pictures(again)) == 1


def test_a_choice_mends_what_is_wrong_in_the_link(studio):
    test = studio(garment="gone", model="nobody")
    assert len(test.warning) == 2
    by_label(test.segmented_control, "View").set_value("person").run()
    assert not test.warning
    assert test.query_params["garment"] == "a1" and test.query_params["model"] == "plain"


@pytest.mark.parametrize(
    ("param", "names"),
    [
        ("view", "“Result”, “Person”"),
        ("mode", "“One look”, “Many at once”"),
        ("worn", "“Top”, “Trousers or skirt”, “Dress”"),
    ],
)
def test_what_a_link_cannot_say_is_told_with_what_it_can(studio, param, names):
    test = studio(**{param: "sideways"})
    (warning,) = test.warning
    assert f"{param}=sideways" in warning.value and names in warning.value
    assert not test.exception and not test.error and len(pictures(test)) == 1


def test_the_category_can_be_corrected(studio):
    test = studio(garment="a4")
    control = by_label(test.segmented_control, "Worn as")
    assert control.value == "dresses"
    control.set_value("upper_body").run()
    assert not test.exception and test.query_params["worn"] == "upper_body"


def test_links_to_what_is_not_there_are_told_and_something_is_shown(studio):
    test = studio(garment="gone", model="nobody")
    text = words(test)
    assert "no item “gone”" in text and "no model “nobody”" in text
    assert not test.exception and len(pictures(test)) == 1


def test_a_link_draws_no_picture_from_elsewhere(studio):
    evil = "![x](https://example.com/x.png)"
    test = studio(garment=evil, model=evil, engine=evil, view=evil, mode=evil, worn=evil)
    told = [w.value for w in test.warning]
    assert len(told) == 6 and not any("![x]" in value for value in told)


def test_the_two_models_that_share_the_memory_share_a_line():
    app.tryon_run.lines.clear()
    found = app.tryon_run.lines()
    assert found["ootd-hd"] is found["ootd-dc"] is not found["preview"]


def test_an_item_without_a_photo_is_told(studio):
    test = studio(garment="a5")
    assert "“No photo” has no photo" in words(test) and len(pictures(test)) == 1


def test_what_is_no_garment_is_told(studio):
    assert "does not seem to be a garment" in words(studio(garment="s1"))


def test_a_search_without_a_match_says_so(studio):
    test = studio()
    by_label(test.text_input, "Another garment").set_value("astronaut").run()
    assert not test.exception and "No garment with a photo matches “astronaut”" in words(test)


def test_it_works_on_a_catalog_that_is_not_ranked(studio):
    test = studio(ranked=False)
    assert not test.exception and "Rank" not in words(test) and len(pictures(test)) == 1


def test_an_engine_that_is_not_installed_says_what_it_lacks_and_its_licence(studio):
    test = studio(engine="ootd-hd")
    assert not test.exception
    assert "OOTDiffusion, half body cannot run here yet" in test.error[0].value
    radio = by_label(test.radio, "Engine")
    assert radio.options == ["Preview", "OOTDiffusion, half body", "OOTDiffusion, full body"]
    text = words(test)
    assert "**Not for commercial use.** OOTDiffusion, half body is under CC BY-NC-SA 4.0" in text
    assert "`checkpoints/ootd/ootd_hd/checkpoint-36000/unet_vton`" in text
    assert any("checkpoints.py pull" in c.value for c in test.code)
    # The person is shown, not a preview that was not asked for.
    assert len(test.get("image")) == 1 and not component(test, "tryon_compare")
    by_label(test.button, "Use the preview").click().run()
    assert test.query_params["engine"] == "preview" and not test.error
    assert component(test, "tryon_compare")
    assert not [b for b in test.button if b.label == "Use the preview"]


def test_the_preview_warns_of_no_licence_and_asks_for_no_seed(studio):
    test = studio()
    assert "Not for commercial use" not in words(test)
    assert not test.slider and not test.number_input
    again = studio()  # the first run has told how long it takes
    assert "as the last time on this machine" in words(again)


def test_without_demo_people_it_says_what_to_do_and_takes_a_photo(studio, tmp_path):
    test = studio(folder=tmp_path)
    assert not test.exception and "make_demo_catalog.py" in test.info[0].value
    uploader(test, "person")


def test_an_upload_is_tried_on_and_a_bad_one_gives_a_sentence(studio):
    test = studio()
    uploader(test, "garment").set_value(("my sweater.png", png("sweater"), "image/png")).run()
    assert not test.exception and not test.error
    assert "#### my sweater.png" in words(test) and "Your photo" in words(test)
    assert test.query_params["garment"].startswith("photo-")
    garments = data(test, "tryon_strip")["items"]
    assert garments[0]["title"] == "my sweater.png" and len(pictures(test)) == 1
    uploader(test, "garment").set_value(("broken.png", b"not an image", "image/png")).run()
    assert not test.exception
    assert "“broken.png” is not an image" in test.error[0].value
    assert "#### my sweater.png" in words(test)  # what was shown stays


def test_a_photo_of_ones_own_is_dressed_and_kept_and_what_was_found_is_said(studio, finder):
    test = studio()
    uploader(test, "person").set_value(("us.jpg", photo(900, 600), "image/jpeg")).run()
    assert not test.exception and not test.error and not test.warning
    assert test.query_params["model"].startswith("photo-")
    assert "2 people are in the photo; the largest is used." in words(test)
    assert data(test, "tryon_compare")["look"] == "us.jpg wearing Blue tee"
    uploader(test, "person").set_value(("tall.jpg", photo(1500, 3000), "image/jpeg")).run()
    text = words(test)
    assert "from 1,500 × 3,000 to 768 × 1,536 pixels" in text and "2 people" not in text
    people = json.loads(component(test, "tryon_strip")[1].proto.json)["items"]
    assert [p["title"] for p in people] == ["tall.jpg", "us.jpg", "Plain", "Wide"]
    # The first look leads back to its photo.
    (entry,) = [e for e in test.session_state["tryon_history"] if e.title.startswith("us.jpg")]
    for name, value in entry.params.items():
        if value is not None:
            test.query_params[name] = value
    test.run()
    assert not test.warning and data(test, "tryon_compare")["look"] == "us.jpg wearing Blue tee"


def test_photos_of_ones_own_can_be_forgotten(studio, finder):
    test = studio()
    uploader(test, "garment").set_value(("my sweater.png", png("sweater"), "image/png")).run()
    uploader(test, "person").set_value(("me.jpg", photo(600, 900), "image/jpeg")).run()
    assert data(test, "tryon_compare")["look"] == "me.jpg wearing my sweater.png"

    def looks():
        return [entry.title for entry in test.session_state["tryon_history"]]

    own = ["me.jpg wearing my sweater.png", "Plain wearing my sweater.png"]
    assert looks() == [*own, "Plain wearing Blue tee"]
    by_label(test.button, "Forget it").click().run()
    assert looks() == ["me.jpg wearing Blue tee", "Plain wearing Blue tee"]
    by_label(test.button, "Forget this photo").click().run()
    assert looks() == ["Plain wearing Blue tee"]
    assert not test.exception and not test.warning
    assert data(test, "tryon_compare")["look"] == "Plain wearing Blue tee"
    assert not test.session_state["tryon_own_garments"]
    assert not test.session_state["tryon_own_people"]
    assert "garment" not in test.query_params or test.query_params["garment"] == "a1"


def test_empty_values_in_a_link_say_nothing(studio):
    assert not studio(garment="", model="").warning


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (photo(90, 120), "90 pixels high"),
        (photo(900, 600)[:-400], "damaged or cut short"),
        (b"words", "is not an image"),
    ],
    ids=["too small", "cut short", "no image"],
)
def test_a_photo_that_cannot_be_dressed_is_refused_and_nothing_else_changes(
    studio, finder, file, says
):
    test = studio()
    uploader(test, "person").set_value(("me.jpg", file, "image/jpeg")).run()
    assert not test.exception
    assert says in test.warning[0].value
    assert "model" not in test.query_params and len(pictures(test)) == 1


def test_links_to_photos_of_another_session_are_told(studio):
    test = studio(model="photo-1", garment="photo-2")
    text = words(test)
    assert text.count("uploaded in another session") == 2
    assert data(test, "tryon_compare")["look"] == "Plain wearing Blue tee"


def test_the_looks_of_the_session_are_kept_to_go_back_to(studio):
    test = studio()
    assert not any("looks" in m.value for m in test.markdown)
    by_label(test.segmented_control, "Worn as").set_value("dresses").run()
    if test.error:  # a tee is no dress for the preview, then take another garment
        test.query_params["garment"] = "a2"
        test.query_params["worn"] = "upper_body"
        test.run()
    strips = [json.loads(c.proto.json) for c in component(test, "tryon_strip")]
    history = next(s for s in strips if "session" in s["label"])
    assert len(history["items"]) == 2 and history["items"][1]["title"] == "Plain wearing Blue tee"


def test_the_mask_is_edited_by_style_and_sides_and_the_result_follows(studio):
    test = studio()
    before = data(test, "tryon_compare")["after"]
    by_label(test.segmented_control, "View").set_value("mask").run()
    own = data(test, "tryon_mask")["mask"]
    by_label(test.segmented_control, "Outline").set_value("square").run()
    square = data(test, "tryon_mask")["mask"]
    by_label(test.slider, "Downwards, % of the height").set_value(-10.0).run()
    shrunk = data(test, "tryon_mask")["mask"]
    assert len({own, square, shrunk}) == 3
    by_label(test.button, "Show the result").click().run()
    assert not test.exception and not test.error
    assert by_label(test.segmented_control, "View").value == "result"
    assert data(test, "tryon_compare")["after"] != before
    by_label(test.segmented_control, "View").set_value("mask").run()
    assert by_label(test.segmented_control, "Outline").value == "square"
    by_label(test.button, "Back to the engine's mask").click().run()
    assert data(test, "tryon_mask")["mask"] == own
    assert by_label(test.segmented_control, "Outline").value == "engine"


def test_the_mask_of_an_engine_that_is_not_installed_is_shown_and_edited(studio):
    test = studio(engine="ootd-hd", view="mask")
    assert not test.exception and not test.error
    assert "OOTDiffusion, half body is not installed" in words(test)
    own = data(test, "tryon_mask")["mask"]
    by_label(test.segmented_control, "Outline").set_value("square").run()
    assert data(test, "tryon_mask")["mask"] != own
    assert by_label(test.button, "Show the result").disabled
    full = data(studio(engine="ootd-dc", view="mask"), "tryon_mask")["mask"]
    assert full != own  # its arms are drawn narrower
    assert not by_label(studio(view="mask").button, "Show the result").disabled


def test_a_model_for_tops_alone_says_so_of_trousers_before_it_is_installed(studio):
    test = studio(engine="ootd-hd", view="mask", garment="a3")
    assert not test.exception and "trained for tops alone" in test.error[0].value
    assert len(test.get("image")) == 1


def test_the_mask_view_says_what_the_preview_does_with_it_and_what_an_engine_that_paints(studio):
    assert "brushing beyond the garment adds nothing" in words(studio(view="mask"))
    text = words(studio(engine="ootd-hd", view="mask"))
    assert "Only the tinted part is repainted" in text and "beyond the garment" not in text


def test_the_mask_is_drawn_on_what_was_found_of_the_body(studio):
    test = studio(view="mask")
    before = data(test, "tryon_mask")
    next(p for p in test.pills if p.label == "Under the mask").set_value(["Parts", "Pose"]).run()
    after = data(test, "tryon_mask")
    assert after["photo"] != before["photo"] and after["mask"] == before["mask"]
    assert after["version"] == before["version"]
    assert "the pose as joined points" in after["label"] and "repainted" in after["label"]


def test_layers_of_the_body_map_combine_and_are_named(studio):
    def signs(test):
        return "".join(h.proto.body for h in test.get("html"))

    test = studio(view="map")
    assert "Hair" in signs(test) and "pose" in signs(test) and "Repainted" not in signs(test)
    pills = next(p for p in test.pills if p.label == "Shown")
    pills.set_value(["Parts", "Pose", "Mask"]).run()
    assert not test.exception and len(pictures(test)) == 1
    assert all(name in signs(test) for name in ("Hair", "pose", "Repainted"))
    pills.set_value(["Pose"]).run()
    assert "Hair" not in signs(test) and "Repainted" not in signs(test)
    pills.set_value([]).run()
    assert not test.exception and len(pictures(test)) == 1 and signs(test) == ""


def test_the_body_map_shows_the_mask_as_it_was_edited(studio):
    def picture(test):
        by_label(test.segmented_control, "View").set_value("map").run()
        next(p for p in test.pills if p.label == "Shown").set_value(["Mask"]).run()
        return test.get("image")[0].proto.imgs[0].url

    test = studio(view="mask")
    own = picture(test)
    by_label(test.segmented_control, "View").set_value("mask").run()
    by_label(test.segmented_control, "Outline").set_value("square").run()
    assert picture(test) != own


@given(st.lists(st.text(min_size=1, max_size=6)))
def test_ids_of_any_characters_stand_in_one_value_of_a_link(ids):
    assert unpacked(packed(ids)) == ids


def test_a_link_to_a_batch_chooses_its_garments_and_tells_which_are_not_here(studio):
    test = studio(mode="batch", garments="a3,gone,a*b,a1", people="wide")
    assert not test.exception and not test.error
    assert by_label(test.multiselect, "Garments").value == ["a3", "a1"]
    (warning,) = test.warning
    assert "2 of the link's garments are not here: gone, a\\*b." in warning.value
    by_label(test.multiselect, "Garments").set_value(["a1"]).run()
    assert not test.warning and test.query_params["garments"] == "a1"


def test_a_garment_without_a_photo_is_told_and_left_out_of_a_batch(studio):
    test = studio(mode="batch", garments="a5,a1", people="wide")
    (warning,) = test.warning
    assert warning.value == "No photo has no photo, and is left out."
    assert "**1 picture**" in words(test)
    test = studio(mode="batch", garments="a5", people="wide")
    assert "is left out" in test.warning[0].value
    assert "Choose at least one person and one garment" in words(test)


def test_who_is_seen_from_the_side_stays_chosen_and_an_engine_that_paints_takes_them(
    studio, finder, monkeypatch
):
    front = app.tryon_own.read_person

    def turned(source, name=None):
        person = front(source, name)
        points = person.keypoints.copy()
        for pair in (SHOULDERS, HIPS):
            points[list(pair), 0] = points[list(pair), 0].mean() + np.float32([-12, 12])
        return replace(person, keypoints=points)

    monkeypatch.setattr(app.tryon_own, "read_person", turned)
    test = studio()
    uploader(test, "person").set_value(("side.jpg", photo(600, 900), "image/jpeg")).run()
    assert "seen from the side" in test.error[0].value and not test.exception
    assert test.query_params["model"].startswith("photo-") and len(test.get("image")) == 1
    test.query_params.update(engine="ootd-dc", view="mask")
    test.run()
    assert not test.error and not test.exception
    mask = Image.open(io.BytesIO(b64decode(data(test, "tryon_mask")["mask"].split(",")[1])))
    assert 0.05 < (np.asarray(mask.getchannel("A")) > 127).mean() < 0.5
