"""Progress that can be told again, where it is not known how far the work has come since."""

from engines.base import Report


class Told:
    """Passes progress on, and repeats it.

    Args:
        report: what it is passed on to.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._fraction = 0.0

    def __call__(self, fraction: float) -> None:
        """Tell the fraction done, 0..1."""
        self._fraction = fraction
        self.again()

    def again(self) -> None:
        """Tell what was told last."""
        self._report(self._fraction)
