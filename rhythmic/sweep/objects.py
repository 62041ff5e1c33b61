"""A sweep in an object store: an object per chunk and result, which workers write themselves.

``s3://bucket/name`` and the like, through fsspec. The layout is that of a folder (see ``plan``),
without blocks of several chunks, journals, copies and locks. An object is complete or absent, and a
chunk has the same bytes whichever worker computes it: so every worker writes its own, a chunk that
two computed is that of one, and what was begun before a call was lost does no harm. A chunk counts
once its record is there, which is written last, and all its objects. One call at a time hands out
the chunks of a store.
"""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Self

import numpy as np
from jaxtyping import Bool

from rhythmic.runs.environment import RefusedError
from rhythmic.sealed import DamagedFileError, sealed_bytes, unsealed
from rhythmic.sweep.arrays import description_of, layout_of
from rhythmic.sweep.chunks import Computed
from rhythmic.sweep.described import DescribedSweep
from rhythmic.sweep.designs import STATUS
from rhythmic.sweep.files import COMPUTED_AGAIN, SweepFiles
from rhythmic.sweep.opening import WRITER, check_resumable
from rhythmic.sweep.plan import DESCRIPTION, RECORDS, RESULTS, Chunk, ChunkPlan, Cut, record_name
from rhythmic.sweep.specification import Sweep

# Of a folder the call finds out what is damaged; here it would have to fetch every object.
REMOVED_FIRST = f"remove it, and {COMPUTED_AGAIN}"


class UnreachableError(OSError):
    """An object store that does not respond, or refuses."""


class ObjectFolder:
    """Objects below a URL.

    Args:
        url: such as ``s3://bucket/name``; options of the store, such as an endpoint, come from
            fsspec's own configuration and environment, here and on every worker.

    Raises:
        ValueError: for a protocol that is not known, not installed, or is that of files.
    """

    def __init__(self, url: str):
        try:
            import fsspec

            self.system, self.root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ValueError(f"folder is {url!r}; it cannot be reached: {error}") from None
        if "file" in self.system.protocol:
            raise ValueError(f"folder is {url!r}; files of this machine must be named by a path")
        self.url = url.rstrip("/")
        self.root = self.root.rstrip("/")

    def read(self, name: str) -> bytes:
        """Return an object.

        Raises:
            FileNotFoundError: if it is not there.
        """
        with self._reached(FileNotFoundError):
            return self.system.cat_file(f"{self.root}/{name}")

    def write(self, name: str, content: bytes) -> None:
        """Write an object, over what may be there."""
        with self._reached():
            self.system.pipe_file(f"{self.root}/{name}", content)

    def names(self, below: str) -> set[str]:
        """Return the names of all objects below one, as they are now."""
        self.system.invalidate_cache()
        found: list[str] = []
        with self._reached(), contextlib.suppress(FileNotFoundError):
            found = self.system.find(f"{self.root}/{below}")
        # Of some stores the root has a leading slash, of some it has none.
        start = len(self.root.lstrip("/")) + 1
        return {name.lstrip("/")[start:] for name in found}

    @contextlib.contextmanager
    def _reached(self, *passed: type[Exception]) -> Iterator[None]:
        """Raise an UnreachableError for what the store's package raises, but for some errors."""
        try:
            yield
        except passed:
            raise
        except Exception as error:
            line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise UnreachableError(f"{self.url} cannot be reached: {line}") from error


