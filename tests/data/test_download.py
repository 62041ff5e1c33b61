import hashlib
import os
import socket
import threading

import pytest

from rhythmic.data import DamagedFileError
from rhythmic.data import download as module
from rhythmic.data.download import download

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def served(tmp_path, serve):
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "some.gz").write_bytes(CONTENT)
    return serve(folder)


def test_download_brings_the_file_whole_and_says_so(tmp_path, served, capsys):
    path = tmp_path / "here" / "some.gz"
    download(f"{served.address}/some.gz", path, SHA256)
    assert path.read_bytes() == CONTENT
    assert os.listdir(path.parent) == ["some.gz"]
    assert served.requests == ["/some.gz"]
    captured = capsys.readouterr()
    assert f"downloading {served.address}/some.gz" in captured.err
    assert captured.out == ""


def test_other_bytes_are_refused_by_name_and_leave_nothing(tmp_path, served):
    path = tmp_path / "here" / "some.gz"
    expected = "0123456789abcdef" * 4
    with pytest.raises(DamagedFileError) as caught:
        download(f"{served.address}/some.gz", path, expected)
    message = str(caught.value)
    assert message.startswith("some.gz from http://127.0.0.1")
    assert f"begins {SHA256[:12]}, must begin 0123456789ab" in message
    assert "\n" not in message
    assert os.listdir(path.parent) == []


def test_an_error_of_the_server_is_an_oserror_and_leaves_the_old_file(tmp_path, served):
    path = tmp_path / "other.gz"
    path.write_text("old")
    with pytest.raises(OSError, match="404"):
        download(f"{served.address}/other.gz", path, SHA256)
    assert path.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["other.gz", "served"]


def _answer_once(answer: bytes) -> tuple[str, threading.Thread]:
    listener = socket.create_server(("127.0.0.1", 0))

    def answer_and_close() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(answer)

    thread = threading.Thread(target=answer_and_close)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/some.gz", thread


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.0 200 OK\r\nContent-Length: 256000\r\n\r\n" + CONTENT[:500], DamagedFileError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc", OSError),
        (b"no web server\r\n", OSError),
    ],
)
def test_a_transfer_that_breaks_off_leaves_nothing(tmp_path, answer, error):
    address, thread = _answer_once(answer)
    path = tmp_path / "here" / "some.gz"
    path.parent.mkdir()
    with pytest.raises(error):
        download(address, path, SHA256)
    thread.join()
    assert os.listdir(path.parent) == []


def test_a_look_up_that_hangs_is_given_up(tmp_path, monkeypatch):
    # The resolver knows no timeout of ours: only the limit around it can end the wait.
    assert module.CONNECT_LIMIT < 2.0
    monkeypatch.setattr(module, "CONNECT_LIMIT", 0.05)
    release = threading.Event()

    def hanging(*arguments, **options):
        release.wait()
        raise OSError("released")

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    try:
        with pytest.raises(OSError, match=r"no connection within 0\.05 s"):
            download("http://127.0.0.1:9/some.gz", tmp_path / "some.gz", SHA256)
    finally:
        release.set()


def test_a_file_that_does_not_end_is_given_up(tmp_path, served, monkeypatch):
    monkeypatch.setitem(module.SIZES, SHA256, 100_000)
    with pytest.raises(DamagedFileError, match="is longer than the 100000 bytes that it may have"):
        download(f"{served.address}/some.gz", tmp_path / "here" / "some.gz", SHA256)
    assert os.listdir(tmp_path / "here") == []


@pytest.mark.parametrize("answer", [b"HTTP/1.0 200 OK\r\n", b"HTTP/1.0 200 OK\r\n\r\nab"])
def test_a_server_that_trickles_for_ever_is_given_up(tmp_path, monkeypatch, answer):
    monkeypatch.setattr(module, "TRANSFER_LIMIT", 0.2)
    listener, done = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def trickle():
        with listener, listener.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(answer)
            done.wait(60)

    thread = threading.Thread(target=trickle)
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/some.gz"
    try:
        with pytest.raises(TimeoutError, match=r"did not arrive within 0\.2 s"):
            download(address, tmp_path / "some.gz", SHA256)
    finally:
        done.set()
        thread.join()
    assert os.listdir(tmp_path) == []
