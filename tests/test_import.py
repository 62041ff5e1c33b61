"""Importing the package is light and does nothing."""

import subprocess
import sys


def test_import_pulls_in_no_data_or_drawing_library_and_starts_no_backend():
    code = (
        "import sys, rhythmic, rhythmic.training, rhythmic.data\n"
        "from jax._src import xla_bridge\n"
        "heavy = {'matplotlib', 'tensorflow_datasets', 'pandas', 'torch', 'tyro', 'mlxtend'}\n"
        # Parts of scipy load when they are used: at once they cost half a second.
        "heavy |= {f'scipy.{part}' for part in ('stats', 'integrate', 'optimize', 'special')}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "assert not xla_bridge.backends_are_initialized()\n"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