class ObjectSweep(DescribedSweep):
    """A sweep below a URL.

    Args:
        place: where it is.
        description: what ``sweep.json`` holds.
        environment: what computes now.
    """

    def __init__(
        self,
        place: ObjectFolder,
        description: dict[str, Any],
        environment: dict[str, Any] | None = None,
    ):
        super().__init__(place.url, description, environment)
        self.place = place
        self.files = SweepFiles(
            f"{place.url}/{RESULTS}",
            lambda key: place.read(f"{RESULTS}/{key}"),
            self.metadata,
            self.names,
            REMOVED_FIRST,
        )

    @classmethod
    def open(cls, url: str) -> Self:
        """Open what is below a URL.

        Raises:
            ValueError: where there is no sweep.
            DamagedFileError: for a damaged description.
        """
        place = ObjectFolder(url)
        description = described_at(place)
        if description is None:
            raise ValueError(f"folder {url} holds no sweep: there is no {DESCRIPTION}")
        return cls(place, description)

    @classmethod
    def create(
        cls, place: ObjectFolder, sweep: Sweep, plan: ChunkPlan, environment: dict[str, Any]
    ) -> Self:
        """Write metadata and coordinates, then the description.

        Raises:
            RefusedError: if anything else is there, such as chunks whose description was removed.
        """
        cut = Cut(plan.split_axis, plan.rows_per_chunk)
        layout = layout_of(sweep, plan, cut)
        description = description_of(sweep, plan, environment, layout, cut)
        begun = {f"{RESULTS}/{key}" for key in layout}
        if strange := sorted(place.names("") - begun):
            raise RefusedError(
                f"folder {place.url} holds {strange[0]}, and no {DESCRIPTION}; name a new one"
            )
        store = cls(place, description, environment)
        store.lay_out(layout)
        place.write(DESCRIPTION, sealed_bytes(description))
        return store

    def lay_out(self, layout: Mapping[str, bytes], there: Collection[str] = ()) -> None:
        """Write metadata and coordinates, but for objects that are ``there``."""
        for key, content in layout.items():
            if (name := f"{RESULTS}/{key}") not in there:
                self.place.write(name, content)

    def write(self, found: Computed) -> None:
        """Write a chunk, its record last."""
        chunk = found.chunk
        for key, content in self.encoded(chunk, found.arrays).items():
            self.place.write(f"{RESULTS}/{key}", content)
        made = self.made(found.shape, found.environment)
        made |= {"chunks": [[chunk.number, chunk.number + 1]]}
        bad = int(np.count_nonzero(found.arrays[STATUS]))
        record = sealed_bytes(self.new_record(chunk, bad, [made]))
        self.place.write(f"{RECORDS}/{record_name(chunk.number)}", record)

    def done(self) -> Bool[np.ndarray, " chunk"]:
        """Return for every chunk whether it is finished."""
        there = self.place.names("")
        found = np.zeros(self.layout.num_chunks, bool)
        for chunk in self.blocks():
            wanted = [f"{RESULTS}/{key}" for key in self.file_names(chunk).values()]
            found[chunk.number] = there.issuperset(
                [*wanted, f"{RECORDS}/{record_name(chunk.number)}"]
            )
        return found

    def record(self, chunk: Chunk) -> dict[str, Any]:
        """Return the record of a finished chunk.

        Raises:
            DamagedFileError: if it is damaged, or belongs to another chunk or sweep.
        """
        name = f"{RECORDS}/{record_name(chunk.number)}"
        try:
            found = unsealed(self.place.read(name), f"{self.place.url}/{name}")
            self.check_owner(found, chunk, f"{self.place.url}/{name}")
        except DamagedFileError as error:
            raise DamagedFileError(f"{error}; {REMOVED_FIRST}") from None
        return found

    def progress(self) -> tuple[int, list[Mapping[str, object]]]:
        """Return how many chunks are there, and what computed them.

        Raises:
            DamagedFileError: for a record that is damaged.
        """
        numbers = np.flatnonzero(self.done()).tolist()
        made = [one for n in numbers for one in self.record(self.layout.chunk(n))["made"]]
        return len(numbers), made


def described_at(place: ObjectFolder) -> dict[str, Any] | None:
    """Return the description of the sweep below a URL, None where there is none.

    Raises:
        DamagedFileError: for one that is damaged.
        UnreachableError: for a store that does not respond.
    """
    try:
        content = place.read(DESCRIPTION)
    except FileNotFoundError:
        return None
    return unsealed(content, f"{place.url}/{DESCRIPTION}")


def open_to_compute(
    url: str,
    sweep: Sweep,
    plan: Callable[[], tuple[dict[str, Any], ChunkPlan]],
    *,
    allow_changes: bool,
    tell: Callable[[str], None],
) -> ObjectSweep:
    """Make the sweep below a URL, or open the one that is there.

    Args:
        url: where it is.
        sweep: what is computed.
        plan: returns what computes, and a plan that fits there.
        allow_changes: continue although program, versions or device differ.
        tell: called with one line for everything that was found.

    Raises:
        RefusedError: if another sweep or anything else is there, or it was computed otherwise.
    """
    place = ObjectFolder(url)
    description = described_at(place)
    environment, fitting = plan()
    environment = environment | WRITER
    if description is None:
        return ObjectSweep.create(place, sweep, fitting, environment)
    check_resumable(url, description, sweep, environment, allow_changes, tell)
    store = ObjectSweep(place, description, environment)
    store.lay_out(layout_of(sweep, store.plan, store.layout.cut), place.names(RESULTS))
    return store
