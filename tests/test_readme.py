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
    commands.remove("--help")
    assert len(commands) >= 3
    for command in commands:
        parse(shlex.split(command, comments=True))


def test_every_picture_of_the_readme_is_there():
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).exists()


def test_the_python_of_the_readme_runs_and_has_the_shapes_it_says():
    sweeps, first, second = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    names: dict = {}
    exec(first, names)
    cell, inputs, rhythmic = names["cell"], names["inputs"], names["rhythmic"]
    assert rhythmic.trajectory(cell, inputs, every=10).observed.shape == (78, 11, 128)
    mean = rhythmic.time_mean(cell, inputs, observe=cell.squared_amplitude).mean
    assert mean.shape == (11, 128)
    exec(second, names)
    assert [layer.activity.tolist() for layer in names["layers"]] == [[-2, 1, 4], [2, -4, 6]]
    assert rhythmic.RhythmKind(int(names["rhythm"].kind)).name == "DECAYS"
    exec(sweeps, names)
    assert dict(names["result"].dataset()["decay_time"].sizes) == {
        "frequency": 100,
        "pole_radius": 50,
    }
    assert abs(float(names["exponents"].per_step[0]) - 0.6931) < 0.01
