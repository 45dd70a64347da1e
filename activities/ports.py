"""Ports that no file lies behind: those at which an HTTP request could be taken for commands of another protocol.

The first line of a request, its headers and a webhook's body are text that a client has a say in. A server of mail, of
chat or a cache that reads lines skips those that it does not know and carries out the next. Browsers refuse the first
list for that reason (WHATWG Fetch, "port blocking"); the second are line protocols that it does not name.
"""

_BROWSERS = frozenset(
    (
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95),
        *(101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179),
        *(389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587),
        *(601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061),
        *(6000, 6566, *range(6665, 6670), 6679, 6697, 10080),
    )
)
_LINES = frozenset(
    (
        *(4369, 6379, 6380, 11211, 11300),  # Erlang's port mapper, Redis, memcached, beanstalkd
        *(9100, 9101, 9102, 9103),  # printers print what they are sent
    )
)

REFUSED = _BROWSERS | _LINES
