"""Can any of the lecture's models so far generate a rhythm on its own?"""

from collections.abc import Callable
from functools import partial

import jax
import numpy as np

from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from experiments.who_can_rhythm_models import (
    hopfield,
    one_node,
    recurrent_networks,
    rhythmic_node,
    rotations,
    static_networks,
)
from experiments.who_can_rhythm_options import PRESETS, WhoCanRhythmOptions
from experiments.who_can_rhythm_report import answer, draw, summarise


def measure(options: WhoCanRhythmOptions, stages: Stages) -> Results:
    """Run every model on its own and measure its rhythm."""
    parts: dict[str, Callable[[], Results]] = {
        "static": partial(static_networks, options),
        "one_node": partial(one_node, options),
        "hopfield": partial(hopfield, options),
        "rotations": partial(rotations, options),
        "rhythmic_node": partial(rhythmic_node, options),
    }
    for size in options.sizes:
        parts[f"networks_{size}"] = partial(recurrent_networks, options, size)
    with jax.enable_x64(True):
        found = stages.each(parts)
    sizes = [found.pop(f"networks_{size}") for size in options.sizes]
    networks = {name: np.stack([part[name] for part in sizes]) for name in sizes[0]}
    return {name: array for part in (*found.values(), networks) for name, array in part.items()}


EXPERIMENT = Experiment(
    name="who_can_rhythm",
    section="What about rhythms?",
    question="Can any of the models so far generate a rhythm on its own?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
