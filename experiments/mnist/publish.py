"""``python -m experiments.mnist.publish RUN_DIR``: keep the answer of a finished table run."""

import sys
from pathlib import Path

from experiments.answers import Answer, publish
from experiments.mnist.configuration import PRESETS, REFERENCE, MnistConfiguration
from experiments.mnist.report import by_architecture, summary_line
from rhythmic.plotting.style import appearance
from rhythmic.records import Row, read_configuration, read_rows

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
    if len(sys.argv) != 2:
        sys.exit("error: give one run folder: python -m experiments.mnist.publish RUN_DIR")
    folder = Path(sys.argv[1])
    configuration = MnistConfiguration.from_record(read_configuration(folder))
    if configuration.identity() != PRESETS["table"].identity():
        sys.exit(f"error: {folder} is not a run of the unchanged table preset")
    rows = {row["member"]: row for row in read_rows(folder / "members.jsonl")}
    tested = by_architecture(configuration, list(rows.values()))
    seeds = {
        name: {row["seed"] for row in tested.get(name, ())} for name in configuration.architectures
    }
    if any(found != set(configuration.seeds) for found in seeds.values()):
        sys.exit(f"error: {folder} is not finished")
    provenance = read_rows(folder / "provenance.jsonl")[0]
    provenance["git"] = ", ".join(sorted({row["git"] for row in rows.values()}))
    answer = Answer("mnist", answer_line(configuration, tested), None, provenance)
    publish(answer, folder / "figures" / "accuracy.png")


if __name__ == "__main__":
    main()
