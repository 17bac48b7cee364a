"""The server: a request passes nginx, the faults in force, authentication and its endpoint."""

import asyncio
import contextlib
import socket
import struct
import time
from urllib.parse import unquote

from aiohttp import web

from demo.skyportal import auth, control, endpoints, fault_answers, faults, nginx, page, static
from demo.skyportal.call import Call, Pace
from demo.skyportal.envelope import Answer, Refusal, error, success
from demo.skyportal.faults import Fault, Faults
from demo.skyportal.journal import Entry, Journal
from demo.skyportal.locks import Locks
from demo.skyportal.state import State


class SkyPortal:
    """One server: its tables, its limit and its faults."""

    def __init__(self, state: State, *, whitelist: bool, service_times: bool, workers: int) -> None:
        self.state = state
        self.faults = Faults(time.monotonic)
        self.journal = Journal()
        self.limit = nginx.RateLimit(clock=time.monotonic, rate=0 if whitelist else nginx.RATE)
        self.pace = Pace(workers=workers, service_times=service_times)
        self._locks = Locks()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request to the server."""
        path = unquote(request.rel_url.raw_path)
        if path.startswith(control.PREFIX):
            return await control.handle(self, request, path)
        if page.serves(request.method, path):
            return page.answer(self, request, path)
        if request.method == "GET" and static.serves(path):
            return static.answer(self.state, path)
        too_large = (request.content_length or 0) > nginx.MAX_BODY_BYTES
        body = b"" if too_large else await request.read()
        too_large = too_large or len(body) > nginx.MAX_BODY_BYTES
        entry = self.journal.arrived(request.method, path, body)
        entry.obj_ids += [name for name in endpoints.objects_named(path, self.state) if name not in entry.obj_ids]
        if too_large:
            answer = nginx.page(413)
        elif not self._passes_limit(request.headers.get("Authorization")):
            answer = nginx.page(429)
        else:
            try:
                answer = await self._behind_nginx(request, entry, body)
            except ConnectionResetError:
                _reset(request)
                answer = Answer(status=0, body=b"")
        self.journal.answered(entry, answer.status)
        sent = b"" if request.method == "HEAD" else answer.body
        headers = {"Content-Type": answer.content_type, **answer.headers}
        return web.Response(status=answer.status or 500, body=sent, headers=headers)

    def _passes_limit(self, key: str | None) -> bool:
        return key is None or self.limit.allows(key)

    async def _behind_nginx(self, request: web.Request, entry: Entry, body: bytes) -> Answer:
        facts = faults.Request(method=entry.method, path=entry.path, obj_ids=entry.obj_ids)
        if fault := self._meet(("hang",), facts, entry):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(fault.over.wait(), self.faults.seconds_left(fault))
            if not fault.takes_effect:
                raise ConnectionResetError
        if fault := self._meet(("slow",), facts, entry):
            await asyncio.sleep(fault.wait_s)
        fault = self._meet(faults.GATEWAY, facts, entry)
        if fault is None:
            return await self._app(request, facts, entry, body)
        if fault.takes_effect:
            await self._app(request, facts, entry, body)
        if fault.kind == "reset":
            raise ConnectionResetError
        await asyncio.sleep(fault.wait_s)
        return fault_answers.gateway(fault, facts)

    async def _app(self, request: web.Request, facts: faults.Request, entry: Entry, body: bytes) -> Answer:
        try:
            endpoint, arguments = endpoints.find(entry.method, entry.path)
            user = self.state.directory.bot
            fault = None
            if not endpoint.open:
                token = auth.token_of(request.headers.get("Authorization"))
                if early := self._meet(faults.AUTHENTICATION, facts, entry):
                    raise fault_answers.authentication(early)
                user = auth.authorize(self.state.directory, token, endpoint.acl)
                fault = self._meet(faults.HANDLER, facts, entry)
            call = Call(
                state=self.state,
                user=user,
                method=entry.method,
                path=entry.path,
                arguments=arguments,
                query=request.rel_url.query,
                body=body,
                pace=self.pace,
                locks=self._locks,
            )
            if fault is None:
                return success(await endpoint.handler(call))
            await asyncio.sleep(fault.wait_s)
            if fault.takes_effect:
                await endpoint.handler(call)
            raise fault_answers.handler(fault, facts)
        except Refusal as refusal:
            return refusal.answer()
        except Exception as unforeseen:  # noqa: BLE001 - SkyPortal answers every exception with its text
            return error(500, str(unforeseen))

    def _meet(self, kinds: tuple[str, ...], facts: faults.Request, entry: Entry) -> Fault | None:
        fault = self.faults.meet(kinds, facts)
        if fault is not None:
            entry.fault = fault.kind
        return fault


def _reset(request: web.Request) -> None:
    """Cut the connection so that the client sees a reset and no orderly end."""
    if request.transport is None:
        return
    connection: socket.socket = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()


async def serve(skyportal: SkyPortal, listener: socket.socket) -> web.AppRunner:
    """Answer requests on a listening socket from now on."""
    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{path:.*}", skyportal.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner
