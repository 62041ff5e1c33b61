"""One flipped bit anywhere in a run folder is found, or changes nothing that is read."""

import contextlib
import csv
import io
import random
import shutil

import pytest

from experiments import script
from tests.experiments.commands import run_small

FLIPS = 100
# What is written from the rows at every call, and read by nobody here.
WRITTEN_ANEW = {"summary.csv", "summary.txt", "members.csv", "history.csv"}
# Times, hosts and versions, which are no results.
ADVISORY = {"provenance.jsonl", "timings.jsonl", "computed.json", "lock"}


def go(folder):
    """Do what ``python -m experiments.mnist`` does, on small digits; return what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        run_small(folder)
    return said.getvalue()


def table(folder):
    """Return the table of a run."""
    with open(folder / "summary.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_every_flipped_bit_is_found_or_changes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "save", lambda *arguments: None)
    whole = tmp_path / "whole"
    go(whole)
    expected = table(whole)
    stored = {
        path.relative_to(whole): path.read_bytes()
        for path in sorted(whole.rglob("*"))
        if path.is_file() and path.stat().st_size
    }
    names = list(stored)
    generator = random.Random(11)
    named = 0
    for number in range(FLIPS):
        name = names[number % len(names)]
        folder = tmp_path / "run"
        shutil.copytree(whole, folder)
        content = bytearray(stored[name])
        place = generator.randrange(len(content))
        content[place] ^= 1 << generator.randrange(8)
        (folder / name).write_bytes(content)
        said = go(folder)
        where = (str(name), place)
        assert table(folder) == expected, where
        if name.name not in WRITTEN_ANEW | ADVISORY:
            unread = stored[name][place : place + 1].isspace()  # between two values
            assert name.name in said or unread, where
            named += name.name in said
        shutil.rmtree(folder)
    with capsys.disabled():
        print(f" {FLIPS} flips in {len(names)} files, {named} of them named")
    assert named > FLIPS // 5
