"""The HTTP server: uvicorn, with a short cut for ready answers and patience that ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .api.reads import head_of

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from .api.reads import Reads, Ready
    from .rate import Rate

LONGEST_HEAD = 65_536
"""Bytes of request line and headers."""

PATIENCE_S = 30.0
"""How long a client may take to send its request line and headers."""

BODY_PATIENCE_S = 300.0
"""How long it may take to send the rest."""

_HERE = frozenset(["127.0.0.1", "::1"])
"""Whose word a proxy's header is, unless uvicorn is told otherwise."""

_READS = frozenset([b"GET", b"HEAD"])

_LOOK_S = 5.0
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n"


class _Patient(HttpToolsProtocol):
    """Ends connections whose request does not come to an end."""

    _in_head = True
    _is_idle = False
    _head_bytes = 0
    _began = 0.0
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._began = self.loop.time()
        self._watch = self.loop.call_later(_LOOK_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._is_idle = False
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > LONGEST_HEAD and len(data) < LONGEST_HEAD:
                self._end(_TOO_LARGE)
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes, self._began = True, 0, self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        self._in_head, self._head_bytes, self._began = True, 0, self.loop.time()
        super().on_response_complete()

    def _answered(self) -> None:
        """Wait for the next request; a timer for it would cost as much as all else."""
        self.server_state.total_requests += 1
        self._in_head, self._is_idle, self._head_bytes = True, True, 0
        self._began = self.loop.time()

    def _look(self) -> None:
        waited = self.loop.time() - self._began
        if self._is_idle and waited > self.timeout_keep_alive:
            self.timeout_keep_alive_handler()
            return
        waiting = self._in_head and self.timeout_keep_alive_task is None
        cycle: RequestResponseCycle | None = self.cycle
        sending = not self._in_head and cycle is not None and cycle.more_body
        if (waiting and waited > PATIENCE_S) or (sending and waited > BODY_PATIENCE_S):
            self._end(_TOO_SLOW)
            return
        self._watch = self.loop.call_later(_LOOK_S, self._look)

    def _end(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


class Protocol(_Patient):
    """Answers reads before the application is asked, with what its lifespan calls ``reads``.

    What `Reads` does not answer at once, and whatever comes while something else is still being
    answered, goes to the application as ever.
    """

    _ready: Ready | None = None

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        # What the application has to be told is put together when it is asked.
        self._in_head, self._head_bytes, self._began = True, 0, self.loop.time()
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        """Answer, or hand over to the application."""
        self._in_head = False
        self._ready = self._answer()
        if self._ready is None:
            known = self.url, self.headers, self.expect_100_continue
            super().on_message_begin()
            self.url, headers, self.expect_100_continue = known
            self.headers += headers
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass on what the application may want to read."""
        if self._ready is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Send the answer, if there is one at once."""
        if self._ready is None:
            super().on_message_complete()
            return
        ready, self._ready = self._ready, None
        head = b"%b%b%b\r\n" % (
            STATUS_LINE[ready.status],
            head_of(self.server_state.default_headers),
            ready.head or head_of(ready.headers),
        )
        if self.parser.get_method() == b"HEAD":
            self.transport.write(head)
        else:
            self.transport.writelines([head, *ready.body])
        answered = self.app_state["reads"].answered
        answered[ready.status] = answered.get(ready.status, 0) + 1
        self._answered()

    def _answer(self) -> Ready | None:
        # Before the first request there is no cycle, whatever the annotation says.
        cycle: RequestResponseCycle | None = self.cycle
        busy = cycle is not None and not cycle.response_complete
        if busy or self.flow.write_paused or self.parser.get_method() not in _READS:
            return None
        if not self.parser.should_keep_alive() or self.parser.should_upgrade():
            return None
        reads: Reads = self.app_state["reads"]
        ready = reads.answer(self.url, self.headers)
        rate: Rate | None = self.app_state["rate"]
        if ready is None or rate is None:
            return ready
        host = self._host()
        # Who asks too often is told so by the application.
        return ready if host is not None and rate.allows_about(host) else None

    def _host(self) -> str | None:
        """Return from where a request comes; None where the application has to find out."""
        host = self.client[0] if self.client else ""
        forwarded = [value for name, value in self.headers if name == b"x-forwarded-for"]
        if not forwarded:
            return host
        return forwarded[-1].decode("latin-1").rpartition(",")[2].strip() if host in _HERE else None
