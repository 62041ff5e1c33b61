import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import hilbert

from rhythmic.coupled import CoupledOscillators, Recording, responses
from rhythmic.coupled.sweep import mean_amplitude, published_gain_frequencies

SHORT = Recording(duration=0.1, averaged=0.08)
GOLDEN = CoupledOscillators()


@pytest.mark.parametrize("num_samples", [64, 65])
def test_mean_amplitude_is_scipys(x64, num_samples):
    signal = np.random.default_rng(0).standard_normal((num_samples, 3, 2)).cumsum(0)
    expected = np.abs(hilbert(signal, axis=0))[:40].mean(0)
    np.testing.assert_allclose(mean_amplitude(jnp.asarray(signal), 40), expected, rtol=1e-12)


def test_mean_amplitude_needs_samples():
    with pytest.raises(ValueError, match="num_averaged must be in 1 to 10, got 11"):
        mean_amplitude(jnp.ones(10), 11)


def test_published_gain_frequencies():
    found = published_gain_frequencies()
    assert len(found) == 990
    np.testing.assert_allclose(found[[0, 1, -1]], [1.0, 1.1, 99.9])


def test_networks_share_gain_frequencies_or_have_their_own():
    other = CoupledOscillators(tuple(1.1 * f for f in GOLDEN.frequencies), modulated_gain=20.0)
    shared = np.array([5.0, 29.0])
    together = responses([GOLDEN, other], shared, SHORT)
    assert together.shape == (2, 8, 2)
    assert together.dtype == np.float64
    rows = np.array([[29.0, 5.0], [5.0, 29.0]])
    np.testing.assert_allclose(
        responses([GOLDEN, other], rows, SHORT)[0], together[0, :, ::-1], rtol=1e-9
    )
    np.testing.assert_allclose(responses([other], shared, SHORT)[0], together[1], rtol=1e-9)


@pytest.mark.slow
def test_noise_differs_between_networks_and_vanishes_with_its_level():
    key = jax.random.key(2)
    quiet = responses([GOLDEN, GOLDEN], np.array([5.0]), SHORT)
    noisy = responses([GOLDEN, GOLDEN], np.array([5.0]), SHORT, noise=0.3, key=key)
    faint = responses([GOLDEN, GOLDEN], np.array([5.0]), SHORT, noise=1e-9, key=key)
    assert np.all(np.abs(noisy[0] / noisy[1] - 1) > 1e-6)
    np.testing.assert_allclose(faint, quiet, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"networks": []}, "networks must be one or more of one number of nodes, got sizes"),
        ({"networks": [GOLDEN, CoupledOscillators((1, 2, 3, 4, 5))]}, r"got sizes \[5, 8\]"),
        ({"networks": [CoupledOscillators((1.0, 600.0), driver=0)]}, "below half the sample rate"),
        ({"noise": -1.0}, "noise must be 0 or more and finite, got -1"),
        ({"noise": 0.5}, "key must be given for noise 0.5, got None"),
        ({"gain_frequency": np.ones((3, 2))}, r"gain_frequency must have .* got shape \(3, 2\)"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(arguments, message):
    given = {"networks": [GOLDEN], "gain_frequency": np.ones(1), "recording": SHORT} | arguments
    with pytest.raises(ValueError, match=message) as caught:
        responses(**given)
    assert "\n" not in str(caught.value)
