"""What SkyPortal holds, in a file: so that it can be stopped and started as a real one, whose database stays."""

import os
import pickle
from pathlib import Path

from demo.skyportal.state import State


def load(path: Path, fresh: State) -> State:
    """Return what ``path`` holds, with the tokens of ``fresh``; that one itself if there is no such file.

    Raises RuntimeError if the file was not written by `save`. Only files of one's own may be read: it is a pickle.
    """
    try:
        stored = pickle.loads(path.read_bytes())  # noqa: S301  # our own
    except FileNotFoundError:
        return fresh
    except Exception as error:
        raise RuntimeError(f"{path} holds no SkyPortal: {error}; remove it to begin with an empty one") from error
    assert isinstance(stored, State)  # noqa: S101  # nothing else is ever saved
    stored.directory.give_tokens(token=fresh.directory.bot.token, admin_token=fresh.directory.admin.token)
    return stored


def save(path: Path, state: State) -> None:
    """Write ``state`` so that the file is either the old one or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        pickle.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
