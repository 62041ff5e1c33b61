"""How samples are shared out among the programs of a kernel, and how a program reads and writes."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl

from rhythmic.fast._kernel_equations import Shapes, StepEquations
from rhythmic.fast._kernel_unrolled import Entries, pack
from rhythmic.typing import Array

THREADS_IN_WARP = 32


@dataclass(frozen=True)
class Plan:
    """What is fixed while a kernel is traced: the equations, and how samples are shared out."""

    equations: StepEquations
    num_samples: int
    samples_per_program: int
    interpret: bool

    def call(
        self, kernel: Callable[..., None], arrays: list[Array], results: list[tuple[int, ...]]
    ) -> list[Array]:
        """Run ``kernel`` on every group of samples.

        Each array and each result, given by its shape, ends in the samples and is cut along
        them; the first array, the parameters, every program sees whole.
        """
        dtype = arrays[0].dtype
        blocks = [self.block(x.shape) for x in arrays[1:]]
        return pl.pallas_call(
            kernel,
            grid=(arrays[1].shape[-1] // self.samples_per_program,),
            in_specs=[pl.BlockSpec(arrays[0].shape, lambda group: (0,)), *blocks],
            out_specs=[self.block(shape) for shape in results],
            out_shape=[jax.ShapeDtypeStruct(shape, dtype) for shape in results],
            interpret=self.interpret,
            compiler_params=None if self.interpret else self.compiler_params(),
        )(*arrays)

    def block(self, shape: tuple[int, ...]) -> pl.BlockSpec:
        """Cut the last axis into groups of samples."""
        whole = shape[:-1]
        return pl.BlockSpec(
            (*whole, self.samples_per_program), lambda group: (*(0 for _ in whole), group)
        )

    def compiler_params(self) -> Any:
        """Choose Triton, one thread a sample.

        A thread holds every entry of its sample's state by itself, so that threads never wait
        for each other and nothing passes through shared memory. Pipelining (``num_stages``) is
        for matrix products; what the next step reads is asked for one step ahead in the kernel.
        """
        from jax.experimental.pallas import triton  # not on every platform

        num_warps = max(1, self.samples_per_program // THREADS_IN_WARP)
        return triton.CompilerParams(num_warps=num_warps, num_stages=1)

    def spread(self, arrays: list[Entries]) -> list[Array]:
        """List all entries, each over the program's samples."""
        shape = (self.samples_per_program,)
        return [jnp.broadcast_to(entry, shape) for array in arrays for entry in array.ravel()]

    def zeros(self, number: int, dtype: Any) -> list[Array]:
        """List entries that are zero."""
        return [jnp.zeros((self.samples_per_program,), dtype)] * number


def count(shapes: Shapes) -> int:
    """Count the entries of arrays."""
    return sum(math.prod(x.shape) for x in shapes)


def shaped(entries: list[Array], shapes: Shapes) -> list[Entries]:
    """Put a list of entries into arrays of the given shapes."""
    arrays = []
    for shape in (x.shape for x in shapes):
        size = math.prod(shape)
        arrays.append(pack(entries[:size], shape))
        entries = entries[size:]
    return arrays


def read_parameters(ref: Any, plan: Plan) -> list[Entries]:
    """Read the parameters, each into every thread."""
    shape = (plan.samples_per_program,)
    shapes = plan.equations.parameters
    return shaped([jnp.broadcast_to(ref[k], shape) for k in range(count(shapes))], shapes)


def read(ref: Any, number: int, *where: Any) -> list[Array]:
    """Read ``number`` rows of samples, at the step ``where`` if there are steps."""
    return [ref[(*where, place, slice(None))] for place in range(number)]


def write(ref: Any, entries: list[Array], *where: Any) -> None:
    """Write rows of samples, at the step ``where`` if there are steps."""
    for place, entry in enumerate(entries):
        ref[(*where, place, slice(None))] = entry
