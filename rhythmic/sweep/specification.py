"""What a sweep is: a pure function of named parameters, a design, and what comes out."""

import contextlib
import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

import jax
import jax.extend.core
import numpy as np
from jaxtyping import Shaped

from rhythmic.checks import checked_choice, checked_integer, shown
from rhythmic.records import fingerprint
from rhythmic.spread import held_values
from rhythmic.sweep.checks import (
    call_point,
    check_arguments,
    check_held,
    check_outputs,
    check_prepared,
    check_state,
    check_storable,
    name_of,
    primitives_of,
)
from rhythmic.sweep.designs import Axis, Design, Dimension, Grid, Points
from rhythmic.sweep.names import check_label, check_result_name, check_text
from rhythmic.sweep.preparing import PreparedRows, row_digests, rows_over
from rhythmic.typing import Array, Int, PyTree

Precision = Literal["float32", "float64"]


@dataclass(frozen=True)
class Output:
    """What one result of a sweep means.

    Args:
        unit: of its values; "" where there is none.
        meaning: what it is, in a few words.
        dims: names of its own axes, in order; none for one number per point.
        nan_is_a_value: whether NaN and infinity are answers, such as the frequency of a node that
            does not oscillate. Otherwise they set the status of the point.
    """

    unit: str
    meaning: str = ""
    dims: tuple[str, ...] = ()
    nan_is_a_value: bool = False

    def __post_init__(self) -> None:
        check_text("unit", self.unit)
        check_text("meaning", self.meaning, lines=True)
        if not isinstance(self.dims, tuple | list):
            raise ValueError(f"dims is {shown(self.dims)}; it must be a tuple of names")
        object.__setattr__(self, "dims", tuple(self.dims))
        for dim in self.dims:
            check_label("name of an axis", dim)
        if not isinstance(self.nan_is_a_value, bool | np.bool_):
            raise ValueError(f"nan_is_a_value is {shown(self.nan_is_a_value)}; it must be a bool")


