"""The server process. Its parent writes one line of JSON to its standard input and lives as long as that stays open."""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from demo.skyportal import store
from demo.skyportal.app import SkyPortal, serve
from demo.skyportal.directory import Directory
from demo.skyportal.state import State


def listen(host: str, port: int) -> socket.socket:
    """Bind to a port of an address, 0 for any that is free."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(512)
    return listener


def end_with_parent(leave: Callable[[], object]) -> None:
    """Leave at once when standard input ends, which it also does when the parent is killed."""
    sys.stdin.buffer.read()
    leave()


async def run(wishes: dict[str, Any], state: State, listener: socket.socket) -> None:
    """Serve until killed, or until standard input ends; then keep what there is, if it is wished."""
    skyportal = SkyPortal(
        state,
        whitelist=wishes["whitelist"],
        service_times=wishes["service_times"],
        workers=wishes["workers"],
    )
    loop = asyncio.get_running_loop()

    def leave() -> None:
        if wishes["data"]:
            store.save(Path(wishes["data"]), state)
        os._exit(0)

    # In the thread that changes the tables: no request is half applied.
    to_the_end = partial(loop.call_soon_threadsafe, leave)
    threading.Thread(target=end_with_parent, args=[to_the_end], daemon=True).start()
    await serve(skyportal, listener)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    await asyncio.Event().wait()


def begin(wishes: dict[str, Any]) -> tuple[State, socket.socket]:
    """Return the tables, and where to listen. Raises RuntimeError with what is wrong."""
    fresh = State(
        Directory(
            token=wishes["token"],
            admin_token=wishes["admin_token"],
            filters=wishes["filters"],
            taxonomies=wishes["taxonomies"],
        )
    )
    state = store.load(Path(wishes["data"]), fresh) if wishes["data"] else fresh
    host, port = wishes["host"], wishes["port"]
    try:
        return state, listen(host, port)
    except OSError as error:
        raise RuntimeError(f"port {port} of {host} cannot be used: {error.strerror}") from error


def main() -> None:
    """Read the wishes, then say the port or what is wrong."""
    # Ctrl-C reaches every process of a terminal; it is the parent who decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wishes = json.loads(sys.stdin.buffer.readline())
    try:
        state, listener = begin(wishes)
    except RuntimeError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return
    asyncio.run(run(wishes, state, listener))


main()
