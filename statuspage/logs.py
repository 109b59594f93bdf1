"""Logs: readable on a terminal, JSON lines otherwise, secrets redacted everywhere."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from statuspage.fields import redact

_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

NOISY = ("httpx", "httpcore", "apscheduler", "asyncio", "alembic", "granian.access")
"""Loggers of libraries that say too much; httpx writes whole addresses at INFO."""


class _Redacting(logging.Formatter):
    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._secrets = secrets

    def _clean(self, text: str) -> str:
        return redact(text, self._secrets)

    def _at(self, record: logging.LogRecord) -> datetime:
        return datetime.fromtimestamp(record.created, UTC)


class TerminalFormatter(_Redacting):
    """`09:41:07 warning monitor.engine: text`, with the traceback below where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        name = record.name.removeprefix("statuspage.")
        text = f"{self._at(record):%H:%M:%S} {record.levelname.lower():<7} {name}: {record.getMessage()}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return self._clean(text)


class JsonFormatter(_Redacting):
    """One JSON object a line: at (UTC), level, logger, message, error, and what was passed as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": self._at(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({key: value for key, value in vars(record).items() if key not in _KNOWN})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        # Redacted before it is quoted: a secret with a quote or a backslash in it looks different afterwards.
        plain = {key: value if isinstance(value, int | float) else str(value) for key, value in line.items()}
        cleaned = {key: self._clean(value) if isinstance(value, str) else value for key, value in plain.items()}
        return json.dumps(cleaned, ensure_ascii=False)


def setup(secrets: tuple[str, ...] = (), *, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send every log line to `stream` (standard error), in the form that suits it."""
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(TerminalFormatter(secrets) if target.isatty() else JsonFormatter(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
