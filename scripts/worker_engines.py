"""Keeps the API told of the engines that this host's gpu workers have, as they come and as files are put in place."""

import asyncio
import logging
from contextlib import suppress

from contracts.settings import Settings

logger = logging.getLogger(__name__)

#: Between two announcements, in seconds: a file that was put in place is known this soon.
_EVERY_S = 30.0


async def keep_announcing(settings: Settings, stop: asyncio.Event) -> None:
    """Announce until told to stop, whatever fails meanwhile."""
    from activities.announcing import announce

    while not stop.is_set():
        try:
            await asyncio.to_thread(announce, settings)
        except Exception as fault:
            # Somebody else's engine may fail in any way, and no job waits for this.
            logger.warning("engines_unannounced fault=%r", fault)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _EVERY_S)
