"""What happens to the services, and what must be true afterwards."""

import contextlib
import re
import time
from collections.abc import Sequence

from containers import promises
from containers.engine import Broken, is_there, megabytes
from containers.stack import Stack, until
from support.observe import queries, series

SINKS = 3
SERVICES = ("kafka", "setup", "processor-ztf", "processor-lsst", "sink", "demo-skyportal", "demo-fink", "prometheus")
OURS = ("processor-ztf", "processor-lsst", "sink")
NIGHTS = 3
PICTURED = ("grafana/grafana:12.3.0", "grafana")
START_S, FLOW_S, RECOVER_S, DRAIN_S = 240.0, 180.0, 180.0, 900.0


class Story:
    """A day of the demo's services, told as it goes on."""

    def __init__(self, alerts: int) -> None:
        self._alerts = alerts
        self._began = time.monotonic()
        self._stack = Stack({"DEMO_ALERTS": str(alerts), "DEMO_SECONDS": "20", "REVISION": "compose-test"})
        image, service = PICTURED
        self._services = [*SERVICES, service] if is_there(image) else list(SERVICES)
        if service not in self._services:
            self._say(f"{image} cannot be had here: {service} is left out")

    def tell(self) -> str:
        """Let it all happen. Returns the last line; raises `Broken` where a promise does not hold."""
        try:
            self._build()
            self._refuse_a_mixture()
            self._come_up()
            self._lose_skyportal()
            self._crash_a_sink()
            self._restart_the_broker()
            self._go_down_and_come_up()
            account = self._settle()
            self._look_at_prometheus()
        except Exception:
            with contextlib.suppress(Broken):
                print(self._stack.compose("logs", "--tail", "15", "--no-color"))
            raise
        finally:
            self._stack.end()
        return f"compose-test: {account.removeprefix('account: ')} seconds={time.monotonic() - self._began:.0f}"

    def _build(self) -> None:
        self._stack.compose("build", "setup", "processor-ztf", "demo-skyportal")
        for name in promises.OURS:
            promises.check_image(name)
        for module in ("fink_client", "pip"):
            if promises.has_module("fink-skyportal-sink", module):
                raise Broken(f"the sink's image has {module} in it")
        self._say("built: " + ", ".join(f"{name} {megabytes(name):.0f} MB" for name in promises.OURS))

    def _refuse_a_mixture(self) -> None:
        """See that no SkyPortal of somebody's own can get the demo's alerts."""
        settings = {"SKYPORTAL_URL": "https://skyportal.example.org"}
        said = self._stack.compose("run", "--rm", "-T", "--no-deps", "setup", settings=settings, ends_with=(1,))
        if "not set in .env: SKYPORTAL_TOKEN_FILE KAFKA_TOPIC" not in said:
            raise Broken(f"half of the settings are not refused with what is missing: {said}")
        self._say("half of the settings: refused, with what is missing")

    def _come_up(self) -> None:
        self._stack.up(self._services, SINKS)
        self._say(f"up, with {SINKS} sinks")
        until("the first alert in SkyPortal", lambda: self._counts()["candidates"], within_s=START_S)
        self._say("the first alert is in SkyPortal")
        until("all health checks", lambda: not self._unhealthy(), within_s=START_S)
        running = [one for name in self._services for one in self._stack.containers(name)]
        for one in running:
            promises.check_container(one)
        self._say(f"healthy, and locked up as promised: {len(running)} containers")

    def _lose_skyportal(self) -> None:
        self._stack.compose("stop", "demo-skyportal")
        self._say("SkyPortal is stopped")
        self._publish(2)
        until("the sinks' notice", lambda: "no answer" in str(self._stack.status()["sinks"]), within_s=FLOW_S)
        if gone := [one["Name"] for one in self._stack.containers("sink") if not one["State"]["Running"]]:
            raise Broken(f"an outage has ended {gone}")
        self._stack.compose("start", "demo-skyportal")
        before = until("SkyPortal's page", self._counts, within_s=START_S)
        until("alerts after the outage", lambda: self._counts()["candidates"] > before["candidates"], within_s=FLOW_S)
        self._say("SkyPortal is started, and takes alerts again")

    def _crash_a_sink(self) -> None:
        before = self._restarts("sink")
        self._stack.crash(self._stack.containers("sink")[0]["Id"])
        until("another start of the sink", lambda: self._restarts("sink") > before, within_s=RECOVER_S)
        self._say("a sink is killed, and started again by its restart policy")

    def _restart_the_broker(self) -> None:
        self._publish(3)
        self._stack.compose("restart", "kafka")
        before = self._counts()["candidates"]
        until("alerts after Kafka's restart", lambda: self._counts()["candidates"] > before, within_s=RECOVER_S)
        self._say("Kafka is restarted, and alerts flow on")

    def _go_down_and_come_up(self) -> None:
        self._stack.compose("stop", *OURS)
        ended = {one["Name"]: one["State"]["ExitCode"] for name in OURS for one in self._stack.containers(name)}
        if any(ended.values()) or len(ended) != SINKS + 2:
            raise Broken(f"not all leave in peace within their grace: {ended}")
        held = self._counts()
        self._stack.compose("down")
        if left := self._stack.compose("ps", "--all", "--quiet").split():
            raise Broken(f"down leaves {len(left)} containers")
        self._say(f"down, with {held['candidates']} candidates in SkyPortal; the volumes stay")
        self._stack.up([name for name in self._services if name != "demo-fink"], SINKS)
        now = until("SkyPortal's page", self._counts, within_s=START_S)
        if now["candidates"] < held["candidates"]:
            raise Broken("the volume has not kept what SkyPortal held")
        self._say("up again")

    def _settle(self) -> str:
        said = self._stack.fink("account", "--wait-s", str(DRAIN_S), ends_with=(0, 1)).splitlines()
        account = next((line for line in reversed(said) if line.startswith("account: ")), "")
        self._say(account)
        if not account.endswith("dead_letters=0 lost=0 doubled=0") or " waiting=0 " not in account:
            raise Broken("\n".join(said[-20:]))
        published = int((re.search(r"published=(\d+)", account) or [0, 0])[1])
        if published < NIGHTS * self._alerts:
            raise Broken(f"of {NIGHTS} nights with {self._alerts} alerts each only {published} messages were published")
        own = self._stack.status()["account"]
        if own["unaccounted"] or own["waiting"]:
            raise Broken(f"their own account says {own}")
        self._say(f"their own account: {own}")
        return account

    def _look_at_prometheus(self) -> None:
        def seen() -> list[str]:
            # Not the query `up`: for five minutes that has the containers from before "down" as well.
            targets = self._stack.prometheus("targets?state=active")["activeTargets"]
            return sorted(one["labels"]["job"] for one in targets if one["health"] == "up")

        wanted = ["processor", "processor", "prometheus", *["sink"] * SINKS]
        until("Prometheus' targets", lambda: seen() == wanted, within_s=120)
        groups = self._stack.prometheus("rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        bad = [rule["name"] for rule in rules if rule.get("lastError") or rule.get("health") == "err"]
        if bad or not rules:
            raise Broken(f"of {len(rules)} rules these are not evaluated: {bad}")
        firing = [rule["name"] for rule in rules if rule.get("state") == "firing"]
        self._say(
            f"Prometheus sees all {len(wanted)} targets, evaluates {len(rules)} rules; firing: {firing or 'none'}"
        )
        asked = list(queries())
        try:
            empty = [one.place for one in asked if not series(self._stack.prometheus_address, one)]
        except ValueError as error:
            raise Broken(str(error)) from error
        panels = [place for place in empty if place.startswith("panel ")]
        self._say(
            f"it answers all {len(asked)} queries of dashboard and alarms; panels without data: {panels or 'none'}"
        )

    def _publish(self, seed: int) -> None:
        self._stack.fink("fink", "night", "--alerts", str(self._alerts), "--seed", str(seed))
        self._say(f"Fink has published {self._alerts} alerts more")

    def _counts(self) -> dict[str, int]:
        found: dict[str, int] = self._stack.skyportal("counts")
        return found

    def _restarts(self, service: str) -> int:
        return sum(one["RestartCount"] for one in self._stack.containers(service) if one["State"]["Running"])

    def _unhealthy(self) -> Sequence[str]:
        states = [
            (one["Name"], one["State"].get("Health", {}).get("Status", "healthy"))
            for name in self._services
            for one in self._stack.containers(name)
            if one["State"]["Running"]
        ]
        return [name for name, state in states if state != "healthy"]

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", flush=True)
