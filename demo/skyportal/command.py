"""``python -m demo skyportal``: a stand-in SkyPortal in the foreground."""

import threading
from typing import Annotated

import typer

from demo.skyportal.process import SkyPortal

FIELDS = 3


def serve(
    port: Annotated[int, typer.Option(help="Of 127.0.0.1; 0 takes any that is free.")] = 5000,
    whitelist: Annotated[bool, typer.Option(help="Do not limit the rate to 5 requests per second.")] = False,  # noqa: FBT002 - typer
    service_times: Annotated[bool, typer.Option(help="Take as long as the real one.")] = False,  # noqa: FBT002 - typer
    workers: Annotated[int, typer.Option(min=1, help="Requests that are worked on at a time.")] = 2,
    filters: Annotated[list[str] | None, typer.Option("--filter", help="NAME:GROUP:STREAM, repeatable.")] = None,
) -> None:
    """Run a SkyPortal that answers as version 1.4.0 does, until interrupted."""
    wanted = [tuple(one.split(":")) for one in filters or ()]
    if any(len(one) != FIELDS for one in wanted):
        raise typer.BadParameter("a filter is NAME:GROUP:STREAM, for instance fink_sn:Fink:ZTF Public")
    try:
        with SkyPortal(
            port, whitelist=whitelist, service_times=service_times, workers=workers, filters=wanted
        ) as skyportal:
            print(
                f"SkyPortal: {skyportal.url}",
                f"Token: {skyportal.token}",
                f"Admin: {skyportal.admin_token}",
                f"Page: {skyportal.url}/",
                sep="\n",
                flush=True,
            )
            threading.Event().wait()
    except RuntimeError as error:
        raise typer.BadParameter(str(error)) from error
