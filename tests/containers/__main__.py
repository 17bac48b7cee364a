"""``make compose-test``: build, bring up, break, and count."""

import argparse
import signal
import sys

from containers.engine import Broken
from containers.story import Story


def main() -> int:
    """Tell the story; the status is 0 only if every promise held."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is removed
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--alerts", type=int, default=60, help="of each of three nights")
    try:
        print(Story(options.parse_args().alerts).tell())
    except Broken as broken:
        print(f"compose-test: {broken}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("compose-test: interrupted; its containers, networks and volumes are removed", file=sys.stderr)
        return 130
    return 0


sys.exit(main())
