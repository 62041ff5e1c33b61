"""What a comparison computes: rows of baselines, networks and ladders, each kept once finished."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from rhythmic.compare.analysis import Judge, bands_of, example_traces, rhythms_of
from rhythmic.compare.baselines import BASELINES, baseline_scores
from rhythmic.compare.ladders import NAMED, ladders_of
from rhythmic.compare.plan import RHYTHMIC, ComparisonPlan, Division, divisions
from rhythmic.compare.search import Searched, searched
from rhythmic.data import Recordings
from rhythmic.networks.spec import NetworkSpec
from rhythmic.progress import Progress, show
from rhythmic.records import Row, fingerprint, plain
from rhythmic.runs.rows import RowStore
from rhythmic.sweep.specification import hash_arrays
from rhythmic.training.rhythms import member_rhythms

VERSION = 3  # raised where a change of the code changes results
BASELINE_VERSION = 2  # likewise, of what concerns the plain baselines alone
ROWS = "rows.jsonl"
SAMPLES = 3  # trials whose traces are shown


@dataclass(frozen=True)
class Condition:
    """One thing to be scored, known by all that its result depends on.

    Attributes:
        title: of the network, baseline or group of ladders.
        depends_on: version, data, divisions, settings, recipe and network.
    """

    title: str
    depends_on: str

    def name(self) -> str:
        """Identify it."""
        return fingerprint([self.title, self.depends_on])


class Work:
    """Everything a comparison computes, and what of it is finished.

    Args:
        recordings: the trials.
        plan: the budget.
        folder: of finished rows and states; None keeps nothing.
        quiet: show no progress.
    """

    def __init__(
        self, recordings: Recordings, plan: ComparisonPlan, folder: Path | None, quiet: bool
    ):
        self.recordings, self.plan, self.folder, self.quiet = recordings, plan, folder, quiet
        self.divisions = divisions(recordings, plan)
        self.recipe = plan.recipe(recordings, [len(one.split.train) for one in self.divisions])
        for division in self.divisions:
            self.recipe.num_steps(len(division.split.train))
        self.specs = plan.specs(recordings)
        self.ladders = ladders_of(recordings, plan)

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """What determines the results."""
        data = self.recordings
        arrays = (data.inputs, data.lengths, data.targets)
        groups = None if data.groups is None else [str(group) for group in data.groups]
        return {
            "version": VERSION,
            "precision": str(jnp.zeros(()).dtype),
            "data": hash_arrays(arrays),
            "sample_rate": data.sample_rate,
            "kind": data.kind,
            "classes": [str(one) for one in data.classes],
            "groups": fingerprint(groups),
        } | {f"plan.{name}": value for name, value in plain(asdict(self.plan)).items()}

    def tell(self, line: str, *, final: bool = True) -> None:
        """Show a line, unless nothing is to be shown."""
        if not self.quiet:
            show(line, final=final)

    def conditions(self) -> dict[Condition, Callable[[], list[Row]]]:
        """Return what computes each condition's rows, the quickest first."""
        found: dict[Condition, Callable[[], list[Row]]] = {}
        known = fingerprint(self.configuration)
        for name in BASELINES:
            depends = fingerprint([known, BASELINE_VERSION])
            found[Condition(name, depends)] = partial(self.baseline, name)
        for name, spec in self.specs.items():
            depends = fingerprint([known, spec.to_json()])
            found[Condition(name, depends)] = partial(self.network, name)
        for title, names in self.ladder_groups().items():
            ladders = [self.ladders[name].tolist() for name in names]
            depends = fingerprint([known, ladders])
            found[Condition(title, depends)] = partial(self.ladder_rows, title, names)
        return found

    def ladder_groups(self) -> dict[str, list[str]]:
        """Return names of ladders that are trained together, by the name of the group."""
        random = [name for name in self.ladders if name not in NAMED]
        groups = {"named ladders": list(NAMED)}
        for first in range(0, len(random), 50):
            groups[f"random ladders {first}"] = random[first : first + 50]
        return groups

    def rows(self) -> dict[str, Row]:
        """Return the rows of every condition, after computing what is missing."""
        conditions = self.conditions()
        store = None if self.folder is None else RowStore(self.folder / ROWS)
        kept = {one: None if store is None else store.find(one) for one in conditions}
        missing = [one for one, row in kept.items() if row is None]
        progress = Progress(dict(Counter(map(self.kind_of, missing))))
        rows: dict[Condition, list[Row]] = {}
        for condition, compute in conditions.items():
            if (row := kept[condition]) is not None:
                rows[condition] = row["rows"]
                self.drop_states(condition)  # which a kill may have left
                continue
            left = f", {progress.time_left()} left in all" if progress.seconds else ""
            place = 1 + missing.index(condition)
            self.tell(f"{condition.title}: {place} of {len(missing)} to be computed{left}")
            started = time.perf_counter()
            rows[condition] = [plain(row) for row in compute()]
            progress.finished(self.kind_of(condition), time.perf_counter() - started)
            if store is not None:
                store.add([{"member": condition.name(), "rows": rows[condition], **store.made}])
                self.drop_states(condition)
        return {row["title"]: row for every in rows.values() for row in every}

    def kind_of(self, condition: Condition) -> tuple[str, str]:
        """Return the sort of work that a condition is: one tells nothing of the time of another."""
        if condition.title in BASELINES:
            return "baseline", ""
        return "network" if condition.title in self.specs else condition.title.split()[0], ""

    def baseline(self, name: str) -> list[Row]:
        """Return the one row of a baseline."""
        scores = baseline_scores(name, self.recordings, self.divisions)
        row = {
            "title": name,
            "kind": "baseline",
            "hidden_size": None,
            "num_parameters": scores.num_parameters,
            "validation_scores": scores.validation,
            "test_scores": scores.test,
            "confusion": scores.confusion.sum(axis=0),
        }
        return [self.counts() | row]

    def counts(self) -> Row:
        """Return the trials that train and test in each run."""
        return {
            "num_train": [len(d.split.train) + len(d.split.validation) for d in self.divisions],
            "num_test": [len(d.split.test) for d in self.divisions],
        }

    def states_of(self, title: str) -> Path | None:
        """Return the folder of states between epochs."""
        return None if self.folder is None else self.folder / "states" / title.replace(" ", "-")

    def drop_states(self, condition: Condition) -> None:
        """Remove the states of a condition that is finished."""
        states = self.states_of(condition.title)
        if states is None or not states.is_dir():
            return
        for path in states.iterdir():
            if path.suffix == ".ckpt" or path.name == "run.json":
                path.unlink()
        for folder in (states, states.parent):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def network(self, name: str) -> list[Row]:
        """Return the one row of a network: scores, and of a rhythmic one what it rests on."""
        spec, started = self.specs[name], time.perf_counter()
        settings = self.plan.settings(self.plan.budget)
        (found,) = searched(
            spec,
            self.recordings,
            self.divisions,
            settings,
            self.recipe,
            folder=self.states_of(name),
            quiet=self.quiet,
        )
        row = self.scored(found, name, spec)
        row["train_loss"], row["validation_curve"] = found.train_loss, found.validation_curve
        row["nodes"] = self.nodes(found)
        if name == RHYTHMIC:
            row |= self.rested_on(found)
        return [row | {"seconds": round(time.perf_counter() - started, 1)}]

    def scored(self, found: Searched, title: str, spec: NetworkSpec) -> Row:
        """Return what every row of trained networks holds."""
        return plain(
            self.counts()
            | {
                "title": title,
                "kind": "network",
                "hidden_size": spec.hidden_size,
                "num_parameters": found.num_parameters,
                "settings": found.settings,
                "learning_rates": found.hyperparameters.learning_rate,
                "weight_decays": found.hyperparameters.weight_decay,
                "validation_scores": found.validation_scores,
                "test_scores": found.test_scores,
                "confusion": found.confusion.sum(axis=0),
            }
        )

    def nodes(self, found: Searched) -> Row | None:
        """Return rhythms before and after training, and the importance of each node, by run."""
        rate = self.recordings.sample_rate
        after = [rhythms_of(network, rate) for network in found.networks]
        if any(one is None for one in after):
            return None
        before = [rhythms_of(self.untrained(found, d), rate) for d in self.divisions]
        judges = [self.judge(division) for division in self.divisions]
        return {
            "start_hz": [one.frequency for one in before if one is not None],
            "learned_hz": [one.frequency for one in after if one is not None],
            "decay_s": [one.decay for one in after if one is not None],
            "importance": [
                judge.node_importance(network, self.plan.seed)
                for judge, network in zip(judges, found.networks, strict=True)
            ],
        }

    def untrained(self, found: Searched, division: Division) -> Any:
        """Return a network as it was before its first update."""
        from rhythmic.training.configuration import member_keys

        origin = found.networks[0].origin
        return origin.spec.build(
            origin.input_size,
            origin.num_outputs,
            key=member_keys(np.asarray(division.seed, np.int32)).start_values,
            sample_rate=origin.sample_rate,
            duration=origin.duration,
        )

    def judge(self, division: Division) -> Judge:
        """Return what judges networks by the test trials of a run."""
        return Judge(self.recordings[division.split.test], self.recipe.score or "r2")

    def rested_on(self, found: Searched) -> Row:
        """Return the importance of each band, by run, answers, and traces of example trials."""
        bands = bands_of(self.recordings)
        importance = [
            self.judge(division).band_importance(network, bands)
            for division, network in zip(self.divisions, found.networks, strict=True)
        ]
        tests = self.divisions[0].split.test
        shown = self.recordings[tests]
        trials = list(range(min(SAMPLES, len(tests))))
        if shown.kind == "class":  # one of each class that is there
            known = [k for k in range(len(shown.classes)) if (shown.targets == k).any()]
            trials = [int(np.argmax(shown.targets == k)) for k in known]
        return {
            "bands": {"low_hz": bands.low, "high_hz": bands.high, "importance": importance},
            "traces": example_traces(found.networks[0], shown, trials[:SAMPLES]),
            "traced_trials": tests[trials[:SAMPLES]],
        } | self.answers(found)

    def answers(self, runs: Searched) -> Row:
        """Return the numbers that each run predicts of its test trials, where targets are such."""
        if self.recordings.kind != "value":
            return {}
        judged = zip(self.divisions, runs.networks, strict=True)
        found = [self.judge(division).answers(network).tolist() for division, network in judged]
        return {"tested_trials": [one.split.test for one in self.divisions], "answers": found}

    def ladder_rows(self, group: str, names: Sequence[str]) -> list[Row]:
        """Return the rows of some ladders: rhythmic networks whose frequencies are fixed."""
        rate = self.recordings.sample_rate
        seconds = float(self.recordings.lengths.max()) / rate
        radius = float(np.exp(-min(10 / (seconds * rate), 0.4)))  # as a layer's own by default
        rhythms = [
            member_rhythms([self.ladders[name].tolist()], sample_rate=rate, pole_radius=radius)
            for name in names
        ]
        pooling: Any = "every" if self.recordings.per_step else None
        size = len(self.ladders[names[0]])
        spec = NetworkSpec(RHYTHMIC, size, pooling=pooling, name="ladders")
        found = searched(
            spec,
            self.recordings,
            self.divisions,
            self.plan.settings(self.plan.ladder_budget),
            self.recipe,
            rhythms=rhythms,
            folder=self.states_of(group),
            quiet=self.quiet,
        )
        return [
            self.scored(one, f"ladder {name}", spec) | {"frequencies": self.ladders[name].tolist()}
            for name, one in zip(names, found, strict=True)
        ]