class Stages(NamedTuple):
    """A point that takes long, cut where it may be resumed, such as at an epoch of training.

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

    Every number reaches the function as it was given, or is refused by name. In float32, real
    numbers are rounded to it; those that it does not hold, such as 1e39 or 1e-40, and integers of
    more than 32 bits are refused. In float64, all that was given in 64 bits keeps them, whether
    JAX is set to 64 bits or not.

    Names are those of folders: of results and their axes, in the Unicode form NFC, without
    slashes, not apart from one another in their case alone.

    Args:
        name: of the sweep, kept with the results.
        function: of one point. It takes every parameter of the design by keyword, as a scalar, and
            returns a dictionary of arrays, one for each of ``outputs``. It may also take

            ``key``       a PRNG key of its own, ``fold_in(key(seed), global index)``;
            ``shared``    the arrays given below, the same for every point;
            ``prepared``  the point's own row of what ``prepare`` gives.

            It may return ``first_bad_step`` beside its outputs, an integer: the first step of
            its run that was not finite, -1 for none. Runs that take long are ``Stages``.

            What it reads by a callback to the host (``jax.pure_callback``, ``io_callback``) is
            no part of its identity: such a function is swept in memory alone, and refused for a
            folder. ``jax.debug.print`` and ``jax.debug.callback`` are harmless.
        design: the points. The global index counts them, the last axis fastest.
        outputs: what the function returns.
        precision: in which points are computed, float32 or float64.
        seed: of the points' keys; needed where the function takes ``key``.
        shared: arrays that every point reads, such as images.
        prepare: called on the host with the parameters of many points as NumPy arrays; returns
            arrays with one row per point, such as splits drawn by NumPy. A row depends on the
            parameters of its point alone, and is the same at every call. In a folder, rows are
            known by their hashes: over all points, of more than 65,536 over as many of them, evenly
            spaced, the first and the last among them.
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
        self.check_settings()
        check_arguments(
            self.parts,
            self.columns,
            {"shared": self.shared, "prepared": self.prepare, "key": self.seed},
        )
        check_held(self.dimensions, self.precision)
        taken = [dimension.name for dimension in self.dimensions]
        check_outputs(
            dict(self.abstract_outputs),
            {name: output.dims for name, output in self.outputs.items()},
            {*taken, *(column.name for column in self.columns)},
        )

    def check_settings(self) -> None:
        """Raise a ValueError for a field that is not what it must be, whatever the others are."""
        check_text("name", self.name, empty=False)
        checked_choice("precision", self.precision, Precision)
        if not isinstance(self.design, Grid | Points):
            raise ValueError(f"design is a {type(self.design).__name__}; give a Grid or Points")
        declared = self.outputs.values() if isinstance(self.outputs, Mapping) else [None]
        if not all(isinstance(output, Output) for output in declared):
            raise ValueError("outputs must be a dictionary of Output by name")
        for name in self.outputs:
            check_result_name("name of an output", name)
        if not all(map(callable, self.parts)):
            raise ValueError("function must be a function, or Stages of three")
        if self.points_at_once is not None:
            checked_integer("points_at_once", self.points_at_once, 1)
        if self.seed is not None:
            checked_integer("seed", self.seed, 0, 2**32 - 1)
        if isinstance(self.function, Stages):
            checked_integer("num_stages", self.function.num_stages, 0)
        if self.prepare is not None and not callable(self.prepare):
            raise ValueError(f"prepare is a {type(self.prepare).__name__}; give a function")
        if self.shared_identity is not None:
            check_text("shared_identity", self.shared_identity, empty=False)
        if not isinstance(self.compiler_options, Mapping | None):
            given = type(self.compiler_options).__name__
            raise ValueError(f"compiler_options is a {given}; give a dictionary")

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

    @contextlib.contextmanager
    def in_precision(self) -> Iterator[None]:
        """Return a context in which arrays have the precision of the sweep and functions compile.

        They compile where JAX_DISABLE_JIT is set as well.
        """
        with jax.enable_x64(self.precision == "float64"), jax.disable_jit(False):
            yield

    @property
    def abstract_outputs(self) -> Mapping[str, jax.ShapeDtypeStruct]:
        """Shape and dtype of what one point gives, without computing it."""
        return self.traced[1]

    @functools.cached_property
    def traced(self) -> tuple[jax.extend.core.ClosedJaxpr, Mapping[str, jax.ShapeDtypeStruct]]:
        """What one point computes, as JAX writes it down, and what it gives."""

        def point(arguments: dict[str, PyTree]) -> Mapping[str, Array]:
            found = _whole_point(self, arguments)
            if not isinstance(found, Mapping):
                given = type(found).__name__
                raise ValueError(f"the function returns {given}; expected a dictionary")
            strange = [name for name in found if not isinstance(name, str)]
            if strange:
                raise ValueError(f"the function returns an output {strange[0]!r}; name it")
            return found

        with self.in_precision():
            return jax.make_jaxpr(point, return_shape=True)(self.abstract_arguments())

    def abstract_arguments(self) -> dict[str, PyTree]:
        """Return the arguments of the first point, with everything that a function may take.

        Host arrays and shapes alone: JAX would compile a program for each array that it makes.
        """
        values = {column.name: self.cast(column.values[0]) for column in self.columns}
        extra: dict[str, PyTree] = (
            {} if self.shared is None else {"shared": self.held("shared", self.shared)}
        )
        if self.seed is not None:
            extra["key"] = jax.eval_shape(lambda: jax.random.key(0))
        if self.prepare is not None:
            first = self.held("prepared", self.first_prepared)
            extra["prepared"] = jax.tree.map(lambda x: x[0], first)
        return values | extra

    def held(self, name: str, tree: PyTree) -> PyTree:
        """Return the arrays of ``tree`` as devices hold them in the precision of the sweep.

        Raises:
            ValueError: that names ``name``, for numbers that it does not hold.
        """
        with self.in_precision():
            return held_values(name, tree)

    @functools.cached_property
    def first_prepared(self) -> PyTree:
        """What ``prepare`` gives for the first point, one row; None without it."""
        if self.prepare is None:
            return None
        return check_prepared(self.prepare(self.parameters(np.zeros(1, np.int64))), 1)

    def prepared(self, places: Int[np.ndarray, " point"]) -> PyTree:
        """Return what ``prepare`` gives, one row for each point; None without it.

        Args:
            places: global indices of the points.

        Raises:
            ValueError: for rows of another form than the first, or other ones than before. Unless
                the identity was asked for, the first row alone is known.
        """
        if self.prepare is None:
            return None
        first = self.first_prepared
        found = check_prepared(self.prepare(self.parameters(places)), len(places), like=first)
        found = self.held("prepared", found)
        known = self.__dict__.get("prepared_rows")
        if known is None:
            held = self.held("prepared", first)
            known = PreparedRows(np.zeros(1, int), row_digests(held), lambda _: held)
        known.check(places, found)
        return found

    @functools.cached_property
    def prepared_rows(self) -> PreparedRows:
        """The rows of ``prepare`` over the design, by their hashes."""
        return rows_over(self.num_points, self.prepared)

    def parameters(
        self, places: Int[np.ndarray, " point"]
    ) -> dict[str, Shaped[np.ndarray, " point"]]:
        """Return the parameters of the points of some global indices, ``places``, on the host."""
        along = np.unravel_index(places, self.shape)
        return {
            column.name: self.cast(column.values[index])
            for dimension, index in zip(self.dimensions, along, strict=True)
            for column in dimension.columns
        }

    def cast(self, values: np.ndarray) -> np.ndarray:
        """Return values of any shape in the precision of the sweep; integers stay."""
        reals = np.issubdtype(np.asarray(values).dtype, np.floating)
        return np.asarray(values, self.precision if reals else np.int32)

    @functools.cached_property
    def primitives(self) -> set[str]:
        """What the program of one point is made of, by the names of JAX."""
        return set(primitives_of(self.traced[0].jaxpr))

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields alone: what was traced here is traced again where this is sent."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def check_storable(self) -> None:
        """Raise a ValueError for a sweep that cannot be kept in a folder.

        Its function calls back to the host, which no identity covers; a result has a dtype that
        files do not hold; ``prepare`` does not give the same rows twice.
        """
        name = ", ".join(map(name_of, self.parts))
        check_storable(name, self.primitives, self.abstract_outputs)
        if self.prepare is not None:
            _ = self.prepared_rows

    def identity(self) -> dict[str, Any]:
        """Describe what determines the results, apart from the code that computes them.

        Raises:
            ValueError: for a sweep that cannot be kept; see ``check_storable``.
        """
        self.check_storable()
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
            **({} if self.prepare is None else {"prepared": self.prepared_rows.hash()}),
        }

    def fingerprint(self) -> str:
        """Return the identity as 16 hexadecimal digits."""
        return fingerprint(self.identity())

    def program_hash(self) -> str:
        """Return the sha256 of the program of one point, as JAX lowers it: of what is computed."""
        with self.in_precision(), jax.disable_jit(False):
            arguments = self.abstract_arguments()
            lowered = jax.jit(lambda values: _whole_point(self, values)).lower(arguments)
        return hashlib.sha256(lowered.as_text().encode()).hexdigest()


def _whole_point(sweep: Sweep, arguments: dict[str, PyTree]) -> Mapping[str, Array]:
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
