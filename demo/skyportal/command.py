"""``python -m demo skyportal``: a stand-in SkyPortal in the foreground."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from demo.leaving import leaving_on_sigterm
from demo.skyportal.process import LOOPBACK, SkyPortal

FIELDS = 3


def serve(
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes any that is free.")] = 5000,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 in a container.")] = LOOPBACK,
    token_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Holds the bot's token; else it gets a new one.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(dir_okay=False, help="File that keeps what it holds from one run to the next.")
    ] = None,
    whitelist: Annotated[bool, typer.Option(help="Do not limit the rate to 5 requests per second.")] = False,  # noqa: FBT002 - typer
    service_times: Annotated[bool, typer.Option(help="Take as long as the real one.")] = False,  # noqa: FBT002 - typer
    workers: Annotated[int, typer.Option(min=1, help="Requests that are worked on at a time.")] = 2,
    filters: Annotated[list[str] | None, typer.Option("--filter", help="NAME:GROUP:STREAM, repeatable.")] = None,
) -> None:
    """Run a SkyPortal that answers as version 1.4.0 does, until Ctrl-C or SIGTERM."""
    wanted = [tuple(one.split(":")) for one in filters or ()]
    if any(len(one) != FIELDS for one in wanted):
        raise typer.BadParameter("a filter is NAME:GROUP:STREAM, for instance fink_sn:Fink:ZTF Public")
    try:
        with (
            leaving_on_sigterm(),
            SkyPortal(
                port,
                host=host,
                token=token_file.read_text().strip() if token_file else "",
                data=data,
                whitelist=whitelist,
                service_times=service_times,
                workers=workers,
                filters=wanted,
            ) as skyportal,
        ):
            print(
                f"SkyPortal: {skyportal.url}",
                f"Token: {skyportal.token}",
                f"Admin: {skyportal.admin_token}",
                f"Page: {skyportal.url}/",
                sep="\n",
                flush=True,
            )
            threading.Event().wait()
    except KeyboardInterrupt:
        return
    except RuntimeError as error:
        raise typer.BadParameter(str(error)) from error
