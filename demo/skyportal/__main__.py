"""The server process. Its parent writes one line of JSON to its standard input and lives as long as that stays open."""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from typing import Any

from demo.skyportal.app import LOOPBACK, SkyPortal, serve
from demo.skyportal.directory import Directory


def listen(port: int) -> socket.socket:
    """Bind to a port of the loopback address, 0 for any that is free."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    listener.listen(512)
    return listener


def end_with_parent() -> None:
    """Leave at once when standard input ends, which it also does when the parent is killed."""
    sys.stdin.buffer.read()
    os._exit(0)


async def run(wishes: dict[str, Any], listener: socket.socket) -> None:
    """Serve until killed."""
    directory = Directory(
        token=wishes["token"],
        admin_token=wishes["admin_token"],
        filters=wishes["filters"],
        taxonomies=wishes["taxonomies"],
    )
    skyportal = SkyPortal(
        directory,
        whitelist=wishes["whitelist"],
        service_times=wishes["service_times"],
        workers=wishes["workers"],
    )
    await serve(skyportal, listener)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Read the wishes, then say the port or what is wrong."""
    # Ctrl-C reaches every process of a terminal; it is the parent who decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wishes = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        listener = listen(wishes["port"])
    except OSError as error:
        print(
            json.dumps({"error": f"port {wishes['port']} of {LOOPBACK} cannot be used: {error.strerror}"}), flush=True
        )
        return
    asyncio.run(run(wishes, listener))


main()
