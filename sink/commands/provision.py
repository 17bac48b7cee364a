"""``python -m sink provision``."""

import typer

from sink import provision as provisioning
from sink.commands.start import RoutesOption, end, read_settings
from sink.skyportal import SkyPortal


def provision(routes_file: RoutesOption = None) -> None:
    """Create in SkyPortal the taxonomy that Fink's classes need. May be repeated: what is there stays."""
    settings, table = read_settings(routes_file)
    try:
        for sentence in provisioning.provision(SkyPortal(settings), table):
            typer.echo(sentence)
    except provisioning.NotProvisioned as error:
        end(str(error))
