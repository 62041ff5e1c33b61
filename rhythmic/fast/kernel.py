"""One GPU kernel over time for the mean of what a cell shows, and its adjoint.

XLA launches several kernels for every step of a scan on a GPU. Here one program of a Pallas
kernel takes a group of samples through all steps, each thread one sample, with the state, the
parameters and their gradients in registers. The step is the cell's own, taken apart into single
entries (``unrolled``), and the adjoint of a step is ``jax.vjp`` of that same step.

Source: the equations are those of each cell; their adjoint is backpropagation through time
(lecture, "RNN additional notes").
"""

import itertools
import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from rhythmic._sums import added, empty_sum, total_of
from rhythmic.arguments import checked
from rhythmic.cells import AbstractCell
from rhythmic.fast._kernel_equations import add, refusal, step_equations
from rhythmic.fast._kernel_plan import Plan, count, read, read_parameters, shaped, write
from rhythmic.fast._kernel_unrolled import unroll
from rhythmic.simulate import check_sequence, start
from rhythmic.typing import AnyArray, Array, Int, NodeArray, PyTree, Sequence

Ends = Int[Array, " sample"] | None


@checked
def has_kernel(cell: AbstractCell, feature: str) -> bool:
    """Tell whether ``time_mean_by_kernel`` can average this feature of ``cell``.

    A cell must be small, hold floating-point arrays of one precision alone, and take its step by
    arithmetic, matrix products, sums and rearrangements. The cells of this package do.
    """
    return refusal(cell, feature) is None


@checked
def time_mean_by_kernel(
    cell: AbstractCell,
    inputs: Sequence,
    observe_name: str,
    *,
    lengths: Int[AnyArray, "*batch"] | None = None,
    samples_per_program: int = 32,
    interpret: bool = False,
) -> NodeArray:
    """Return the mean over time of what a cell shows, from rest, by one kernel over time.

    Equals ``time_mean(cell, inputs, observe=getattr(cell, observe_name)).mean``, to rounding, and
    so does its gradient in reverse mode, for every array of the cell and for the inputs. Reverse
    mode keeps the state before every step in the device's memory, ``time * state * batch`` numbers
    for a state of ``state`` numbers a sample, ``batch`` rounded up to whole programs; nothing else
    grows with time. Gradients that nobody asks for are not computed. Under ``jax.vmap`` the
    members are further programs of the same kernel. Forward mode and second derivatives are not
    defined; take ``time_mean`` there.

    Args:
        cell: a layer that ``has_kernel`` accepts.
        inputs: ``(time, feature, *batch)``, cast to the dtype of the cell.
        observe_name: the cell's method that is averaged, such as ``output``.
        lengths: samples of each sequence that count, ``(*batch,)``; all of them by default. Behind
            its end a sequence changes neither state nor sum, whatever stands there.
        samples_per_program: samples that share a program, a power of two. A thread works on one
            sample, so 32 fill a warp. More of them only put more warps on the same processor:
            54 networks with batches of 128 are 216 warps, for 528 warp schedulers on an H100.
        interpret: run on any platform, slowly, to test; needed on a CPU.

    Returns:
        ``(hidden, *batch)``.

    Raises:
        ValueError: for a cell without a kernel, inputs that do not fit it, or a number of samples
            that is no power of two.
    """
    check_sequence(cell, inputs, None, 0, None)
    start(cell, inputs, None)
    reason = refusal(cell, observe_name)
    if reason is not None:
        raise ValueError(reason)
    if samples_per_program < 1 or samples_per_program & (samples_per_program - 1):
        raise ValueError(f"samples_per_program is {samples_per_program}; it must be a power of two")
    return checked_time_mean(cell, inputs, lengths, observe_name, samples_per_program, interpret)


