"""Arguments are compared with their annotations, and nothing that fits is refused."""

import math
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.arguments import checked
from rhythmic.typing import AnyArray, Array, Bool, Float, Int

KEY = jax.random.key(0)


@checked
def everything(
    count: int = 1,
    dt: float = 0.1,
    flag: bool = False,
    name: str = "a",
    choice: Literal["a", "b"] = "a",
    folder: Path | None = None,
    key: jax.Array | None = None,
    weights: Float[AnyArray, "post pre"] | None = None,
    labels: Int[AnyArray, " example"] | None = None,
    mask: Bool[Array, " time"] | None = None,
    level: Float[AnyArray, "*member"] | float = 0.0,
    rates: tuple[float, ...] = (),
    pair: tuple[int, int] = (1, 2),
    names: Sequence[str] = (),
    table: Mapping[str, float] | None = None,
    step: Callable[..., Any] | None = None,
    state: Any = None,
) -> bool:
    return True


FITS = [
    ("count", np.int16(3)),
    ("count", jnp.array(3)),
    ("dt", 1),
    ("dt", np.float32(0.1)),
    ("dt", jnp.array(0.1)),
    ("dt", math.nan),  # the range is for the function
    ("flag", np.True_),
    ("folder", "a/b"),
    ("key", jax.random.PRNGKey(0)),
    ("weights", [[1, 2], [3, 4]]),
    ("weights", np.ones((2, 2), np.float16)),
    ("weights", np.full((2, 2), True)),
    ("labels", np.arange(3, dtype=np.uint8)),
    ("mask", np.ones(3, np.uint8)),
    ("weights", ((1.0, 2.0), (3.0, 4.0))),
    ("level", math.nan),
    ("level", np.ones((2, 3))),
    ("rates", np.ones(3)),
    ("rates", [1, 2.5]),
    ("names", ["a"]),
    ("table", {"a": 1}),
    ("step", len),
    ("state", (jnp.ones(2), {"a": 1.0})),
]
REFUSED = [
    ("count", 2.0, "an integer"),
    ("count", True, "an integer"),
    ("count", 10**40, "an integer"),
    ("dt", "0.1", "a number"),
    ("dt", True, "a number"),
    ("dt", np.ones(2), "a number"),
    ("flag", 1, "True or False"),
    ("name", " ", "a name"),
    ("choice", "c", "choose from a, b"),
    ("folder", "", "a path"),
    ("key", 0, "a key of JAX"),
    ("weights", "ab", "an array of real numbers"),
    ("weights", np.array([["a"]]), "an array of real numbers"),
    ("weights", [[1], [1, 2]], "an array of real numbers"),
    ("weights", np.ones((2, 2), complex), "an array of real numbers"),
    ("labels", np.array([0.5]), "an array of integers"),
    ("mask", np.ones(3), "an array of booleans"),
    ("level", None, "an array of real numbers"),
    ("rates", "12", "a sequence, each entry a number"),
    ("rates", [1, "2"], "a sequence, each entry a number"),
    ("pair", (1, 2, 3), "a sequence, each entry an integer"),
    ("names", "ab", "a sequence, each entry a string"),
    ("table", {"": 1}, "a mapping from names"),
    ("table", {"a": "1"}, "a mapping from names"),
    ("step", 3, "a function"),
    ("state", "word", "a tree of arrays of numbers"),
    ("state", [np.array([None])], "a tree of arrays of numbers"),
]


@pytest.mark.parametrize(("argument", "value"), FITS, ids=lambda value: str(value)[:20])
def test_what_fits_passes(argument, value):
    assert everything(**{argument: value})


@pytest.mark.parametrize(("argument", "value", "allowed"), REFUSED, ids=lambda v: str(v)[:20])
def test_what_does_not_fit_is_refused_by_name(argument, value, allowed):
    with pytest.raises(ValueError, match=rf"^{argument} is .*{allowed}") as caught:
        everything(**{argument: value})
    assert "\n" not in str(caught.value)


def test_an_integer_is_one_of_python_whatever_held_it():
    @checked
    @partial(jax.jit, static_argnames="num_steps")
    def zeros(num_steps: int):
        return jnp.zeros(num_steps)

    for three in (3, np.int8(3), np.array(3), jnp.array(3)):
        assert zeros(num_steps=three).shape == (3,)


def test_a_path_may_be_a_string():
    @checked
    def parents(folder: Path, other: Path | None = None, *, text: str | Path = "a/b"):
        return folder.parent, other and other.parent, text

    assert parents("a/b", other="c/d") == (Path("a"), Path("c"), "a/b")
    assert parents(Path("a/b"), text="x/y") == (Path("a"), None, "x/y")


def test_traced_values_pass_and_are_traced_once():
    @checked
    def scaled(x: Float[Array, " node"], dt: float, count: int) -> Array:
        return x * dt * count

    assert np.all(jax.jit(scaled)(jnp.ones(2), 0.5, 2) == 1)


def test_finite_numbers_are_asked_for_and_axes_always():
    @checked(finite=True)
    def applied(
        weights: Float[AnyArray, "post pre"], x: Float[AnyArray, "pre *batch"], dt: float = 1.0
    ) -> Any:
        return np.tensordot(weights, x, 1) * dt

    assert applied(np.ones((2, 3)), np.ones((3, 4, 5))).shape == (2, 4, 5)
    for arguments, message in (
        ((np.ones(3), np.ones(3)), r"^weights has shape \(3,\); expected \(post, pre\)$"),
        ((np.ones((2, 3)), np.ones(2)), r"^x has shape \(2,\); .* with pre = 3 as in weights$"),
        ((np.ones((2, 3)), np.ones(())), r"^x has shape \(\); expected \(pre, \*batch\)$"),
        ((np.ones((2, 3)), np.ones(3), math.inf), r"^dt is inf; it must be a finite number$"),
    ):
        with pytest.raises(ValueError, match=message):
            applied(*arguments)


@checked
@dataclass(frozen=True)
class Options:
    seed: int
    rates: tuple[float, ...] = (0.1,)


@checked
class Layer(eqx.Module):
    weights: Array
    size: int = eqx.field(static=True)

    def __init__(self, size: int, *, key: jax.Array):
        self.weights, self.size = jax.random.normal(key, (size, size)), size


def test_constructors_compare_and_stay_what_they_are():
    with pytest.raises(ValueError, match=r"^seed is 1\.5; it must be an integer"):
        Options(1.5)
    assert pickle.loads(pickle.dumps(Options(1))) == Options(1)
    with pytest.raises(ValueError, match=r"^size is '3'; it must be an integer"):
        Layer("3", key=KEY)
    built = jax.vmap(lambda key: Layer(3, key=key))(jax.random.split(KEY, 2))
    assert built.weights.shape == (2, 3, 3)
