import numpy as np
import pytest

from core.errors import CatalogError
from core.vision.atr import ATR, ID, mirrored
from scripts.parser_labels import GARMENTS, class_table, divide

SKIN, SHOE = ID["face"], ID["left_shoe"]


def person():
    """A standing figure, 200 high and symmetrical: skin as face, shoes as left shoe."""
    parse = np.zeros((220, 121), np.uint8)
    parse[10:20, 50:71] = ID["hair"]
    parse[20:40, 53:68] = SKIN  # face to 36, then neck
    parse[40:100, 40:81] = ID["upper_clothes"]
    parse[60:110, 30:38] = SKIN  # the person's right arm hangs on the picture's left
    parse[60:110, 83:91] = SKIN
    parse[100:140, 42:79] = ID["skirt"]
    parse[140:200, 46:56] = SKIN
    parse[140:200, 65:75] = SKIN
    parse[200:210, 44:57] = SHOE
    parse[200:210, 64:77] = SHOE
    return parse


def at(parse, row, column):
    return ATR[parse[row, column]]


def test_every_part_of_a_standing_person_is_named_and_sides_are_the_persons_own():
    parse = divide(person())
    assert at(parse, 25, 60) == "face" and at(parse, 39, 60) == "neck"
    assert at(parse, 80, 33) == "right_arm" and at(parse, 80, 87) == "left_arm"
    assert at(parse, 150, 50) == "right_leg" and at(parse, 150, 70) == "left_leg"
    assert at(parse, 205, 50) == "right_shoe" and at(parse, 205, 70) == "left_shoe"


def test_only_skin_and_shoes_change():
    before, after = person(), divide(person())
    kept = ~np.isin(before, [SKIN, SHOE])
    assert (before[kept] == after[kept]).all()
    skin = {ID[n] for n in ("face", "neck", "left_arm", "right_arm", "left_leg", "right_leg")}
    assert set(np.unique(after[before == SKIN])) <= skin
    assert set(np.unique(after[before == SHOE])) <= {ID["left_shoe"], ID["right_shoe"]}


def test_the_mirror_image_is_divided_into_the_mirror_image():
    flipped = np.ascontiguousarray(person()[:, ::-1])
    assert (divide(flipped) == mirrored(divide(person()))).mean() > 0.995


def test_bare_shoulders_and_arms_in_one_region_are_cut_by_place():
    parse = person()
    parse[40:60, 30:91] = SKIN  # a strapless dress: neck, shoulders and arms are one region
    divided = divide(parse)
    assert at(divided, 25, 60) == "face" and at(divided, 45, 60) == "neck"
    assert at(divided, 50, 32) == "right_arm" and at(divided, 50, 89) == "left_arm"


def test_a_hand_on_a_bare_thigh_is_arm_above_and_leg_below():
    parse = person()
    parse[110:145, 30:50] = SKIN
    divided = divide(parse)
    assert at(divided, 80, 33) == "right_arm" and at(divided, 170, 50) == "right_leg"


def test_clasped_hands_are_cut_at_the_midline():
    parse = person()
    parse[85:92, 38:83] = SKIN
    divided = divide(parse)
    assert at(divided, 88, 45) == "right_arm" and at(divided, 88, 75) == "left_arm"


def test_thighs_between_shorts_and_boots_are_legs():
    parse = person()
    parse[100:120, 42:79] = ID["pants"]
    parse[120:145] = 0
    parse[120:145, 46:56] = SKIN
    parse[120:145, 65:75] = SKIN
    parse[145:200][parse[145:200] == SKIN] = SHOE
    divided = divide(parse)
    assert at(divided, 130, 50) == "right_leg" and at(divided, 130, 70) == "left_leg"
    assert at(divided, 180, 50) == "right_shoe"


def test_random_maps_keep_their_groups():
    rng = np.random.default_rng(0)
    for _ in range(30):
        parse = np.kron(rng.integers(0, 19, (6, 5)), np.ones((9, 8))).astype(np.uint8)
        parse[np.isin(parse, [10, 12, 13, 14, 15, 18])] = SKIN
        divided = divide(parse)
        for group in ({9, 10}, {11, 12, 13, 14, 15, 18}):
            assert (np.isin(divided, list(group)) == np.isin(parse, list(group))).all()
    assert not divide(np.zeros((4, 4), np.uint8)).any()


def test_names_become_parts_and_unknown_names_are_a_sentence():
    table = class_table(["null", "jeans", "purse", "socks", "skin", "tie", "glasses"])
    assert [ATR[i] for i in table] == [
        *("background", "pants", "bag", "left_shoe", "face", "belt", "sunglasses"),
    ]
    with pytest.raises(CatalogError, match="toga"):
        class_table(["null", "toga"])
    names = [name for group in GARMENTS.values() for name in group]
    assert len(names) == len(set(names)) == 58


@pytest.mark.shared
def test_the_mapping_agrees_with_the_scored_classes(shared):
    import json

    folder = shared / "data/ccp"
    classes = json.loads((folder / "classes12.json").read_text())
    names = json.loads((folder / "labels.json").read_text())
    for name, part in zip(names, class_table(names), strict=True):
        assert classes["ccp"][name] == classes["atr"][part]
