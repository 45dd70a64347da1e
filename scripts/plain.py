"""Text that others wrote, made fit for a terminal: names, scripts and receivers' answers may hold commands to it."""

import re

#: All that is neither a letter nor a space: C0, DEL and C1 (ISO 6429), line ends, and what turns the writing around.
_COMMANDS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    r"""Write what a terminal would act upon as Python does: an escape as \x1b, a line end as \n."""
    return _COMMANDS.sub(lambda found: repr(found[0])[1:-1], text)
