"""Progress bars on stderr, for what takes longer than a second."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn


def bars() -> Progress:
    """A set of bars: what is being done, how much of it is done, for how long."""
    columns = (TextColumn("{task.description:<8}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))


class Stages:
    """One bar a stage, added when the stage is first heard of, and full once the next one is."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, fraction: float) -> None:
        """Move a stage's bar to `fraction`, 0..1."""
        if stage not in self._tasks:
            for begun in self._tasks.values():
                self._shown.update(begun, completed=1.0)
            self._tasks[stage] = self._shown.add_task(stage, total=1.0)
        self._shown.update(self._tasks[stage], completed=fraction)


class Waiting:
    """One bar for something whose length is not known: it moves until it is done."""

    def __init__(self, shown: Progress, what: str) -> None:
        self._shown = shown
        self._task = shown.add_task(what, total=None)

    def done(self) -> None:
        """Fill the bar."""
        self._shown.update(self._task, total=1, completed=1)
