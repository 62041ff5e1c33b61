"""Activation functions phi by name, one table for nodes and networks.

Source: lecture, "RRN hidden layer activity" (phi); the functions are textbook definitions.
"""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from rhythmic.arguments import checked

ActivationName = Literal["binary", "identity", "tanh", "sigmoid", "relu"]
"""Names of the activation functions in ``ACTIVATIONS``."""


@checked
def binary(activity: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Give 0 where the activity is at or below zero, 1 above; NaN stays NaN.

    The gradient is 0 everywhere, so nothing is learned through it by descent.

    Source: lecture, "Models so far", Perceptron.
    """
    return jnp.heaviside(activity, 0.0)


@checked
def identity(activity: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return the activity itself: the network is linear."""
    return jnp.asarray(activity)


ACTIVATIONS: Mapping[ActivationName, Callable[[Array], Array]] = MappingProxyType(
    {
        "binary": binary,
        "identity": identity,
        "tanh": jnp.tanh,
        "sigmoid": jax.nn.sigmoid,  # 1 / (1 + exp(-h))
        "relu": jax.nn.relu,  # max(h, 0)
    }
)
"""Activation functions phi by name, elementwise; they keep shape and floating dtype."""


@checked
def activation_function(name: ActivationName) -> Callable[[Array], Array]:
    """Return phi by its name, elementwise on arrays of any shape.

    Args:
        name: one of binary, identity, tanh, sigmoid, relu.

    Returns:
        The function.

    Raises:
        ValueError: for any other name.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation is {name!r}; choose from {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


@dataclass(frozen=True)
class ImportedFunction:
    """A function known by the ``module`` that it is imported from and its ``name`` there.

    Functions that JAX compiles neither pickle nor stay the same in a deep copy; their names do.
    """

    module: str
    name: str

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function gives of ``arguments``."""
        return getattr(import_module(self.module), self.name)(*arguments)


def importable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function in a form that pickles and copies, where it can be imported by name.

    Others, such as lambdas, are returned as they are.
    """
    try:
        pickle.dumps(function)
    except (pickle.PicklingError, AttributeError, TypeError):
        module, name = getattr(function, "__module__", ""), getattr(function, "__name__", "")
        try:
            found = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError):
            return function
        return ImportedFunction(module, name) if found is function else function
    return function