@eqx.filter_jit
def checked_time_mean(
    cell: AbstractCell,
    inputs: Sequence,
    lengths: Int[AnyArray, "*batch"] | None,
    observe_name: str,
    samples_per_program: int,
    interpret: bool,
) -> NodeArray:
    """Bring the inputs into the kernel's form, and its sums into that of the result."""
    equations, parameters = step_equations(cell, observe_name)
    num_steps, num_features, *batch_shape = inputs.shape
    num_samples = math.prod(batch_shape)
    if not num_samples:  # a kernel has at least one program
        return jnp.zeros((*equations.observed.shape, *batch_shape), equations.observed.dtype)
    columns = inputs.reshape(num_steps, num_features, num_samples).astype(equations.sample.dtype)
    filler = -num_samples % samples_per_program
    columns = jnp.pad(columns, ((0, 0), (0, 0), (0, filler)))
    plan = Plan(equations, num_samples, samples_per_program, interpret)
    ends = None
    counts: int | Array = num_steps
    if lengths is not None:
        known = jnp.clip(jnp.asarray(lengths), 0, num_steps).astype(jnp.int32)
        counts, ends = known, jnp.pad(known.ravel(), (0, filler))
    total = total_over_time(plan, ends)(parameters, columns)[:, :num_samples]
    total = total.reshape(*equations.observed.shape, *batch_shape)
    return total / counts


def total_over_time(plan: Plan, ends: Ends) -> Callable[[list[Array], Array], Array]:
    """Return the sum over time of what is observed, as a function that knows its derivative.

    ``ends`` are the steps of each sample that count; None for all.
    """

    @jax.custom_vjp
    def total(parameters: list[Array], inputs: Array, ends: Ends) -> Array:
        return run_forward(plan, parameters, inputs, ends, keep=False)[0]

    def forward(parameters: PyTree, inputs: Any, ends: Any) -> tuple[Array, PyTree]:
        primals = [*parameters, inputs]
        values = [primal.value for primal in primals]
        ends = None if ends is None else ends.value
        observed, history, end = run_forward(plan, values[:-1], values[-1], ends, keep=True)
        # What is asked for shows in the structure: None where no gradient is wanted.
        asked = [primal.value if primal.perturbed else None for primal in primals]
        return observed, (values, asked, (history, end), ends)

    def backward(kept: PyTree, cotangent: Any) -> tuple[list[Array | None], Array | None, None]:
        values, asked, states, ends = kept
        if isinstance(cotangent, SymbolicZero):
            return [None] * (len(values) - 1), None, None
        wanted = [x is not None for x in asked]
        return *run_backward(plan, values, wanted, states, ends, cotangent), None

    total.defvjp(forward, backward, symbolic_zeros=True)
    return lambda parameters, inputs: total(parameters, inputs, ends)


def run_forward(
    plan: Plan, parameters: list[Array], inputs: Array, ends: Ends, *, keep: bool
) -> list[Array]:
    """Sum what is observed; with ``keep``, also the state before each step and the last one."""
    equations = plan.equations
    num_steps, num_features, num_columns = inputs.shape
    advance = unroll(equations.advance, *equations.arguments)
    num_state, num_observed = count(equations.state), count([equations.observed])

    def kernel(parameters_ref: Any, inputs_ref: Any, *others: Any) -> None:
        num_steps_of, (total_ref, *kept) = ends_of(others, ends)
        values = read_parameters(parameters_ref, plan)

        def body(t: Array, carry: PyTree) -> PyTree:
            state, total, sample = carry
            if keep:
                write(kept[0], state, t)
            # Asked for now, needed in the next step: the time that memory takes is hidden.
            following = read(inputs_ref, num_features, jnp.minimum(t + 1, num_steps - 1))
            arguments = shaped([*state, *sample], [*equations.state, equations.sample])
            *after, seen = advance(*values, *arguments)
            shown = if_inside(t, num_steps_of, plan.spread([seen]))
            total = [added(*pair) for pair in zip(total, shown, strict=True)]
            return if_inside(t, num_steps_of, plan.spread(after), state), total, following

        dtype = inputs_ref.dtype
        carry = (
            plan.zeros(num_state, dtype),
            [empty_sum(zero, num_steps) for zero in plan.zeros(num_observed, dtype)],
            read(inputs_ref, num_features, 0),
        )
        state, total, _ = jax.lax.fori_loop(0, num_steps, body, carry)
        write(total_ref, [total_of(entry) for entry in total])
        if keep:
            write(kept[1], state)

    results: list[tuple[int, ...]] = [(num_observed, num_columns)]
    if keep:
        results += [(num_steps, num_state, num_columns), (num_state, num_columns)]
    return plan.call(kernel, [as_vector(parameters), inputs, *given(ends)], results)


