"""Fixtures that every test may use, and how programs are compiled for tests."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import version

import pytest

# Known to JAX 0.10; a later XLA ends at a flag that it does not know. Small programs are compiled
# sooner in one piece.
FLAGS = ("--xla_cpu_use_fusion_emitters=false", "--xla_cpu_parallel_codegen_split_count=1")
# Names the folder of compiled programs to the processes that tests start.
PROGRAMS = "RHYTHMIC_TESTS_PROGRAMS"


def compile_quickly() -> None:
    """Compile with few optimizations, here and in the processes that tests start.

    Most of the tests' time is compilation, and this halves it. The sessions of nox compile as
    users do.
    """
    if os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1") != "1":
        return
    keep_programs()
    flags = os.environ.get("XLA_FLAGS", "").split()
    if version("jaxlib").startswith("0.10."):
        os.environ["XLA_FLAGS"] = " ".join(dict.fromkeys([*flags, *FLAGS]))


def keep_programs() -> None:
    """Compile no program twice: each process of the tests keeps them until the tests end.

    Not one folder for all: a program that another process is still writing cannot be read.
    """
    if PROGRAMS not in os.environ:
        os.environ[PROGRAMS] = tempfile.mkdtemp(prefix="rhythmic-tests-")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = os.path.join(os.environ[PROGRAMS], worker)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"


# At once, since a conftest of a folder that the command line names imports JAX before pytest
# configures anything, and JAX reads the variables as it is imported.
compile_quickly()


def pytest_unconfigure() -> None:
    """Remove the programs, in the process that started the others."""
    if "PYTEST_XDIST_WORKER" not in os.environ and PROGRAMS in os.environ:
        shutil.rmtree(os.environ.pop(PROGRAMS), ignore_errors=True)


@pytest.fixture(autouse=True, scope="module")
def forget_programs() -> Iterator[None]:
    """Let go of what a file of tests has compiled: whatever looks at all objects takes longer."""
    yield
    import jax

    jax.clear_caches()


@pytest.fixture
def x64() -> Iterator[None]:
    """Double precision for one test, as a context, so that no other test sees it."""
    import jax  # not above: JAX reads the variables as it is imported

    with jax.enable_x64(True):
        yield
