"""Finished rows by their identity: a run's own, those that runs and machines share, neighbours'."""

import contextlib
import copy
import os
import time
from collections import ChainMap, Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

import jax

from rhythmic.files import LinkError, open_plain
from rhythmic.progress import Progress, clock, show
from rhythmic.provenance import device_name, git_revision
from rhythmic.records import Row, RowReader, append_rows, holds_rows, plain
from rhythmic.runs.claims import Claims, claims_on
from rhythmic.sealed import DamagedFileError

NAME = "member"  # what a row is known by, its first value
MOST_TOLD = 5  # rows of a file that are left out, each in a line of its own
POLL = 1.0  # seconds between two checks of what other processes finished


class Named(Protocol):
    """Anything whose result is a row: a network, or a chunk of many."""

    def name(self) -> str:
        """Identify it by all that its result depends on."""


AnyNamed = TypeVar("AnyNamed", bound=Named)


class RowFile:
    """Rows of a file by their names: it is read once, and afterwards only what it got since.

    What is damaged, or has no name, is reported and left out. Of several rows of one name the last
    one counts. A file that was cut, replaced or written over is read anew.
    """

    def __init__(self, path: Path, tell: Callable[[str], None]):
        """Read the file, which need not exist; ``refresh`` does so again.

        Raises:
            DamagedFileError: for a link, a folder or a device in its place.
            OSError: for a file that cannot be read.
        """
        self.path, self.tell = path, tell
        self.rows: dict[str, Row] = {}
        self._told: list[str] = []
        self._forget()
        self.refresh()

    def _forget(self) -> None:
        self.rows.clear()
        self._state = (0, 0, 0)  # as the file was found: number, bytes, time of its last change
        self._offset = 0  # up to which whole lines were read
        self._first = self._last = b""  # some bytes at their beginning and end
        self._reader = RowReader(self.path, self._told.append)

    def refresh(self) -> None:
        """Read what was added; where nothing was, the file is only opened."""
        try:
            handle = open_plain(self.path, os.O_RDONLY)
        except FileNotFoundError:
            self._forget()
            return
        except LinkError as error:
            raise DamagedFileError(str(error)) from None
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            state = status.st_ino, status.st_size, status.st_mtime_ns
            if state == self._state:
                return
            if not self._has_grown(file, state):
                self._forget()
            file.seek(self._offset)
            self._take(file.read())
        self._state = state

    def _has_grown(self, file: BinaryIO, state: tuple[int, int, int]) -> bool:
        """Return whether a file is the one that was read, with more behind."""
        if state[0] != self._state[0] or state[1] <= self._state[1]:
            return False
        begins_alike = file.read(len(self._first)) == self._first
        file.seek(self._offset - len(self._last))
        return begins_alike and file.read(len(self._last)) == self._last

    def _take(self, content: bytes) -> None:
        """Take in what follows; a last line without a break is read again next time."""
        end = content.rfind(b"\n") + 1
        rows = self._reader.read(content[:end])
        rows += copy.copy(self._reader).read(content[end:])
        self._first = self._first or content[:end][:64]
        self._last = content[:end][-64:] or self._last
        self._offset += end
        for row in rows:
            if isinstance(row.get(NAME), str):
                self.rows[row[NAME]] = row
            else:
                self._told.append(f"{self.path}: a row without the name of its member is left out")
        for line in self._told[:MOST_TOLD]:
            self.tell(line)
        if (more := len(self._told) - MOST_TOLD) > 0:
            self.tell(f"{self.path}: {more} further rows are left out")
        self._told.clear()


