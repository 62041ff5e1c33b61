"""Every equation has a source: counted, and none may be missing.

What packages offer, and the walk through the package, are those of ``test_docstrings``. A module
that implements an equation names where it comes from: in a paragraph ``Source: ...`` of its own
docstring, which speaks for all its names, or in the docstring of each name. What only has a
contract is listed in ``WITHOUT_SOURCE``, with the reason.
"""

import re
from collections import Counter
from fnmatch import fnmatch

from tests.docs.test_docstrings import CLASSES, FUNCTIONS, METHODS, MODULES

WITHOUT_SOURCE = {
    "rhythmic.fast.ways": "chooses among the others",
    "rhythmic.arguments": "checks of arguments",
    "rhythmic.arrays": "files",
    "rhythmic.cells.adapter": "interface",
    "rhythmic.cells.interface": "interface",
    "rhythmic.cells.options": "checks of arguments",
    "rhythmic.cells.registry": "table of names",
    "rhythmic.checks": "checks of arguments",
    "rhythmic.data": "loading",
    "rhythmic.data.cache": "files",
    "rhythmic.data.dataset": "containers",
    "rhythmic.data.download": "files",
    "rhythmic.data.idx": "files",
    "rhythmic.data.mnist": "loading",
    "rhythmic.data.mnist5k": "loading",
    "rhythmic.data.recordings": "containers",
    "rhythmic.data.source": "loading",
    "rhythmic.data.splits": "loading",
    "rhythmic.fast.events": "layout of arrays",
    "rhythmic.files": "files",
    "rhythmic.indices": "checks of arguments",
    "rhythmic.interruption": "commands",
    "rhythmic.fast.kernels.plan": "layout of arrays",
    "rhythmic.fast.kernels.unrolled": "compiler",
    "rhythmic.locks": "files",
    "rhythmic.memory": "devices",
    "rhythmic.plotting.*": "figures",
    "rhythmic.networks.files": "files",
    "rhythmic.networks.network": "assembles parts",
    "rhythmic.networks.spec": "assembles parts",
    "rhythmic.progress": "progress",
    "rhythmic.provenance": "files",
    "rhythmic.records": "files",
    "rhythmic.sealed": "files",
    "rhythmic.spread": "devices",
    "rhythmic.sweep.*": "engine of sweeps",
    "rhythmic.tasks.interface": "interface",
    "rhythmic.training.batches": "training loop",
    "rhythmic.training.estimate": "devices",
    "rhythmic.training.evaluation": "training loop",
    "rhythmic.training.features": "training loop",
    "rhythmic.training.group": "training loop",
    "rhythmic.training.judging": "training loop",
    "rhythmic.training.member": "training loop",
    "rhythmic.training.problem": "containers",
    "rhythmic.training.recorded": "layout of arrays",
    "rhythmic.training.rhythms": "layout of arrays",
    "rhythmic.training.search": "grid of settings",
    "rhythmic.training.sequence_choice": "training loop",
    "rhythmic.training.sequence_members": "training loop",
    "rhythmic.training.sequences": "training loop",
    "rhythmic.training.sources": "training loop",
    "rhythmic.training.state": "containers",
    "rhythmic.training.sweep": "training loop",
    "rhythmic.training.train": "training loop",
    "rhythmic.training.trained": "containers",
    "rhythmic.trees": "layout of arrays",
}

# What may be said of a source: where it stands, or that it stands nowhere else.
SOURCE = re.compile(r"\bSource:\s((?:.+\n?)+)")
SAYS_WHERE = re.compile(
    r"lecture, \"|\b(?:18|19|20)\d\d\b|arXiv:|textbook|worked out here|the project's own"
)
# Titles of the lecture.
SECTIONS = {
    "(My favorite) hypothesis",
    "Brain rhythms",
    "Golden rhythms",
    "Hopfield",
    "Models so far",
    "My favorite idea",
    "Perceptron",
    "RNN Summary",
    "RNN additional notes",
    "RNN dynamics (simplified)",
    "RNN model",
    "RRN hidden layer activity",
    "RRN output layer activity",
    "RRN vs Feedforward",
    "Recurrent Neural Network intuition",
    "Remember Feedforward",
    "Rhythmic RNN",
    "Rhythmic RNN Summary",
    "Rhythmic RNN in practice",
    "What about rhythms?",
    "What is the RNN model?",
    "When is this useful?",
}
CITED = re.compile(r'lecture,\s+("[^"]+"(?:(?:,| and)\s+"[^"]+")*)')

NAMES = [*FUNCTIONS, *CLASSES]


def says_source(text: str) -> bool:
    """Tell whether a docstring names a source, in words that say where it stands."""
    return any(SAYS_WHERE.search(found[1]) for found in SOURCE.finditer(text))


def is_exempt(module: str) -> bool:
    """Tell whether a module has a contract instead of a source."""
    return any(fnmatch(module, pattern) for pattern in WITHOUT_SOURCE)


def test_every_module_or_name_has_a_source_and_they_are_counted(capsys):
    """No equation without a source: of the module, or else of each name.

    Asked are the names that packages offer, and in a module that offers none all public ones.
    """
    by_module = {module.__name__: [] for module in MODULES}
    for found in NAMES:
        by_module[found.value.__module__].append(found)
    missing, counts = [], Counter()
    for module in MODULES:
        members = by_module[module.__name__]
        asked = [found for found in members if found.is_offered] or members
        for found in asked:
            if is_exempt(module.__name__):
                kind = "with a contract alone"
            elif says_source(module.__doc__ or "") or says_source(found.texts):
                kind = "with a source"
            else:
                kind = "without"
                missing.append(found.name)
            counts[f"offered, {kind}" if found.is_offered else f"others, {kind}"] += 1
    with capsys.disabled():
        print(f"\nsources: {dict(counts)}")
    assert not missing, "\n".join(missing)
    assert counts["offered, with a source"] > 150


def test_a_source_says_where():
    """A source is a section, a year, a preprint, or says that it stands nowhere else."""
    assert says_source('Ring.\n\nSource: lecture, "Rhythmic RNN".')
    assert says_source("Ring.\n\n    Source: somebody, in a paper\n    of 1982.")
    assert not says_source("Ring, as in 1982.")
    assert not says_source("Ring.\n\nSource: somebody.\n\nOf 1982.")


def test_what_needs_no_source_exists():
    """Every exemption stands for a module that there is."""
    names = [module.__name__ for module in MODULES]
    stale = [pattern for pattern in WITHOUT_SOURCE if not any(fnmatch(n, pattern) for n in names)]
    assert not stale


def test_sections_of_the_lecture_are_cited_by_their_titles():
    """Whatever is cited as a section of the lecture is one."""
    texts = {module.__name__: module.__doc__ or "" for module in MODULES}
    texts |= {found.name: found.texts for found in [*NAMES, *METHODS]}
    cited = {
        (name, " ".join(title.split()))
        for name, text in texts.items()
        for titles in CITED.findall(text)
        for title in re.findall(r'"([^"]+)"', titles)
    }
    assert len(cited) > 100
    assert not sorted(x for x in cited if x[1] not in SECTIONS)
