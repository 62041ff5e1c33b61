"""``python -m experiments.mnist.publish RUN_DIR``: keep the answer of a finished table run."""

import sys
from pathlib import Path

from experiments.answers import Answer, publish
from experiments.mnist.configuration import PRESETS, REFERENCE, MnistConfiguration
from experiments.mnist.members import tabled, wanted_members
from experiments.mnist.report import store_of, summary_line
from rhythmic.interruption import refuse, stopping
from rhythmic.plotting.style import appearance
from rhythmic.progress import show
from rhythmic.records import Row, read_sealed_rows

SIGNIFICANT = 0.05  # p value, corrected for the number of rivals


def answer_line(configuration: MnistConfiguration, tested: dict[str, list[Row]]) -> str:
    """Say in one line which network was better, by how much, and how sure that is.

    Yes: the reference has the best mean, and Welch's t test tells every other one from it.
    """
    lines = {name: summary_line(configuration, name, tested) for name in tested}
    best = max(lines, key=lambda name: lines[name]["mean"])
    parts, told_apart = [], []
    for name, line in lines.items():
        part = f"{appearance(name).label} {line['mean']:.3f} (SEM {line['standard_error']:.3f})"
        if name != REFERENCE:
            p_value = line["against_reference_corrected_p_value"]
            told_apart.append(p_value < SIGNIFICANT)
            part += f", p = {p_value:.2g} against golden"
        parts.append(part)
    seeds = min(line["num_seeds"] for line in lines.values())
    shown = "yes" if all(told_apart) else "not shown"
    verdict = shown if best == REFERENCE else "no"
    asked = "On MNIST by pixel, by the published recipe"
    return f"{asked}, {verdict}: {'; '.join(parts)}; {seeds} seeds each."


def main() -> None:
    """Read the folder from the command line."""
    with stopping("stopped"):
        if len(sys.argv) != 2:
            refuse("give one run folder: python -m experiments.mnist.publish RUN_DIR")
        try:
            keep(Path(sys.argv[1]))
        except (ValueError, OSError) as error:
            refuse(error)


def keep(folder: Path) -> None:
    """Keep the answer of a run folder.

    Raises:
        ValueError: in one line, for any other run than a finished one of the table preset.
    """
    configuration = MnistConfiguration.of_run(folder)
    if configuration.identity() != PRESETS["table"].identity():
        raise ValueError(f"{folder} is not a run of the unchanged table preset")
    store = store_of(folder, configuration)
    tested = tabled(store)
    finished = all(
        len(tested.get(name, ())) == len(configuration.seeds) for name in store.conditions
    )
    provenance = read_sealed_rows(folder / "provenance.jsonl", show)
    if not finished or not provenance:
        raise ValueError(f"{folder} is not finished")
    rows = [store.rows[member.name()] for member in wanted_members(store)]
    made = provenance[0] | {"git": ", ".join(sorted({row["git"] for row in rows}))}
    answer = Answer("mnist", answer_line(configuration, tested), None, made)
    publish(answer, folder / "figures" / "accuracy.png")


if __name__ == "__main__":
    main()
