"""Shows how far a run of a broadcast is: a live bar on a terminal, and elsewhere a line every few seconds."""

from __future__ import annotations

import time
from collections import deque
from typing import Protocol

from ..broadcast import State
from ..broadcast.running import Progress
from ..broadcast.settings import Settings
from . import output
from .broadcast_output import counts_text, duration, local_time

#: Seconds between two lines, and between two lines of a run that waits for its hours or its start.
_EVERY, _EVERY_WAITING = 5.0, 300.0
#: Seconds over which the rate is measured.
_WINDOW = 30.0
#: A shorter wait is not worth a word.
_SHORT = 2.0
#: The states in which a message still has to be sent.
_OPEN = (State.READY, State.SENDING)


class Display(Protocol):
    """Shows the progress of a run."""

    def show(self, progress: Progress) -> None:
        """Show how far the run is; called about once a second."""
        ...

    def close(self, last: Progress | None = None) -> None:
        """End, with the last progress unless the run failed."""
        ...


class Pace:
    """Measures how many messages a second all workers finish."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def rate(self, done: int, now: float) -> float:
        """Note how many messages are done now, and return the messages a second of the last half minute."""
        self._seen.append((now, done))
        while now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()
        first_at, first = self._seen[0]
        return max(0, done - first) / (now - first_at) if now > first_at else 0.0


class Figures:
    """The figures of a run as texts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pace = Pace()
        self.total: int = 0
        self.done: int = 0
        self.rate: str = ""
        self.left: str = ""

    def take(self, progress: Progress) -> None:
        """Take the figures from a progress."""
        self.total = sum(progress.counts.values())
        still_open = sum(progress.counts.get(state, 0) for state in _OPEN)
        self.done = self.total - still_open
        rate = self._pace.rate(self.done, time.monotonic())
        self.rate = f"{rate:.1f}/s" if rate else ""
        self.left = f"{duration(still_open / rate)} left" if rate and still_open else ""

    def waiting(self, progress: Progress) -> str:
        """Return for what the run waits, or an empty text."""
        if progress.stopping:
            return f"stopping, {progress.in_flight} in flight"
        if progress.trouble:
            return f"{progress.trouble}; trying again"
        if progress.canary_known is not None:
            return f"waiting for the outcomes of the canary: {progress.canary_known:,} of {self._settings.canary:,} known"
        if progress.wait is None or progress.wait < _SHORT or progress.in_flight:
            return ""
        at, hours, start = time.time() + progress.wait, self._settings.hours, self._settings.start
        if progress.outside_hours and hours:
            return f"outside the hours {hours.begin}-{hours.end}: waiting until {_minute(at, hours.zone)}"
        if start is not None and time.time() < start:
            return f"waiting for the start, {local_time(start, hours.zone if hours else None)}"
        return "waiting for a turn, for messages that the gateway put off, or for another worker"


def _minute(at: float, zone: str) -> str:
    # Openings are full minutes, and the estimate of the time of one may be a moment too early.
    return local_time(round(at / 60) * 60.0, zone)


def _pace(figures: Figures, waiting: str) -> tuple[str, ...]:
    """Return the rate and the time left. A run that waits has neither: its rate is that of before."""
    return () if waiting else (figures.rate, figures.left)


class Lines:
    """A line every five seconds, for log files. A run that waits writes fewer."""

    def __init__(self, settings: Settings) -> None:
        self._figures = Figures(settings)
        self._next = float("-inf")
        self._waiting: str = ""

    def show(self, progress: Progress) -> None:
        """Write a line if it is time, or if the run has begun to wait for something else."""
        figures = self._figures
        figures.take(progress)
        waiting = figures.waiting(progress)
        now = time.monotonic()
        if now < self._next and waiting == self._waiting:
            return
        self._next = now + (_EVERY_WAITING if waiting and not progress.stopping else _EVERY)
        self._waiting = waiting
        parts = [f"{figures.done:,} of {figures.total:,}", counts_text(progress.counts), *_pace(figures, waiting), waiting]
        output.print_message(f"{time.strftime('%H:%M:%S')}  " + "; ".join(part for part in parts if part))

    def close(self, last: Progress | None = None) -> None:
        """Write nothing more: the result follows."""


class Bar:
    """A live bar with the states, the rate and the time left."""

    def __init__(self, settings: Settings) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._figures = Figures(settings)
        self._bar = RichProgress(
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=output.error_console(),
        )
        self._task = self._bar.add_task("", total=None)
        self._bar.start()

    def show(self, progress: Progress) -> None:
        """Draw the bar anew."""
        self._figures.take(progress)
        figures, states = self._figures, counts_text(progress.counts)
        waiting = figures.waiting(progress)
        parts = (*_pace(figures, waiting), waiting or states)
        text = output.printable("; ".join(part for part in parts if part))
        self._bar.update(self._task, completed=figures.done, total=figures.total, description=text)

    def close(self, last: Progress | None = None) -> None:
        """Draw the bar for the last time."""
        if last is not None:
            self.show(last)
        self._bar.stop()


def open_display(settings: Settings) -> Display:
    """Return the display that suits stderr."""
    return Bar(settings) if output.is_screen(output.error_console()) else Lines(settings)
