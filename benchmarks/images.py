"""Images for timing: what matters of a digit is how many of its pixels are nonzero.

A network that steps from one nonzero pixel to the next takes as long as the longest sequence of
its batch. Of MNIST's 784 pixels 150 are nonzero on average (standard deviation 41), 30 at least and
351 at most, and the longest of a batch of 128 has about 262. Which of the pixels are nonzero
changes no time; here they lie anywhere, with any value.
"""

import numpy as np

NUM_PIXELS = 784
SHARE_NONZERO = 0.19
MEAN_NONZERO, DEVIATION_NONZERO = 150.0, 41.0
FEWEST_NONZERO, MOST_NONZERO = 30, 351
LONGEST_OF_BATCH = 262
LONGEST_OF_POOL = MOST_NONZERO
ROWS_AT_ONCE = 1000


def digits_like(shape: tuple[int, int], *, longest: int, rng: np.random.Generator) -> np.ndarray:
    """Return bytes ``(example, time)`` with as many nonzero pixels as digits of MNIST have.

    Counts follow a normal distribution, clipped to MNIST's range; sequences of another length than
    784 have as many fewer or more.

    Args:
        shape: number of images and of pixels.
        longest: nonzero pixels of the longest image, for 784 pixels.
        rng: source of counts, places and values.
    """
    num_images, num_steps = shape
    drawn = rng.normal(MEAN_NONZERO, DEVIATION_NONZERO, num_images)
    drawn = np.clip(drawn, FEWEST_NONZERO, longest)
    drawn[np.argmax(drawn)] = longest
    counts = np.maximum(1, np.round(drawn * num_steps / NUM_PIXELS)).astype(int)
    images = np.empty(shape, np.uint8)
    for start in range(0, num_images, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        score = rng.random(images[rows].shape)
        bound = np.take_along_axis(np.sort(score, axis=1), counts[rows, None] - 1, axis=1)
        images[rows] = (score <= bound) * rng.integers(1, 256, score.shape)
    return images


def uniform(shape: tuple[int, int], *, rng: np.random.Generator) -> np.ndarray:
    """Return bytes of which each is nonzero with the same chance, 19 %."""
    inked = rng.random(shape) < SHARE_NONZERO
    return (inked * rng.integers(1, 256, shape)).astype(np.uint8)


def dense(shape: tuple[int, int], *, rng: np.random.Generator) -> np.ndarray:
    """Return bytes of which none is zero."""
    return rng.integers(1, 256, shape).astype(np.uint8)
