"""Every public callable answers to an argument that makes no sense by one line that names it."""

import inspect
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rhythmic.data import download
from tests.fuzz.calls import SUBJECTS, fault_of, replaceable
from tests.fuzz.hostile import (
    VALUES,
    is_no_such_thing,
    may_not_be,
    names,
    others,
    value_of,
)
from tests.fuzz.sound import TABLE, arguments

# Their arguments are made at once, and nothing is compiled for them.
QUICK = ("theory.", "statistics.", "rhythms.", "tasks.", "static.", "coupled.")
# They train: a value that fits costs minutes.
TRAINED = {
    "training.estimate_group",
    "training.seconds_per_update",
    "training.train",
    "compare.compare_networks",
}
FUZZED = [name for name in SUBJECTS if name not in TRAINED]
# Their own checks name the axis or the output that the argument belongs to.
BY_HAND = ("sweep.",)

IN_ALL = settings(
    database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Nothing is downloaded, whatever folder is named."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError("offline")

    monkeypatch.setattr(download.urllib.request, "urlopen", refuse)


def pairs_of(names_of: list[str]) -> list[tuple[str, str]]:
    """Return every callable with each of its parameters."""
    return sorted((name, parameter.name) for name in names_of for parameter in replaceable(name))


def of_several(names_of: list[str]) -> st.SearchStrategy[tuple[str, str]]:
    """Draw a callable, and one of its parameters."""
    return st.sampled_from(pairs_of(names_of))


def compares(call: Any) -> bool:
    """Tell whether a callable, or its constructor, stands behind `rhythmic.arguments.checked`."""
    entrance = call.__init__ if isinstance(call, type) else call
    return getattr(entrance, "compares", False)


def test_every_public_callable_compares_its_arguments():
    absent = [
        name
        for name, subject in SUBJECTS.items()
        if replaceable(name) and not name.startswith(BY_HAND) and not compares(subject.call)
    ]
    assert absent == [], f"decorate with rhythmic.arguments.checked: {absent}"


def test_the_table_of_sound_arguments_names_what_there_is():
    for name, given_arguments in TABLE.items():
        parameters = inspect.signature(SUBJECTS[name].call).parameters
        assert set(given_arguments) <= set(parameters), name


@settings(IN_ALL, max_examples=120, derandomize=True)
@given(of_several([name for name in SUBJECTS if name.startswith(QUICK)]), names())
def test_what_cannot_be_meant_is_refused(place, value_name):
    name, argument = place
    value = value_of(value_name)
    parameter = inspect.signature(SUBJECTS[name].call).parameters[argument]
    assume(value is not parameter.default)
    assume(may_not_be(argument, parameter.annotation, value))
    assert fault_of(name, {argument: value}) == ""


def refused_by_training() -> list[tuple[str, str, str]]:
    """Return what no function that trains may accept, so that none of them trains."""
    return [
        (name, parameter.name, value_name)
        for name in sorted(TRAINED)
        for parameter in replaceable(name)
        for value_name in sorted(VALUES)
        if may_not_be(parameter.name, parameter.annotation, value_of(value_name))
        or is_no_such_thing(parameter.annotation, value_of(value_name))
    ]


@pytest.mark.parametrize("name", sorted(TRAINED))
def test_what_cannot_be_meant_is_refused_before_anything_trains(name):
    cases = [case for case in refused_by_training() if case[0] == name]
    assert {argument for _, argument, _ in cases} >= {
        parameter.name
        for parameter in replaceable(name)
        # Anything may stand there, or an object of a class or of two, or nothing.
        if parameter.name
        not in ("data", "recordings", "tell", "recipe", "split", "folder", "executor")
    }
    faults = {
        (argument, value_name): fault
        for _, argument, value_name in cases
        if (fault := fault_of(name, {argument: value_of(value_name)}))
    }
    assert faults == {}


def test_every_argument_that_must_be_given_has_a_sound_value():
    for name, subject in SUBJECTS.items():
        needed = {one.name for one in replaceable(name) if one.default is one.empty}
        assert needed <= arguments(name, subject.call).keys(), name


def test_what_designs_and_sweeps_take_is_tried_as_well():
    tried = {name for name, _ in pairs_of(FUZZED)}
    expected = {name for name in SUBJECTS if name.startswith("sweep.") and replaceable(name)}
    assert expected
    assert expected <= tried


@pytest.mark.slow
@settings(IN_ALL, max_examples=1500)
@given(of_several(FUZZED), st.one_of(names(), others()))
def test_nothing_is_accepted_in_silence_and_nothing_ends_in_a_traceback(place, value):
    name, argument = place
    hostile = value_of(value) if isinstance(value, str) and value in VALUES else value
    assert fault_of(name, {argument: hostile}) == ""
