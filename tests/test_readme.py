"""The README's commands are the ones that exist."""

import re
import shlex
from pathlib import Path

from experiments.mnist.__main__ import parse
from experiments.mnist.configuration import PRESETS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_first_block_runs_quick_and_the_second_the_tests():
    first, second = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[:2]
    for block in (first, second):
        assert block.startswith("python3 -m venv .venv\n.venv/bin/pip install -e ")
    arguments = shlex.split(first.strip().splitlines()[-1])
    assert arguments[:3] == [".venv/bin/python", "-m", "experiments.mnist"]
    assert parse(arguments[3:]) == PRESETS["quick"]
    assert second.strip().splitlines()[-1].startswith(".venv/bin/pytest")


def test_every_experiment_command_of_the_readme_parses():
    commands = re.findall(r"python -m experiments\.mnist (--[^`\n]*)", README)
    assert commands
    for command in commands:
        parse(shlex.split(command, comments=True))


def test_every_picture_of_the_readme_is_there():
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).exists()


def test_the_python_of_the_readme_runs_and_has_the_shapes_it_says(capsys):
    (block,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    names: dict = {}
    exec(block, names)
    assert capsys.readouterr().out.startswith("OSCILLATES_AND_DISAPPEARS 0.099")
    assert names["path"].shape == (201,)
    assert names["every_tenth"].shape == (78, 11, 128)
    assert names["power"].shape == (11, 128)


def test_every_page_that_the_readme_links_to_is_there():
    pages = re.findall(r"\]\(([\w./]+\.md)\)", README)
    assert len(pages) >= 5
    for page in pages:
        assert (ROOT / page).exists(), page


def test_the_readme_fits_on_two_screens():
    assert len(README.splitlines()) <= 115
