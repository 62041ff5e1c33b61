"""Readouts against torch's normalisations, and padding against the batch without it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.networks import RunningStatistics
from rhythmic.networks.readouts import BatchNormReadout, HiddenReadout, LayerNormReadout

HIDDEN, CLASSES, BATCH = 4, 3, 6
KEY = jax.random.key(2)
EXACT = {"rtol": 1e-12, "atol": 1e-13}


def random_tree(tree, seed=3):
    """The same tree with every array drawn anew, so that no affine part is one or zero."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape)), tree)


def batch(size=BATCH, seed=0):
    return jnp.asarray(np.random.default_rng(seed).gamma(2, 3, (HIDDEN, size)))


def torch_head(norm, readout):
    """torch's normalisation and Linear with our parameters."""
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    norm, linear = norm(torch).double(), torch.nn.Linear(HIDDEN, CLASSES).double()
    pairs = [(norm.weight, readout.scale), (norm.bias, readout.shift)]
    pairs += [(linear.weight, readout.weight), (linear.bias, readout.bias)]
    with torch.no_grad():
        for parameter, value in pairs:
            parameter.copy_(torch.tensor(np.asarray(value)))
    return torch, torch.nn.Sequential(norm, linear), [parameter for parameter, _ in pairs]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("epsilon", "momentum"), [(1e-5, 0.1), (0.3, 0.25)])
def test_batch_norm_readout_is_torch(epsilon, momentum):
    options = {"epsilon": epsilon, "momentum": momentum}
    readout = random_tree(BatchNormReadout(HIDDEN, CLASSES, key=KEY, **options))
    torch, head, _ = torch_head(
        lambda torch: torch.nn.BatchNorm1d(HIDDEN, eps=epsilon, momentum=momentum), readout
    )
    statistics = readout.initial_statistics()
    for seed in range(3):
        features = batch(seed=seed)
        logits, statistics = readout.train(features, statistics, jnp.ones(BATCH), key=KEY)
        expected = head(torch.tensor(np.asarray(features.T)))
        np.testing.assert_allclose(logits.T, expected.detach().numpy(), **EXACT)
        np.testing.assert_allclose(statistics.mean, head[0].running_mean.numpy(), **EXACT)
        np.testing.assert_allclose(statistics.variance, head[0].running_var.numpy(), **EXACT)
    head.eval()
    expected = head(torch.tensor(np.asarray(batch(2, seed=9).T))).detach().numpy()
    np.testing.assert_allclose(readout.predict(batch(2, seed=9), statistics).T, expected, **EXACT)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("epsilon", [1e-5, 0.3])
def test_layer_norm_readout_is_torch(epsilon):
    readout = LayerNormReadout(HIDDEN, CLASSES, key=KEY, dropout_rate=0.0, epsilon=epsilon)
    readout = random_tree(readout)
    torch, head, _ = torch_head(lambda torch: torch.nn.LayerNorm(HIDDEN, eps=epsilon), readout)
    expected = head(torch.tensor(np.asarray(batch().T))).detach().numpy()
    statistics = readout.initial_statistics()
    np.testing.assert_allclose(readout.predict(batch(), statistics).T, expected, **EXACT)
    logits, after = readout.train(batch(), statistics, jnp.ones(BATCH), key=KEY)
    np.testing.assert_allclose(logits.T, expected, **EXACT)
    assert jax.tree.leaves(after) == [] or all(x.size == 0 for x in jax.tree.leaves(after))


def gradients(readout, features, weights, target):
    def score(readout, features):
        logits, _ = readout.train(
            features, readout.initial_statistics(), weights, key=jax.random.key(0)
        )
        return jnp.sum(jnp.tanh(logits) * target * weights)

    return jax.grad(score, argnums=(0, 1))(readout, features)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("build", [BatchNormReadout, LayerNormReadout])
