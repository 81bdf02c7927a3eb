"""`save_plot` draws states over time and outcomes by carrier, for those who mail it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from watched_ledger import fill, message

from skymms.broadcast import Ledger, Share
from skymms.broadcast.surveying import CarrierOutcome
from skymms.errors import ConfigurationError
from skymms.watch import save_plot
from skymms.watch.plot import _draw_carriers

pytest.importorskip("matplotlib")

BEGINNINGS = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-"}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    with Ledger(tmp_path_factory.mktemp("plot") / "ledger.db") as ledger:
        fill(ledger)
        ledger.create("$x$ empty \u0e51", message("x"), [])
        yield ledger


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_the_name_of_the_file_says_its_kind(ledger, tmp_path, kind):
    target = tmp_path / f"plot.{kind}"
    save_plot(ledger, "spring", target)
    assert target.read_bytes().startswith(BEGINNINGS[kind])


def texts(path: Path) -> list[str]:
    """The texts of a plot: matplotlib writes each into a comment of an SVG."""
    return [line.strip()[5:-4] for line in path.read_text().splitlines() if line.strip().startswith("<!-- ")]


def test_the_plot_has_the_states_with_their_counts_and_the_carriers_with_their_failures(ledger, tmp_path):
    save_plot(ledger, "spring", tmp_path / "plot.svg")
    found = texts(tmp_path / "plot.svg")
    assert {"delivered 30", "waiting for a report 3", "unknown 2", "failed 4", "refused 1"} <= set(found)
    assert {"0 (9)", "1 (8)", "2 (9)", "3 (8)", "E102: 4"} <= set(found)
    assert any(text.startswith("spring: 40 messages, as of 20") for text in found)


def test_a_broadcast_that_sent_nothing_has_a_plot_that_says_so(ledger, tmp_path):
    save_plot(ledger, "$x$ empty \u0e51", tmp_path / "plot.svg")
    assert "Nothing was requested yet." in texts(tmp_path / "plot.svg")


def test_names_are_drawn_as_they_are(tmp_path):
    text = "$\\frac{1}{$ _^{}$$ --></svg>&\u202e"
    with Ledger(tmp_path / "ledger.db") as ledger:
        fill(ledger, text=text)
        save_plot(ledger, "spring", tmp_path / "plot.svg")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("plot", r"plot: the name of a plot ends in \.png, \.svg, \.pdf"),
        ("plot.jpg", "ends in"),
        ("nowhere/plot.png", "cannot write .*nowhere/plot.png: No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_named(ledger, tmp_path, name, problem):
    with pytest.raises(ConfigurationError, match=problem):
        save_plot(ledger, "spring", tmp_path / name)


def test_the_extra_is_named_if_matplotlib_is_missing(ledger, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConfigurationError, match=r"plots need matplotlib: pip install 'skymms\[plot\]'"):
        save_plot(ledger, "spring", tmp_path / "plot.png")


@pytest.mark.parametrize(("carriers", "places"), [(1, 6), (8, 8)])
def test_a_bar_is_not_wider_if_there_are_few_carriers(carriers, places):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    outcome = CarrierOutcome("0001570", {"delivered": 1}, Share.among(1, 1), None, 0)
    _draw_carriers(axes, [outcome] * carriers)
    assert axes.get_ylim() == (places - 0.5, -0.5)