def run_backward(
    plan: Plan,
    values: list[Array],
    wanted: list[bool],
    states: tuple[Array, Array],
    ends: Ends,
    cotangent: Array,
) -> tuple[list[Array | None], Array | None]:
    """Run the adjoint equations from the last step to the first, for the gradients wanted."""
    *parameters, inputs = values
    if not any(wanted):
        return [None] * len(parameters), None
    size = count([x for x, want in zip(plan.equations.parameters, wanted, strict=False) if want])
    shapes: list[tuple[int, ...]] = [(size, inputs.shape[-1])] if size else []
    shapes += [inputs.shape] if wanted[-1] else []
    kernel = backward_kernel(plan, wanted, inputs.shape[0], size, ends)
    arrays = [as_vector(parameters), inputs, *states, cotangent, *given(ends)]
    found = plan.call(kernel, arrays, shapes)
    by_parameters: list[Array | None] = [None] * len(parameters)
    if size:
        # The samples that fill the last program up belong to nobody.
        sums = jnp.sum(found[0][:, : plan.num_samples], axis=-1)
        by_parameters = split(sums, parameters, wanted[:-1])
    return by_parameters, found[-1] if wanted[-1] else None


def backward_kernel(
    plan: Plan, wanted: list[bool], num_steps: int, size: int, ends: Ends
) -> Callable[..., None]:
    """Return the kernel of the adjoint, for ``size`` entries of parameters wanted."""
    equations = plan.equations
    retreat = unroll(equations.retreat_for(wanted), *equations.adjoint_arguments)
    arguments = jax.tree.leaves(equations.adjoint_arguments)[len(equations.parameters) :]
    num_state, num_features = count(equations.state), count([equations.sample])

    def kernel(
        parameters: Any, inputs: Any, history: Any, end: Any, cotangent: Any, *others: Any
    ) -> None:
        num_steps_of, results = ends_of(others, ends)
        values = read_parameters(parameters, plan)
        slope = read(cotangent, count([equations.observed]))

        def read_step(t: Any) -> tuple[list[Array], list[Array]]:
            return read(history, num_state, t), read(inputs, num_features, t)

        def body(i: Array, carry: PyTree) -> PyTree:
            after, (before, sample), adjoint, gradient = carry
            t = num_steps - 1 - i
            earlier = read_step(jnp.maximum(t - 1, 0))
            entries = [*before, *after, *sample, *adjoint, *slope]
            found = plan.spread(retreat(*values, *shaped(entries, arguments)))
            by_step = if_inside(t, num_steps_of, found[num_state:])
            adjoint = if_inside(t, num_steps_of, found[:num_state], adjoint)
            if wanted[-1]:
                write(results[-1], by_step[size:], t)
            return before, earlier, adjoint, add(gradient, by_step[:size])

        at_rest = plan.zeros(num_state, inputs.dtype), plan.zeros(size, inputs.dtype)
        carry = (read(end, num_state), read_step(num_steps - 1), *at_rest)
        *_, gradient = jax.lax.fori_loop(0, num_steps, body, carry)
        if size:
            write(results[0], gradient)

    return kernel


def as_vector(arrays: list[Array]) -> Array:
    """Join arrays, row by row."""
    return jnp.concatenate([x.ravel() for x in arrays])


def split(vector: Array, arrays: list[Array], wanted: list[bool]) -> list[Array | None]:
    """Cut a vector into those arrays that are wanted; None for the others."""
    sizes = [x.size if want else 0 for x, want in zip(arrays, wanted, strict=True)]
    ends = itertools.accumulate(sizes)
    return [
        vector[end - size : end].reshape(x.shape) if want else None
        for x, size, end, want in zip(arrays, sizes, ends, wanted, strict=True)
    ]


def given(ends: Ends) -> list[Array]:
    """Return the lengths as a list of one array, or of none."""
    return [] if ends is None else [ends]


def ends_of(others: tuple[Any, ...], ends: Ends) -> tuple[Array | None, tuple[Any, ...]]:
    """Read the lengths of a program's samples, which come first, if there are any."""
    return (None, others) if ends is None else (others[0][...], others[1:])


def if_inside(
    step: Array, ends: Array | None, entries: list[Array], otherwise: list[Array] | None = None
) -> list[Array]:
    """Return entries of the samples that have not ended before a step, of others ``otherwise``."""
    if ends is None:
        return entries
    if otherwise is None:
        otherwise = [jnp.zeros_like(entry) for entry in entries]
    return [jnp.where(step < ends, *pair) for pair in zip(entries, otherwise, strict=True)]
