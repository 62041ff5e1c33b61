"""The README's commands are the ones that exist."""

import re
import shlex
from pathlib import Path

import numpy as np

from experiments.mnist import EXPERIMENT
from experiments.script import parse

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_first_block_runs_quick_and_the_second_the_tests():
    first, second = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[:2]
    for block in (first, second):
        assert block.startswith("python3 -m venv .venv\n.venv/bin/pip install -e ")
    arguments = shlex.split(first.strip().splitlines()[-1])
    assert arguments[:3] == [".venv/bin/python", "-m", "experiments.mnist"]
    assert parse(EXPERIMENT, arguments[3:]) == EXPERIMENT.presets["quick"]
    assert second.strip().splitlines()[-1].startswith(".venv/bin/pytest")


def test_every_experiment_command_of_the_readme_parses():
    commands = re.findall(r"python -m experiments\.mnist (--[^`\n]*)", README)
    assert commands
    for command in commands:
        parse(EXPERIMENT, shlex.split(command, comments=True))


def test_every_picture_of_the_readme_is_there():
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).exists()


def test_the_recordings_of_the_readme_are_told_apart_and_their_rhythms_found(capsys):
    (block,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    names: dict = {}
    exec(block, names)
    trained = names["trained"]
    assert capsys.readouterr().out.startswith("Trained(3 networks of 139 parameters, test accuracy")
    assert trained.test_scores.mean() > 0.85
    for network in trained.networks:
        found = network.cell.nodes.frequencies()
        for true in (7.0, 20.0, 40.0):
            assert min(abs(np.asarray(found) - true)) < 0.2 * true
    labels = names["recordings"].classes
    assert (trained.predict(names["volts"]) == [f"{x:g} Hz" for x in names["hertz"]]).mean() > 0.9
    assert set(labels) == {"7 Hz", "20 Hz", "40 Hz"}


def test_every_page_that_the_readme_links_to_is_there():
    pages = re.findall(r"\]\(([\w./]+\.md)\)", README)
    assert len(pages) >= 5
    for page in pages:
        assert (ROOT / page).exists(), page
