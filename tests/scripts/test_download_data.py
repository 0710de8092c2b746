"""The command against a fake server in the place of GitHub and Kaggle."""

import io
import json
import zipfile

import pytest

from core import downloads, public_sets
from scripts import download_data
from tests.core.fake_server import fake_server

KAGGLE_VARIABLES = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR")
LOGIN = "Basic bWU6dG9wLXNlY3JldA=="  # me:top-secret
STYLES = "/api/v1/datasets/download/paramaggarwal/fashion-product-images-small"
HM = "/api/v1/competitions/data/download/h-and-m-personalized-fashion-recommendations/"


def packed(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setattr(downloads, "WAIT", 0.001)
    for name in (*KAGGLE_VARIABLES, "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with fake_server() as fake:
        monkeypatch.setattr(public_sets, "KAGGLE", fake.url)
        monkeypatch.setattr(public_sets, "GITHUB", fake.url)
        fake.login = LOGIN
        yield fake


@pytest.fixture
def account(monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "me")
    monkeypatch.setenv("KAGGLE_KEY", "top-secret")


def run(tmp_path, *arguments):
    return download_data.main([*arguments, "--out", str(tmp_path / "out")])


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_the_clothing_set_needs_no_account(server, tmp_path, capsys):
    path = public_sets.SETS["clothing_dataset"].files[0][0]
    server.files[path] = packed(
        {"clothing-dataset-x/images.csv": "image,label\n", "clothing-dataset-x/images/a.jpg": "jpg"}
    )
    assert run(tmp_path, "clothing_dataset") == 0
    assert files(tmp_path / "out") == ["download.json", "images.csv", "images/a.jpg"]
    assert "Authorization" not in server.seen[0][1]
    assert "import_catalog.py" in capsys.readouterr().out


def test_kaggles_products_are_unpacked_once_though_the_archive_holds_them_twice(
    server, account, tmp_path, capsys
):
    server.files[STYLES] = packed(
        {"styles.csv": "id\n", "images/1.jpg": "x", "myntradataset/styles.csv": "id\n"}
    )
    assert run(tmp_path, "fashion_products") == 0
    assert files(tmp_path / "out") == ["download.json", "images/1.jpg", "styles.csv"]
    told = "".join(capsys.readouterr())
    recorded = json.loads((tmp_path / "out/download.json").read_text())
    assert set(recorded) == {STYLES}
    assert recorded[STYLES] in told
    assert "publishes no hash" in told
    assert "top-secret" not in told and LOGIN not in told


def test_a_second_run_fetches_nothing(server, account, tmp_path):
    server.files[STYLES] = packed({"styles.csv": "id\n"})
    assert run(tmp_path, "fashion_products") == 0
    assert run(tmp_path, "fashion_products") == 0
    assert len(server.seen) == 1


def test_hm_takes_tables_packed_or_not_and_goes_on_after_a_break(
    server, account, tmp_path, monkeypatch
):
    server.files[HM + "articles.csv"] = b"article_id\n" * 100_000
    server.files[HM + "transactions_train.csv"] = packed({"transactions_train.csv": "t_dat\n"})
    monkeypatch.setattr(downloads, "ATTEMPTS", 1)
    server.cut = [500_000]
    assert run(tmp_path, "hm") == 2
    assert run(tmp_path, "hm") == 0
    assert server.seen[1][1]["Range"] == "bytes=500000-"
    assert files(tmp_path / "out") == ["articles.csv", "download.json", "transactions_train.csv"]
    assert (tmp_path / "out/transactions_train.csv").read_text() == "t_dat\n"


def test_without_credentials_the_command_says_how_to_get_them(server, tmp_path, capsys):
    assert run(tmp_path, "hm") == 2
    assert "KAGGLE_USERNAME and KAGGLE_KEY" in capsys.readouterr().err
    assert server.seen == []


def test_a_refusal_names_the_rules_to_accept_and_shows_no_secret(
    server, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("KAGGLE_USERNAME", "me")
    monkeypatch.setenv("KAGGLE_KEY", "wrong-secret")
    server.files[HM + "articles.csv"] = b"x"
    assert run(tmp_path, "hm") == 2
    told = "".join(capsys.readouterr())
    assert "accept the rules" in told
    assert "wrong-secret" not in told
    assert len(told.strip().splitlines()) == 2


def test_credentials_come_from_kaggle_json_or_a_token(server, tmp_path, monkeypatch):
    server.files[STYLES] = packed({"styles.csv": "id\n"})
    home = tmp_path / "home/.kaggle"
    home.mkdir(parents=True)
    (home / "kaggle.json").write_text('{"username": "me", "key": "top-secret"}')
    assert run(tmp_path, "fashion_products") == 0
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_x")
    server.login = "Bearer KGAT_x"
    assert download_data.main(["fashion_products", "--out", str(tmp_path / "other")]) == 0


def test_a_damaged_kaggle_json_is_said_without_its_content(server, tmp_path, capsys):
    home = tmp_path / "home/.kaggle"
    home.mkdir(parents=True)
    (home / "kaggle.json").write_text('{"username": "me", "key": "top-secret"')
    assert run(tmp_path, "hm") == 2
    told = "".join(capsys.readouterr())
    assert "does not hold a username and a key" in told
    assert "top-secret" not in told


def test_an_archive_that_is_no_archive_is_kept_out(server, account, tmp_path, capsys):
    server.files[STYLES] = packed({"../evil": "x"})
    assert run(tmp_path, "fashion_products") == 2
    assert "leaves its folder" in capsys.readouterr().err
    assert not (tmp_path / "evil").exists()


def test_an_unknown_name_lists_the_known_ones(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(tmp_path, "zalando")
    assert stopped.value.code == 2
    assert "clothing_dataset" in capsys.readouterr().err
