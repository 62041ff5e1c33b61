"""A sweep's function, mapped over the points of a pass, sharded over devices and compiled once."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.spread import RowFunction, SpreadPrograms
from rhythmic.sweep.checks import arguments_of, call_point
from rhythmic.sweep.designs import FIRST_BAD_STEP, STATUS
from rhythmic.sweep.plan import ChunkPlan
from rhythmic.sweep.specification import Stages, Sweep
from rhythmic.typing import Array, PyTree


class PassProgram:
    """The compiled parts of a sweep for passes of one shape.

    Every device takes ``plan.rows_per_device`` rows; rows beyond the end of a chunk repeat its last
    one. Points are mapped by ``jax.vmap`` and sharded over the devices of all processes.
    """

    def __init__(self, sweep: Sweep, plan: ChunkPlan, devices: Sequence[jax.Device]):
        """Place the axes and the shared arrays on the devices; compile nothing yet."""
        self.sweep = sweep
        self.plan = plan
        num_parts = len(sweep.parts)
        functions = {
            str(part): RowFunction(
                partial(self.on_device, part),
                num_by_row=2,
                donated=0 < part < num_parts - 1,
                compiler_options=sweep.compiler_options,
            )
            for part in range(num_parts)
        }
        self.programs = SpreadPrograms(devices, functions, sweep.in_precision)
        columns = tuple(
            {column.name: sweep.cast(column.values) for column in dimension.columns}
            for dimension in sweep.dimensions
        )
        with sweep.in_precision():
            key = None if sweep.seed is None else jax.random.key_data(jax.random.key(sweep.seed))
        shared = (columns, sweep.held("shared", sweep.shared), key)
        self.everywhere = self.programs.place(shared, self.programs.shared)

    @property
    def rows(self) -> int:
        """Rows that all devices together compute in a pass."""
        return self.programs.mesh.size * self.plan.rows_per_device

    @property
    def trailing(self) -> tuple[int, ...]:
        """Points along each axis after the cut one."""
        return self.sweep.shape[self.plan.split_axis + 1 :]

    @property
    def compile_seconds(self) -> float:
        """What compiling took so far."""
        return self.programs.compile_seconds

    def inputs(self, lead: tuple[int, ...], first_row: int, stop_row: int) -> PyTree:
        """Return what a pass reads: its place in the design, and the rows of ``prepare``."""
        rows = np.minimum(np.arange(first_row, first_row + self.rows), stop_row - 1)
        prepared = None
        if self.sweep.prepare is not None:
            shape = (self.rows, *self.trailing)
            found = self.sweep.prepared(self.places(lead, rows))
            prepared = jax.tree.map(lambda x: x.reshape(shape + x.shape[1:]), found)
        by_row = self.programs.place((rows.astype(np.int32), prepared), self.programs.by_row)
        place = np.asarray(lead, np.int32)
        return by_row, (self.programs.place(place, self.programs.shared), self.everywhere)

    def input_shapes(self) -> PyTree:
        """Return shapes of what a pass reads by row, and what it reads whole; nothing is placed."""

        def of_rows(x: np.ndarray) -> jax.ShapeDtypeStruct:
            shape = (self.rows, *self.trailing, *x.shape[1:])
            return jax.ShapeDtypeStruct(shape, x.dtype, sharding=self.programs.by_row)

        rows = jax.ShapeDtypeStruct((self.rows,), np.int32, sharding=self.programs.by_row)
        # Rows that nothing computes need no call of ``prepare``.
        prepared = self.sweep.held("prepared", self.sweep.first_prepared)
        place = np.zeros(self.plan.split_axis, np.int32)
        whole = (self.programs.place(place, self.programs.shared), self.everywhere)
        return (rows, jax.tree.map(of_rows, prepared)), whole

    def places(self, lead: tuple[int, ...], rows: np.ndarray) -> np.ndarray:
        """Return the global indices of the points of some rows, one after the other."""
        indices = [np.array([i]) for i in lead] + [rows] + [np.arange(n) for n in self.trailing]
        grid = tuple(np.meshgrid(*indices, indexing="ij"))
        return np.ravel_multi_index(grid, self.sweep.shape).ravel()

    def run(self, part: int, state: PyTree, inputs: PyTree) -> PyTree:
        """Compute one part of the sweep's function for a pass; compile it at its first use.

        Args:
            part: 0 for the function, or for the first of its stages.
            state: what the stage before gave; None for the first.
            inputs: of ``self.inputs``.

        Returns:
            A state, or the outputs with ``status`` where it can be other than 0; on the devices.
        """
        return self.programs.call(str(part), state, *inputs)

    def memory(self) -> int:
        """Return the bytes that a device needs for a pass, by the compiler's report; 0 without one.

        Of stages, the state and the outputs of the costliest one count.
        """
        inputs = self.input_shapes()
        state, sizes = None, [0]
        for part in range(len(self.sweep.parts)):
            program = self.programs.program(str(part), state, *inputs)
            found = program.memory_analysis()
            if found is not None:
                sizes.append(
                    found.argument_size_in_bytes
                    + found.temp_size_in_bytes
                    + found.output_size_in_bytes
                )
            # Shapes alone: nothing is computed to find out what would be needed.
            state = jax.tree.map(
                lambda x, s: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=s),
                program.out_info,
                program.output_shardings,
            )
        return max(sizes)

    def on_device(self, part: int, state: PyTree, by_row: PyTree, shared: PyTree) -> PyTree:
        """Compute the rows of one device: groups one after the other, the points of each mapped."""
        rows, prepared = by_row
        lead, (columns, shared, key_data) = shared
        split = self.plan.split_axis
        values = [jax.tree.map(lambda x, i=i: x[i], c) for c, i in zip(columns, lead, strict=False)]
        trailing = columns[split + 1 :]
        places = [jnp.arange(n, dtype=jnp.int32) for n in self.trailing]
        key = None if key_data is None else jax.random.wrap_key_data(key_data)
        point = self.mapped(part, shared, key)

        def group(rows: Array, state: PyTree, prepared: PyTree) -> PyTree:
            own = jax.tree.map(lambda x: x[rows], columns[split])
            return point((*values, own, *trailing), (*lead, rows, *places), (state, prepared))

        num_groups = self.plan.rows_per_device // self.plan.rows_at_once
        if num_groups == 1:
            return group(rows, state, prepared)
        grouped = jax.tree.map(
            lambda x: x.reshape(num_groups, -1, *x.shape[1:]), (rows, state, prepared)
        )
        found = jax.lax.map(lambda one: group(*one), grouped)
        return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), found)

    def mapped(self, part: int, shared: PyTree, key: Array | None) -> Callable[..., PyTree]:
        """Map one point over the rows and the axes after them, each axis by a vmap of its own.

        So parameters are broadcast along the axes, and no index is taken apart by divisions.
        """
        function, last = self.sweep.parts[part], part + 1 == len(self.sweep.parts)
        staged = isinstance(self.sweep.function, Stages)
        shape, split = self.sweep.shape, self.plan.split_axis
        takes_key = "key" in arguments_of(function)
        strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]

        def point(values: tuple, places: tuple, carried: tuple) -> PyTree:
            state, prepared = carried
            arguments = {name: x for one in values for name, x in one.items()}
            given = {"shared": shared, "prepared": prepared}
            arguments |= {name: x for name, x in given.items() if x is not None}
            if key is not None and takes_key:
                index = sum(
                    place.astype(jnp.uint32) * np.uint32(stride)
                    for place, stride in zip(places, strides, strict=True)
                )
                arguments["key"] = jax.random.fold_in(key, index)
            before = (state,) if staged and part > 0 else ()
            found = call_point(function, before, arguments)
            return self.with_status(found) if last else found

        for axis in reversed(range(split, len(shape))):
            along = tuple(0 if other == axis else None for other in range(len(shape)))
            point = jax.vmap(point, in_axes=(along, along, 0))
        return point

    def with_status(self, outputs: dict[str, Array]) -> dict[str, Array]:
        """Add the status of a point, unless it is 0 whatever happens."""
        outputs = {name: jnp.asarray(x) for name, x in outputs.items()}
        bad = [
            ~jnp.all(jnp.isfinite(outputs[name]))
            for name, output in self.sweep.outputs.items()
            if jnp.issubdtype(outputs[name].dtype, jnp.inexact) and not output.nan_is_a_value
        ]
        if FIRST_BAD_STEP in outputs:
            outputs[FIRST_BAD_STEP] = outputs[FIRST_BAD_STEP].astype(jnp.int32)
            bad.append(outputs[FIRST_BAD_STEP] >= 0)
        if bad:
            outputs[STATUS] = jnp.any(jnp.stack(bad)).astype(jnp.int8)
        return outputs
