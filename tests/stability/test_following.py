"""Modes that are followed, against matrices whose modes are known by construction."""

import numpy as np
import pytest

from rhythmic.stability.modes import followed_eigenvalues, sorted_eigenvalues


def rotation(modulus, angle):
    cosine, sine = np.cos(angle), np.sin(angle)
    return modulus * np.array([[cosine, -sine], [sine, cosine]])


def test_moduli_that_cross_stay_with_their_rhythm():
    # Two rhythms in a common basis: the order by modulus changes on the way, the angles do not.
    basis = np.random.default_rng(0).normal(size=(4, 4))
    shares = np.linspace(0, 1, 5)
    matrices = []
    for share in shares:
        blocks = np.zeros((4, 4))
        blocks[:2, :2] = rotation(0.9 - 0.4 * share, 0.5)
        blocks[2:, 2:] = rotation(0.5 + 0.4 * share, 1.5)
        matrices.append(basis @ blocks @ np.linalg.inv(basis))
    found = followed_eigenvalues(np.array(matrices))
    slow, fast = 0.9 - 0.4 * shares, 0.5 + 0.4 * shares
    expected = np.stack([slow, slow, fast, fast], -1) * np.exp([0.5j, -0.5j, 1.5j, -1.5j])
    np.testing.assert_allclose(found, expected, atol=1e-10)
    by_modulus = np.array([sorted_eigenvalues(matrix) for matrix in matrices])
    assert not np.allclose(found, by_modulus)


def two_rhythms(first, second):
    matrix = np.zeros((4, 4))
    matrix[:2, :2], matrix[2:, 2:] = rotation(0.9, first), rotation(0.8, second)
    return matrix


def test_long_ways_need_places_in_between():
    # Both rhythms speed up by 1 rad: one comes to lie near where the other one was.
    matrices = np.stack([two_rhythms(0.5, 1.5), two_rhythms(1.5, 2.5)])
    expected = [0.9 * np.exp([1.5j, -1.5j]), 0.8 * np.exp([2.5j, -2.5j])]
    np.testing.assert_allclose(followed_eigenvalues(matrices)[1], np.ravel(expected), atol=1e-12)
    in_one_jump = followed_eigenvalues(matrices, substeps=1)[1]
    np.testing.assert_allclose(in_one_jump[2:], expected[0], atol=1e-12)


def test_every_row_holds_the_eigenvalues_of_its_matrix():
    generator = np.random.default_rng(1)
    matrices = generator.normal(size=(4, 6, 6))
    found = followed_eigenvalues(matrices, substeps=3)
    for row, matrix in zip(found, matrices, strict=True):
        expected = np.linalg.eigvals(matrix)
        assert np.abs(np.sort_complex(row) - np.sort_complex(expected)).max() < 1e-9


def test_what_is_not_finite_ends_the_path():
    matrices = np.stack([np.eye(2), 2 * np.eye(2), np.full((2, 2), np.nan), np.eye(2)])
    found = followed_eigenvalues(matrices)
    np.testing.assert_array_equal(np.isnan(found), [[False] * 2] * 2 + [[True] * 2] * 2)
    assert np.isnan(followed_eigenvalues(matrices[2:])).all()


@pytest.mark.parametrize(
    ("matrices", "substeps", "words"),
    [
        (np.ones((2, 3, 2)), 4, r"matrices has shape \(2, 3, 2\)"),
        (np.ones((2, 2)), 4, r"matrices has shape \(2, 2\)"),
        (np.ones((2, 2, 2)), 0, "substeps is 0; it must be at least 1"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(matrices, substeps, words):
    with pytest.raises(ValueError, match=words) as caught:
        followed_eigenvalues(matrices, substeps=substeps)
    assert "\n" not in str(caught.value)
