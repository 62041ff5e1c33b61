"""What a sweep is: a pure function of named parameters, a design, and what comes out."""

import functools
import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import jax
import numpy as np

from rhythmic.records import fingerprint
from rhythmic.sweep.checks import (
    check_arguments,
    check_float32,
    check_integer,
    check_outputs,
    check_prepared,
    check_state,
)
from rhythmic.sweep.designs import Axis, Design, Dimension, Grid, Points
from rhythmic.sweep.functions import call_point
from rhythmic.typing import Array, PyTree

Precision = Literal["float32", "float64"]


@dataclass(frozen=True)
class Output:
    """What one result of a sweep means.

    Args:
        unit: of its values; "" where there is none.
        meaning: what it is, in a few words.
        dims: names of its own axes, in order; none for one number a point.
        nan_is_a_value: whether NaN and infinity are answers, such as the frequency of a node that
            does not oscillate. Otherwise they set the status of the point.
    """

    unit: str
    meaning: str = ""
    dims: tuple[str, ...] = ()
    nan_is_a_value: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.dims, str):
            raise ValueError(f"dims is {self.dims!r}; it must be a tuple of names")
        object.__setattr__(self, "dims", tuple(self.dims))


class Stages(NamedTuple):
    """A point that takes long, cut where it may be taken up again, such as an epoch of training.

    ``state = start(...)``, then ``num_stages`` times ``state = advance(state, ...)``, then the
    outputs ``finish(state, ...)``. In place of ``...`` each takes the parameters and the reserved
    keywords by name. The state goes to disk between stages; it must hold all that the rest needs.
    """

    start: Callable[..., PyTree]
    advance: Callable[..., PyTree]
    finish: Callable[..., Mapping[str, Array]]
    num_stages: int


