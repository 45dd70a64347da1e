"""Answers before the answer: a server may send some, 103 with links say, and the one that counts follows."""

from http.client import HTTPException, HTTPResponse

#: More of them than any server has something to say in.
_MOST = 32
_SWITCHING = 101


class FinalAnswer(HTTPResponse):
    """An answer that passes over those with a status of 1xx, as RFC 9110, section 15.2 asks of clients.

    The standard library does so with 100 alone. After 101 no HTTP follows; nothing of ours asks for that.
    """

    def begin(self) -> None:
        """Read the head.

        Raises:
            HTTPException: when it is none, or nothing but interim answers come.
        """
        for _ in range(_MOST):
            super().begin()
            if not self._is_interim():
                return
            # What was not begun can be begun.
            self.headers = self.msg = None  # type: ignore[assignment]
        raise HTTPException("interim answers without end")

    def _is_interim(self) -> bool:
        return 100 <= self.status < 200 and self.status != _SWITCHING
