"""Networks read out at every step, against NumPy loops that write out the lecture's equations."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ElmanCell, LSTMCell, ResonantCell
from rhythmic.models import named_arrays, with_named_arrays
from rhythmic.sequence_models import (
    GatedSequenceArchitecture,
    PlainSequenceArchitecture,
    PresentItemArchitecture,
    PresentItemCell,
    ResonantSequenceArchitecture,
    SequenceModel,
)

TIME, FEATURES, OUTPUTS, BATCH = 9, 3, 2, 4
KEY = jax.random.key(2)
FREQUENCIES = (2.0, 5.0, 11.0)
ARCHITECTURES = {
    "present": PresentItemArchitecture(),
    "rnn": PlainSequenceArchitecture(hidden_size=5),
    "lstm": GatedSequenceArchitecture(hidden_size=4),
    "rhythmic": ResonantSequenceArchitecture("rhythmic", FREQUENCIES, 60.0, 0.8),
}


@jax.jit
def run(model, inputs):
    return model(inputs)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def present(cell, inputs):
    del cell
    return list(inputs)


def rnn(cell, inputs):
    state, seen = np.zeros((5, 1)), []
    for sample in inputs:
        drive = cell.weight_ih @ sample + cell.weight_hh @ state
        state = np.tanh(drive + (cell.bias_ih + cell.bias_hh)[:, None])
        seen.append(state)
    return seen


def lstm(cell, inputs):
    hidden, memory, seen = np.zeros((4, 1)), np.zeros((4, 1)), []
    for sample in inputs:
        drive = cell.weight_ih @ sample + cell.weight_hh @ hidden
        i, f, g, o = np.split(drive + (cell.bias_ih + cell.bias_hh)[:, None], 4)
        memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(memory)
        seen.append(hidden)
    return seen


def rhythmic(cell, inputs):
    """Positions above amplitudes; ``inputs`` are encoded scalars."""
    angles = 2 * np.pi * np.array(FREQUENCIES) / 60.0
    w1, w2 = (2 * 0.8 * np.cos(angles))[:, None], -(0.8**2)
    # D = 1 + 2 beta dt + omega^2 dt^2 of the lecture's backward differences: w2 = -1 / D and
    # w1 = 2 (1 + beta dt) / D, with dt = 1/60 s.
    denominator = 1 / 0.8**2
    damping = 60.0 * (w1 * denominator / 2 - 1)
    squared_frequency = 60.0**2 * (denominator - 1 - 2 * damping / 60.0)
    x = before = np.zeros((3, 1))
    seen = []
    for u in inputs:
        new = u + w1 * x + w2 * before + cell.recurrent_weights @ np.tanh(x * u)
        velocity = (new - x) * 60.0
        amplitude = np.sqrt(new**2 + (velocity + damping * new) ** 2 / squared_frequency + 1e-12)
        before, x = x, new
        seen.append(np.concatenate([new, amplitude]))
    return seen


def built(name, key=KEY, input_size=FEATURES):
    """Build in one program, which compiles sooner than one operation after another."""
    return eqx.filter_jit(ARCHITECTURES[name].build)(input_size, OUTPUTS, key=key)


def model_and_inputs(name):
    """A network whose biases, zero at the start, count."""
    model = built(name)
    rng = np.random.default_rng(1)
    biases = {
        k: x + rng.normal(size=x.shape) for k, x in named_arrays(model).items() if "bias" in k
    }
    return with_named_arrays(model, biases), rng.normal(size=(TIME, FEATURES, BATCH))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_outputs_are_those_of_a_loop(name):
    model, inputs = model_and_inputs(name)
    loop = {"present": present, "rnn": rnn, "lstm": lstm, "rhythmic": rhythmic}[name]
    arrays = jax.tree.map(np.asarray, eqx.filter(model, eqx.is_array))
    heard = inputs
    if name == "rhythmic":
        encoder = arrays.encoder
        heard = [encoder.weight @ sample + encoder.bias[:, None] for sample in inputs]
    seen = loop(arrays.cell, heard)
    readout = arrays.readout
    expected = np.stack([readout.weight @ x + readout.bias[:, None] for x in seen])
    found = run(model, jnp.asarray(inputs))
    assert found.shape == (TIME, OUTPUTS, BATCH)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    # One sequence without a batch axis is that column of the batch.
    alone = run(model, jnp.asarray(inputs[..., 1]))
    np.testing.assert_allclose(alone, expected[..., 1], rtol=1e-10, atol=1e-12)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_only_what_came_before_counts(name):
    model, inputs = model_and_inputs(name)
    inputs = jnp.asarray(inputs)
    changed = inputs.at[4].add(1.0)
    difference = np.abs(np.asarray(run(model, changed) - run(model, inputs))).max(axis=(1, 2))
    assert not difference[:4].any()
    assert difference[4] > 1e-3
    assert (difference[5] > 1e-3) == (name != "present")


@pytest.mark.parametrize(
    ("name", "size", "encoded"), [("rnn", 5, False), ("rhythmic", 6, True), ("present", 3, False)]
)
def test_encoder_where_the_cell_needs_one(name, size, encoded):
    model = built(name)
    assert (model.encoder is not None) == encoded
    assert model.readout.weight.shape == (OUTPUTS, size)
    scalar = built(name, input_size=1)
    assert scalar.encoder is None


@pytest.mark.parametrize("name", ["rnn", "lstm", "rhythmic"])
def test_parts_have_keys_of_their_own(name):
    first, again, other = (
        jax.tree.leaves(built(name, key)) for key in (KEY, KEY, jax.random.key(7))
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    drawn = [a for a, c in zip(first, other, strict=True) if not np.array_equal(a, c)]
    assert len(drawn) == 3
    assert len({float(jnp.abs(a).max() / jnp.abs(a).mean()) for a in drawn}) == 3


def test_start_values_are_options():
    plain = PlainSequenceArchitecture(hidden_size=5, recurrent_gain=0.5)
    model = plain.build(FEATURES, OUTPUTS, key=KEY)
    singular = np.linalg.svd(model.cell.weight_hh, compute_uv=False)
    np.testing.assert_allclose(singular, 0.5, rtol=1e-5)
    gated = GatedSequenceArchitecture(hidden_size=4, forget_bias=3.0)
    np.testing.assert_array_equal(gated.build(FEATURES, OUTPUTS, key=KEY).cell.bias_ih[4:8], 3.0)
    masked = ResonantSequenceArchitecture("r", FREQUENCIES, 60.0, 0.8, diagonal="masked")
    assert masked.build(FEATURES, OUTPUTS, key=KEY).cell.diagonal == "masked"


BAD = {
    "hidden_size is 0": lambda: PlainSequenceArchitecture(hidden_size=0).build(1, 1, key=KEY),
    "input_size is 0": lambda: PresentItemCell(0),
    "num_outputs is 0": lambda: PresentItemArchitecture().build(1, 0, key=KEY),
    "pole_radius is 1.0": lambda: ResonantSequenceArchitecture("r", (1.0,), 60.0, 1.0),
    "(?s)frequencies.*15": lambda: ResonantSequenceArchitecture("r", (15.0,), 60.0),
    "shown is 'position_and_amplitude'; ElmanCell has no amplitude": lambda: SequenceModel(
        ElmanCell(1, 2, key=KEY), 1, 1, key=KEY, shown="position_and_amplitude"
    ),
    "^input_size is 4; it must be 3, the cell's input_size$": lambda: SequenceModel(
        LSTMCell(3, 8, key=KEY), 4, 2, key=KEY
    ),
    r"inputs has shape \(4, 2, 1\); expected \(time, 3, \*batch\)": lambda: (
        PresentItemArchitecture().build(3, 1, key=KEY)(jnp.zeros((4, 2, 1)))
    ),
}


@pytest.mark.parametrize("message", BAD)
def test_errors_name_the_field(message):
    with pytest.raises(ValueError, match=message):
        BAD[message]()


def test_a_resonant_cell_may_show_its_positions_alone():
    cell = ResonantCell(np.array(FREQUENCIES), key=KEY, sample_rate=60.0)
    model = SequenceModel(cell, 1, OUTPUTS, key=KEY)
    assert model.readout.weight.shape == (OUTPUTS, 3)
    state = cell.step(cell.initial_state((2,)), jnp.ones((1, 2)))
    np.testing.assert_array_equal(model.show(state), state.position)
