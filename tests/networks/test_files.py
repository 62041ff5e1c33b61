"""Networks on disk: the same bits in another process, and one line for what does not fit."""

import dataclasses
import json
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.networks import Block, ChannelScaling, NetworkSpec, load, save

KEY = jax.random.key(3)
SPECS = {
    "learned": NetworkSpec("rrn", 3, options={"rhythms": "learned"}),
    "stacked": NetworkSpec("horn", 3, depth=2, options={"heterogeneous": True}, bidirectional=True),
    "plain": NetworkSpec("lstm", 2, depth=2, block=Block("plain"), pooling="every", name="mine"),
}
INPUTS = np.random.default_rng(0).normal(size=(3, 20, 2)).astype(np.float32)
READ = """
import sys, numpy as np, rhythmic
network = rhythmic.load(sys.argv[1])
np.save(sys.argv[2], network(np.load(sys.argv[3])))
"""


def built(name):
    network = SPECS[name].build(2, 2, key=KEY, sample_rate=100.0, duration=0.5)
    scaling = ChannelScaling(jnp.array([1.0, -1.0]), jnp.array([2.0, 0.5]))
    return eqx.tree_at(
        lambda one: (one.input_scaling, one.statistics.mean if name == "learned" else one.readout),
        network,
        (scaling, network.statistics.mean + 2 if name == "learned" else network.readout),
        is_leaf=lambda x: x is None,
    )


@pytest.mark.parametrize("name", SPECS)
def test_a_network_comes_back_bit_by_bit(name, tmp_path):
    network = dataclasses.replace(built(name), classes=("rest", 2))
    save(network, tmp_path / "network.safetensors")
    again = load(tmp_path / "network.safetensors")
    assert eqx.tree_equal(network, again)
    assert (again.origin, again.classes) == (network.origin, ("rest", 2))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "network.json",
        "network.safetensors",
    ]


def test_another_process_reads_the_same_network(tmp_path):
    network = built("learned")
    save(network, str(tmp_path / "network.safetensors"))
    np.save(tmp_path / "inputs.npy", INPUTS)
    paths = [str(tmp_path / x) for x in ("network.safetensors", "outputs.npy", "inputs.npy")]
    subprocess.run([sys.executable, "-c", READ, *paths], check=True)
    np.testing.assert_allclose(np.load(tmp_path / "outputs.npy"), network(INPUTS), rtol=1e-5)


def test_what_does_not_fit_is_one_line(tmp_path):
    file = tmp_path / "network.safetensors"
    save(built("plain"), file)
    record = json.loads(file.with_suffix(".json").read_text())

    def with_record(**changed):
        file.with_suffix(".json").write_text(json.dumps(record | changed))

    cases = [
        (lambda: with_record(format=2), "has format 2; this version reads 1"),
        (lambda: with_record(num_outputs=3), "readout.bias of shape"),
        (lambda: with_record(classes=["a"]), r"holds classes \['a'\]; it must hold one for each"),
        (lambda: with_record(spec={"cell": "mlp", "hidden_size": 2}), "cell is 'mlp'; choose"),
        (lambda: file.with_suffix(".json").write_text("{"), "holds no specification of a network"),
        (lambda: (with_record(), file.write_bytes(b"no")), "is no file of arrays"),
    ]
    file.with_suffix(".json").write_text(
        json.dumps({name: value for name, value in record.items() if name != "classes"})
    )
    assert load(file).classes == ()
    for change, message in cases:
        change()
        with pytest.raises(ValueError, match=message) as caught:
            load(file)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"path is 'network.npz'; it must end in .safetensors"):
        load("network.npz")
    with pytest.raises(FileNotFoundError, match=r"^path is .*; there is no file '.*absent.safete"):
        load(tmp_path / "absent.safetensors")


def test_what_json_does_not_hold_is_refused_before_anything_is_written(tmp_path):
    network = NetworkSpec("rnn", 2, options={"activation": jnp.sin}).build(1, 2, key=KEY)
    with pytest.raises(ValueError, match="specification cannot be written as JSON"):
        save(network, tmp_path / "network.safetensors")
    with pytest.raises(ValueError, match="network has no specification"):
        save(
            eqx.tree_at(lambda n: n.readout, built("plain"), None).__class__(
                None, (), network.readout, network.statistics, None, None, "mean", 2, 2
            ),
            tmp_path / "network.safetensors",
        )
    assert not list(tmp_path.iterdir())


def test_double_precision_needs_double_precision(tmp_path):
    with jax.enable_x64(True):
        save(NetworkSpec("rnn", 2).build(1, 2, key=KEY), tmp_path / "network.safetensors")
    with pytest.raises(ValueError, match="in float64; float32 is in use: set jax_enable_x64"):
        load(tmp_path / "network.safetensors")
