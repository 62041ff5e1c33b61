"""Cross-entropy and accuracy on logits, with a weight an example.

Source: textbook definitions; label smoothing of Szegedy et al., arXiv:1512.00567, section 7.
"""

import jax
import jax.numpy as jnp
import optax

from rhythmic.indices import check_labels
from rhythmic.typing import AnyArray, Array, Float, Int


def cross_entropy(
    logits: Float[Array, "class_ batch"],
    labels: Int[Array, " batch"],
    label_smoothing: Float[AnyArray, ""] | float = 0.0,
) -> Float[Array, " batch"]:
    """Return ``-sum_c q_c log softmax(logits)_c`` of each example.

    ``q`` puts ``label_smoothing / num_classes`` on every class and the rest on the target, the
    class in ``labels`` (Szegedy et al., arXiv:1512.00567, section 7).

    Raises:
        ValueError: for labels that are no whole numbers, or a known one that is no class.
    """
    num_classes = logits.shape[0]
    check_labels("labels", labels, num_classes)
    targets = optax.smooth_labels(jax.nn.one_hot(labels, num_classes), label_smoothing)
    return optax.softmax_cross_entropy(logits.T, targets.astype(logits.dtype))


def is_correct(
    logits: Float[Array, "class_ batch"], labels: Int[Array, " batch"]
) -> Float[Array, " batch"]:
    """Return one where the largest logit is the target's, zero elsewhere and for NaN logits."""
    finite = jnp.all(jnp.isfinite(logits), axis=0)
    return ((jnp.argmax(logits, axis=0) == labels) & finite).astype(logits.dtype)


def weighted_mean(
    values: Float[Array, "*batch"], weights: Float[Array, "*batch"]
) -> Float[Array, ""]:
    """Return ``sum(w v) / sum(w)``; what has weight zero, padding, counts for nothing, NaN too.

    Without any weight it is 0.
    """
    total = jnp.sum(weights)
    weighted = jnp.sum(jnp.where(weights > 0, values, 0) * weights)
    return weighted / jnp.where(total > 0, total, 1)
