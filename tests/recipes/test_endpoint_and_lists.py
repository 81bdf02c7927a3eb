"""docs/how-to/test-endpoint.md, personalise.md and pandas.md: what their code leaves behind."""

from __future__ import annotations

import numpy
import pandas
import pytest
from recipe_pages import run_page

from skymms import RecipientError, SendMMS, SendSavedMMS
from skymms.numbers import normalize
from skymms.sandbox import Sandbox


def test_an_endpoint_is_tested_with_every_shape(gateway: Sandbox) -> None:
    page = run_page("how-to/test-endpoint.md")
    assert not page.failures
    assert sorted(page.handled.values()).count("delivered") >= 3


def test_an_endpoint_that_counts_repeats_twice_does_not_pass(gateway: Sandbox) -> None:
    # The page finds the mistakes that it names.
    with pytest.raises(AssertionError):
        run_page(
            "how-to/test-endpoint.md", replaced={"handled.setdefault(notice.identity": "handled.setdefault(str(len(handled))"}
        )


def test_each_recipient_gets_a_text_of_their_own(gateway: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    page = run_page("how-to/personalise.md")
    printed = capsys.readouterr().out
    assert "E227" in printed or "text" in printed
    assert "code" in printed, "the line that is left out says what is missing"
    filled, custom = [one for one in page.sandbox.sent if isinstance(one, SendSavedMMS)]
    assert (filled.data, custom.custom_text) == ({"first_name": "Ada"}, {1: "Hello again!"})


def test_a_data_frame_is_sent_and_its_results_come_back(gateway: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    page = run_page("how-to/pandas.md")
    texts = {one.to: one.slideshow.slides[0].text for one in gateway.sent if isinstance(one, SendMMS)}
    assert texts == {"15551230000": "Hello!", "15551230001": "Hello!"}
    first = [str(one.slideshow.slides[0].text) for one in gateway.sent if isinstance(one, SendMMS)][:2]
    assert sorted(first) == ["Hi Ada!", "Hi you!"]
    assert page.report["tracking_id"].notna().sum() == 2
    assert page.people["to"].tolist() == ["15551230000", "15551230001", "", "15551230000", ""]


@pytest.mark.parametrize(
    "number",
    [15551230000.0, "15551230000.0", float("nan"), None, pandas.NA, pandas.NaT, numpy.float64(15551230000), "", "n/a?"],
)
def test_a_number_that_pandas_has_changed_is_refused(number: object) -> None:
    with pytest.raises(RecipientError):
        normalize(number)  # type: ignore[arg-type]


def test_a_column_with_a_gap_is_read_as_floats_unless_it_is_read_as_text(gateway: Sandbox) -> None:
    # What the page says about pandas.
    with open("people.csv", "w", encoding="utf-8") as file:
        file.write("mobile\n15551230000\n\n15551230001\n")
    guessed, read = (pandas.read_csv("people.csv", dtype=kind, skip_blank_lines=False)["mobile"] for kind in (None, "string"))
    assert str(guessed.dtype) == "float64"
    assert next(iter(read)) == "15551230000"
    floats = pandas.Series([15551230000.0, None])
    assert next(iter(floats.astype("Int64").astype("string"))) == "15551230000"
