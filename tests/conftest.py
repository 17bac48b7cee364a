"""The world that the tests run in: one real Kafka and one SkyPortal for the session, fresh names for each test."""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from demo.fink import TOPICS
from demo.kafka import running_kafka
from demo.skyportal.process import SkyPortal
from runtime.settings import NOT_SETTINGS
from support.sink import until_dealt_with
from support.skyportal import TAXONOMIES

FILTERS = [(topic, "Fink", "ZTF Public") for topic in TOPICS["ztf"]] + [
    (topic, "Fink", "LSST Public") for topic in TOPICS["lsst"]
]

# The same examples in every run, however busy the machine is: a failure is of the change that it appears with.
# ``--hypothesis-profile=default`` looks further.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    """Start one Kafka for all of pytest's workers, before they are."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        stack = ExitStack()
        config.add_cleanup(stack.close)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        # Else each of the hundreds of processes that the tests start would compile the product anew.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("KAFKA_BOOTSTRAP_SERVERS", stack.enter_context(running_kafka()))


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """Keep the developer's own settings out of the processes that the tests start."""
    kept = {*NOT_SETTINGS, "KAFKA_BOOTSTRAP_SERVERS"}
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - kept:
            if name.startswith(("FINK_", "KAFKA_", "PROCESSOR_", "SINK_", "SKYPORTAL_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """Bootstrap servers of a real Kafka."""
    with running_kafka() as bootstrap_servers:
        yield bootstrap_servers


@pytest.fixture(scope="session")
def skyportal_process() -> Iterator[SkyPortal]:
    """Give a SkyPortal without a request limit, with a filter for every topic of Fink's and a taxonomy."""
    with SkyPortal(whitelist=True, filters=FILTERS, taxonomies=TAXONOMIES) as skyportal:
        yield skyportal


@pytest.fixture
def skyportal(skyportal_process: SkyPortal) -> Iterator[SkyPortal]:
    """Give that SkyPortal, empty and in good health."""
    skyportal_process.control.mend()
    until_dealt_with(skyportal_process)  # what a sink of the test before has asked for and was killed
    skyportal_process.control.reset()
    yield skyportal_process
    skyportal_process.control.mend()


@pytest.fixture
def topic() -> str:
    """Name a local topic that no other test uses."""
    return f"test.{uuid.uuid4().hex[:12]}"


@pytest.fixture
def samples() -> Path:
    """Find the folder of real alerts."""
    folder = os.environ.get("FINK_SAMPLES_DIR", "")
    if not folder:
        pytest.skip("needs real alerts of Fink's: set FINK_SAMPLES_DIR to the folder that holds them")
    return Path(folder)
