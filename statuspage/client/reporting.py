"""How connecting went, told to the status page: 200 bytes at most, of some connections only, without waiting."""

import json
import random
import threading
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError

from .asking import asked

SHARE = 0.1
"""Of reports, where the status page does not say how large a part it wants."""
OUTCOMES = ("ok", "timeout", "refused", "limited")
MOST_BYTES, MOST_AT_ONCE = 200, 4


class Beacon:
    """Posts to `<url>/beacon`. `timeout` is in seconds."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url, self._timeout = f"{url}/beacon", timeout
        self._places = threading.Semaphore(MOST_AT_ONCE)

    def send(self, provider: str, route: str, number: int, outcome: str, ms: float, share: float) -> None:
        """Send a `share` of them, from a thread, and drop the rest. Raises ValueError for an outcome that is none."""
        if outcome not in OUTCOMES:
            raise ValueError(f"an outcome is one of {', '.join(OUTCOMES)}")
        said = {"p": provider, "r": route, "e": number, "o": outcome, "ms": round(ms)}
        body = json.dumps(said, separators=(",", ":")).encode()
        if len(body) <= MOST_BYTES and random.random() < share and self._places.acquire(blocking=False):
            threading.Thread(target=self._post, args=(body,), name="statuspage-beacon", daemon=True).start()

    def _post(self, body: bytes) -> None:
        request = urllib.request.Request(self._url, body, {"Content-Type": "text/plain"})
        try:
            with asked(request, self._timeout):
                pass
        except HTTPError as error:
            error.close()
        except (OSError, HTTPException):
            pass
        finally:
            self._places.release()
