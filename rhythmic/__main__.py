"""``rhythmic compare`` and ``rhythmic sweep``: the commands of the package."""

import importlib
import sys

COMMANDS = {
    "compare": "networks compared on the recordings of a file",
    "sweep": "sweeps on disk: looked at, checked, compared, exported",
}
NEEDED = {"tyro", "rich", "matplotlib", "cmcrameri", "xarray", "zarr"}


def main() -> None:
    """Run the command that the first argument names, as ``python -m rhythmic.NAME`` does."""
    name, *rest = sys.argv[1:] or ["--help"]
    if name in ("-h", "--help"):
        listed = "\n".join(f"  {one:9} {what}" for one, what in COMMANDS.items())
        print(f"usage: rhythmic COMMAND ...\n\n{listed}\n\nrhythmic COMMAND --help says more")
        return
    if name not in COMMANDS:
        sys.exit(f"error: command is {name!r}; choose from {', '.join(COMMANDS)}")
    try:
        command = importlib.import_module(f"rhythmic.{name}.__main__")
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        sys.exit(f'error: {error.name} is not installed; pip install "rhythmic[compare]"')
    command.main(rest)


if __name__ == "__main__":
    main()
