"""The published networks, with their published values by name.

Source: lecture, "Rhythmic RNN in practice"; M. A. Kramer, arXiv:2506.17083.
"""

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.resonant import Diagonal
from rhythmic.networks.spec import NetworkSpec
from rhythmic.theory import LadderName, ladder, validate_ladder
from rhythmic.typing import AnyArray, Float

POWER: dict[str, Any] = {
    "feature": "squared_amplitude",
    "pooling": "mean",
    "readout": "batch_norm",
}
"""How the rhythmic RNN is read out: mean squared amplitudes, batch normalisation."""
MEAN: dict[str, Any] = {"feature": "output", "pooling": "mean", "readout": "layer_norm"}
"""How the RNN and the LSTM are read out: mean outputs, layer normalisation."""
LAST: dict[str, Any] = {"feature": "output", "pooling": "last", "readout": "linear"}
"""How HORN is read out: outputs after the last step, a linear map."""


@checked
def rhythmic_network(
    frequencies: Sequence[float] | Float[AnyArray, " hidden"],
    *,
    recurrence: bool = True,
    sample_rate: float = 1000.0,
    pole_radius: float = 0.99999,
    diagonal: Diagonal = "projected",
    name: str = "rrn",
) -> NetworkSpec:
    """Return the published rhythmic RNN on any ladder: fixed rhythms, mean squared amplitudes.

    Args:
        frequencies: of the nodes in Hz, each below a quarter of the sample rate.
        recurrence: whether the nodes are coupled.
        sample_rate: Fs in Hz.
        pole_radius: modulus of every node's poles, in (0, 1).
        diagonal: how the recurrent weights keep a zero diagonal, ``projected`` or ``masked``.
        name: in tables and files.

    Raises:
        ValueError: for a frequency or a pole radius outside its range.
    """
    hertz = validate_ladder(np.asarray(frequencies, np.float64), sample_rate)
    options = {
        "frequencies": tuple(hertz.tolist()),
        "recurrence": recurrence,
        "sample_rate": sample_rate,
        "pole_radius": pole_radius,
        "diagonal": diagonal,
    }
    return NetworkSpec("rrn", len(hertz), options=options, name=name, **POWER)


@checked
def published(
    *,
    sample_rate: float = 1000.0,
    pole_radius: float = 0.99999,
    diagonal: Diagonal = "projected",
    dropout_rate: float = 0.1,
) -> dict[str, NetworkSpec]:
    """Return the seven networks of the published comparison, by name.

    Args:
        sample_rate: Fs of the rhythmic networks in Hz.
        pole_radius: modulus of their nodes' poles, in (0, 1).
        diagonal: how their recurrent weights keep a zero diagonal.
        dropout_rate: fraction of the pooled features that the baselines drop in training.
    """

    def rhythmic(name: str, of: LadderName, recurrence: bool = True) -> NetworkSpec:
        return rhythmic_network(
            ladder(of, sample_rate),
            recurrence=recurrence,
            sample_rate=sample_rate,
            pole_radius=pole_radius,
            diagonal=diagonal,
            name=name,
        )

    head = MEAN | {"dropout_rate": dropout_rate}
    specs = (
        *(rhythmic(f"rrn-{name}", name) for name in get_args(LadderName)),
        rhythmic("rrn-golden-unconnected", "golden", recurrence=False),
        NetworkSpec("rnn", 11, options={"recurrent_gain": 0.95}, name="rnn", **head),
        NetworkSpec("lstm", 6, options={"forget_bias": 1.0}, name="lstm", **head),
    )
    return {spec.name: spec for spec in specs}
