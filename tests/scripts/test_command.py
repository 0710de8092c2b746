"""How commands end when they are stopped from outside."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.command import run

ROOT = Path(__file__).resolve().parents[2]


def test_a_command_exits_with_its_status():
    with pytest.raises(SystemExit) as stop:
        run(lambda: 2)
    assert stop.value.code == 2


def test_an_interruption_is_one_word(capsys):
    def interrupted() -> int:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as stop:
        run(interrupted)
    assert stop.value.code == 130
    assert capsys.readouterr().err.strip() == "Stopped."


def test_a_reader_that_goes_away_leaves_no_traceback():
    code = (
        "from scripts.command import run\n"
        "def main():\n"
        "    for i in range(100_000):\n"
        "        print('a line of output', i)\n"
        "    return 0\n"
        "run(main)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 141
    assert process.stderr.read() == b""
