"""What is promised of every container and image, whatever it does."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from containers.engine import ROOT, Broken, docker, inspect

OURS = ("fink-skyportal-processor", "fink-skyportal-sink", "fink-skyportal-demo")
GRACE_S = 30
TOKEN = (ROOT / "deploy" / "compose" / "demo" / "token").read_text().strip()


def check_container(one: Mapping[str, Any]) -> None:
    """Raise `Broken` unless a container is locked up as it is promised."""
    name, config, host = one["Name"].removeprefix("/"), one["Config"], one["HostConfig"]
    wrong = [
        ("has no limit to its log", not host["LogConfig"]["Config"].get("max-size")),
        ("may gain privileges", "no-new-privileges:true" not in (host["SecurityOpt"] or [])),
        ("has capabilities", host["CapDrop"] != ["ALL"]),
        ("is privileged", host["Privileged"]),
        ("knows a secret", TOKEN in json.dumps(one)),
    ]
    if config["Image"] in OURS:
        wrong += [
            ("runs as root", config["User"].partition(":")[0] in {"", "0", "root"}),
            ("can write to its root", not host["ReadonlyRootfs"]),
        ]
    _all_right(f"the container {name}", wrong + [(f"listens on {one}", True) for one in _open_to_others(host)])


def check_image(name: str) -> None:
    """Raise `Broken` unless an image of ours is as it is promised."""
    image = inspect(name)[0]
    labels = image["Config"]["Labels"] or {}
    wrong = [
        ("runs as root", image["Config"]["User"] in {"", "0", "root"}),
        ("knows a secret", TOKEN in docker("history", "--no-trunc", name) + json.dumps(image)),
        ("has no label of its origin", "org.opencontainers.image.title" not in labels),
        ("has no health check", not image["Config"].get("Healthcheck") and not name.endswith("demo")),
        ("has no $HOME", not any(one.startswith("HOME=/") for one in image["Config"]["Env"])),
    ]
    _all_right(f"the image {name}", wrong)


def has_module(image: str, module: str) -> bool:
    """Say whether Python finds a module in an image."""
    look = f"import importlib.util as u; print(u.find_spec({module!r}) is not None)"
    return docker("run", "--rm", "--entrypoint", "python", image, "-c", look).strip() == "True"


def _open_to_others(host: Mapping[str, Any]) -> Iterable[str]:
    for bindings in (host["PortBindings"] or {}).values():
        yield from (one["HostIp"] or "every address" for one in bindings or () if one["HostIp"] != "127.0.0.1")


def _all_right(what: str, wrong: Iterable[tuple[str, bool]]) -> None:
    found = [sentence for sentence, is_wrong in wrong if is_wrong]
    if found:
        raise Broken(f"{what} {', and '.join(found)}")
