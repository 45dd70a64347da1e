"""gunicorn's own log lines in the form of all others, where that is JSON."""

import logging

from gunicorn.config import Config
from gunicorn.glogging import Logger

from telemetry.lines import JsonLines


class JsonLogger(Logger):  # type: ignore[misc] # gunicorn has no types
    """What gunicorn tells of its processes; requests are told by the application, which knows their routes."""

    def setup(self, cfg: Config) -> None:
        """Set its loggers up as ever, and write as we do."""
        super().setup(cfg)
        handlers: list[logging.Handler] = self.error_log.handlers
        for handler in handlers:
            handler.setFormatter(JsonLines())
