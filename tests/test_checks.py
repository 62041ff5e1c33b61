"""What is given is taken for what it is: integers, numbers, names, and nothing else."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.checks import (
    checked_choice,
    checked_integer,
    checked_real,
)


@pytest.mark.parametrize(
    "three", [3, np.int8(3), np.uint64(3), np.array(3), jnp.array(3)], ids=repr
)
def test_every_kind_of_integer_is_one_of_python(three):
    found = checked_integer("count", three, 1)
    assert found == 3
    assert type(found) is int


@pytest.mark.parametrize(
    "value",
    [3.0, True, np.True_, "3", None, math.nan, 2j, [3], np.arange(2), jnp.array(True), 10**30],
    ids=repr,
)
def test_what_is_no_count_is_refused_by_name(value):
    with pytest.raises(
        ValueError, match=r"^count is .*; it must be an integer in 1 to 2147483647$"
    ):
        checked_integer("count", value, 1)


def test_integers_keep_their_range():
    assert checked_integer("seed", -3) == -3
    assert checked_integer("seed", 2**32 - 1, 0, 2**32 - 1) == 2**32 - 1
    with pytest.raises(ValueError, match=r"^count is 0; it must be at least 1$"):
        checked_integer("count", 0, 1)
    with pytest.raises(ValueError, match=r"^count is 9; it must be at most 8$"):
        checked_integer("count", 9, 1, 8)


@pytest.mark.parametrize("value", [2, 2.5, np.float32(2.5), np.int64(2), jnp.array(2.5)], ids=repr)
def test_a_real_number_is_returned_as_it_is(value):
    assert checked_real("dt", value, above=0) is value


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, 0, -1.0, True, "2", None, 2j, 10**400, np.ones(1), np.array("2")],
    ids=lambda value: str(value)[:10],
)
def test_what_is_no_number_above_zero_is_refused_by_name(value):
    with pytest.raises(ValueError, match=r"^dt is .*; it must be a finite number above 0$"):
        checked_real("dt", value, above=0)


def test_bounds_are_open_or_closed_and_infinity_is_a_choice():
    assert checked_real("share", 0.0, least=0, most=1) == 0
    assert checked_real("limit", math.inf, above=0, infinite=True) == math.inf
    with pytest.raises(
        ValueError, match=r"^share is 1\.5; it must be .* of at least 0 and below 1$"
    ):
        checked_real("share", 1.5, least=0, below=1)
    with pytest.raises(ValueError, match=r"^limit is nan; it must be a number above 0$"):
        checked_real("limit", math.nan, above=0, infinite=True)


def test_traced_values_pass():
    def summed(count, dt):
        return checked_integer("count", count, 1) + checked_real("dt", dt, above=0)

    assert jax.jit(summed)(-1, -2.0) == -3


def test_choices():
    assert checked_choice("kind", "a", ("a", "b")) == "a"
    with pytest.raises(ValueError, match=r"^kind is \['a'\]; choose from a, b$"):
        checked_choice("kind", ["a"], ("a", "b"))


def test_an_error_shows_the_values_of_a_short_array():
    for value, told in (
        (np.array([1.0, np.nan]), r"\[ 1\. nan\]"),
        (jnp.array([[1, 2], [3, 4]]), r"\[\[1 2\] \[3 4\]\]"),
        (np.zeros(7), r"an array of shape \(7,\) and type float64"),
        (np.array(["a", "b"]), r"an array of shape \(2,\) and type <U1"),
        (jax.random.key(0), r"an array of shape \(\) and type key<fry>"),
    ):
        with pytest.raises(ValueError, match=f"^count is {told}; it must be"):
            checked_integer("count", value, 1)


def test_an_error_is_one_short_line():
    for value in ("x" * 10_000, "a\nb\x1b[2J", np.zeros((300, 300)), 10**5000, object()):
        with pytest.raises(ValueError, match="count is ") as caught:
            checked_integer("count", value, 1)
        text = str(caught.value)
        assert text.isprintable()
        assert len(text) < 160
