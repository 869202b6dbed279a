"""Where the daemon's words go: structlog on standard error, lines for people or JSON for machines."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Literal, cast

import structlog

from vaultsync.cli.terminal import safe

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

    from vaultsync.config import Log


def open_log(settings: Log, log_format: Literal["text", "json"] | None = None) -> FilteringBoundLogger:
    """Return the log that the config asks for, in another format if one is given; loggers opened before follow."""
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if (log_format or settings.format) == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            _without_controls,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    return cast("FilteringBoundLogger", structlog.get_logger())


def _without_controls(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take out what could command a terminal, since paths and texts come from notes."""
    return {key: _harmless(value) for key, value in event.items()}


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return safe(value)
    return [_harmless(each) for each in value] if isinstance(value, (list, tuple)) else value
