"""What computed a result: commit, versions, device, command line and time."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jax


def git_revision() -> str:
    """Return the commit of this checkout, with ``+changes`` if its tracked code differs from it.

    Of a copy that its repository does not track, such as one installed into a virtual environment
    that lies within somebody's own repository, the commit is unknown.
    """
    here = Path(__file__).resolve()
    # As a hook of another repository sets them, these would name that one.
    elsewhere = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")
    environment = {name: value for name, value in os.environ.items() if name not in elsewhere}

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(here.parent), *arguments],
            capture_output=True,
            check=True,
            env=environment,
        )
        return done.stdout.decode(errors="replace").strip()

    try:
        git("ls-files", "--error-unmatch", "--", here.name)
        changes = git(
            "status", "--porcelain", "--untracked-files=no", "--", ":/*.py", ":/pyproject.toml"
        )
        return git("rev-parse", "HEAD") + ("+changes" if changes else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def device_name() -> str:
    """Name the accelerator, or the CPU with the number of devices it is divided into."""
    device = jax.devices()[0]
    if device.platform != "cpu":
        return f"{len(jax.devices())} x {device.device_kind}"
    return f"{len(jax.devices())} x {processor_name()}"


def processor_name() -> str:
    """Return the CPU's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        return names[0]
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def provenance() -> dict[str, Any]:
    """Return commit, versions, device, command line and time of this process."""
    packages = ("rhythmic", "jax", "jaxlib", "equinox", "optax", "numpy", "scipy")
    versions = {}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "git": git_revision(),
        "versions": versions | {"python": platform.python_version()},
        "device": device_name(),
        "platform": platform.platform(),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
