from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.errors import CheckpointMissing, NoPersonError
from core.vision import openpose
from core.vision.openpose import OpenPose, network_input
from core.vision.openpose_network import BodyNetwork
from tests.core.vision.body_maps import draw_maps, standing


@pytest.fixture(scope="module")
def weights():
    """The published names without the names of their parts, as in the published file."""
    torch.manual_seed(0)
    return {".".join(k.split(".")[-2:]): v for k, v in BodyNetwork().state_dict().items()}


@pytest.fixture(scope="module")
def path(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("openpose") / "body_pose_model.pth"
    torch.save(weights, path)
    return path


@pytest.fixture
def pose(path, monkeypatch):
    """A pose model whose network answers with the maps of two drawn people."""
    pose = OpenPose(path, device="cpu")
    points = [standing(90, 300, 0.5), standing(250, 250)]

    def maps(image):
        heat, fields = draw_maps(points, image.shape[:2])
        return heat.transpose(2, 0, 1), fields.transpose(2, 0, 1), image.shape[:2]

    monkeypatch.setattr(pose, "maps", maps)
    monkeypatch.setattr(openpose, "enlarged", lambda maps, seen, size: maps.transpose(1, 2, 0))
    return pose


def test_input_is_bgr_padded_with_grey():
    image = np.zeros((512, 384, 3), np.uint8)
    image[..., 0] = 255  # red
    pixels, seen = network_input(image)
    assert pixels.shape == (1, 3, 184, 144) and pixels.dtype == np.float32 and seen == (184, 138)
    assert (pixels[0, 2, :, :138] == 255 / 256 - 0.5).all() and (
        pixels[0, 0, :, :138] == -0.5
    ).all()
    assert (pixels[..., 138:] == 0).all()


def test_the_published_file_is_read_with_and_without_part_names(path, weights, tmp_path):
    assert len(weights) == 184
    image = np.random.default_rng(0).integers(0, 256, (184, 96, 3), dtype=np.uint8)
    plain = OpenPose(path, device="cpu").maps(image)
    named = {f"model9_1.{name}": value for name, value in weights.items()}
    torch.save(named, tmp_path / "named.pth")
    other = OpenPose(tmp_path / "named.pth", device="cpu").maps(image)
    assert (plain[0] == other[0]).all() and (plain[1] == other[1]).all()
    assert plain[0].shape == (19, 23, 12) and plain[1].shape == (38, 23, 12)
    assert (plain[0] >= 0).all() and (plain[1] < 0).any()


def test_files_that_are_not_the_network_say_so(tmp_path, weights):
    with pytest.raises(CheckpointMissing, match="pull openpose-body"):
        OpenPose(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(CheckpointMissing, match="damaged"):
        OpenPose(tmp_path / "text.pth")
    torch.save({k: v for k, v in weights.items() if "stage6" not in k}, tmp_path / "part.pth")
    with pytest.raises(CheckpointMissing, match="stage6"):
        OpenPose(tmp_path / "part.pth")


def test_code_in_a_file_is_not_run(tmp_path):
    class Code:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "run",))

    torch.save(Code(), tmp_path / "code.pth")
    with pytest.raises(CheckpointMissing):
        OpenPose(tmp_path / "code.pth")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("size", [(384, 512), (768, 1024), (192, 256)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_points_are_in_pixels_of_the_photo(pose, size, mode):
    points, people = pose.points(Image.new(mode, size))
    assert people == 2 and points.shape == (18, 2) and points.dtype == np.float32
    scale = size[0] / 384
    assert np.abs(points - standing(250, 250) * scale).max() <= 3 * max(scale, 1)


def test_nobody_is_an_error(path):
    with pytest.raises(NoPersonError):
        OpenPose(path, device="cpu").points(Image.new("RGB", (96, 128)))
