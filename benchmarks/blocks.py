"""``python -m benchmarks.blocks``: blocks of damped oscillators beside discretax's."""

import functools
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import discretax_blocks, harness
from benchmarks.discretax_blocks import Arrays, Blocks
from benchmarks.harness import Compiled
from rhythmic.networks import Block, Network, NetworkSpec
from rhythmic.progress import show
from rhythmic.records import Row, write_table
from rhythmic.typing import Array

TOLERANCE = 1e-9  # of loss and gradient, in float64
WAYS = ("pieces", "adjoint", "scan", "parallel")


@dataclass(frozen=True)
class Options:
    """Time value and gradient of two blocks of damped LinOSS beside discretax's.

    Both compute the same function (layer normalisation in the place of discretax's batch
    normalisation), which is shown in float64 first; discretax as it comes is timed too. Each side
    is a process, and they take turns. discretax requires Python 3.12: ``nox -s blocks``.

    Args:
        depth: blocks, one above the other.
        width: of the stream, and oscillators of a block.
        batch: sequences.
        num_steps: of a sequence.
        ways: ways through time of this project, see ``rhythmic.fast.ways``.
        repetitions: timed turns of each side.
        warm_up: turns of each side before those, not counted.
        number: values and gradients per turn.
        pinned: keep each side on one core; otherwise each has JAX's default threads.
        discretax: compare with discretax.
        output: CSV file for the rows, replaced if it exists.
    """

    depth: int = 2
    width: int = 64
    batch: int = 32
    num_steps: int = 784
    ways: tuple[str, ...] = ("pieces", "adjoint", "scan")
    repetitions: int = 7
    warm_up: int = 1
    number: int = 3
    pinned: bool = False
    discretax: bool = True
    output: Path = Path("benchmarks/results/blocks.csv")

    def __post_init__(self) -> None:
        ones = ("depth", "width", "batch", "num_steps", "repetitions", "number")
        harness.check_options(self, dict.fromkeys(ones, 1) | {"warm_up": 0})
        harness.check_names("ways", self.ways, WAYS)

    def blocks(self) -> Blocks:
        """Return what is computed."""
        return Blocks(self.depth, self.width, self.batch, self.num_steps)


def build(blocks: Blocks) -> Network:
    """Return this project's network, its feedthrough matrices diagonal as discretax's are."""
    spec = NetworkSpec(
        "linoss",
        blocks.width,
        depth=blocks.depth,
        options={"scheme": "damped", "maps": "complex"},
        encoder_size=blocks.width,
        block=Block(),
        pooling="mean",
        readout="linear",
        dropout_rate=0.0,
    )
    network = spec.build(1, blocks.num_classes, key=jax.random.key(1))

    def feedthroughs(network: Any) -> list[Array]:
        return [layer.cell.feedthrough_weights for layer in network.layers]

    diagonal = [jnp.diag(jnp.diag(weights)) for weights in feedthroughs(network)]
    return eqx.tree_at(feedthroughs, network, diagonal)


def loss_of(network: Network, inputs: Array, labels: Array, way: Any) -> Array:
    """Return the mean cross-entropy; ``inputs`` are ``(time, 1, batch)``."""
    logits = network.answer(network.features(inputs, method=way))
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits, axis=0), labels[None], axis=0)
    return -jnp.mean(chosen)


def in_their_terms(network: Any, *, gradient_of: Any = None) -> Arrays:
    """Return parameters as discretax holds them, or a gradient by those.

    Their ``B`` and ``C`` hold real and imaginary part last, and ``Re(C x)`` takes the imaginary
    columns with a minus; stiffness and damping are given as such, ``dt`` by its logit.

    Args:
        network: the network, or the gradient by its parameters.
        gradient_of: the network, where a gradient is given.
    """
    of = network if gradient_of is None else gradient_of
    found = {"encoder.weight": network.encoder.weight, "encoder.bias": network.encoder.bias}
    for place, (layer, known) in enumerate(zip(network.layers, of.layers, strict=True)):
        cell, of_cell = layer.cell, known.cell
        real, imaginary = jnp.split(cell.output_weights, 2, axis=1)
        own = {
            "input": jnp.stack(jnp.split(cell.input_weights, 2), axis=-1),
            "output": jnp.stack([real, -imaginary], axis=-1),
            "feedthrough": jnp.diag(cell.feedthrough_weights),
            "dt": cell.dt.raw,
            "scale": layer.normalisation.scale,
            "shift": layer.normalisation.shift,
        }
        for name in ("stiffness", "damping"):
            bounds = getattr(of_cell, name)
            slope = jax.vmap(jax.grad(lambda raw, b=bounds: type(b)(raw, b.low, b.high).values))
            raw = getattr(cell, name).raw
            own[name] = bounds.values if gradient_of is None else raw / slope(bounds.raw)
        for name, part in (("weight", layer.mixing.weight), ("bias", layer.mixing.bias)):
            own[f"values.{name}"], own[f"gates.{name}"] = jnp.split(part, 2)
        found |= {f"layers[{place}].{name}": value for name, value in own.items()}
    found |= {"head.weight": network.readout.weight, "head.bias": network.readout.bias}
    return {name: np.asarray(value) for name, value in found.items()}


