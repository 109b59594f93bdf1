"""A real port that accepts connections and closes them: the least that a target can do."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def accepting_port(port: int = 0) -> Iterator[int]:
    """The port, for as long as it is entered; that one where it is given."""
    with socket.create_server(("127.0.0.1", port), backlog=512) as server:
        thread = threading.Thread(target=_accept, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _accept(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return
