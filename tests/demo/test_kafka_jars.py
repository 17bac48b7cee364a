"""What the cache of Kafka's jars promises, with a Maven repository of our own on the loopback."""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from demo.kafka import JarsUnavailableError, LocalKafkaError
from demo.kafka.jars import KAFKA_VERSION, Jar, cache_folder, ensure_jars, locked_jars
from demo.kafka.lock import ROOTS, written

CONTENT = {f"org.example:part{number}:1.{number}": b"jar %d " % number * 10_000 for number in range(6)}
JARS = [
    Jar(coordinate=coordinate, sha256=hashlib.sha256(content).hexdigest()) for coordinate, content in CONTENT.items()
]


@dataclass
class Repository:
    """Serves the jars under Maven's paths; breaks off, or lies, as often as it is told to."""

    url: str = ""
    break_off: int = 0
    lie: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str) -> tuple[bytes, int]:
        """Return what to send for a path, and the length to promise."""
        files = {
            f"/{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.jar": content
            for (group, artifact, version), content in ((key.split(":"), value) for key, value in CONTENT.items())
        }
        if path not in files:
            raise FileNotFoundError(path)
        with self.lock:
            self.asked[path.rpartition("/")[2]] += 1
            if self.break_off:
                self.break_off -= 1
                return files[path][:100], len(files[path])
            if self.lie:
                self.lie -= 1
                return b"something else", len(b"something else")
        return files[path], len(files[path])


@pytest.fixture
def repository() -> Iterator[Repository]:
    served = Repository()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                content, length = served.answer(self.path)
            except FileNotFoundError:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Keep the test's output to the test."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(repository: Repository, tmp_path: Path) -> Path:
    """Make a cache that is filled and intact."""
    ensure_jars(tmp_path, JARS, repository.url)
    repository.asked.clear()
    return tmp_path


def contents(files: Sequence[Path]) -> list[bytes]:
    return [file.read_bytes() for file in files]


def test_a_full_cache_needs_no_network(cache: Path, repository: Repository) -> None:
    assert contents(ensure_jars(cache, JARS, repository.url)) == list(CONTENT.values())
    assert not repository.asked


@pytest.mark.parametrize("damage", [b"", b"jar 3 jar 3", CONTENT["org.example:part3:1.3"][:-1] + b"!"])
def test_a_truncated_or_tampered_jar_is_fetched_again_and_only_that(
    cache: Path, repository: Repository, damage: bytes
) -> None:
    (cache / "part3-1.3.jar").write_bytes(damage)

    assert contents(ensure_jars(cache, JARS, repository.url)) == list(CONTENT.values())
    assert repository.asked == {"part3-1.3.jar": 1}


def test_a_missing_jar_is_fetched_again(cache: Path, repository: Repository) -> None:
    (cache / "part0-1.0.jar").unlink()

    assert contents(ensure_jars(cache, JARS, repository.url)) == list(CONTENT.values())
    assert repository.asked == {"part0-1.0.jar": 1}


def test_a_download_that_breaks_off_is_tried_again(repository: Repository, tmp_path: Path) -> None:
    repository.break_off = 2

    assert contents(ensure_jars(tmp_path, JARS, repository.url)) == list(CONTENT.values())
    assert repository.asked.total() == len(JARS) + 2


def test_a_jar_that_is_not_the_locked_one_never_reaches_the_cache(repository: Repository, tmp_path: Path) -> None:
    repository.lie = 1_000

    with pytest.raises(JarsUnavailableError, match=r"org\.example:part0:1\.0 .* the lock demands"):
        ensure_jars(tmp_path, JARS, repository.url)

    assert list(tmp_path.glob("**/*.jar")) == []


def test_what_a_killed_download_left_is_swept_away(cache: Path, repository: Repository) -> None:
    (cache / ".scratch-dead").mkdir()
    (cache / ".scratch-dead" / "half.jar").write_bytes(b"half")
    (cache / "part1-1.1.jar").unlink()

    ensure_jars(cache, JARS, repository.url)

    assert {file.name for file in cache.iterdir()} == {".lock"} | {jar.file_name for jar in JARS}


def test_without_a_network_the_error_says_what_where_and_what_to_do(tmp_path: Path, repository: Repository) -> None:
    unknown = Jar(coordinate="org.example:unknown:2", sha256="0" * 64)

    with pytest.raises(JarsUnavailableError) as missing:
        ensure_jars(tmp_path, [unknown], repository.url)
    with pytest.raises(JarsUnavailableError) as unreachable:
        ensure_jars(tmp_path, [unknown], "http://127.0.0.1:9")  # nobody listens on discard's port

    for error in (missing, unreachable):
        assert "org.example:unknown:2" in str(error.value)
        assert str(tmp_path) in str(error.value)
        assert "start again, or copy that folder" in str(error.value)


def test_a_cache_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder can be made here")

    with pytest.raises(JarsUnavailableError, match=r"file/cache cannot be written .* set FINK_SKYPORTAL_CACHE"):
        ensure_jars(tmp_path / "file" / "cache", JARS)


def test_several_that_fetch_at_once_fetch_each_jar_once(repository: Repository, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: contents(ensure_jars(tmp_path, JARS, repository.url)), range(4)))

    assert got == [list(CONTENT.values())] * 4
    assert set(repository.asked.values()) == {1}


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("FINK_SKYPORTAL_CACHE", raising=False)
    folder = f"kafka-{KAFKA_VERSION}"
    assert cache_folder() == tmp_path / "home" / ".cache" / "fink-skyportal" / folder

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "fink-skyportal" / folder

    monkeypatch.setenv("FINK_SKYPORTAL_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own" / folder


def test_the_lock_names_one_kafka_and_every_jar_once() -> None:
    jars = locked_jars()

    assert set(ROOTS) < {jar.coordinate for jar in jars}
    assert len({jar.file_name for jar in jars}) == len(jars)
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert {jar.coordinate.rpartition(":")[2] for jar in jars if jar.coordinate.startswith("org.apache.kafka:")} == {
        KAFKA_VERSION
    }


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "jars.lock").write_text(written(JARS))

    assert list(locked_jars(tmp_path / "jars.lock")) == JARS


def test_a_lock_with_two_versions_of_kafka_is_refused() -> None:
    old = Jar(coordinate="org.apache.kafka:kafka-clients:3.9.1", sha256="0" * 64)

    with pytest.raises(LocalKafkaError, match=r"kafka-clients:3\.9\.1 is not of Kafka"):
        written([*JARS, old])
