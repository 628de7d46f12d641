"""The demo, against any gateway."""

import socket
import threading

import pytest

from stack import commands, demo


def test_it_works_against_the_gateway_that_is_named(system, monkeypatch, capsys):
    monkeypatch.setattr(demo, "WEEKS", 3)
    # the demo in full, of another test, has the same idempotency keys
    monkeypatch.setitem(demo.ACCOUNT, "email", "three.weeks@gym.com")
    for _ in range(2):
        assert commands.main(["demo", "--url", f"{system.url}/"]) == 0
        shown = capsys.readouterr().out
        assert "Barbell Bench Press, estimated one-rep max" in shown
        assert "Assisted Pull-ups" in shown
        assert "Body weight, kg: 8" in shown


@pytest.mark.parametrize(
    "url", ["localhost:8080", "ftp://localhost", "http://localhost:no", "8080"]
)
def test_what_is_no_url_is_told_in_one_line(url, capsys):
    assert commands.main(["demo", "--url", url]) == 1
    assert capsys.readouterr().err == f"gym: {url} is no URL such as http://localhost:8080\n"


def test_nobody_there_is_told_in_one_line(capsys):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    assert commands.main(["demo", "--url", url]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"gym: {url} does not answer: ")


def test_somebody_else_is_told_in_one_line_and_finds_the_path(capsys):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        asked = []

        def serve():
            connection, _ = listening.accept()
            with connection:
                asked.append(connection.recv(4096).split(b"\r\n")[0])
                connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\noops")

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/gym"
        assert commands.main(["demo", "--url", url]) == 1
        thread.join()
    assert asked == [b"POST /gym/api/users/register HTTP/1.1"]
    assert capsys.readouterr().err == f"gym: {url} is no gym tracker: 404, no JSON\n"
