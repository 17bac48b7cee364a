"""Runs one broker's Java, and ends it when the Python that wanted it is gone, however that went.

A script that needs the standard library only: ``keeper.py PARENT LOG LITTER COMMAND...``. It writes Java's process id
on its standard output and exits when Java does, with Java's status. LITTER is a folder to remove if PARENT died, or
empty. Not ``PR_SET_PDEATHSIG``: Linux only, and it fires when the *thread* ends that started the child.
"""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

LOOK_EVERY_SECONDS = 0.5


def keep(parent: int, log: Path, litter: str, command: list[str]) -> int:
    """Run the command until it ends or the parent does."""
    with log.open("ab") as output:
        java = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    with suppress(BrokenPipeError):  # a parent that is gone already is found out below
        print(java.pid, flush=True)
    while True:
        try:
            return java.wait(timeout=LOOK_EVERY_SECONDS)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                break
    java.kill()
    java.wait()
    if litter:
        shutil.rmtree(litter, ignore_errors=True)
        root = Path(litter).parent
        if not list(root.glob("broker-*")):  # else the keeper of another broker will be the last
            shutil.rmtree(root, ignore_errors=True)
    return 1


if __name__ == "__main__":
    sys.exit(keep(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:]))
