"""``python -m runtime.alive PORT``: the health check of an image, which has neither curl nor wget."""

import http.client
import sys

ANSWER_S = 5.0


def alive(port: int) -> bool:
    """Say whether the process that listens on ``port`` of this machine answers /healthz with 200."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
    try:
        asked.request("GET", "/healthz")
        return asked.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


if __name__ == "__main__":
    sys.exit(not alive(int(sys.argv[1])))
