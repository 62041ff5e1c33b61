"""Every command of the project, with an option that it should not have: one line, or it parses.

Nothing is computed: a command is stopped once its options are read and checked.
"""

import importlib
import math
import time
from collections.abc import Sequence
from typing import Any

import pytest
import tyro
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import (
    accelerator,
    epochs,
    golden_rhythms,
    paper,
    stability_atlas,
    sweep_files,
    training_step,
)
from experiments import script
from experiments.__main__ import NAMES, IndexOptions
from experiments.compare import __main__ as compare
from rhythmic.sweep.__main__ import main as sweep_main

WORDS = (
    "",
    " ",
    "nan",
    "-inf",
    "1e400",
    "-1",
    "0",
    "2.5",
    "true",
    "None",
    "99999999999999999999",
    "9" * 5000,
    "0x10",
    "1_0",
    "\N{SUPERSCRIPT TWO}",
    "\N{ARABIC-INDIC DIGIT THREE}",
    "\N{GREEK SMALL LETTER PHI}\N{COMBINING ACUTE ACCENT}",
    "\N{RIGHT-TO-LEFT OVERRIDE}name",
    "\x1b[2J",
    "a\nb",
    "--",
    "--preset",
    "../..",
    "/dev/null",
    "long" * 2000,
)
# Commands whose options are one dataclass, which checks them.
DATACLASSES = {
    "compare": compare.CompareAllOptions,
    "experiments": IndexOptions,
    "benchmarks.epochs": epochs.Options,
    "benchmarks.golden_rhythms": golden_rhythms.Options,
    "benchmarks.paper": paper.Options,
    "benchmarks.stability_atlas": stability_atlas.Options,
    "benchmarks.sweep_files": sweep_files.Options,
    "benchmarks.training_step": training_step.Options,
}
PARTS = ("steps", "epochs", "paper")
COMMANDS = (*DATACLASSES, *NAMES)
COMMANDS += tuple(f"benchmarks.accelerator {part}" for part in PARTS)


def options_of(command: str) -> Any:
    """Return the options that a command has by default."""
    if command in DATACLASSES:
        return DATACLASSES[command]()
    if command.startswith("benchmarks.accelerator"):
        return accelerator.parse([*command.split()[1:], "--output", "absent"])
    return importlib.import_module(f"experiments.{command}").EXPERIMENT.presets["quick"]


def read(command: str, arguments: list[str]) -> Any:
    """Read and check a command line as the command does, and go no further."""
    if command in DATACLASSES:
        return tyro.cli(DATACLASSES[command], args=arguments)
    if command.startswith("benchmarks.accelerator"):
        options = accelerator.parse([*command.split()[1:], "--output", "absent", *arguments])
        accelerator.check(options)
        return options
    experiment = importlib.import_module(f"experiments.{command}").EXPERIMENT
    return script.parse(experiment, arguments)


def fault_of(command: str, arguments: list[str]) -> str:
    """Return what is wrong with a command's answer to a line, if anything."""
    begin = time.process_time()
    try:
        options = read(command, arguments)
    except SystemExit as error:
        text = str(error.code)
        told = isinstance(error.code, int) or (len(text.splitlines()) == 1 and text.isprintable())
        return "" if told else f"not one line: {text[:200]!r}"
    except (ValueError, OSError) as error:  # as `main` turns it into the one line
        text = str(error)
        return "" if text.isprintable() and text else f"not one line: {text[:200]!r}"
    if time.process_time() - begin > 5:
        return "took more than 5 s"
    for name, value in vars(options).items():
        several = value if isinstance(value, tuple | list) else (value,)
        if any(isinstance(one, float) and math.isnan(one) for one in several):
            return f"accepted {name} = {value}"
    return ""


def lines(commands: Sequence[str] = COMMANDS) -> st.SearchStrategy[tuple[str, list[str]]]:
    """Draw one of some commands with one or two options, and what stands after them."""
    words = st.one_of(st.sampled_from(WORDS), st.text(max_size=12))

    def with_options(command: str) -> st.SearchStrategy[tuple[str, list[str]]]:
        fields = [name.replace("_", "-") for name in vars(options_of(command))]
        one = st.tuples(st.sampled_from([*fields, "no-such-option"]), st.lists(words, max_size=2))
        joined = st.lists(one, min_size=1, max_size=2).map(
            lambda given: [word for name, after in given for word in (f"--{name}", *after)]
        )
        return joined.map(lambda line: (command, line))

    return st.sampled_from(commands).flatmap(with_options)


IN_ALL = settings(
    database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)


@settings(IN_ALL, max_examples=40, derandomize=True)
@given(lines())
def test_a_line_that_makes_no_sense_is_answered_by_one(line):
    assert fault_of(*line) == ""


@pytest.mark.slow
@settings(IN_ALL, max_examples=1500)
@given(lines())
def test_many_lines_that_make_no_sense_are_answered_by_one(line):
    assert fault_of(*line) == ""


@pytest.mark.parametrize("word", [*WORDS[:4], "--", "absent", "a\x1b[2J"], ids=repr)
@pytest.mark.parametrize("command", ["show", "verify", "compare", "export"])
def test_commands_of_sweeps_answer_by_one_line(command, word, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = {"compare": [word, word], "export": [word, "--to", word]}.get(command, [word])
    with pytest.raises(SystemExit) as caught:
        sweep_main([command, *line])
    text = str(caught.value.code)
    assert isinstance(caught.value.code, int) or (text.isprintable() and text)


@settings(IN_ALL, max_examples=40, derandomize=True)
@given(lines([name for name in COMMANDS if name.startswith(("benchmarks", "experiments"))]))
def test_a_line_of_a_benchmark_that_makes_no_sense_is_answered_by_one(line):
    assert fault_of(*line) == ""
