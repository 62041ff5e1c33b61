"""Longer checks than CI's: claimed versions, slow tests, README's first block, site, package.

``nox`` runs the tests at both ends wherever those interpreters are found.
"""

import tempfile
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["oldest", "newest"]
nox.options.error_on_missing_interpreters = False

# torch, the oracle, is left out, since its plain wheels are gigabytes: the tests that need it say
# that they were skipped. `nox -s oldest -- oracle` takes it in.
EXTRAS = "experiments,test"
# CI's tests compile with few optimizations (tests/conftest.py).
AS_USERS = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "0"}


def install(session: nox.Session, *pins: str) -> None:
    """Install the project with its extras and the given versions."""
    extras = ",".join([EXTRAS, *session.posargs])
    session.install("-e", f".[{extras}]", *pins)
    session.run("python", "-m", "pip", "list")


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """Tests on the oldest Python and JAX that are claimed."""
    install(session, "jax==0.10.0", "jaxlib==0.10.0")
    session.run("pytest", "-q", "-n", "2", "--dist", "loadfile", env=AS_USERS)


@nox.session(python="3.13")
def newest(session: nox.Session) -> None:
    """Tests on the newest Python and JAX that are claimed."""
    install(session, "jax==0.12.*")
    session.run("pytest", "-q", "-n", "2", "--dist", "loadfile", env=AS_USERS)


@nox.session(python="3.12")
def blocks(session: nox.Session) -> None:
    """Blocks of oscillators beside discretax, which asks for this Python."""
    session.install("-e", ".[experiments,test]", "discretax==0.3.0")
    session.run("pytest", "-q", "-m", "slow or not slow", "tests/benchmarks/test_blocks.py")
    session.run("python", "-m", "benchmarks.blocks", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """The slow tests."""
    install(session)
    session.run("pytest", "-q", "-m", "slow", env=AS_USERS)


@nox.session
def lint(session: nox.Session) -> None:
    """What CI checks beside the tests."""
    install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session
def quick(session: nox.Session) -> None:
    """The README's first block: a minute and a half on two cores, installation apart."""
    block = session.run("python", ".ci/readme_block.py", "1", silent=True)
    session.run("bash", "-euc", block, external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation site into build/site, strictly, as a fresh clone gives it."""
    session.install("-e", ".[docs]")
    output = Path("build", "site").resolve()
    with tempfile.TemporaryDirectory() as clone:
        session.run("git", "clone", "--quiet", ".", clone, external=True)
        pages = f"{clone}/docs/mkdocs.yml"
        session.run("mkdocs", "build", "--strict", "-f", pages, "-d", str(output))


# In a new process: what an import loads, starts and takes, from wherever it was installed.
IMPORT = """
import sys, time
import rhythmic
heavy = {"matplotlib", "tensorflow_datasets", "pandas", "scipy.stats"} & set(sys.modules)
assert not heavy, heavy
assert "site-packages" in rhythmic.__file__, rhythmic.__file__
seconds = time.process_time()
print(f"import rhythmic: {seconds:.2f} s of processor time, Python's start included")
assert seconds < 2, seconds
"""


@nox.session
def package(session: nox.Session) -> None:
    """Wheel and sdist, each installed into an empty environment: imports are light, under 2 s."""
    session.install("build")
    with tempfile.TemporaryDirectory() as folder:
        clone, built = Path(folder, "clone"), Path(folder, "built")
        session.run("git", "clone", "--quiet", ".", str(clone), external=True)
        session.run("python", "-m", "build", "--outdir", str(built), str(clone))
        for artefact in sorted(built.iterdir()):
            empty = Path(folder, artefact.suffix.strip("."))
            session.run("python", "-m", "venv", str(empty))
            python = str(empty / "bin" / "python")
            session.run(python, "-m", "pip", "install", "--quiet", str(artefact), external=True)
            with session.chdir(folder):
                # The first import writes compiled files.
                session.run(python, "-c", "import rhythmic", external=True)
                session.run(python, "-c", IMPORT, external=True)
