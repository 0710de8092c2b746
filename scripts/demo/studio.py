"""Photographs the collection: renders every item and person and writes the catalog directory."""

import json
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.catalog import Catalog, write_catalog
from scripts.demo.assortment import Item
from scripts.demo.collection import SEED, draw_collection, photos
from scripts.demo.garments import HEIGHT, WIDTH, render
from scripts.demo.people import PEOPLE, Person, render_person

QUALITY = 80


def close_up(item: Item) -> np.ndarray:
    """A photo of the cloth from near by: uint8 RGB (512, 384, 3)."""
    large = render(item, scale=4, shrink=False)
    top = {"Skirt": 0.42, "Trousers": 0.3, "Jeans": 0.2, "Shorts": 0.42, "Dress": 0.2}.get(
        item.category, 0.3
    )
    y, x = round(top * large.shape[0]), round(0.46 * large.shape[1])
    view = large[y : y + 640, x : x + 480]
    return cv2.resize(view, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


def shoot(folder: Path, scale: int, numbered: tuple[int, Item]) -> None:
    """Render one item's photos into a folder, `scale` times as fine before averaging."""
    cv2.setNumThreads(1)
    row, item = numbered
    for name in photos(row, item):
        picture = close_up(item) if name.endswith("-2.webp") else render(item, scale)
        Image.fromarray(picture).save(folder / name, "WEBP", quality=QUALITY, method=4)


def portray(folder: Path, person: Person) -> dict[str, object]:
    """Render one person into a folder and return the entry for models.json."""
    cv2.setNumThreads(1)
    photo, parse, keypoints = render_person(person)
    Image.fromarray(photo).save(folder / f"{person.id}.webp", "WEBP", quality=88, method=6)
    Image.fromarray(parse).save(folder / f"{person.id}.png", optimize=True)
    return {
        "id": person.id, "title": person.title, "image": f"{person.id}.webp",
        "parse": f"{person.id}.png", "keypoints": keypoints, "skin": person.skin,
        "build": person.build, "pose": person.pose,
    }  # fmt: skip


def make_catalog(out: Path, seed: int = SEED, workers: int = 2, scale: int = 2) -> Catalog:
    """Draw, render and write the whole demo catalog with its people and true contributions."""
    items, catalog, contributions = draw_collection(seed)

    def add_files(folder: Path) -> None:
        (folder / "models").mkdir()
        with Pool(workers) as pool:
            pool.map(partial(shoot, folder / "images", scale), list(enumerate(items)), chunksize=8)
            people = pool.map(partial(portray, folder / "models"), PEOPLE, chunksize=1)
        text = json.dumps({"models": people}, indent=1) + "\n"
        (folder / "models" / "models.json").write_text(text, encoding="utf-8")
        contributions.to_parquet(folder / "contributions.parquet", index=False)

    return write_catalog(catalog, out, add_files=add_files)
