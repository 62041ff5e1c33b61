"""A function of small arrays as straight-line code, one operation for each entry of an array.

A GPU thread that carries one sample keeps the entries of a state in registers, and registers
have no index: a slice, a reshape or a matrix product is then only a choice of registers. This
file makes that choice while the function is traced, so that a cell's own ``step`` can run inside
a kernel in which one value is one entry over the samples of a program.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any

import jax
import jax.extend as jex
import jax.numpy as jnp
import numpy as np

from rhythmic.typing import PyTree

# An array of entries: of dtype object where they are traced, of its own dtype where known.
Entries = np.ndarray

ENTRY_BY_ENTRY = frozenset({
    "abs", "and", "ceil", "clamp", "convert_element_type", "cos", "cosh", "div", "eq", "erf",
    "exp", "exp2", "expm1", "floor", "ge", "gt", "integer_pow", "is_finite", "le", "log",
    "log1p", "log2", "logistic", "lt", "max", "min", "mul", "ne", "neg", "not",
    "one_minus_square", "or", "pow", "rem", "rsqrt", "select_n", "sign", "sin", "sinh", "sqrt",
    "square", "sub", "tan", "tanh",
})  # fmt: skip
REARRANGING = frozenset({
    "broadcast_in_dim", "concatenate", "expand_dims", "pad", "reshape", "rev", "slice", "split",
    "squeeze", "stack", "transpose", "unstack",
})  # fmt: skip
PASSING = frozenset({
    "copy", "copy_p", "optimization_barrier", "stop_gradient",
})  # fmt: skip
WRAPPING = frozenset({
    "checkpoint", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call",
    "eval_jaxpr", "jit", "pjit", "remat", "remat2",
})  # fmt: skip
SUMMING = frozenset({
    "add", "add_any", "dot_general", "reduce_sum",
})  # fmt: skip
KNOWN = ENTRY_BY_ENTRY | REARRANGING | PASSING | SUMMING | {"iota"}


def unroll(function: Callable[..., PyTree], *examples: PyTree) -> Callable[..., list[Entries]]:
    """Return ``function`` entry by entry.

    Args:
        function: pure function of trees of arrays, without loops over arrays.
        examples: its arguments, or their ``jax.ShapeDtypeStruct``.

    Returns:
        A function of the flat list of argument arrays, each a NumPy array of entries in the
        example's shape. An entry is a scalar or an array over samples, all of the same shape.
        It gives the flat list of results, in the same form.
    """
    program = jax.make_jaxpr(function)(*examples)

    def run(*arguments: Entries) -> list[Entries]:
        constants = [np.asarray(value) for value in program.consts]
        return evaluate(program.jaxpr, constants, list(arguments))

    return run


def unknown_operations(function: Callable[..., PyTree], *examples: PyTree) -> list[str]:
    """Name the operations of ``function`` that ``unroll`` cannot take apart, in order."""
    names = dict.fromkeys(operations(jax.make_jaxpr(function)(*examples).jaxpr))
    return [name for name in names if name not in KNOWN]


def operations(program: Any) -> Iterator[str]:
    """Walk through the names of a program's operations, those of wrapped programs included."""
    for equation in live_equations(program):
        if equation.primitive.name in WRAPPING:
            yield from operations(wrapped_program(equation)[0])
        else:
            yield equation.primitive.name


def wrapped_program(equation: Any) -> tuple[Any, list[Entries]]:
    """Return the program that a call holds, and its constants."""
    parameters = equation.params
    closed = parameters["jaxpr"] if "jaxpr" in parameters else parameters["call_jaxpr"]
    return getattr(closed, "jaxpr", closed), [np.asarray(x) for x in getattr(closed, "consts", ())]


def live_equations(program: Any) -> list[Any]:
    """Return the equations that the results depend on: reverse mode leaves others behind."""
    wanted = {atom for atom in program.outvars if not is_literal(atom)}
    kept = []
    for equation in reversed(program.eqns):
        if not wanted.isdisjoint(equation.outvars):
            kept.append(equation)
            wanted.update(atom for atom in equation.invars if not is_literal(atom))
    return kept[::-1]


def evaluate(program: Any, constants: list[Entries], arguments: list[Entries]) -> list[Entries]:
    """Run a program on arrays of entries."""
    values = dict(zip([*program.constvars, *program.invars], constants + arguments, strict=True))

    def read(atom: Any) -> Entries:
        return np.asarray(atom.val, atom.aval.dtype) if is_literal(atom) else values[atom]

    for equation in live_equations(program):
        operands = [read(atom) for atom in equation.invars]
        values.update(zip(equation.outvars, apply(equation, operands), strict=True))
    return [read(atom) for atom in program.outvars]


def is_literal(atom: Any) -> bool:
    """Tell a constant written into an equation from a variable."""
    return isinstance(atom, jex.core.Literal)


