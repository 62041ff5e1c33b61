"""The answers that full presets gave, kept in the repository, and the gallery page made of them."""

import dataclasses
import json
import math
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rhythmic.files import replacing
from rhythmic.progress import clock
from rhythmic.records import write_json

RESULTS = Path(__file__).parent / "results"
NOT_YET = "not yet answered"

GALLERY_HEAD = """# The lecture's questions and what the experiments answer

In the order of the lecture. Every answer and picture comes from a full preset, run by the command
below it, and was kept by its option `--publish`; this page is written from them by
`python -m experiments --gallery`. Times are those of the run that is kept, on a machine that had
other work too; a run made in parts has none. Without `--preset full` a script takes about a minute
on 2 cores, up to three for a question of the comparison, and its figures say what was reduced."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the index.

    Args:
        name: name of the module, after the section of the lecture.
        section: title of that section.
        question: the lecture's question.
        answering: presets whose answers count; the first is the one that the command names.
    """

    name: str
    section: str
    question: str
    answering: tuple[str, ...] = ("full", "accelerator")

    @property
    def command(self) -> str:
        """The command that runs it, with the quick preset."""
        return f"python -m experiments.{self.name}"

    @property
    def full_preset(self) -> str:
        """The preset that an answer is asked of."""
        return self.answering[0]


@dataclass(frozen=True)
class Answer:
    """What a full preset found.

    Args:
        name: the experiment.
        answer: one line, or several, which the gallery shows one below another.
        seconds: time that the computation took, s; none where it was stopped and resumed.
        provenance: what it ran on: git, versions, device and started of ``provenance.jsonl``.
        record: what the experiment's ``record`` says, such as claims and findings, if it has one.
    """

    name: str
    answer: str
    seconds: float | None
    provenance: dict[str, Any]
    record: dict[str, Any] | None = None


def publish(answer: Answer, picture: Path) -> None:
    """Keep an answer and its picture under ``experiments/results``.

    The command line stays behind, since it may hold paths of the machine.
    """
    kept = {name: answer.provenance[name] for name in ("git", "versions", "device", "started")}
    answer = dataclasses.replace(answer, provenance=kept)
    from PIL import Image  # comes with matplotlib; other experiments run without it

    with replacing(picture_path(answer.name)) as partial, Image.open(picture) as image:
        # 256 colours are enough for a figure, and a third of the bytes in every clone.
        image.convert("RGB").quantize(256).save(partial, format="PNG", optimize=True)
    write_json(answer_path(answer.name), answer)


def answer_path(name: str) -> Path:
    """Return where an answer is kept."""
    return RESULTS / "answers" / f"{name}.json"


def picture_path(name: str) -> Path:
    """Return where the picture of an answer is kept."""
    return RESULTS / "figures" / f"{name}.png"


def read_answer(name: str) -> Answer | None:
    """Read the answer of an experiment, if a full preset gave one."""
    path = answer_path(name)
    return Answer(**json.loads(path.read_text("utf-8"))) if path.exists() else None


def listing(entries: Iterable[Entry]) -> str:
    """Write the index for the terminal."""
    blocks = []
    for entry in entries:
        answer = read_answer(entry.name)
        lines = [
            f"{entry.section}: {entry.question}",
            f"{entry.command} --preset {entry.full_preset}  ({duration(answer)})",
            *(answer.answer if answer else NOT_YET).split("\n"),
        ]
        blocks.append("\n".join(textwrap.fill(line, 98, subsequent_indent="  ") for line in lines))
    return "\n\n".join(blocks)


def duration(answer: Answer | None) -> str:
    """Write how long the full preset took, and on what."""
    if answer is None:
        return "time not measured"
    if answer.seconds is None:
        return "run in parts, time not measured"
    return f"{clock(answer.seconds)} on {answer.provenance['device']}"


def sections(entries: Iterable[Entry]) -> list[dict[str, str | None]]:
    """Return what pages show of every experiment; its command where it has an answer.

    Texts are Markdown.
    """
    found = []
    for entry in entries:
        answer, command = read_answer(entry.name), None
        if answer:
            asked = f"`{entry.command} --preset {entry.full_preset}`"
            git = short_revision(answer.provenance["git"])
            command = f"{asked}, {duration(answer)}, commit {git}"
        text = as_markdown(answer.answer if answer else NOT_YET)
        shown: dict[str, str | None] = {
            "name": entry.name,
            "section": entry.section,
            "question": entry.question,
            "answer": text,
            "command": command,
        }
        found.append(shown)
    return found


def gallery(entries: Iterable[Entry]) -> str:
    """Write the gallery page, in Markdown, from the answers that are kept."""
    parts = [GALLERY_HEAD]
    for one in sections(entries):
        answer = one["answer"] or ""
        parts.append(f"## {one['section']}: {one['question']}")
        parts.append(answer if "\n" in answer else f"**{answer}**")
        if one["command"]:
            picture = f"../experiments/results/figures/{one['name']}.png"
            parts += [f"![{one['question']}]({picture})", one["command"]]
    return "\n\n".join(parts) + "\n"


def bracketed(low: float, high: float, form: str) -> str:
    """Write an interval, or that there is none: values that are all alike have none."""
    return "no interval" if math.isnan(low) else f"[{low:{form}}, {high:{form}}]"


def as_markdown(answer: str) -> str:
    """Write an answer of several lines one below another, what each begins with set off."""
    *lines, last = answer.split("\n")
    heads = (line.partition(":") for line in lines)
    return "  \n".join([*(f"**{head}:**{rest}" for head, _, rest in heads), last])


def short_revision(git: str) -> str:
    """Shorten a commit, and say if the code differed from it."""
    return git[:12] + ("+changes" if git.endswith("+changes") else "")
