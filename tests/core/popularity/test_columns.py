from dataclasses import replace

from core.catalog.roles import Role
from core.popularity.columns import Feature, feature_columns, match_columns
from tests.core.popularity.synthetic import as_catalog, make_catalog, make_frame


def test_features_are_launch_time_columns_with_a_role():
    names = {f.name for f in feature_columns(make_catalog())}
    assert names == {"Type", "Colour", "season", "Price", "Weight", "Launch", "Name", "Text"}


def test_post_launch_columns_are_features_only_when_asked_for():
    names = {f.name for f in feature_columns(make_catalog(), include_post_launch=True)}
    assert {"Stars", "Returns"} <= names
    assert names.isdisjoint({"sku", "Style", "Sold", "Shelf"})


def test_columns_match_by_name_in_any_case_and_single_roles_by_role():
    frame = make_frame(60).rename(
        columns={"Colour": "COLOUR ", "Price": "RRP", "Type": "Department", "Weight": "Mass"}
    )
    source = make_catalog(60)
    roles = {
        "sku": Role.ID,
        "COLOUR ": Role.ATTRIBUTE,
        "RRP": Role.PRICE,
        "Department": Role.CATEGORY,
        "Mass": Role.NUMBER,
    }
    other = replace(as_catalog(make_frame(60)), frame=frame, roles=roles)
    found = match_columns(feature_columns(source), other)
    assert found["Colour"] == "COLOUR "
    assert found["Price"] == "RRP"
    assert found["Type"] == "Department"
    assert found["Weight"] is None, "a number is the same thing only under the same name"
    assert found["Launch"] is None


def test_a_column_is_taken_once_and_the_target_never():
    catalog = make_catalog(60)
    features = [
        Feature("Type", Role.CATEGORY),
        Feature("Kind", Role.CATEGORY),
        Feature("Sold", Role.NUMBER),
    ]
    assert match_columns(features, catalog) == {"Type": "Type", "Kind": None, "Sold": None}


def test_a_column_without_a_role_is_found_by_its_name():
    source = make_catalog(60)
    other = make_catalog(60, seed=3)
    features = feature_columns(source)
    without = {c: r for c, r in other.roles.items() if c not in ("Colour", "Weight", "Launch")}
    bare = replace(other, roles=without)
    found = match_columns(features, bare)
    assert found["Colour"] == "Colour" and found["Weight"] == "Weight"
    assert found["Launch"] is None, "dates are read only from columns known to be dates"
    frame = other.frame.rename(columns={"Colour": "colour "})
    assert match_columns(features, replace(bare, frame=frame))["Colour"] == "colour "
    target = replace(bare, roles={**without, "Colour": Role.TARGET})
    assert match_columns(features, target)["Colour"] is None
