import numpy as np
import pytest

from rhythmic.data import Digits, split
from rhythmic.data.dataset import mnist5k_split, mnist_split

SORTED_LABELS = np.repeat(np.arange(10), 500).astype(np.uint8)


@pytest.mark.parametrize("seed", [0, 123, 456])
def test_mnist_split_is_the_protocols_expression(seed):
    indices = np.arange(60000)
    np.random.default_rng(seed).shuffle(indices)
    parts = mnist_split(seed)
    np.testing.assert_array_equal(parts.validation, indices[:5000])
    np.testing.assert_array_equal(parts.train, indices[5000:])
    np.testing.assert_array_equal(parts.test, np.arange(60000, 70000))


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (mnist_split, (55000, 5000, 10000)),
        (lambda seed: mnist5k_split(seed, SORTED_LABELS), (4000, 500, 500)),
    ],
)
def test_splits_are_complete_disjoint_and_functions_of_the_seed(make, sizes):
    parts, again, other = make(5), make(5), make(6)
    assert tuple(part.size for part in parts) == sizes
    assert all(part.dtype == np.int32 for part in parts)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(sum(sizes)))
    for one, same in zip(parts, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(parts.train, other.train)
    assert set(parts.validation) != set(other.validation)


def test_mnist5k_split_agrees_with_a_loop():
    generator = np.random.default_rng(3)
    order = np.arange(5000)
    generator.shuffle(order)
    seen = [0] * 10
    train, validation, test = [], [], []
    for index in order:
        label = SORTED_LABELS[index]
        part = validation if seen[label] < 50 else test if seen[label] < 100 else train
        part.append(index)
        seen[label] += 1
    for found, expected in zip(
        mnist5k_split(3, SORTED_LABELS), (train, validation, test), strict=True
    ):
        np.testing.assert_array_equal(found, generator.permutation(expected))


def test_split_picks_the_rule_by_name():
    def pool(name: str, labels: np.ndarray) -> Digits:
        return Digits(name, np.zeros((labels.size, 784), np.uint8), labels, "")

    small = split(pool("mnist5k", SORTED_LABELS), 2)
    np.testing.assert_array_equal(small.train, mnist5k_split(2, SORTED_LABELS).train)
    full = split(pool("mnist", np.zeros(70000, np.uint8)), 2)
    np.testing.assert_array_equal(full.train, mnist_split(2).train)
    with pytest.raises(ValueError, match=r"digits\.name is 'other', must be 'mnist' or 'mnist5k'"):
        split(pool("other", SORTED_LABELS), 2)
    with pytest.raises(ValueError, match="digits hold 5000 examples, MNIST has 70000"):
        split(pool("mnist", SORTED_LABELS), 2)


def test_bad_seeds_and_labels_are_refused():
    with pytest.raises(ValueError, match="seed is -1, must be"):
        mnist_split(-1)
    with pytest.raises(ValueError, match="seed is -2, must be"):
        mnist5k_split(-2, SORTED_LABELS)
    with pytest.raises(ValueError, match="it must be an integer"):
        mnist_split(1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must be 500 of each of 10"):
        mnist5k_split(0, SORTED_LABELS[:4999])