def test_gradients_are_torch(build):
    rates = {"dropout_rate": 0.0} if build is LayerNormReadout else {}
    readout = random_tree(build(HIDDEN, CLASSES, key=KEY, **rates))
    name = {"BatchNormReadout": "BatchNorm1d", "LayerNormReadout": "LayerNorm"}[build.__name__]
    torch, head, parameters = torch_head(lambda torch: getattr(torch.nn, name)(HIDDEN), readout)
    target = np.random.default_rng(1).normal(size=(CLASSES, BATCH))
    found, by_features = gradients(readout, batch(), jnp.ones(BATCH), target)
    features = torch.tensor(np.asarray(batch().T), requires_grad=True)
    (torch.tanh(head(features)) * torch.tensor(target.T)).sum().backward()
    fields = (found.scale, found.shift, found.weight, found.bias)
    for field, parameter in zip(fields, parameters, strict=True):
        np.testing.assert_allclose(field, parameter.grad.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(by_features.T, features.grad.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("filler", [1.0, 1e6])
def test_padding_touches_nothing(filler):
    readout = random_tree(BatchNormReadout(HIDDEN, CLASSES, key=KEY))
    padded = jnp.concatenate([batch(), jnp.full((HIDDEN, 3), filler)], axis=1)
    weights = jnp.array([1.0] * BATCH + [0.0] * 3)
    start = RunningStatistics(jnp.arange(4.0), jnp.arange(1.0, 5.0))
    plain, plain_statistics = readout.train(batch(), start, jnp.ones(BATCH), key=KEY)
    logits, statistics = readout.train(padded, start, weights, key=KEY)
    np.testing.assert_allclose(logits[:, :BATCH], plain, **EXACT)
    np.testing.assert_allclose(statistics.mean, plain_statistics.mean, **EXACT)
    np.testing.assert_allclose(statistics.variance, plain_statistics.variance, **EXACT)
    target = np.random.default_rng(1).normal(size=(CLASSES, BATCH + 3))
    expected = gradients(readout, batch(), jnp.ones(BATCH), target[:, :BATCH])
    found = gradients(readout, padded, weights, target)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12), found[0], expected[0]
    )
    np.testing.assert_allclose(found[1][:, :BATCH], expected[1], rtol=1e-10, atol=1e-12)
    assert np.all(found[1][:, BATCH:] == 0)


@pytest.mark.usefixtures("x64")
def test_running_statistics_carry_no_gradient():
    readout = BatchNormReadout(HIDDEN, CLASSES, key=KEY)

    def total(features):
        statistics = readout.initial_statistics()
        _, after = readout.train(features, statistics, jnp.ones(BATCH), key=KEY)
        return jnp.sum(after.mean) + jnp.sum(after.variance)

    assert not np.any(jax.grad(total)(batch()))


def test_dropout_keeps_the_mean_and_scales_the_rest():
    rate, size = 0.3, 4000
    readout = LayerNormReadout(HIDDEN, HIDDEN, key=KEY, dropout_rate=rate)
    # With an identity for the linear map the logits are the dropped features themselves.
    object.__setattr__(readout, "weight", jnp.eye(HIDDEN))
    features = jnp.tile(jnp.array([[0.0], [1.0], [4.0], [9.0]]), (1, size))
    statistics = readout.initial_statistics()
    whole = np.asarray(readout.predict(features, statistics))
    logits = np.asarray(readout.train(features, statistics, jnp.ones(size), key=KEY)[0])
    dropped = logits == 0
    np.testing.assert_allclose(logits[~dropped], (whole / (1 - rate))[~dropped], rtol=1e-5)
    # Of n draws a share p +- sqrt(p (1 - p) / n) is dropped; 5 sigma.
    share_error = np.sqrt(rate * (1 - rate) / size)
    np.testing.assert_allclose(dropped.mean(axis=1), rate, atol=5 * share_error)
    bound = 5 * np.abs(whole[:, 0]) * share_error / (1 - rate)
    assert np.all(np.abs(logits.mean(axis=1) - whole[:, 0]) < bound)
    # Each feature of each example is dropped by itself.
    pairs = np.corrcoef(dropped.astype(float))
    assert np.max(np.abs(pairs - np.eye(HIDDEN))) < 5 / np.sqrt(size)


