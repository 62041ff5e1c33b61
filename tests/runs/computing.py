"""A process that finishes rows, as others do at the same time.

    python computing.py RUN_FILE SHARED_FILE SECONDS NAME...

It says when it is ready, waits for a line, and notes what it begins.
"""

import sys
import time
import types
from pathlib import Path
from typing import NamedTuple


class Task(NamedTuple):
    known: str

    def name(self) -> str:
        return self.known


def tasks(names: str) -> list[Task]:
    return [Task(name) for name in names]


def main(run_file: str, shared_file: str, seconds: str, names: str) -> None:
    """Finish all names, those alone that no one else is at."""
    from rhythmic.runs import rows

    rows.POLL = 0.02
    store = rows.RowStore(Path(run_file), Path(shared_file))
    print("ready", flush=True)
    sys.stdin.readline()
    for task, _ in store.unfinished(tasks(names), "network"):
        print(task.name(), flush=True)
        time.sleep(float(seconds))
        store.add([{"member": task.name(), "by": run_file}])


if __name__ == "__main__":
    # A package that holds its modules and nothing else: the real one imports all, which takes long.
    package = sys.modules["rhythmic"] = types.ModuleType("rhythmic")
    package.__path__ = [str(Path(__file__).parents[2] / "rhythmic")]
    main(*sys.argv[1:])
