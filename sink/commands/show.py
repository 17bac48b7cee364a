"""``python -m sink show``."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from runtime.moments import EXAMPLES, moment
from runtime.redrive.letter import RedriveFailed
from sink.commands.start import RoutesOption, end, read_settings
from sink.show.differences import differences
from sink.show.document import document
from sink.show.in_skyportal import InSkyPortal, in_skyportal
from sink.show.records import in_topic
from sink.show.text import lines
from sink.skyportal.questions import NotAnswered, Questions
from sink.topic.local_topic import Unreadable

ObjectArgument = Annotated[str, typer.Argument(metavar="OBJ_ID", help="objectId (ZTF) or diaObjectId (LSST).")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
SinceOption = Annotated[
    str, typer.Option("--since", metavar="TIME", help=f"Read what came to the topic since then: {EXAMPLES}.")
]


def show(
    obj_id: ObjectArgument, *, since: SinceOption = "", as_json: JsonOption = False, routes_file: RoutesOption = None
) -> None:
    """Show the records of an object and what SkyPortal has of it.

    Of each record: its place, when it came, what it says, whether the group of the sinks has passed it, its dead
    letters but for those that were put back, and whether SkyPortal has the candidate that it makes. Then what SkyPortal
    shows of the object to the bot, and where the two differ.

    Nothing is changed. The whole topic is read, for only its keys tell where an object is: --since makes that quicker.
    Status 1 if neither has the object, or if SkyPortal does not answer: then the records are shown all the same.
    """
    try:
        from_then = moment(since, datetime.now(UTC)) if since else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error
    if not obj_id:
        raise typer.BadParameter("is empty: name an object", param_hint="OBJ_ID")
    settings, table = read_settings(routes_file)
    held: list[InSkyPortal] = []
    silence = ""
    try:
        held.append(in_skyportal(Questions(settings), obj_id))
    except NotAnswered as error:
        silence = str(error)
    try:
        topic = in_topic(settings, table, obj_id, since=from_then)
    except (Unreadable, RedriveFailed) as error:
        end(str(error))
    origins = settings.annotation_origins
    wrong = [sentence for one in held for sentence in differences(obj_id, topic, one, origins=origins)]
    if as_json:
        typer.echo(json.dumps(document(obj_id, topic, held, wrong), indent=2))
    else:
        for line in lines(obj_id, topic, held, wrong):
            typer.echo(line)
    if silence:
        end(f"SkyPortal was not seen: {silence}")
    if topic.is_empty and not any(one.exists for one in held):
        end(f"neither the topic {settings.kafka_topic} nor SkyPortal has an object {obj_id}")
