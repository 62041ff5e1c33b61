"""Wide integers of NumPy give what the same floats give, or are refused, wherever arrays go."""

import inspect
import warnings
from typing import Any

import jax
import numpy as np
import pytest

from tests.fuzz.calls import SUBJECTS, interrupted, replaceable
from tests.fuzz.hostile import is_array, options
from tests.fuzz.sound import arguments
from tests.marks import rest_slow

WIDE = 2**32  # zero in 32 bits


def takes_real_numbers(parameter: inspect.Parameter) -> bool:
    """Tell whether an annotation is that of an array of real numbers."""
    dtypes = [one.dtypes for one in options(parameter.annotation) if is_array(one)]
    return any(isinstance(names, tuple) and "float32" in names for names in dtypes)


CASES = [
    (name, parameter.name)
    for name in SUBJECTS
    for parameter in replaceable(name)
    if takes_real_numbers(parameter)
]


def outcome(name: str, argument: str, value: Any) -> Any:
    """Return the numbers that a call gives, or the type of its error."""
    call = SUBJECTS[name].call
    given = {**arguments(name, call), argument: value}
    try:
        with warnings.catch_warnings(), interrupted(20):
            warnings.simplefilter("ignore")
            found = call(**given)
    except (ValueError, TypeError, RuntimeError, NotImplementedError) as error:
        return type(error).__name__
    numbers = (int, float, np.ndarray, np.generic, jax.Array)
    leaves = (np.asarray(leaf) for leaf in jax.tree.leaves(found) if isinstance(leaf, numbers))
    return [leaf for leaf in leaves if leaf.dtype.kind in "biufc"]


def differs(name: str, argument: str) -> bool:
    """Tell whether a call takes wide integers for other numbers."""
    shape = np.shape(arguments(name, SUBJECTS[name].call).get(argument, 0))
    integers = outcome(name, argument, np.full(shape, WIDE)[()])
    numbers = outcome(name, argument, np.full(shape, float(WIDE))[()])
    if isinstance(integers, str):
        return False  # refused
    return isinstance(numbers, str) or any(
        not np.allclose(a, b, rtol=1e-3, equal_nan=True)
        for a, b in zip(integers, numbers, strict=True)
    )


@pytest.mark.slow
def test_wide_integers_are_the_numbers_that_they_are():
    assert len(CASES) > 150
    assert [case for case in CASES if differs(*case)] == []


@pytest.mark.parametrize(
    ("name", "argument"),
    rest_slow(
        [("theory.is_stable", "w1"), ("baselines.fourier_power", "sequences")],
        ("theory.is_stable", "w1"),
    ),
)
def test_wide_integers_of_some_arguments(name, argument):
    assert (name, argument) in CASES
    assert not differs(name, argument)
