"""The one-cycle schedule against torch's, at every update."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.training.schedule import learning_rate_at, momentum_at


def torch_schedule(num_steps, peak, share):
    """Rate and beta1 that torch's optimiser holds at each update."""
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=peak, total_steps=num_steps, pct_start=share
    )
    rates, momenta = [], []
    for step in range(num_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["betas"][0])
        optimizer.step()
        if step < num_steps - 1:
            schedule.step()
    return np.array(rates), np.array(momenta)


@pytest.mark.parametrize(
    ("num_steps", "share"), [(9, 0.4), (20, 0.15), (43, 0.15), (50, 0.7), (430, 0.3)]
)
def test_rate_and_momentum_are_torch(num_steps, share):
    rates, momenta = torch_schedule(num_steps, 0.02, share)
    with jax.enable_x64(True):
        steps = jnp.arange(num_steps)
        found = jax.jit(lambda x: learning_rate_at(x, num_steps, 0.02, share))(steps)
        momentum = jax.jit(lambda x: momentum_at(x, num_steps, share))(steps)
    np.testing.assert_allclose(found, rates, rtol=1e-9)
    np.testing.assert_allclose(momentum, momenta, rtol=1e-12)
    rate = jax.jit(lambda x: learning_rate_at(x, num_steps, np.float32(0.02), share))
    single = rate(jnp.arange(num_steps))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, rates, rtol=1e-5, atol=1e-6 * 0.02)


@pytest.mark.usefixtures("x64")
def test_the_published_run():
    num_steps, peak = 12_900, 3e-3
    steps = jnp.arange(num_steps)
    rates = jax.jit(lambda x: learning_rate_at(x, num_steps, peak))(steps)
    momenta = jax.jit(lambda x: momentum_at(x, num_steps))(steps)
    assert np.argmax(rates) == np.argmin(momenta) == 1934
    np.testing.assert_allclose(rates[jnp.array([0, 1934, -1])], [peak / 25, peak, peak / 250_000])
    np.testing.assert_allclose(momenta[jnp.array([0, 1934, -1])], [0.95, 0.85, 0.95])
    assert np.all(np.diff(rates[:1935]) > 0)
    assert np.all(np.diff(rates[1934:]) < 0)