@dataclass(frozen=True, eq=False)
class Sweep:
    """A pure function of named parameters over a design.

    Args:
        name: of the sweep, kept with the results.
        function: of one point. It takes every parameter of the design by keyword, as a scalar, and
            returns a dictionary of arrays, one for each of ``outputs``. It may also take

            ``key``       a PRNG key of its own, ``fold_in(key(seed), global index)``;
            ``shared``    the arrays given below, the same for every point;
            ``prepared``  the point's own row of what ``prepare`` gives.

            It may return ``first_bad_step`` beside its outputs, an integer: the first step of
            its run that was not finite, -1 for none. Runs that take long are ``Stages``.
        design: the points. The global index counts them, the last axis fastest.
        outputs: what the function returns.
        precision: in which points are computed, float32 or float64.
        seed: of the points' keys; needed where the function takes ``key``.
        shared: arrays that every point reads, such as images.
        prepare: called on the host with the parameters of many points as NumPy arrays; returns
            arrays with one row a point, such as splits drawn by NumPy.
        points_at_once: points that a device computes side by side, so that what a scan carries
            stays in a core's cache; by default all that a device holds.
        shared_identity: names ``shared`` in place of its bytes, such as a hash of the data from
            which it was computed; where the bytes depend on the device.
        compiler_options: of XLA, for all parts of the function.

    Raises:
        ValueError: for a function, outputs or values that do not fit one another, before anything
            is compiled.
    """

    name: str
    function: Callable[..., Mapping[str, Array]] | Stages
    design: Design
    outputs: Mapping[str, Output]
    precision: Precision = "float32"
    seed: int | None = None
    shared: PyTree = None
    prepare: Callable[[dict[str, np.ndarray]], PyTree] | None = None
    points_at_once: int | None = None
    shared_identity: str | None = None
    compiler_options: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.precision not in get_args(Precision):
            allowed = ", ".join(get_args(Precision))
            raise ValueError(f"precision is {self.precision!r}; choose from {allowed}")
        if not isinstance(self.design, Grid | Points):
            raise ValueError(f"design is a {type(self.design).__name__}; give a Grid or Points")
        declared = self.outputs.values() if isinstance(self.outputs, Mapping) else [None]
        if not all(isinstance(output, Output) for output in declared):
            raise ValueError("outputs must be a dictionary of Output by name")
        if not all(map(callable, self.parts)):
            raise ValueError("function must be a function, or Stages of three")
        if self.points_at_once is not None:
            check_integer("points_at_once", self.points_at_once, 1)
        if self.seed is not None:
            check_integer("seed", self.seed, 0)
        if isinstance(self.function, Stages):
            check_integer("num_stages", self.function.num_stages, 0)
        check_arguments(
            self.parts,
            self.columns,
            {"shared": self.shared, "prepared": self.prepare, "key": self.seed},
        )
        if self.precision == "float32":
            check_float32(self.columns)
        taken = [dimension.name for dimension in self.dimensions]
        check_outputs(
            dict(self.abstract_outputs),
            {name: output.dims for name, output in self.outputs.items()},
            {*taken, *(column.name for column in self.columns)},
        )

    @property
    def columns(self) -> tuple[Axis, ...]:
        """The parameters that vary."""
        return tuple(column for dimension in self.dimensions for column in dimension.columns)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The axes of the results that belong to the design."""
        return self.design.dimensions

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of points along each axis of the design."""
        return tuple(len(dimension) for dimension in self.dimensions)

    @property
    def num_points(self) -> int:
        """Number of points."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def parts(self) -> tuple[Callable[..., Any], ...]:
        """The functions of one point: one, or those of its stages."""
        return self.function[:3] if isinstance(self.function, Stages) else (self.function,)

    def in_precision(self) -> AbstractContextManager[Any]:
        """Return a context in which arrays have the precision of the sweep."""
        return jax.enable_x64(self.precision == "float64")

    @functools.cached_property
    def abstract_outputs(self) -> Mapping[str, jax.ShapeDtypeStruct]:
        """Return shape and dtype of what one point gives, without computing it."""
        with self.in_precision():
            arguments = self.abstract_arguments()

            def point(arguments: dict[str, PyTree]) -> Mapping[str, Array]:
                return whole_point(self, arguments)

            found = jax.eval_shape(point, arguments)
        if not isinstance(found, Mapping):
            raise ValueError(f"the function returns {type(found).__name__}; expected a dictionary")
        return found

    def abstract_arguments(self) -> dict[str, PyTree]:
        """Return the arguments of the first point, with everything that a function may take.

        Host arrays and shapes alone: JAX would compile a program for each array that it makes.
        """
        values = {column.name: self.cast(column.values[0]) for column in self.columns}
        extra: dict[str, PyTree] = {} if self.shared is None else {"shared": self.shared}
        if self.seed is not None:
            extra["key"] = jax.eval_shape(lambda: jax.random.key(0))
        if self.prepare is not None:
            extra["prepared"] = jax.tree.map(lambda x: x[0], self.first_prepared)
        return values | extra

    @functools.cached_property
    def first_prepared(self) -> PyTree:
        """What ``prepare`` gives for the first point, one row; None without it."""
        if self.prepare is None:
            return None
        first = {column.name: self.cast(column.values[:1]) for column in self.columns}
        return check_prepared(self.prepare(first), 1)

    def cast(self, values: np.ndarray) -> np.ndarray:
        """Return values of any shape in the precision of the sweep; integers stay."""
        reals = np.issubdtype(np.asarray(values).dtype, np.floating)
        return np.asarray(values, self.precision if reals else np.int32)

    def identity(self) -> dict[str, Any]:
        """Describe what determines the results, apart from the code that computes them."""
        dimensions = [
            {"dimension": d.name, "columns": [column.identity() for column in d.columns]}
            for d in self.dimensions
        ]
        outputs = {
            name: {
                "unit": output.unit,
                "dims": list(output.dims),
                "nan_is_a_value": output.nan_is_a_value,
            }
            for name, output in self.outputs.items()
        }
        return {
            "sweep": self.name,
            "design": dimensions,
            "outputs": outputs,
            "precision": self.precision,
            "seed": None if self.seed is None else int(self.seed),
            "shared": self.shared_identity or hash_arrays(self.shared),
            "first_prepared": hash_arrays(self.first_prepared),
        }

    def fingerprint(self) -> str:
        """Return the identity as 16 hexadecimal digits."""
        return fingerprint(self.identity())

    def program_hash(self) -> str:
        """Return the sha256 of the program of one point, as JAX lowers it: of what is computed."""
        with self.in_precision():
            arguments = self.abstract_arguments()
            lowered = jax.jit(lambda values: whole_point(self, values)).lower(arguments)
        return hashlib.sha256(lowered.as_text().encode()).hexdigest()


def whole_point(sweep: Sweep, arguments: dict[str, PyTree]) -> Mapping[str, Array]:
    """Compute one point from its start to its outputs."""
    if not isinstance(sweep.function, Stages):
        return call_point(sweep.function, (), arguments)
    stages = sweep.function
    state = call_point(stages.start, (), arguments)
    check_state(state)

    def advance(_: Array, state: PyTree) -> PyTree:
        return call_point(stages.advance, (state,), arguments)

    state = jax.lax.fori_loop(0, stages.num_stages, advance, state)
    return call_point(stages.finish, (state,), arguments)


def hash_arrays(tree: PyTree) -> str:
    """Return the sha256 of the arrays of a tree, their shapes and dtypes."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(tree):
        array = np.ascontiguousarray(leaf)
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
