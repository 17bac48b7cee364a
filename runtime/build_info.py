"""Which build runs, as Prometheus and whoever asks after an update want to know it."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import Gauge

DISTRIBUTION = "fink-skyportal"
REVISION = "FINK_SKYPORTAL_REVISION"
"""Environment variable, set when an image is built: the commit that it is made of."""

BUILD_INFO = Gauge(
    "fink_skyportal_build_info",
    "1; the labels say which half runs, in which version, under which Python, made of which commit.",
    ["component", "version", "python", "revision"],
)


def tell(component: str) -> None:
    """Say which build this process is; a version or a commit that is not known is empty."""
    try:
        installed = version(DISTRIBUTION)
    except PackageNotFoundError:
        installed = ""
    BUILD_INFO.labels(component, installed, platform.python_version(), os.environ.get(REVISION, "")).set(1)
