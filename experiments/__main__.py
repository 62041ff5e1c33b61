"""``python -m experiments``: every experiment with the lecture's question and the answer so far."""

import importlib
import json
from dataclasses import dataclass
from pathlib import Path

import tyro

from experiments.answers import gallery, listing, sections
from experiments.compare.questions import QUESTIONS
from experiments.compare.report import verdict_page
from experiments.script import Experiment
from rhythmic.files import replacing
from rhythmic.interruption import refuse, stopping

# In the order of the lecture; the questions of the comparison as its report asks them.
NAMES = (
    "perceptron",
    "hopfield",
    "next_item",
    "first_order_node",
    "activation",
    "feedforward",
    "rnn",
    "backpropagation",
    "lstm",
    "who_can_rhythm",
    "rhythmic_node",
    "stability_atlas",
    "mnist",
    *(f"compare.{name}" for name in QUESTIONS),
    "trained_modes",
    "weight_grid",
    "bands",
    "golden_rhythms",
    "day_ladder",
)
PAGES = Path(__file__).parents[1] / "docs"
GALLERY, VERDICTS = PAGES / "gallery.md", PAGES / "verdicts.md"
SECTIONS = PAGES / "gallery.json"  # of the gallery, for the site


@dataclass(frozen=True)
class IndexOptions:
    """List the experiments of the lecture: question, command, time and answer.

    Args:
        gallery: write docs/gallery.md, docs/gallery.json and docs/verdicts.md from the answers that
            are kept, instead of listing them.
    """

    gallery: bool = False


def entries() -> list[Experiment]:
    """Return every experiment, in the order of the lecture."""
    return [importlib.import_module(f"experiments.{name}").EXPERIMENT for name in NAMES]


def pages() -> dict[Path, str]:
    """Return what is written from the answers that are kept, by its path."""
    shown = json.dumps(sections(entries()), indent=1, ensure_ascii=False) + "\n"
    return {GALLERY: gallery(entries()), SECTIONS: shown, VERDICTS: verdict_page()}


def main() -> None:
    """List the experiments, or write the gallery."""
    with stopping("stopped"):
        try:
            answer_command(tyro.cli(IndexOptions, prog="python -m experiments"))
        except (ValueError, OSError) as error:
            refuse(error)


def answer_command(options: IndexOptions) -> None:
    """List, or write."""
    if options.gallery:
        for path, text in pages().items():
            with replacing(path) as partial:
                partial.write_text(text, "utf-8")
            print(f"written: {path}")
    else:
        print(listing(entries()))


if __name__ == "__main__":
    main()
