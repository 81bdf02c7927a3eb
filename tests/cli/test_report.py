"""`skymms report`: a statistics report is printed, one row for each message."""

from __future__ import annotations

import re

import pytest
from cli_messages import OPERATIONS, encode, response
from cli_process import CANARY, COUPON
from misbehaving_server import Faulty, drop, http

from skymms import GetStatistics, SendSMS
from skymms.cli.exit_status import Status

pytestmark = pytest.mark.compat

REPORT = """<RESPONSE><BATCHES><BATCH id="12" from="60856" contentname="Flowers"><CONTENT id="15" to="15551234888">
<MSG_STATUS><INQUE time="2010-10-12T06:32:46.620197Z"/><DLR time="2010-10-12T06:33:19.5797Z"/></MSG_STATUS></CONTENT></BATCH>
</BATCHES><SENDING_LIST><TEXT id="8" to="15551234889" body="Hi!"><ERROR info="gone" time="later"/></TEXT><FAX id="9"/>
</SENDING_LIST></RESPONSE>"""


class TestReport:
    ROWS = (
        ["BATCHES", "MMS", "15", "15551234888", "60856", "Flowers", "DLR", "2010-10-12 06:33:19+00:00", "yes"],
        ["SENDING_LIST", "SMS", "8", "15551234889", "Hi!", "ERROR gone", "later"],
        ["SENDING_LIST", "FAX", "@id 9"],
    )

    @staticmethod
    def cells(out: str) -> list[list[str]]:
        return [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]

    def test_a_report_from_a_file_or_stdin_is_printed_with_a_row_for_each_message(self, run):
        for result in (run("report", "f", f=REPORT), run("report", "-", stdin=REPORT.encode())):
            assert (result.status, result.err) == (0, "3 listed, 1 delivered\n")
            assert all(row in self.cells(result.out) for row in self.ROWS)

    def test_the_json_of_a_report_is_one_document(self, run):
        messages = run("report", "f", "--json", f=REPORT).json["messages"]
        assert [(one["kind"], one["to"], one["delivered"]) for one in messages] == [
            ("MMS", "15551234888", True),
            ("SMS", "15551234889", False),
            ("FAX", None, False),
        ]
        assert messages[0]["statuses"][1]["time"] == "2010-10-12T06:33:19.579700+00:00"

    def test_the_rows_of_a_report_are_not_wrapped_if_stdout_is_not_a_terminal(self, run, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        result = run("report", "f", f=REPORT)
        assert all(row in self.cells(result.out) for row in self.ROWS)

    def test_a_refusal_instead_of_a_report_has_exit_status_1(self, run):
        refusal = "<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E510</ERRORCODE><ERRORINFO>too often</ERRORINFO></RESPONSE>"
        result = run("report", "f", f=refusal)
        assert (result.status, result.out) == (1, "")
        assert "E510: too often" in result.err

    def test_an_empty_report_lists_nothing(self, run):
        assert run("report", "f", f="<RESPONSE/>") == (0, "", "0 listed, 0 delivered\n")

    def test_the_link_to_a_report_is_fetched_without_the_key(self, run, monkeypatch):
        monkeypatch.setenv("SKYMMS_DIALECT", "klingon")  # no account settings are used
        with Faulty(http(REPORT.encode())) as server:
            assert self.ROWS[0] in self.cells(run("report", server.url).out)
            monkeypatch.delenv("SKYMMS_API_KEY")
            assert run("report", server.url, "--json").status == 0
        assert all(CANARY.encode() not in request and b"***" not in request for request in server.requests)

    def test_the_link_printed_by_a_call_for_statistics_is_readable(self, run, gateway):
        assert run("call", "f", f=encode("skycore", OPERATIONS[SendSMS])).status == 0
        result = run("call", "f", f=encode("skycore", OPERATIONS[GetStatistics]))
        (link,) = result.out.splitlines()
        assert f"print the report with: skymms report {link}" in result.err
        (*_, message) = run("report", link, "--json").json["messages"]
        assert (message["kind"], message["to"], message["text"]) == ("SMS", "15551234888", "Hi!")

    def test_a_statistics_response_without_a_link_is_printed(self, run):
        with Faulty(response("<NOTE>ask again tomorrow</NOTE>")) as server:
            result = run("call", "f", "--url", server.url, f=encode("skycore", OPERATIONS[GetStatistics]))
        assert result.status == Status.NO_RESPONSE
        # The vendor's pages do not show this response. A person may find the link in it.
        assert "URL of a report" in result.err
        assert "ask again tomorrow" in result.err

    @pytest.mark.parametrize(
        ("file", "message"), [(COUPON, "not a report: not well-formed"), ("<REPORT/>", "the root is REPORT")]
    )
    def test_a_file_that_is_not_a_report_has_exit_status_2(self, run, file, message):
        result = run("report", "f", f=file)
        assert (result.status, result.out) == (Status.USAGE, "")
        assert message in result.err

    @pytest.mark.parametrize("act", [http(b"<html>", "404 Not Found"), http(b"<html>"), drop])
    def test_a_link_that_does_not_lead_to_a_report_has_exit_status_3(self, run, act):
        with Faulty(act) as server:
            result = run("report", server.url)
        assert (result.status, result.out) == (Status.NO_RESPONSE, "")

    def test_a_malformed_link_to_a_report_has_exit_status_2(self, run):
        assert run("report", "http://[::1/x.xml").status == Status.USAGE
