"""discretax's side: the blocks of this project's network, with its own modules and parameters."""

import functools
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Compiled
from rhythmic.records import Row
from rhythmic.typing import Array, PyTree

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Blocks:
    """Damped oscillators in blocks, and a batch of sequences of one channel.

    Args:
        depth: blocks, one above the other.
        width: of the stream between blocks.
        batch: sequences.
        num_steps: of a sequence.
        num_classes: of the sequences.
    """

    depth: int = 2
    width: int = 64
    batch: int = 32
    num_steps: int = 784
    num_classes: int = 10

    def inputs(self) -> np.ndarray:
        """Return sequences, ``(time, 1, batch)``, of standard normal samples."""
        shape = (self.num_steps, 1, self.batch)
        return np.random.default_rng(0).normal(size=shape)

    def labels(self) -> np.ndarray:
        """Return one class per sequence."""
        return np.arange(self.batch) % self.num_classes


class LayerNorm(eqx.Module):
    """Layer normalisation in the place of a block's batch normalisation."""

    norm: eqx.nn.LayerNorm

    def __call__(self, x: Array, state: PyTree) -> tuple[Array, PyTree]:
        """Normalise each step of ``(feature, time)``."""
        return jax.vmap(self.norm)(x.T).T, state


def build(blocks: Blocks, arrays: Arrays) -> tuple[PyTree, PyTree]:
    """Return encoder, blocks and head with the given parameters, and the state that they need.

    As published, a block's normalisation is over the batch; where ``arrays`` hold the scale of a
    layer normalisation, that one stands in its place.
    """
    from discretax.encoder import LinearEncoder
    from discretax.heads import ClassificationHead
    from discretax.models.linoss import LinOSS

    key, width = jax.random.key(0), blocks.width
    encoder = LinearEncoder(in_features=1, out_features=width, use_bias=True, key=key)
    head = ClassificationHead(in_features=width, out_features=blocks.num_classes, key=key)
    make: Any = eqx.nn.make_with_state(LinOSS)
    size = {"hidden_dim": width, "state_dim": width, "num_blocks": blocks.depth}
    body, state = make(**size, drop_rate=0.0, key=key)
    if "layers[0].scale" in arrays:
        norms = [LayerNorm(eqx.nn.LayerNorm(width)) for _ in body.blocks]
        body = eqx.tree_at(lambda b: [block.norm for block in b.blocks], body, norms)
    model = (encoder, body, head)
    values = [jnp.asarray(arrays[name]) for name in places(model) if name in arrays]
    return eqx.tree_at(
        lambda m: [x for n, x in places(m).items() if n in arrays], model, values
    ), state


def places(model: PyTree) -> dict[str, Array]:
    """Return discretax's parameters by this benchmark's names."""
    encoder, body, head = model
    found = {"encoder.weight": encoder.linear.weight, "encoder.bias": encoder.linear.bias}
    for place, block in enumerate(body.blocks):
        mixer, gate = block.sequence_mixer, block.channel_mixer
        own = {
            "stiffness": mixer.A_diag,
            "damping": mixer.G_diag,
            "dt": mixer.steps,
            "input": mixer.B,
            "output": mixer.C,
            "feedthrough": mixer.D,
            "values.weight": gate.w1.weight,
            "values.bias": gate.w1.bias,
            "gates.weight": gate.w2.weight,
            "gates.bias": gate.w2.bias,
        }
        if isinstance(block.norm, LayerNorm):
            own |= {"scale": block.norm.norm.weight, "shift": block.norm.norm.bias}
        found |= {f"layers[{place}].{name}": value for name, value in own.items()}
    return found | {"head.weight": head.linear.weight, "head.bias": head.linear.bias}


def loss_of(model: PyTree, inputs: Array, labels: Array, state: PyTree) -> Array:
    """Return the mean cross-entropy; ``inputs`` are ``(batch, time, 1)``."""

    def answer(model: PyTree, one: Array, state: PyTree) -> tuple[Array, PyTree]:
        encoder, body, head = model
        stream, state = encoder(one, state)
        stream, state = body(stream, state, key=jax.random.key(0))
        return head(stream, state)

    mapped = jax.vmap(answer, (None, 0, None), (0, None), axis_name="batch")
    return -jnp.mean(jnp.take_along_axis(mapped(model, inputs, state)[0], labels[:, None], axis=1))


value_and_gradient: Any = eqx.filter_value_and_grad(loss_of)


def compiled(blocks: Blocks, arrays: Arrays) -> Compiled:
    """Return the compiled value and gradient at the given parameters, see ``build``."""
    model, state = build(blocks, arrays)
    inputs = jnp.asarray(np.moveaxis(blocks.inputs(), -1, 0), jnp.zeros(()).dtype)
    return Compiled(value_and_gradient, model, inputs, jnp.asarray(blocks.labels()), state)


@functools.cache
def _timed(blocks: Blocks, normalisation: str) -> Compiled:
    arrays = {} if normalisation == "batch" else {"layers[0].scale": np.ones(blocks.width)}
    return compiled(blocks, arrays)


def facts(blocks: Blocks, normalisation: str) -> Row:
    """Compile, and return what is known before any timing."""
    run = _timed(blocks, normalisation)
    parameters = jax.tree.leaves(eqx.filter(run.arguments[0], eqx.is_inexact_array))
    return {
        "discretax": version("discretax"),
        "discretax_first_seconds": run.first_seconds,
        "discretax_peak_mb": run.peak_bytes / 1e6,
        "discretax_parameters": sum(x.size for x in parameters),
    }


def seconds_of(blocks: Blocks, normalisation: str, number: int) -> float:
    """Return the mean seconds of ``number`` values and gradients."""
    return _timed(blocks, normalisation).seconds(number)


def loss_and_gradient(blocks: Blocks, arrays: Arrays) -> tuple[float, Arrays]:
    """Return both in float64, the gradient by this benchmark's names."""
    with jax.enable_x64(True):
        loss, gradient = compiled(blocks, arrays).once()
        return float(loss), {name: np.asarray(x) for name, x in places(gradient).items()}
