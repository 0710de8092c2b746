"""A crude person and crude garments of known outline, in the layout of the demo models."""

import json

import cv2
import numpy as np
from PIL import Image

from core.tryon.people import Person
from core.vision.atr import ID

SIZE = (1024, 768)
POINTS = [
    (384, 130), (384, 230), (292, 245), (262, 390), (250, 520), (476, 245), (506, 390), (518, 520),
    (330, 520), (326, 720), (324, 910), (438, 520), (442, 720), (444, 910),
    (366, 112), (402, 112), (344, 122), (424, 122),
]  # fmt: skip


def make_person(raised: bool = False) -> Person:
    """A standing figure; with `raised` the arms point away from the body."""
    points = np.array(POINTS, np.float32)
    if raised:
        points[[3, 4]] = (180, 330), (80, 420)
        points[[6, 7]] = (588, 330), (688, 420)
    parse = np.zeros(SIZE, np.uint8)

    def line(a, b, width, part):
        ends = [tuple(int(v) for v in points[i]) for i in (a, b)]
        cv2.line(parse, *ends, ID[part], width)

    for hip, knee, ankle, leg, shoe in ((8, 9, 10, "right_leg", "right_shoe"),
                                        (11, 12, 13, "left_leg", "left_shoe")):  # fmt: skip
        line(hip, knee, 86, leg)
        line(knee, ankle, 58, leg)
        x, y = (int(v) for v in points[ankle])
        cv2.ellipse(parse, (x, y + 40), (34, 26), 0, 0, 360, ID[shoe], -1)
    line(0, 1, 66, "neck")
    trunk = [(300, 222), (468, 222), (488, 270), (462, 400), (482, 530), (470, 600), (298, 600),
             (286, 530), (306, 400), (280, 270)]  # fmt: skip
    cv2.fillPoly(parse, [np.array(trunk)], ID["upper_clothes"])
    for shoulder, elbow, wrist, arm in ((2, 3, 4, "right_arm"), (5, 6, 7, "left_arm")):
        line(shoulder, elbow, 46, arm)
        line(elbow, wrist, 36, arm)
        tip = points[wrist] + 0.35 * (points[wrist] - points[elbow])
        cv2.circle(parse, tuple(int(v) for v in tip), 24, ID[arm], -1)
    cv2.ellipse(parse, (384, 120), (52, 70), 0, 0, 360, ID["hair"], -1)
    cv2.ellipse(parse, (384, 134), (42, 58), 0, 0, 360, ID["face"], -1)
    palette = np.full((19, 3), (214, 176, 150), np.float32)
    palette[0], palette[2], palette[4] = (236, 236, 234), (60, 42, 34), (150, 152, 156)
    palette[9] = palette[10] = (50, 50, 54)
    pixels = cv2.GaussianBlur(palette[parse], (0, 0), 1.0)
    slope = 1 + 0.08 * np.cos(np.arange(SIZE[1]) / SIZE[1] * np.pi * 5)[None, :, None]
    pixels = np.where(parse[..., None] > 0, pixels * slope, pixels)
    return Person("plain", "Plain", np.clip(pixels, 0, 255).astype(np.uint8), parse, points)


def write_people(directory, *people: Person):
    """Write people in the layout of `data/demo/models`."""
    directory.mkdir(parents=True, exist_ok=True)
    entries = []
    for person in people:
        Image.fromarray(person.pixels).save(directory / f"{person.id}.webp", lossless=True)
        Image.fromarray(person.parse).save(directory / f"{person.id}.png")
        points = [None if np.isnan(p).any() else [float(v) for v in p] for p in person.keypoints]
        entries.append(
            {
                "id": person.id,
                "title": person.title,
                "image": f"{person.id}.webp",
                "parse": f"{person.id}.png",
                "keypoints": points,
            }
        )
    (directory / "models.json").write_text(json.dumps({"models": entries}))
    return directory


OUTLINES = {
    "tee": [(140, 60), (165, 52), (200, 76), (235, 52), (260, 60), (345, 130), (300, 185),
            (268, 150), (268, 400), (132, 400), (132, 150), (100, 185), (55, 130)],
    "sweater": [(140, 60), (165, 52), (200, 66), (235, 52), (260, 60), (300, 90), (372, 380),
                (330, 392), (268, 180), (268, 410), (132, 410), (132, 180), (70, 392), (28, 380),
                (100, 90)],
    "tank": [(150, 50), (172, 50), (200, 120), (228, 50), (250, 50), (246, 130), (278, 170),
             (272, 410), (128, 410), (122, 170), (154, 130)],
    "trousers": [(140, 40), (260, 40), (280, 160), (290, 480), (225, 480), (200, 190), (175, 480),
                 (110, 480), (120, 160)],
    "shorts": [(140, 60), (260, 60), (290, 260), (208, 260), (200, 190), (192, 260), (110, 260)],
    "skirt": [(150, 60), (250, 60), (310, 330), (90, 330)],
    "dress": [(150, 30), (172, 30), (200, 90), (228, 30), (250, 30), (246, 100), (268, 140),
              (250, 230), (320, 480), (80, 480), (150, 230), (132, 140), (154, 100)],
}  # fmt: skip
WORN = {"tee": "upper_body", "sweater": "upper_body", "tank": "upper_body",
        "trousers": "lower_body", "shorts": "lower_body", "skirt": "lower_body",
        "dress": "dresses"}  # fmt: skip


def make_garment(kind: str, colour=(30, 96, 150), ground=(244, 243, 240), noise: float = 1.2):
    """A product photo of known outline: ``(RGB image, exact alpha as float32)``."""
    over = 4
    big = np.zeros((520 * over, 400 * over), np.uint8)
    outline = np.array(OUTLINES[kind], np.float32) * over
    cv2.fillPoly(big, [np.round(outline).astype(np.int32)], 255)
    alpha = cv2.resize(big, (400, 520), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    y, x = np.mgrid[0:520, 0:400].astype(np.float32)
    cloth = np.array(colour, np.float32) * (1 + 0.06 * np.sin(x / 17) * np.sin(y / 23))[..., None]
    stripe = ((y.astype(int) // 24) % 3 == 0)[..., None]
    cloth = np.where(stripe, 0.7 * cloth + 0.3 * 255, cloth)
    plain = np.array(ground, np.float32) - (4 * y / 520)[..., None]
    pixels = cloth * alpha[..., None] + plain * (1 - alpha[..., None])
    pixels += np.random.default_rng(0).normal(0, noise, pixels.shape)
    return Image.fromarray(np.clip(np.round(pixels), 0, 255).astype(np.uint8)), alpha
