"""Uvicorn's HTTP, with limits on what a client may send before its request is understood."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_THROWN_AWAY = 64 * 1024 * 1024
"""Bytes of refused bodies that one connection may still send."""


def _too_large(limit: int) -> bytes:
    body = b'{"error":"the headers are larger than %d bytes"}' % limit
    return (
        b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body)
    )


class BoundedProtocol(HttpToolsProtocol):
    """One connection.

    Attributes:
        header_bytes: Target and headers of a request together, at most.
        header_seconds: From the first byte of a connection or request to the end of its headers.
    """

    header_bytes = 32 * 1024
    header_seconds = 15.0

    @classmethod
    def limited(cls, header_bytes: int, header_seconds: float) -> type["BoundedProtocol"]:
        """The same with other limits."""
        return type(
            cls.__name__, (cls,), {"header_bytes": header_bytes, "header_seconds": header_seconds}
        )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._size = 0
        self._unread = 0
        self._thrown_away = 0
        self._refused = False
        self._headers_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._forget_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._refused:
            return
        if self._headers_due is not None:
            # The parser keeps a header until it has all of it, and would keep any amount.
            self._unread += len(data)
        super().data_received(data)
        if self._headers_due is not None and self._unread > self.header_bytes:
            self._refuse()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._size = 0
        if self._headers_due is None:
            self._await_headers()

    def on_url(self, url: bytes) -> None:
        """Its target, or a part of it, is there."""
        self._size += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers is there."""
        self._size += len(name) + len(value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """All of its headers are there."""
        self._forget_timer()
        if self._size > self.header_bytes:
            self._refuse()
        if not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of its body is there."""
        if self._refused:
            return
        if self.cycle.response_complete:
            # Refused already, and still sending: most clients read the answer only when they are
            # done, so the rest is thrown away, up to a limit.
            self._thrown_away += len(body)
            if self._thrown_away > MOST_THROWN_AWAY:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it is there."""
        if not self._refused:
            super().on_message_complete()

    def _refuse(self) -> None:
        self._refused = True
        self._forget_timer()
        self.transport.write(_too_large(self.header_bytes))
        self.transport.close()

    def _await_headers(self) -> None:
        self._unread = 0
        self._headers_due = self.loop.call_later(self.header_seconds, self._give_up)

    def _forget_timer(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
