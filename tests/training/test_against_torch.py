"""The whole recipe against torch's own optimiser, schedule, clipping and layers, in float64."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import trainable
from rhythmic.networks import MEAN, NetworkSpec, rhythmic_network
from rhythmic.training import Data, Hyperparameters, Members, MemberTraining, TrainingConfiguration
from rhythmic.training.configuration import member_keys
from rhythmic.training.member import epoch_batches
from tests.marks import rest_slow

torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")

NUM_TRAIN, TIME, EPOCHS, BATCH = 22, 15, 3, 8
RATE, DECAY, SMOOTHING, SEED = 0.02, 0.1, 0.05, 7
CONFIGURATION = TrainingConfiguration(epochs=EPOCHS, batch_size=BATCH, rising_share=0.4)


def small_problem():
    rng = np.random.default_rng(5)
    images = rng.integers(0, 256, (NUM_TRAIN + 20, TIME)).astype(np.uint8)
    labels = rng.integers(0, 10, NUM_TRAIN + 20).astype(np.int32)
    order = np.arange(NUM_TRAIN + 20, dtype=np.int32)
    hyperparameters = Hyperparameters(*map(np.float64, (RATE, DECAY, SMOOTHING)))
    member = Members(
        np.int32(SEED), hyperparameters, order[:NUM_TRAIN], order[NUM_TRAIN:-10], order[-10:]
    )
    return Data(images, labels), member


def torch_batches(data, member):
    """The batches of every epoch, from the same keys, padding left out."""
    for epoch in range(EPOCHS):
        key = jax.random.fold_in(member_keys(member.seed).batch_order, epoch)
        batches, weights = epoch_batches(jnp.asarray(member.train), 3, BATCH, key=key)
        for batch, weight in zip(np.asarray(batches), np.asarray(weights), strict=True):
            examples = batch[weight > 0]
            yield (
                torch.tensor(data.inputs[examples] / 255.0)[:, :, None],
                torch.tensor(data.targets[examples], dtype=torch.long),
            )


def train_in_torch(parameters, forward, data, member, project=lambda: None):
    """torch's AdamW, OneCycleLR, clip_grad_norm_ and label-smoothed cross-entropy."""
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=RATE, total_steps=3 * EPOCHS, pct_start=0.4
    )
    losses = []
    for inputs, labels in torch_batches(data, member):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(forward(inputs), labels, label_smoothing=SMOOTHING)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        project()
        losses.append(loss.item() * len(labels))
    return np.array(losses).reshape(EPOCHS, 3).sum(axis=1) / NUM_TRAIN


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("cell", rest_slow(["rnn", "lstm"], "rnn"))
def test_rivals_train_as_in_torch(cell):
    data, member = small_problem()
    architecture = NetworkSpec(cell, 4, dropout_rate=0.0, **MEAN)
    training = MemberTraining(architecture, CONFIGURATION)
    start = training.initial_state(member).parameters
    state = jax.jit(training.run)(member, data)

    layer = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM}[cell](1, 4, batch_first=True).double()
    norm, linear = torch.nn.LayerNorm(4).double(), torch.nn.Linear(4, 10).double()
    with torch.no_grad():
        for name, value in layer.named_parameters():
            value.copy_(torch.tensor(np.asarray(getattr(start.cell, name.removesuffix("_l0")))))
        linear.weight.copy_(torch.tensor(np.asarray(start.readout.weight)))
        linear.bias.zero_()
    parameters = [*layer.parameters(), *norm.parameters(), *linear.parameters()]
    losses = train_in_torch(
        parameters, lambda inputs: linear(norm(layer(inputs)[0].mean(dim=1))), data, member
    )
    # torch divides by the gradient's norm plus 1e-6 when it clips, hence not closer.
    np.testing.assert_allclose(state.history.train_loss, losses, rtol=1e-6)
    np.testing.assert_allclose(
        state.parameters.cell.weight_hh, layer.weight_hh_l0.detach().numpy(), rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(
        state.parameters.readout.bias, linear.bias.detach().numpy(), rtol=1e-5, atol=1e-7
    )


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("diagonal", rest_slow(["projected", "masked"], "projected"))
def test_resonant_network_trains_as_in_torch(diagonal):
    data, member = small_problem()
    frequencies = (20.0, 50.0, 120.0)
    architecture = rhythmic_network(frequencies, pole_radius=0.95, diagonal=diagonal, name="rrn")
    training = MemberTraining(architecture, CONFIGURATION)
    model = architecture.build(1, 10, key=member_keys(member.seed).start_values)
    nodes = jax.tree.map(lambda x: torch.tensor(np.asarray(x)), model.cell.nodes)
    start = eqx.filter(model, trainable(model))
    state = jax.jit(training.run)(member, data)

    weights = torch.nn.Parameter(torch.tensor(np.asarray(start.cell.recurrent_weights)))
    norm, linear = torch.nn.BatchNorm1d(3).double(), torch.nn.Linear(3, 10).double()
    with torch.no_grad():
        linear.weight.copy_(torch.tensor(np.asarray(start.readout.weight)))
        linear.bias.copy_(torch.tensor(np.asarray(start.readout.bias)))
    off_diagonal = 1 - torch.eye(3, dtype=torch.float64)

    def forward(inputs):
        used = weights * off_diagonal if diagonal == "masked" else weights
        x = before = torch.zeros(len(inputs), 3, dtype=torch.float64)
        total = 0
        for u in inputs.unbind(dim=1):
            new = u + nodes.w1 * x + nodes.w2 * before + torch.tanh(x * u) @ used.T
            quadrature = nodes.velocity_scale * (new - x) + nodes.damping_ratio * new
            total = total + new**2 + quadrature**2 + 1e-12
            before, x = x, new
        return linear(norm(total / inputs.shape[1]))

    def project():
        with torch.no_grad():
            weights.mul_(off_diagonal)

    parameters = [weights, *norm.parameters(), *linear.parameters()]
    losses = train_in_torch(parameters, forward, data, member, project)
    np.testing.assert_allclose(state.history.train_loss, losses, rtol=1e-6)
    np.testing.assert_allclose(
        state.parameters.cell.recurrent_weights, weights.detach().numpy(), rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(state.statistics.mean, norm.running_mean.numpy(), rtol=1e-6)
    np.testing.assert_allclose(state.statistics.variance, norm.running_var.numpy(), rtol=1e-6)