class RowStore:
    """Finished rows: a run's own, and those of files that runs on all machines share.

    A row is known by everything that it depends on; one from another machine counts, and records
    what it ran on. Processes that share a file claim what they compute, see ``unfinished``.
    """

    def __init__(
        self,
        run_file: Path,
        shared_file: Path | None = None,
        *,
        neighbours: bool = True,
        read_only: bool = False,
        check: Callable[[], None] = lambda: None,
    ):
        """Read what is finished.

        Args:
            run_file: the run's own rows.
            shared_file: rows that runs share, under ``experiments/results``. A file of another
                kind is named, and neither read nor written; see ``check_results``.
            neighbours: whether rows in files beside the shared one and in the folder above count
                too; they stay where they are.
            read_only: write neither file, not even what one of them lacks.
            check: raises an error where the run folder is gone; called before a row is written,
                which would make the folder again.
        """
        # Read once, at the start: the checkout may change during a long run.
        self.made = {} if read_only else made_here()
        self.read_only, self.check = read_only, check
        self.added: set[str] = set()  # by this store
        self.took_up = False  # anything that it had not added
        self.damages: list[str] = []  # a line for every row that was left out
        # Absolute: a program may change its working directory during a long run.
        self.run_file = run_file.absolute()
        self.shared_file = None if shared_file is None else shared_file.absolute()
        self.rows = dict(RowFile(self.run_file, self.tell).rows)
        try:
            check_results(self.shared_file)
        except ValueError as error:
            self.tell(f"{error}; rows stay in {self.run_file}")
            self.shared_file = None
        self._files = [RowFile(path, self.tell) for path in self._paths(neighbours)]
        self.shared = ChainMap(*(file.rows for file in reversed(self._files)))
        self._claims: Claims | None = None
        self._is_waiting = False  # for other processes, which has been reported

    def _paths(self, neighbours: bool) -> list[Path]:
        """Return the files of rows that count beside the run's own."""
        if self.shared_file is None:
            return []
        if not neighbours:
            return [self.shared_file]
        folder = self.shared_file.parent
        near = [*sorted(folder.glob("*.jsonl")), *sorted(folder.parent.glob("*.jsonl"))]
        return [path for path in near if path != self.shared_file and holds_names(path)] + [
            self.shared_file
        ]

    def tell(self, line: str) -> None:
        """Report that something was left out, and record it."""
        self.damages.append(line)
        show(line)

    def refresh(self) -> None:
        """Take in what other processes wrote; a file that cannot be read now stays as it was."""
        for file in self._files:
            with contextlib.suppress(OSError, DamagedFileError):
                file.refresh()

    def find(self, wanted: Named) -> Row | None:
        """Return a finished row, once both files have it.

        A store that is read only leaves the files as they are.
        """
        name = wanted.name()
        if name not in self.rows and name in self.shared:
            self.rows[name] = self.shared[name]
            if not self.read_only:
                self.check()
                append_rows(self.run_file, [self.rows[name]])
        elif name in self.rows and name not in self.shared and not self.read_only:
            self.share([self.rows[name]])
        self.took_up |= name in self.rows and name not in self.added
        return self.rows.get(name)

    def add(self, rows: Iterable[Row]) -> None:
        """Write newly finished rows into both files."""
        self.check()
        written = [plain(row) for row in rows]
        append_rows(self.run_file, written)
        self.rows |= {row[NAME]: row for row in written}
        self.added |= {row[NAME] for row in written}
        self.share(written)

    def share(self, rows: list[Row]) -> None:
        """Write rows into the shared file, if there is one, each as ``as_shared`` has it."""
        if self.shared_file is not None:
            append_rows(self.shared_file, [self.as_shared(row) for row in rows])
            self.refresh()

    def as_shared(self, row: Row) -> Row:
        """Return what of a row is kept in the shared file: all of it."""
        return row

    def missing(self, wanted: Iterable[AnyNamed]) -> list[AnyNamed]:
        """Return what no one has finished by now."""
        self.refresh()
        return [one for one in wanted if self.find(one) is None]

    def claim(self, wanted: Iterable[AnyNamed], most: int = 1) -> list[AnyNamed]:
        """Claim the first of what is missing and no other process works on.

        Args:
            wanted: what is to be computed; what was finished meanwhile is left out.
            most: how many at most.

        Returns:
            what this process is to compute; ``release`` gives it back.
        """
        claimed: list[AnyNamed] = []
        if self.shared_file is not None and self._claims is None:
            self._claims = claims_on(self.shared_file, show)
        for one in wanted:
            if len(claimed) == most:
                break
            if self._claims is None or self._claims.take(one.name()):
                self.refresh()  # it may have been finished just before
                if self.find(one) is None:
                    claimed.append(one)
                else:
                    self.release([one])
        self._is_waiting &= not claimed
        return claimed

    def release(self, claimed: Iterable[Named]) -> None:
        """Let other processes have what is claimed: it is finished, or given up."""
        for one in claimed:
            if self._claims is not None:
                self._claims.give_back(one.name())

    def unfinished(self, wanted: Sequence[AnyNamed], noun: str) -> Iterator[tuple[AnyNamed, int]]:
        """Yield what is missing and no one else computes, one by one, until all is finished.

        Where other processes compute all that is left, it waits: for their rows, or for what a
        process that ended left undone. The row of what is yielded is to be added before the next.

        Args:
            wanted: all that is to be finished.
            noun: what one of them is called.

        Yields:
            one of them, claimed, and how many are missing with it.
        """
        while missing := self.missing(wanted):
            claimed = self.claim(missing)
            try:
                if claimed:
                    yield claimed[0], len(missing)
            finally:
                self.release(claimed)
            if not claimed:
                self.wait(missing, noun)

    def complete(
        self,
        wanted: Sequence[AnyNamed],
        compute: Callable[[AnyNamed], Row],
        noun: str,
        *,
        title: Callable[[AnyNamed], str],
        kind: Callable[[AnyNamed], str] | None = None,
        later: Mapping[str, int] | None = None,
    ) -> list[Row]:
        """Compute what is missing, one by one, with progress; return the rows of all.

        A row that is computed is kept before the next one begins, with the seconds that it took
        and what it was made by.

        Args:
            wanted: all that is to be finished; duplicates are allowed.
            compute: gives the row of one.
            noun: what one of them is called.
            title: names one in messages.
            kind: those of one kind take about as long; by default all do.
            later: how many of each kind will be asked for afterwards, for the time that is left.
        """
        kind = kind or (lambda one: noun)
        distinct = list({one.name(): one for one in wanted}.values())
        progress = Progress({})
        for one, left in self.unfinished(distinct, noun):
            show(f"{title(one)}: computing", final=False)
            left_by_kind = Counter(map(kind, self.missing(distinct))) + Counter(later)
            progress.remaining = dict(left_by_kind.items())
            started = time.perf_counter()
            row = compute(one)
            seconds = time.perf_counter() - started
            self.add([{"seconds": round(seconds, 1)} | row | self.made])
            progress.finished(kind(one), seconds)
            show(
                f"{title(one)}: {len(distinct) - left + 1} of {len(distinct)} in "
                f"{clock(seconds)}, {progress.time_left()} left"
            )
        return [self.rows[one.name()] for one in wanted]

    def wait(
        self,
        missing: Sequence[Named],
        noun: str,
        check: Callable[[], None] | None = None,
    ) -> None:
        """Wait until another process has finished one of what is missing, or has ended.

        Args:
            missing: what other processes compute.
            noun: what one of them is called.
            check: raises an error where the run folder is gone; by default that of this store.
        """
        are = " is" if len(missing) == 1 else "s are"
        while not (free := self.claim(missing)) and len(self.missing(missing)) == len(missing):
            if not self._is_waiting:
                show(f"{len(missing)} {noun}{are} being trained by another run; waiting")
            self._is_waiting = True
            time.sleep(POLL)
            (check or self.check)()
        self.release(free)


def made_here() -> dict[str, str]:
    """Return the provenance of a row."""
    return {"git": git_revision(), "jax": jax.__version__, "device": device_name()}


def read_named(path: Path, tell: Callable[[str], None]) -> dict[str, Row]:
    """Return the rows of a file by their names, as ``RowFile`` reads them."""
    return RowFile(path, tell).rows


def holds_names(path: Path) -> bool:
    """Return whether a file holds at least one row with a name, whole or damaged."""
    try:
        return holds_rows(path, NAME)
    except OSError:
        return False


def check_results(path: Path | None) -> None:
    """Raise a ValueError of one line for a results file that is of another kind.

    An absent file will be made, and an empty one filled. One of our rows is enough, even if it is
    damaged: it is named and left out where rows are read.
    """
    if path is None:
        return
    if path.is_dir():
        raise ValueError(f"results is {path}, a folder; it must be a file of rows")
    empty = not os.path.lexists(path) or (path.is_file() and path.stat().st_size == 0)
    if not empty and not holds_names(path):
        raise ValueError(f"results is {path}; it must hold rows of networks, and holds none")
