"""Where sleeves are sewn on."""

from pathlib import Path

from core.tryon.cutout import read_garment
from core.tryon.landmarks import measure

DEMO = Path(__file__).parents[3] / "data" / "demo" / "images"


def test_the_armpits_of_a_coat_with_sleeves_along_its_sides_are_not_at_its_cuffs():
    cut = read_garment(DEMO / "FD-0697.webp")
    shape = measure(cut, "upper_body")
    assert len(shape.limbs) == 2
    for side in (0, 1):
        depth = shape.points[f"armpit_{side}"][1] / cut.alpha.shape[0]
        assert 0.2 < depth < 0.45
        assert shape.points[f"cuff_inner_{side}"][1] > 1.5 * shape.points[f"armpit_{side}"][1]
