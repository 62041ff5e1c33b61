"""A configuration.json that was written by hand is believed or refused in one line."""

import json
import re

import pytest

from experiments.__main__ import entries
from experiments.mnist.configuration import MnistConfiguration
from experiments.options import identity
from experiments.recorded import recorded_options
from experiments.script import main
from rhythmic.records import plain
from tests.experiments.commands import refusal

EXPERIMENTS = entries()
NODE = {"experiment": "rhythmic_node"}


def refused(folder, command, record, monkeypatch):
    """Return what a command says that is to draw again from a record."""
    (folder / "configuration.json").write_text(json.dumps(record))
    (folder / "results.npz").write_bytes(b"x")
    monkeypatch.setattr("sys.argv", ["command", "--redraw", str(folder)])
    return refusal(command)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"seeds": 5}, "seeds is 5; it must be a list, each value an integer"),
        ({"seeds": [[1]]}, "seeds is [[1]]; it must be a list, each value an integer"),
        ({"epochs": "a"}, "epochs is 'a'; it must be an integer"),
        ({"epochs": True}, "epochs is True; it must be an integer"),
        ({"architectures": "rnn"}, "architectures is 'rnn'; it must be a list, each value a text"),
        ({"clip_norm": None}, "clip_norm is None; it must be a number"),
        ({"results": 5}, "results is 5; it must be a path or null"),
    ],
)
def test_a_recorded_value_of_another_type_is_named(record, message):
    with pytest.raises(ValueError, match=re.escape(f"configuration.json: {message}")):
        recorded_options(MnistConfiguration, record)


@pytest.mark.parametrize("value", ["a", [1], None, {"a": 1}, True, "x" * 1000])
def test_scripts_name_a_recorded_value_of_another_type(tmp_path, monkeypatch, value):
    (experiment,) = (one for one in EXPERIMENTS if one.name == "rhythmic_node")
    record = {**NODE, "frequency": value}
    said = refused(tmp_path, lambda: main(experiment), record, monkeypatch)
    assert said.startswith("error: configuration.json: frequency is ")
    assert said.endswith("; it must be a number")
    assert len(said) < 200


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_what_runs_record_is_read_as_it_was(experiment):
    for options in experiment.presets.values():
        recorded = json.loads(json.dumps(plain(identity(options))))
        found = recorded_options(type(options), recorded)
        assert plain(found) == recorded
        assert {name: type(value) for name, value in found.items()} == {
            name: type(value) for name, value in identity(options).items()
        }
