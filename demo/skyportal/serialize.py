"""Rows of the set-up as SkyPortal shows them."""

from collections.abc import Iterable

from demo.skyportal.directory import Broker, Directory, Filter, Group, Instrument, Stream, Taxonomy, User


def group(row: Group, directory: Directory, *, streams: bool = False) -> dict[str, object]:
    """Show a group; streams only where the endpoint joins them, and never for a single user's group."""
    shown: dict[str, object] = {
        "name": row.name,
        "nickname": None,
        "description": None,
        "private": False,
        "auto_accept_requests": False,
        "single_user_group": row.single_user_group,
        "id": row.id,
        "modified": row.created_at,
        "created_at": row.created_at,
    }
    if streams and not row.single_user_group:
        shown["streams"] = [stream(directory.streams[number]) for number in sorted(row.streams)]
    return shown


def group_detail(row: Group, directory: Directory) -> dict[str, object]:
    """Show a group with its members, streams and filters."""
    users = [(directory.users[number], admin) for number, admin in sorted(row.users.items())]
    return {
        **group(row, directory, streams=True),
        "streams": [stream(directory.streams[number]) for number in sorted(row.streams)],
        "filters": [filter_(one) for one in directory.filters.values() if one.group_id == row.id],
        "users": [{**user(member), **_rights(admin=admin)} for member, admin in users],
        "group_users": [
            {"group_id": row.id, "user_id": member.id, **_rights(admin=admin), "user": user(member)}
            for member, admin in users
        ],
    }


def _rights(*, admin: bool) -> dict[str, object]:
    return {"admin": admin, "can_save": True, "can_share_photometry": False}


def user(row: User) -> dict[str, object]:
    """Show a user, without his token."""
    return {
        "id": row.id,
        "username": row.username,
        "first_name": None,
        "last_name": None,
        "contact_email": None,
        "contact_phone": None,
        "oauth_uid": None,
    }


def stream(row: Stream) -> dict[str, object]:
    """Show a stream."""
    return {
        "altdata": row.altdata,
        "id": row.id,
        "created_at": row.created_at,
        "name": row.name,
        "auto_join": row.auto_join,
        "modified": row.created_at,
    }


def filter_(row: Filter) -> dict[str, object]:
    """Show a filter."""
    return {
        "altdata": row.altdata,
        "group_id": row.group_id,
        "modified": row.created_at,
        "name": row.name,
        "stream_id": row.stream_id,
        "broker_id": row.broker_id,
        "autosave": False,
        "id": row.id,
        "created_at": row.created_at,
    }


def broker(row: Broker) -> dict[str, object]:
    """Show a connection to an alert broker, without how it is configured."""
    return {
        "id": row.id,
        "name": row.name,
        "broker_classname": row.classname,
        "active": row.active,
        "default_alert_search": False,
        "default_crossmatch": False,
        "capabilities": {"run_ingestion": True},
        "surveys": ["ZTF", "LSST"],
        "filter_kind": "tags",
    }


def instrument(row: Instrument) -> dict[str, object]:
    """Show an instrument; telescope and instrument have the same id here."""
    return {
        "filters": list(row.filters),
        "created_at": row.created_at,
        "name": row.name,
        "type": "imager",
        "band": "optical",
        "has_fields": False,
        "has_region": False,
        "id": row.id,
        "telescope_id": row.id,
        "modified": row.created_at,
        "telescope": {"id": row.id, "name": row.telescope, "robotic": True, "fixed_location": True},
        "number_of_fields": 0,
        "region_summary": "",
        "log_exists": False,
    }


def taxonomy(row: Taxonomy, directory: Directory) -> dict[str, object]:
    """Show a taxonomy with its groups."""
    return {
        "name": row.name,
        "isLatest": row.is_latest,
        "modified": row.created_at,
        "provenance": row.provenance,
        "hierarchy": row.hierarchy,
        "version": row.version,
        "id": row.id,
        "created_at": row.created_at,
        "groups": groups(row.group_ids, directory),
    }


def groups(numbers: Iterable[int], directory: Directory) -> list[dict[str, object]]:
    """Show those of the groups that still exist."""
    return [group(directory.groups[number], directory) for number in sorted(numbers) if number in directory.groups]