def apply(equation: Any, operands: list[Entries]) -> list[Entries]:
    """Carry out one equation.

    Raises:
        ValueError: for an operation that has no meaning entry by entry.
    """
    name = equation.primitive.name
    if name in WRAPPING:
        program, constants = wrapped_program(equation)
        return evaluate(program, constants, operands)
    if name in PASSING:
        return operands
    if all(operand.dtype != object for operand in operands):
        return compute_now(equation, operands)
    if name in ENTRY_BY_ENTRY:
        return [entry_by_entry(equation, operands)]
    if name in REARRANGING:
        return rearrange(equation, operands)
    if name in ("add", "add_any"):
        return [entrywise(add, *operands)]
    if name == "reduce_sum":
        return [sum_over(operands[0], equation.params["axes"])]
    if name == "dot_general":
        left, right = operands
        return [product(left, right, equation.params["dimension_numbers"])]
    raise ValueError(f"operation {name} cannot be taken apart into entries")


def compute_now(equation: Any, operands: list[np.ndarray]) -> list[np.ndarray]:
    """Carry out an equation on arrays that are known while the function is traced."""
    with jax.ensure_compile_time_eval():
        results = equation.primitive.bind(*map(jnp.asarray, operands), **equation.params)
    many = equation.primitive.multiple_results
    return [np.asarray(result) for result in (results if many else [results])]


def pack(entries: Sequence[Any], shape: tuple[int, ...]) -> Entries:
    """Put entries into an array of ``shape``, each as it is: NumPy would look inside them."""
    array = np.empty(len(entries), object)
    for place, entry in enumerate(entries):
        array[place] = entry
    return array.reshape(shape)


def entrywise(function: Callable[..., Any], *operands: Entries) -> Entries:
    """Apply a function of entries to each of several arrays of the same shape (or scalars)."""
    arrays = np.broadcast_arrays(*operands)
    entries = zip(*(array.ravel() for array in arrays), strict=True)
    return pack([function(*entry) for entry in entries], arrays[0].shape)


def entry_by_entry(equation: Any, operands: list[Entries]) -> Entries:
    """Carry out an operation that treats every entry alike."""
    bind, parameters = equation.primitive.bind, equation.params
    if equation.primitive.name == "select_n" and operands[0].dtype != object:
        # A known choice, such as a mask of the diagonal, needs no operation.
        return entrywise(lambda which, *cases: cases[int(which)], *operands)
    return entrywise(lambda *entries: bind(*alike(*entries), **parameters), *operands)


def rearrange(equation: Any, operands: list[Entries]) -> list[Entries]:
    """Carry out an operation that only moves entries, by moving their numbers instead."""
    sizes = [operand.size for operand in operands]
    firsts = np.cumsum([0, *sizes[:-1]])
    numbers = [
        np.arange(first, first + operand.size, dtype=np.int32).reshape(operand.shape)
        for first, operand in zip(firsts, operands, strict=True)
    ]
    entries = pack([e for operand in operands for e in operand.ravel()], (sum(sizes),))
    chosen = compute_now(equation, numbers)
    return [pack([entries[k] for k in number.ravel()], number.shape) for number in chosen]


def alike(*entries: Any) -> list[Any]:
    """Spread entries that are one number over the samples of the others."""
    shape = max((np.shape(entry) for entry in entries), key=len)
    return [e if np.shape(e) == shape else jnp.broadcast_to(e, shape) for e in entries]


def add(a: Any, b: Any) -> Any:
    """Add two entries; a known zero, of which reverse mode makes many, costs nothing."""
    for one, other in ((a, b), (b, a)):
        if is_zero(one):
            return other
    return jax.lax.add(*alike(a, b))


def is_zero(entry: Any) -> bool:
    """Tell an entry that is known to be zero."""
    return isinstance(entry, np.generic) and entry == 0


def sum_over(operand: Entries, axes: tuple[int, ...]) -> Entries:
    """Sum entries over ``axes``."""
    last = np.moveaxis(operand, axes, range(-len(axes), 0))
    kept = last.shape[: operand.ndim - len(axes)]
    rows = last.reshape(*kept, math.prod(operand.shape[axis] for axis in axes))
    sums = [reduce(add, row) for row in rows.reshape(-1, rows.shape[-1])]
    return pack(sums, kept)


def product(a: Entries, b: Entries, dimension_numbers: Any) -> Entries:
    """Multiply two arrays of entries and sum over the contracted axes, in full precision.

    Raises:
        ValueError: for a product with batch axes.
    """
    (left, right), (left_batch, _) = dimension_numbers
    if left_batch:
        raise ValueError("operation dot_general with batch axes cannot be taken apart into entries")
    rows = np.moveaxis(a, left, range(-len(left), 0))
    columns = np.moveaxis(b, right, range(-len(right), 0))
    kept = (*rows.shape[: a.ndim - len(left)], *columns.shape[: b.ndim - len(right)])
    length = math.prod(a.shape[axis] for axis in left)
    results = [
        reduce(add, (jax.lax.mul(*alike(x, y)) for x, y in zip(row, column, strict=True)))
        for row in rows.reshape(-1, length)
        for column in columns.reshape(-1, length)
    ]
    return pack(results, kept)
