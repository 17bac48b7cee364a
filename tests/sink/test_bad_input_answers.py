"""Acceptances that say something else than SkyPortal ever did: none of them ends the sink, or costs an alert."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from test_faults_everywhere import QUICK

from demo.skyportal.process import SkyPortal
from support.kafka import PATIENCE_S, publish_records
from support.records import whole_alert
from support.sink import assert_never_left_the_group, environment, letters, running_sink, until_ready, until_settled
from support.whole import assert_whole


@contextmanager
def misquoting(
    skyportal: SkyPortal, method: str, end: str, data: object, times: int
) -> Iterator[tuple[str, Counter[str]]]:
    """Pass requests on; of the acceptances of those to a path that ends so, tell other ``data`` some times."""
    told: Counter[str] = Counter()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {"Authorization": self.headers["Authorization"], "Content-Type": "application/json"}
            answer = requests.request(
                self.command, skyportal.url + self.path, data=body, headers=headers, timeout=PATIENCE_S
            )
            said = answer.content
            with lock:
                if self.command == method and self.path.endswith(end) and answer.ok and told["lies"] < times:
                    told["lies"] += 1
                    said = json.dumps({"status": "success", "data": data, "version": "9.9"}).encode()
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815  # http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", told
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("data", [None, {}], ids=["null", "empty"])
@pytest.mark.parametrize(
    ("method", "end"),
    [
        ("POST", "/api/candidates"),
        ("GET", "?includeThumbnails=true"),
        ("POST", "/annotations"),
        ("POST", "/api/classification"),
    ],
)
def test_an_acceptance_in_another_form_costs_nothing(
    method: str, end: str, data: object, broker: str, topic: str, skyportal: SkyPortal
) -> None:
    alerts = [whole_alert(obj_id=f"ZTF26aa{number:05d}") for number in range(3)]

    with misquoting(skyportal, method, end, data, times=1) as (url, told):
        settings = environment(broker, topic, skyportal, SKYPORTAL_URL=url, **QUICK)
        with running_sink(settings) as sink:
            until_ready(sink)
            publish_records(broker, topic, alerts)
            until_settled(broker, topic)
            assert sink.process.poll() is None
            assert_never_left_the_group(sink)
        assert told["lies"] == 1

    assert letters(broker, topic) == []
    assert_whole(skyportal, alerts)
