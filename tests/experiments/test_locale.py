"""A run where the locale is not UTF-8 ends as elsewhere, and a damaged example is made again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rhythmic.sealed import read_sealed

ROOT = Path(__file__).parents[2]
COMMAND = [
    *(sys.executable, "-m", "experiments.mnist", "--architectures", "rrn-golden-unconnected"),
    *("--seeds", "1", "--epochs", "1", "--batch-size", "400", "--devices", "1"),
]
# As under a locale such as en_US.ISO-8859-1, which need not be installed for this.
NOT_UTF8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

pytestmark = pytest.mark.slow


def run(folder, changes):
    """Run the command in a run folder; return what it said, as bytes."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONIOENCODING", "LANG")}
    done = subprocess.run(
        [*COMMAND, "--run-dir", str(folder)],
        cwd=ROOT,
        env=environment | changes,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b"Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run folder of a whole run without UTF-8."""
    folder = tmp_path_factory.mktemp("locale") / "run"
    run(folder, NOT_UTF8)
    return folder


def test_the_summary_is_whole_and_utf8_whatever_the_locale(folder):
    written = (folder / "summary.txt").read_bytes()
    text = written.decode("utf-8")
    assert "─" in text  # a rule of the table, which ASCII does not hold
    assert "Recipe: 1 epochs" in text
    assert text.endswith("\n")
    assert (folder / "summary.csv").read_bytes().decode("utf-8").count("\n") >= 2
    for changes in ({"PYTHONUTF8": "1"}, NOT_UTF8):
        run(folder, changes)
        assert (folder / "summary.txt").read_bytes() == written


@pytest.mark.parametrize("content", [b"", b"\xff{"])
def test_an_example_that_was_damaged_is_made_again(folder, content):
    path = folder / "example.json"
    whole = path.read_bytes()
    path.write_bytes(content)
    done = run(folder, NOT_UTF8)
    assert f"{path} is damaged" in done.stderr.decode("utf-8", "replace")
    assert path.read_bytes() == whole
    assert read_sealed(path)["seed"] == 1
    assert content in [kept.read_bytes() for kept in (folder / "damaged").iterdir()]
