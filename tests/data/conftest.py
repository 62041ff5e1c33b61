"""A small MNIST look-alike in the original format, and a wall around the loopback."""

import functools
import gzip
import hashlib
import http.server
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rhythmic.data.source import MnistSource

FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def idx_bytes(array: np.ndarray) -> bytes:
    """A gzip-compressed IDX file, written with struct as its definition reads."""
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


@dataclass(frozen=True)
class SmallMnist:
    folder: Path
    source: MnistSource
    images: np.ndarray  # (17, 784): 12 training, then 5 test examples
    labels: np.ndarray


@dataclass(frozen=True)
class Server:
    address: str
    requests: list[str]


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No data folder, cache or proxy of the user's, and no name but the loopback's."""
    for variable in ("RHYTHMIC_DATA_DIR", "RHYTHMIC_CACHE_DIR", "http_proxy", "https_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user-cache"))
    look_up = socket.getaddrinfo

    def guarded(host: str, *rest: object, **options: object) -> object:
        if host not in ("127.0.0.1", "localhost"):
            raise AssertionError(f"a test tried to reach {host}")
        return look_up(host, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", guarded)


@pytest.fixture
def small(tmp_path: Path) -> SmallMnist:
    rng = np.random.default_rng(7)
    images = rng.integers(0, 256, (17, 28, 28), dtype=np.uint8)
    labels = rng.integers(0, 10, 17, dtype=np.uint8)
    folder = tmp_path / "small"
    folder.mkdir()
    for name, part in zip(FILES, (images[:12], labels[:12], images[12:], labels[12:]), strict=True):
        (folder / name).write_bytes(idx_bytes(part))
    hashes = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES]
    decoded = hashlib.sha256(b"17x784" + images.tobytes() + labels.tobytes()).hexdigest()
    return SmallMnist(folder, MnistSource(*hashes, decoded), images.reshape(17, 784), labels)


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Server]]:
    """Serves a folder on the loopback and notes what is asked for."""
    servers = []

    def start(folder: Path) -> Server:
        requests: list[str] = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_request(self, code: object = "-", size: object = "-") -> None:
                requests.append(self.path)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=folder)
        )
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        servers.append(server)
        return Server(f"http://127.0.0.1:{server.server_port}", requests)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def closed_address() -> str:
    """An address on the loopback where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
