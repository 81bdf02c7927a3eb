"""Draws the figures of a broadcast with matplotlib (extra ``skymms[plot]``): states over time, and outcomes by carrier."""

from __future__ import annotations

import os
import warnings
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final

from ..broadcast import Ledger, State
from ..broadcast.surveying import CarrierOutcome, Survey, Surveyor
from ..errors import ConfigurationError

#: The kinds of files.
_KINDS: Final = (".png", ".svg", ".pdf")
#: The states from the bottom up, their names in the legend and their colours, which are those of the page.
_STACK: Final = {
    State.DELIVERED: ("delivered", "#2e9e63"),
    State.ACCEPTED: ("waiting for a report", "#86b2ee"),
    State.UNKNOWN: ("unknown", "#e5a527"),
    State.FAILED: ("failed", "#cc4238"),
    State.REFUSED: ("refused", "#8d3d88"),
    State.SKIPPED: ("skipped", "#8c8880"),
}
#: Carriers that are drawn: those with most messages.
_MOST_CARRIERS = 12
#: The panel has room for at least as many carriers.
_FEWEST_PLACES = 6


def save_plot(ledger: Ledger, name: str, target: str | os.PathLike[str]) -> None:
    """Draw how many messages were in each state over time, and the share that was delivered by carrier, to a file.

    The broadcast is found by its name. The file is a PNG, SVG or PDF, by its name. Raises
    :class:`~skymms.ConfigurationError` if matplotlib is missing, or the file cannot be written.
    """
    path, broadcast = Path(target), ledger[name]
    if path.suffix.lower() not in _KINDS:
        raise ConfigurationError(f"{path.name}: the name of a plot ends in {', '.join(_KINDS)}")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigurationError(f"plots need matplotlib: pip install 'skymms[plot]' ({error})") from None
    survey = Surveyor(ledger.store, broadcast.id).survey()
    figure: Any = Figure(figsize=(11, 5), layout="constrained")
    _draw(figure, name, survey)
    with warnings.catch_warnings():
        # A name may have characters that the font lacks.
        warnings.simplefilter("ignore", UserWarning)
        try:
            figure.savefig(path, dpi=130)
        except OSError as error:
            raise ConfigurationError(f"cannot write {path}: {error.strerror or error}") from None


def _draw(figure: Any, name: str, survey: Survey) -> None:
    zone = datetime.now(UTC).astimezone().tzinfo or UTC
    until = datetime.fromtimestamp(survey.at, zone)
    total = sum(survey.counts.values())
    figure.suptitle(
        f"{name}: {total:,} messages, as of {until:%Y-%m-%d %H:%M %Z}", x=0.01, ha="left", weight="bold", parse_math=False
    )
    reported = [one for one in survey.carriers if one.carrier is not None][:_MOST_CARRIERS]
    if not reported:
        _draw_states(figure.subplots(), survey, zone)
        return
    left, right = figure.subplots(1, 2, width_ratios=[5, 3])
    _draw_states(left, survey, zone)
    _draw_carriers(right, reported)


def _draw_states(axes: Any, survey: Survey, zone: tzinfo) -> None:
    from matplotlib import dates

    # Most of matplotlib's functions have no types.
    untyped: Any = dates
    _style(axes, "Messages over time")
    if not survey.timeline.times:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "Nothing was requested yet.", ha="center", transform=axes.transAxes)
        return
    drawn = [state for state in _STACK if any(survey.timeline.states[state])]
    axes.stackplot(
        [datetime.fromtimestamp(at, zone) for at in survey.timeline.times],
        *(survey.timeline.states[state] for state in drawn),
        labels=[f"{_STACK[state][0]} {survey.timeline.states[state][-1]:,}" for state in drawn],
        colors=[_STACK[state][1] for state in drawn],
        linewidth=0,
    )
    axes.margins(x=0, y=0.05)
    locator = untyped.AutoDateLocator(tz=zone, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator, tz=zone))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend(loc="upper left", frameon=False, fontsize="small", reverse=True)


def _draw_carriers(axes: Any, carriers: list[CarrierOutcome]) -> None:
    _style(axes, "Delivered by carrier, with 95 % interval")
    shares = [one.delivered for one in carriers]
    places = range(len(carriers))
    axes.barh(places, [100 * share.share for share in shares], color=_STACK[State.DELIVERED][1], height=0.55)
    ends = [[100 * (share.share - share.low) for share in shares], [100 * (share.high - share.share) for share in shares]]
    axes.errorbar([100 * share.share for share in shares], places, xerr=ends, fmt="none", ecolor="#1d1c1a", capsize=3)
    axes.set_yticks(places, [_label(one) for one in carriers])
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.set_xlim(0, 100)
    # A bar has the same width, however few there are.
    axes.set_ylim(max(len(carriers), _FEWEST_PLACES) - 0.5, -0.5)
    axes.xaxis.set_major_formatter("{x:.0f} %")


def _label(one: CarrierOutcome) -> str:
    worst = f"\n{one.code}: {one.code_count:,}" if one.code else ""
    return f"{one.carrier:.24} ({one.delivered.of:,}){worst}"


def _style(axes: Any, title: str) -> None:
    axes.set_title(title, loc="left", fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize="small")
