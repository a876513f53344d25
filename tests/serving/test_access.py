"""Who may ask."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from served import start

from bigmodel_cli.errors import ResourceError, UsageError
from bigmodel_cli.serving.access import bound, read_token, require_safe


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_this_machine_needs_no_token(host: str) -> None:
    require_safe(host, has_token=False, is_insecure=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", ""])
def test_others_do(host: str) -> None:
    with pytest.raises(UsageError, match="there is no token"):
        require_safe(host, has_token=False, is_insecure=False)
    require_safe(host, has_token=True, is_insecure=False)
    require_safe(host, has_token=False, is_insecure=True)


@pytest.mark.parametrize("text", ["", "short", "with a space in its midst", "täglich wechselnd 123456"])
def test_what_is_no_token(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text)
    with pytest.raises(UsageError, match="expected at least 16 ASCII characters without spaces"):
        read_token(tmp_path / "token")


def test_a_token_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0123456789abcdef\n")
    assert read_token(tmp_path / "token") == b"0123456789abcdef"
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_token(tmp_path / "none")


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with (
            pytest.raises(ResourceError, match=f"cannot listen on 127.0.0.1, port {port}"),
            bound("127.0.0.1", port),
        ):
            pass


def test_an_extra_that_lacks_is_named(monkeypatch: pytest.MonkeyPatch, bigmodel: Any) -> None:
    monkeypatch.setattr("bigmodel_cli.serving.extra._PACKAGES", ("no_such_package",))
    outcome = bigmodel("serve")
    assert outcome.code == 2
    assert "pip install 'bigmodel-cli[serve]'" in outcome.err


@pytest.mark.tf
def test_a_token_is_asked_for(trained: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    server = start(next((trained / "tiny").iterdir()), "--token-file", token, "--host", "0.0.0.0")
    try:
        for given in (
            {},
            {"authorization": "Bearer 0123456789abcdeX"},
            {"authorization": "0123456789abcdef"},
        ):
            reply = server.ask("GET", "/v1/models/tiny", headers=given)
            assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
        good = {"authorization": "Bearer 0123456789abcdef"}
        assert server.ask("GET", "/v1/models/tiny", headers=good).status == 200
        assert server.get("/healthz").status == 200
        assert server.get("/metrics").status == 401
    finally:
        assert server.end() == 0