def test_dropout_follows_its_key_and_leaves_prediction_alone():
    readout = LayerNormReadout(HIDDEN, CLASSES, key=KEY, dropout_rate=0.5)
    features, statistics = batch(), readout.initial_statistics()
    first, again, other = (
        np.asarray(readout.train(features, statistics, jnp.ones(BATCH), key=key)[0])
        for key in (KEY, KEY, jax.random.key(11))
    )
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    without = LayerNormReadout(HIDDEN, CLASSES, key=KEY, dropout_rate=0.0)
    expected = without.train(features, statistics, jnp.ones(BATCH), key=KEY)[0]
    np.testing.assert_allclose(readout.predict(features, statistics), expected, rtol=1e-6)
    np.testing.assert_array_equal(
        expected, without.train(features, statistics, jnp.ones(BATCH), key=jax.random.key(11))[0]
    )
    assert np.any(np.abs(first - expected) > 1e-3)


def test_start_values():
    keys = [jax.random.fold_in(KEY, i) for i in range(30)]
    heads = [BatchNormReadout(11, 10, key=key) for key in keys]
    for part in ("weight", "bias"):
        values = np.concatenate([np.ravel(getattr(head, part)) for head in heads])
        assert np.all(np.abs(values) <= 11**-0.5)
        assert np.max(values) > 0.97 * 11**-0.5
        assert np.min(values) < -0.97 * 11**-0.5
    assert np.all(heads[0].bias != heads[0].weight[:, 0])
    assert np.all(heads[0].weight != heads[1].weight)
    for hidden, bound in ((11, 0.5345), (6, 0.6124)):
        heads = [LayerNormReadout(hidden, 10, key=key) for key in keys]
        values = np.concatenate([np.ravel(head.weight) for head in heads])
        assert 0.97 * bound < np.max(values) <= bound * 1.0002
        assert -bound * 1.0002 <= np.min(values) < -0.97 * bound
        assert not np.any(heads[0].bias)
    for head in (heads[0], BatchNormReadout(11, 10, key=KEY)):
        assert np.all(head.scale == 1)
        assert not np.any(head.shift)
    statistics = BatchNormReadout(11, 10, key=KEY).initial_statistics()
    np.testing.assert_array_equal(statistics.mean, np.zeros(11))
    np.testing.assert_array_equal(statistics.variance, np.ones(11))


@pytest.mark.parametrize(("activation", "shown"), [("tanh", np.tanh), ("square", np.square)])
def test_the_hidden_readout_is_two_maps_around_an_activation_of_normalised_features(
    activation, shown
):
    readout = HiddenReadout(4, 3, key=KEY, readout_size=6, activation=activation)
    count = sum(x.size for x in jax.tree.leaves(eqx.filter(readout, eqx.is_inexact_array)))
    assert count == 6 * (4 + 1) + 3 * (6 + 1)
    features = np.random.default_rng(1).gamma(2, 3, (4, 50))
    logits, statistics = readout.train(
        jnp.asarray(features, jnp.float32), readout.initial_statistics(), jnp.ones(50), key=KEY
    )
    centred = features - features.mean(axis=1, keepdims=True)
    normalised = centred / np.sqrt(features.var(axis=1, keepdims=True) + 1e-5)
    first, second = readout.normalisation, readout
    hidden = np.asarray(first.weight) @ normalised + np.asarray(first.bias)[:, None]
    expected = np.asarray(second.weight) @ shown(hidden) + np.asarray(second.bias)[:, None]
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(statistics.mean, 0.1 * features.mean(axis=1), rtol=1e-5)


def test_a_batch_without_a_known_target_changes_no_statistics():
    readout = BatchNormReadout(HIDDEN, CLASSES, key=KEY)
    before = readout.initial_statistics()
    features = jax.random.normal(KEY, (HIDDEN, 4))

    def loss(readout):
        logits, after = readout.train(features, before, jnp.zeros(4), key=KEY)
        return jnp.sum(logits * 0), after

    (_, after), gradient = jax.value_and_grad(loss, has_aux=True)(readout)
    for a, b in zip(jax.tree.leaves(after), jax.tree.leaves(before), strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(np.all(np.isfinite(x)) for x in jax.tree.leaves(gradient))