def compiled(blocks: Blocks, way: str) -> Compiled:
    """Return the compiled value and gradient of the network, one way through time."""
    inputs = jnp.asarray(blocks.inputs(), jnp.zeros(()).dtype)
    function: Any = eqx.filter_value_and_grad(functools.partial(loss_of, way=way))
    return Compiled(function, build(blocks), inputs, blocks.labels())


_timed = functools.cache(compiled)


def facts(blocks: Blocks, way: str) -> Row:
    """Compile, and return what is known before any timing."""
    run = _timed(blocks, way)
    return {
        "first_seconds": run.first_seconds,
        "peak_mb": run.peak_bytes / 1e6,
        "parameters": run.arguments[0].num_parameters(),
    }


def seconds_of(blocks: Blocks, way: str, number: int) -> float:
    """Return the mean seconds of ``number`` values and gradients."""
    return _timed(blocks, way).seconds(number)


def differences(blocks: Blocks, way: str) -> Row:
    """Compare loss and gradient with discretax's, in float64.

    Raises:
        ValueError: if they are further apart than rounding, since the times would mean nothing.
    """
    with jax.enable_x64(True):
        run = compiled(blocks, way)
        loss, gradient = run.once()
        network = run.arguments[0]
        found = in_their_terms(gradient, gradient_of=network)
        reference, theirs = discretax_blocks.loss_and_gradient(blocks, in_their_terms(network))
    apart = abs(float(loss) / reference - 1)
    scale = np.sqrt(sum(np.sum(theirs[name] ** 2) for name in found))
    distance = np.sqrt(sum(np.sum((theirs[name] - found[name]) ** 2) for name in found)) / scale
    if not (apart <= TOLERANCE and distance <= TOLERANCE):
        raise ValueError(
            f"{way} and discretax differ by {apart:.1e} in loss and {distance:.1e} in gradient, "
            f"allowed is {TOLERANCE:.0e}; not timed"
        )
    return {"loss_difference": apart, "gradient_difference": float(distance)}


def measure(stack: ExitStack, options: Options) -> list[Row]:
    """Check that all compute the same, take turns, and return the rows."""
    blocks = options.blocks()
    placed = (harness.use_devices, 1, options.pinned)
    ours = {way: harness.Side(stack, *placed) for way in options.ways}
    rivals = ("layer", "batch") if options.discretax else ()
    theirs = {name: harness.Side(stack, *placed) for name in rivals}
    known: dict[str, Row] = {}
    for way, side in ours.items():
        show(f"{way}: checking and compiling")
        known[way] = side.ask(differences, blocks, way) if rivals else {}
        known[way] |= side.ask(facts, blocks, way)
    for name, side in theirs.items():
        show(f"discretax, {name} normalisation: compiling")
        known[name] = side.ask(discretax_blocks.facts, blocks, name)
    turns = {way: side.turn(seconds_of, blocks, way, options.number) for way, side in ours.items()}
    for name, side in theirs.items():
        turns[name] = side.turn(discretax_blocks.seconds_of, blocks, name, options.number)
    times = harness.take_turns(turns, repetitions=options.repetitions, warm_up=options.warm_up)
    rows = []
    for way in ours:
        alone: Row = {"way": way} | known[way] | harness.spread("ms", 1e3 * times[way])
        for name in rivals:
            beside = {"normalisation_of_discretax": name} | known[name]
            beside |= harness.spread("discretax_ms", 1e3 * times[name])
            rows.append(alone | beside | harness.spread("ratio", times[name] / times[way]))
        rows += [] if rivals else [alone]
    return rows


def table(rows: list[Row]) -> str:
    """Return the medians as Markdown, the smallest and largest in brackets."""
    titles = (
        *("way", "ms", "first step, s", "peak, MB"),
        *("discretax, norm over", "ms", "first step, s", "peak, MB", "times faster"),
    )

    def number(row: Row, name: str, digits: int = 0) -> str:
        return f"{row[name]:.{digits}f}" if name in row else ""

    lines = [
        (
            row["way"],
            harness.cell(row, "ms", 0),
            number(row, "first_seconds", 1),
            number(row, "peak_mb"),
            row.get("normalisation_of_discretax", ""),
            harness.cell(row, "discretax_ms", 0),
            number(row, "discretax_first_seconds", 1),
            number(row, "discretax_peak_mb"),
            harness.cell(row, "ratio"),
        )
        for row in rows
    ]
    return harness.markdown(titles, lines)


def run(options: Options) -> None:
    """Check, time, print the table and write the rows.

    Raises:
        ImportError: if discretax is asked for and not installed.
    """
    if options.discretax and find_spec("discretax") is None:
        raise ImportError("discretax is not installed; see nox -s blocks, or say --no-discretax")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    load = harness.load_average()
    shape = {name: getattr(options, name) for name in ("depth", "width", "batch", "num_steps")}
    settings = {
        name: getattr(options, name) for name in ("number", "repetitions", "warm_up", "pinned")
    }
    machine = harness.machine(("jax", "equinox"), load_average=load)
    with ExitStack() as stack:
        rows = [row | shape | settings | machine for row in measure(stack, options)]
    write_table(options.output, rows)
    print(table(rows))
    print("\n" + harness.in_words(shape | settings | machine))


if __name__ == "__main__":
    harness.command("blocks", Options, run)
