"""`skymms broadcast …`: planning, looking, deciding. Runs are in test_broadcast_run.py."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys

import pytest
from broadcast_files import LIST, MERGED, NUMBERS, create, many
from cli_messages import WRONG_SLIDESHOW, encode
from cli_process import CANARY, COUPON, PYTHONPATH, allow_interrupt, environ
from counting_gateway import CountingGateway

from skymms import ListMMS, SaveMMS, SendMMS, Slideshow
from skymms.broadcast import Ledger
from skymms.broadcast.blocks import Holder
from skymms.broadcast.broadcast import REPORT_COLUMNS
from skymms.storage.contract import same

SENDER = ("--from", "60856")


@pytest.fixture
def counting(monkeypatch):
    """A gateway that counts requests, named by the environment."""
    with CountingGateway() as gateway:
        monkeypatch.setenv("SKYMMS_URL", gateway.url)
        yield gateway


class TestCreate:
    def test_a_broadcast_is_planned_and_nothing_is_sent(self, run, counting):
        result = create(run, "--rate", "2", "--price", "0.03", people=LIST + f"{NUMBERS[0]},Twin,d\n")
        assert result.status == 0
        assert "messages" in result.out
        assert "2 s at 2 requests a second" in result.out
        assert "0.09" in result.out
        assert "Lines left out: 1 duplicate" in result.out
        assert f"{NUMBERS[0]}   the number is in line 2" in result.out
        assert "Nothing has been sent. To send: skymms broadcast run spring" in result.err
        assert counting.requests == {}

    def test_estimate_says_the_same_again_and_as_json(self, run):
        assert create(run, "--price", "0.5").out == run("broadcast", "estimate", "spring").out
        document = run("broadcast", "estimate", "spring", "--json").json
        assert (document["messages"], document["cost"], document["left_out"]) == (3, "1.5", [])

    @pytest.mark.parametrize(
        ("argv", "message"),
        [
            (("--hours", "09:00-20:00"), "--hours needs a time zone: add --zone America/New_York"),
            (("--hours", "9-20", "--zone", "UTC"), "'9' is not a time of the day"),
            (("--hours", "09:00-20:00", "--zone", "Mars"), "'Mars' is not a time zone"),
            (("--start", "tomorrow"), "--start: 'tomorrow' is not a time; write 2026-11-30T09:00"),
            (("--until", "2026-13-01"), "--until: '2026-13-01' is not a time"),
            (("--start", "0001-01-01"), "--start: '0001-01-01' is not a time"),
            (("--start", "2026-02-02", "--until", "2026-01-01"), "until is not after start"),
            (("--price", "cheap"), "'cheap' is not a price; write 0.03"),
            (("--price", "-1"), "'-1' is not a price"),
            (("--price", "nan"), "'nan' is not a price"),
            (("--rate", "0"), "give messages a second"),
            (("--media", "picture.jpg"), "--media is for Cellcast"),
            (("--number", "nowhere"), "there is no column 'nowhere'"),
            (("--cellcast",), "choose v3 or v1"),
            (("--cellcast", "--generation", "v3", "--service-id", "1"), "--service-id is not supported in Cellcast v3"),
        ],
    )
    def test_wrong_options_are_refused_with_a_remedy_and_leave_no_broadcast(self, run, argv, message):
        result = create(run, *argv)
        assert (result.status, result.out) == (2, "")
        assert message in result.err
        assert create(run).status == 0

    def test_a_sender_is_required_and_may_come_from_the_environment(self, run, monkeypatch):
        missing = run("broadcast", "create", "spring", "f", "--recipients", "people", f=COUPON, people=LIST)
        assert missing.status == 2
        assert "--from is required" in missing.err
        monkeypatch.setenv("SKYMMS_SENDER", "60856")
        assert run("broadcast", "create", "spring", "f", "--recipients", "people").status == 0

    def test_all_problems_of_a_message_are_reported_before_the_list_is_read(self, run):
        result = run("broadcast", "create", "spring", "f", "--recipients", "nowhere", *SENDER, f=WRONG_SLIDESHOW)
        assert result.status == 4
        assert "E226" in result.err
        assert len(result.err.splitlines()) > 3
        assert not os.path.exists("skymms.db")

    def test_a_missing_value_is_found_with_its_line(self, run):
        result = create(run, f=MERGED.replace("|you", ""), people=LIST + "15551239999,,x\n")
        assert result.status == 2
        assert "line 5: there is no value for {first_name}, which has no default" in result.err

    def test_lines_that_cannot_be_sent_to_refuse_the_list_or_are_left_out(self, run):
        people = LIST + "1.5551E+10,Excel,x\n,Nobody,y\n"
        refused = create(run, people=people)
        assert refused.status == 2
        assert "line 5: '1.5551E+10' is not a phone number" in refused.err
        assert "--skip-invalid" in refused.err
        left_out = create(run, "--skip-invalid", people=people)
        assert left_out.status == 0
        assert "Lines left out: 2 unreadable" in left_out.out
        status = run("broadcast", "status", "spring", "--json").json
        assert [(line["line"], line["kind"]) for line in status["lines"]] == [(5, "unreadable"), (6, "unreadable")]

    def test_more_than_twenty_left_out_lines_are_counted(self, run):
        people = LIST + "".join(f"nobody{at},x,y\n" for at in range(30))
        assert "and 10 more lines; --json lists up to a thousand" in create(run, "--skip-invalid", people=people).err

    @pytest.mark.parametrize("name", ["people", "-"])
    def test_the_list_may_be_a_number_on_each_line(self, run, name):
        numbers = "\n".join([*NUMBERS, "", "+1 555 123 4999"])
        stdin = {"stdin": numbers.encode()} if name == "-" else {}
        result = run("broadcast", "create", "plain", "f", "--recipients", name, *SENDER, f=COUPON, people=numbers, **stdin)
        assert result.status == 0
        assert run("broadcast", "status", "plain", "--json").json["messages"] == 4

    def test_a_list_without_columns_has_no_column_to_choose(self, run):
        result = create(run, "--number", "mobile", people="\n".join(NUMBERS))
        assert result.status == 2
        assert "has a number in its first line, so it has no columns to choose from" in result.err

    def test_the_list_may_come_from_stdin_with_columns(self, run):
        result = run("broadcast", "create", "s", "f", "--recipients", "-", *SENDER, stdin=LIST.encode(), f=COUPON)
        assert result.status == 0
        both = run("broadcast", "create", "s", "-", "--recipients", "-", *SENDER, stdin=LIST.encode())
        assert both.status == 2
        assert "cannot both be stdin" in both.err

    def test_a_list_that_cannot_be_read_is_named(self, run, monkeypatch):
        result = run("broadcast", "create", "s", "f", "--recipients", "nowhere.csv", *SENDER, f=COUPON)
        assert result.status == 2
        assert "cannot read nowhere.csv: No such file or directory" in result.err
        monkeypatch.setattr(sys, "stdin", None)
        closed = run("broadcast", "create", "s", "f", "--recipients", "-", *SENDER)
        assert closed.status == 2
        assert "standard input is closed" in closed.err

    def test_a_time_without_an_offset_is_in_the_zone_of_the_hours(self, run):
        create(run, "--hours", "09:00-20:00", "--zone", "America/New_York", "--start", "2026-12-01T10:00")
        out = run("broadcast", "estimate", "spring").out
        assert "09:00-20:00, America/New_York" in out
        assert "2026-12-01 10:00:00 EST" in out

    def test_with_zones_in_a_column_only_a_recipient_without_one_is_refused(self, run):
        people = f"mobile,zone\n{NUMBERS[0]},America/New_York\n{NUMBERS[1]},\n"
        options = ("--hours", "09:00-20:00", "--zone-column", "zone")
        result = create(run, *options, people=people)
        assert result.status == 2
        assert "line 3: there is no time zone; fill the column, or add --zone" in result.err
        assert create(run, *options, "--zone", "UTC", people=people).status == 0

    def test_a_name_is_taken_once(self, run):
        assert create(run).status == 0
        again = create(run)
        assert again.status == 2
        assert "there is a broadcast 'spring' already" in again.err

    def test_the_recipient_of_a_request_file_is_not_sent_to(self, run, counting):
        assert run("broadcast", "create", "x", "f", "--recipients", "people", f=encode("skycore"), people=LIST).status == 0
        assert run("broadcast", "run", "x").status == 0
        assert set(counting.requests) == set(NUMBERS)

    def test_a_request_that_stores_a_slideshow_sends_it_and_others_are_refused(self, run):
        show = Slideshow("n", subject="s", fallback_text="f").slide("t")
        files = {"save": encode("skycore", SaveMMS(show)), "ids": encode("skycore", ListMMS()), "people": LIST}
        assert run("broadcast", "create", "a", "save", "--recipients", "people", *SENDER, **files).status == 0
        refused = run("broadcast", "create", "b", "ids", "--recipients", "people")
        assert refused.status == 2
        assert "a ListMMS request, which is not sent to one number" in refused.err

    def test_the_rate_of_the_profile_is_the_rate_of_the_broadcast(self, run, tmp_path, monkeypatch):
        (tmp_path / "c.toml").write_text('[profiles.slow]\napi_key = "k-0123456789"\nsender = "60856"\nrate = 1.5\n')
        (tmp_path / "c.toml").chmod(0o600)
        monkeypatch.setenv("SKYMMS_CONFIG", str(tmp_path / "c.toml"))
        monkeypatch.setenv("SKYMMS_PROFILE", "slow")
        assert "2 s at 1.5 requests a second" in create(run).out

    def test_an_interrupted_create_goes_on_or_is_cancelled(self, run):
        with open("f", "w") as file:
            file.write(COUPON)
        rows = "mobile\n" + "".join(f"1555{number:07}\n" for number in range(40_000))
        process = subprocess.Popen(
            [sys.executable, "-m", "skymms", "broadcast", "create", "big", "f", "--recipients", "-", *SENDER],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ(PYTHONPATH=PYTHONPATH),
            preexec_fn=allow_interrupt,
        )
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(rows.encode())  # ends when all but a pipe's buffer is read
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        err = process.stderr.read().decode()
        process.stdin.close()
        process.stderr.close()
        assert "The list was not read to its end. Run the same command again: it goes on there." in err
        refused = run("broadcast", "run", "big")
        assert refused.status == 2
        assert "its list was not read to the end" in refused.err
        assert "cancelled" in run("broadcast", "cancel", "big").out
        assert run("broadcast", "create", "big", "f", "--recipients", "people", *SENDER, people=LIST).status == 0

    def test_ctrl_c_while_the_list_is_read_says_how_to_go_on(self, run, monkeypatch):
        class Interrupted(io.RawIOBase):
            """A list of which the rest never comes."""

            def __init__(self) -> None:
                self._first = LIST.encode()

            def readable(self) -> bool:
                return True

            def readinto(self, buffer) -> int:
                if not self._first:
                    raise KeyboardInterrupt
                data, self._first = self._first[: len(buffer)], self._first[len(buffer) :]
                buffer[: len(data)] = data
                return len(data)

        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Interrupted())))
        result = run("broadcast", "create", "spring", "f", "--recipients", "-", *SENDER, f=COUPON)
        assert result.status == 130
        assert "Run the same command again: it goes on there." in result.err
        assert create(run).status == 0

    def test_warnings_about_the_message_are_printed(self, run):
        result = create(run, f=COUPON.replace("http://media.example/welcome.jpg", "http://192.168.0.7/welcome.jpg"))
        assert result.status == 0
        assert "warning: " in result.err


class TestLedger:
    COMMANDS = (
        ("estimate", "x"), ("run", "x"), ("status", "x"), ("unknown", "x"), ("report", "x"), ("pause", "x"), ("resume", "x"),
        ("cancel", "x"), ("settle", "x", "1555", "--as", "sent"), ("reconcile", "x"), ("list",), ("forget", "15551230001"),
        ("prune",),
    )  # fmt: skip

    @pytest.mark.parametrize("argv", COMMANDS, ids=lambda argv: argv[0])
    def test_a_ledger_that_does_not_exist_is_not_created(self, run, argv):
        result = run("broadcast", *argv)
        assert (result.status, result.out) == (2, "")
        assert "there is no ledger skymms.db: `skymms broadcast create` makes one" in result.err
        assert not os.path.exists("skymms.db")

    def test_an_unknown_broadcast_is_refused_with_the_names_there_are(self, run):
        create(run)
        result = run("broadcast", "status", "autumn")
        assert result.status == 2
        assert "there is no broadcast 'autumn' in skymms.db; the broadcasts are spring" in result.err

    def test_the_ledger_is_named_by_an_option_or_the_environment(self, run, monkeypatch):
        assert create(run, "--ledger", "a.db").status == 0
        assert run("broadcast", "status", "spring", "--ledger", "a.db").status == 0
        monkeypatch.setenv("SKYMMS_LEDGER", "a.db")
        assert run("broadcast", "status", "spring").status == 0

    def test_a_copied_ledger_is_refused_until_it_is_adopted(self, run, tmp_path):
        create(run)
        (tmp_path / "copy.db").write_bytes((tmp_path / "skymms.db").read_bytes())
        refused = run("broadcast", "status", "spring", "--ledger", "copy.db")
        assert refused.status == 3
        assert "--adopt" in refused.err
        assert run("broadcast", "status", "spring", "--ledger", "copy.db", "--adopt").status == 0
        assert run("broadcast", "status", "spring", "--ledger", "copy.db").status == 0

    def test_list_shows_every_broadcast(self, run):
        create(run)
        assert "spring   planned   3          3       0" in run("broadcast", "list").out
        assert [one["phase"] for one in run("broadcast", "list", "--json").json["broadcasts"]] == ["planned"]
        run("broadcast", "suppress", "-", "--ledger", "empty.db", stdin=b"15551230009")
        assert run("broadcast", "list", "--ledger", "empty.db").out == ""


class TestDeciding:
    def test_pause_says_why_and_resume_clears_it(self, run, counting):
        create(run)
        assert run("broadcast", "pause", "spring", "--why", "wrong picture").out == "spring is paused\n"
        assert "wrong picture" in run("broadcast", "status", "spring").out
        paused = run("broadcast", "run", "spring")
        assert paused.status == 6
        assert "spring is paused: wrong picture. `skymms broadcast resume spring` clears it." in paused.err
        assert counting.requests == {}
        assert run("broadcast", "resume", "spring").status == 0
        assert run("broadcast", "run", "spring").status == 0
        assert run("broadcast", "resume", "spring").status == 2

    def test_cancel_skips_what_was_not_sent(self, run):
        create(run)
        assert "3 messages will not be sent" in run("broadcast", "cancel", "spring").out
        assert run("broadcast", "status", "spring", "--json").json["counts"] == {"skipped": 3}
        assert "it was cancelled" in run("broadcast", "run", "spring").err
        assert run("broadcast", "cancel", "spring").status == 2

    def test_settle_decides_about_unknown_messages(self, run, counting):
        counting.behave = lambda number, count: None if number in NUMBERS[:2] else "ok"
        create(run)
        assert run("broadcast", "run", "spring").status == 5
        listed = run("broadcast", "unknown", "spring")
        assert listed.err == "2 listed\n"
        assert "lost answer" in listed.out
        assert {row["number"] for row in run("broadcast", "unknown", "spring", "--json").json["unknown"]} == set(NUMBERS[:2])
        sent = run("broadcast", "settle", "spring", NUMBERS[0], "--as", "sent", "--by", "ada", "--why", "she says so")
        assert sent.out == "1 settled as sent\n"
        twice = run("broadcast", "settle", "spring", NUMBERS[1], "--as", "resend")
        assert twice.status == 2
        assert "add --may-send-twice" in twice.err
        early = run("broadcast", "settle", "spring", NUMBERS[1], "--as", "resend", "--may-send-twice")
        assert early.status == 2
        assert "wait an hour for its report" in early.err
        with Ledger("skymms.db") as ledger:
            entry = next(one for one in ledger.audit() if one["verb"] == "settle")
        assert (entry["who"], entry["why"], entry["as"]) == ("ada", "she says so", "sent")

    def test_a_message_may_be_sent_again_after_an_hour(self, run, counting):
        counting.behave = lambda number, count: None if count == 1 else "ok"
        create(run, people=f"mobile,first_name,id\n{NUMBERS[0]},Ada,a\n")
        assert run("broadcast", "run", "spring").status == 5
        make_older("skymms.db", hours=2)
        again = run("broadcast", "settle", "spring", NUMBERS[0], "--as", "resend", "--may-send-twice")
        assert (again.out, again.err) == ("1 settled as resend\n", "To send: skymms broadcast run spring\n")
        assert run("broadcast", "run", "spring").status == 0
        assert counting.requests[NUMBERS[0]] == 2

    def test_reconcile_asks_the_gateway_and_prints_what_it_changed(self, run, gateway):
        create(run)
        run("broadcast", "run", "spring")
        result = run("broadcast", "reconcile", "spring")
        assert result.status == 0
        assert re.search(r"new opt-outs +0", result.out)
        assert "refused" not in result.out
        assert re.search(r"accepted +3", result.out)
        document = run("broadcast", "reconcile", "spring", "--json").json
        assert document["reconciled"]["changed"] == 0
        assert document["counts"] == {"accepted": 3}

    def test_status_says_what_a_killed_run_left(self, run):
        create(run)
        with Ledger("skymms.db") as ledger:
            spring = ledger["spring"]
            spring._begin()
            holder = Holder(ledger._store, spring.id, spring.settings, account="test", sender="60856", scopes=())
            holder.begin(alone=True)
            assert len(holder.exchange([], 2).intents) == 2
        shown = run("broadcast", "status", "spring")
        assert re.search(
            rf"2 messages are being sent by a run on \S+, process {os.getpid()}, the first since 20\d\d-\d\d-\d\d ", shown.err
        )
        (held,) = run("broadcast", "status", "spring", "--json").json["runs"]
        assert (held["messages"], held["pid"], held["alive"]) == (2, os.getpid(), True)
        make_older("skymms.db", 0.5)
        shown = run("broadcast", "status", "spring")
        assert re.search(r"2 messages were being sent when a run on \S+, process \d+ ended without notice", shown.err)
        assert "the next run, and `skymms broadcast unknown spring`, calls them unknown." in shown.err
        assert run("broadcast", "status", "spring", "--json").json["runs"][0]["alive"] is False
        # The process of this test is alive, but its lease has ended, and nothing runs the file.
        assert run("broadcast", "cancel", "spring").status == 0
        assert {one["reason"] for one in run("broadcast", "unknown", "spring", "--json").json["unknown"]} == {"interrupted"}
        assert run("broadcast", "status", "spring", "--json").json["counts"] == {"unknown": 2, "skipped": 1}

    def test_nothing_unknown_is_an_empty_list(self, run):
        create(run)
        assert run("broadcast", "unknown", "spring") == (0, "", "0 listed\n")


def make_older(name: str, hours: float) -> None:
    """Move the times of requests into the past."""
    import sqlite3

    with sqlite3.connect(name) as connection:
        connection.execute("UPDATE skymms_message SET sent_at = sent_at - ?", [hours * 3600])
        connection.execute("UPDATE skymms_worker SET lease_until = lease_until - ?", [hours * 3600])
    connection.close()


class TestReport:
    def test_status_counts_accepted_messages_without_a_report(self, run, counting):
        create(run)
        run("broadcast", "run", "spring")
        with Ledger("skymms.db") as ledger, ledger._store.transaction() as transaction:
            transaction.run(same("UPDATE skymms_broadcast SET created_at = created_at - 300000"))
            transaction.run(same("UPDATE skymms_message SET updated_at = updated_at - 300000 WHERE number <> :n"), n=NUMBERS[0])
        shown = run("broadcast", "status", "spring")
        assert re.search(r"accepted +1 *\n +unreported +2 *\n", shown.out)
        assert "2 messages were accepted more than 72 hours ago, and no final report came. That proves nothing." in shown.err
        assert run("broadcast", "status", "spring", "--json").json["counts"] == {"accepted": 1, "unreported": 2}
        assert run("broadcast", "list", "--json").json["broadcasts"][0]["counts"] == {"accepted": 3}

    def test_a_report_has_a_row_for_each_message(self, run, counting):
        counting.behave = lambda number, count: "E114" if number == NUMBERS[1] else "ok"
        create(run, "--reference", "id")
        run("broadcast", "run", "spring")
        result = run("broadcast", "report", "spring")
        rows = list(csv.DictReader(io.StringIO(result.out)))
        assert tuple(rows[0]) == REPORT_COLUMNS
        assert [(row["number"], row["state"], row["reference"]) for row in rows] == [
            (NUMBERS[0], "accepted", "a"),
            (NUMBERS[1], "refused", "b"),
            (NUMBERS[2], "accepted", "c"),
        ]
        assert rows[1]["code"] == "E114"
        assert result.err == "3 messages\n"

    @pytest.mark.parametrize("option", ["-o", "--output"])
    def test_a_report_is_written_to_a_file_in_the_format_of_its_name(self, run, tmp_path, option):
        create(run)
        assert run("broadcast", "report", "spring", option, "out.jsonl").err == "3 messages in out.jsonl\n"
        lines = (tmp_path / "out.jsonl").read_text().splitlines()
        assert [json.loads(line)["number"] for line in lines] == list(NUMBERS)
        refused = run("broadcast", "report", "spring", option, "nowhere/out.csv")
        assert refused.status == 2
        assert "cannot write nowhere/out.csv: No such file or directory" in refused.err


class TestNumbers:
    def test_suppressed_numbers_are_skipped(self, run, counting):
        create(run)
        assert run("broadcast", "suppress", "-", stdin=NUMBERS[0].encode()).out == "1 suppressed, 0 were already\n"
        assert "1 have opted out" in run("broadcast", "estimate", "spring").out
        assert run("broadcast", "run", "spring").status == 0
        assert run("broadcast", "status", "spring", "--json").json["counts"] == {"accepted": 2, "skipped": 1}
        assert set(counting.requests) == set(NUMBERS[1:])

    def test_a_suppression_has_a_source_an_evidence_and_a_scope(self, run):
        listed = f"phone,mail\n{NUMBERS[0]},x\n"
        options = ("--source", "letter", "--evidence", "ticket 7", "--by", "ada", "--from", "60856")
        assert run("broadcast", "suppress", "f", *options, f=listed).out == "1 suppressed, 0 were already\n"
        assert run("broadcast", "suppress", "f", *options).out == "0 suppressed, 1 were already\n"
        both = run("broadcast", "suppress", "f", "--from", "1", "--campaign", "2")
        assert both.status == 2
        assert "a sender or a campaign, not both" in both.err
        with Ledger("skymms.db") as ledger:
            assert next(ledger.audit())["who"] == "ada"

    def test_lines_without_a_number_are_named_and_the_others_are_suppressed(self, run):
        create(run)
        listed = "mobile,a\n" + NUMBERS[0] + ",\n0491 570 156,\n,x\n" + "".join(f"bad{at},\n" for at in range(30))
        result = run("broadcast", "suppress", "f", f=listed)
        assert (result.status, result.out) == (2, "1 suppressed, 0 were already\n")
        assert "32 lines have no number, and are not suppressed: correct them and run this again" in result.err
        assert "line 3: '0491 570 156' is not a phone number" in result.err
        assert "line 4: " in result.err
        assert "and 12 more lines" in result.err

    def test_local_numbers_are_suppressed_and_forgotten_before_a_list_of_cellcast_exists(self, run):
        result = run("broadcast", "suppress", "f", f="0491 570 156\n0491570157\n")
        assert (result.status, result.out) == (0, "2 suppressed, 0 were already\n")
        assert run("broadcast", "suppress", "f", f="+61491570156\n").out == "0 suppressed, 1 were already\n"
        assert run("broadcast", "forget", "0491570157").status == 0

    def test_a_forgotten_number_is_gone_and_stays_suppressed(self, run, tmp_path):
        create(run)
        assert run("broadcast", "forget", NUMBERS[0]).out == "the number is erased\n"
        assert NUMBERS[0] not in run("broadcast", "report", "spring").out
        assert run("broadcast", "create", "again", "f", "--recipients", "people", *SENDER).status == 0
        assert run("broadcast", "forget", "me").status == 4

    def test_prune_deletes_what_ended_long_ago(self, run, counting):
        create(run)
        run("broadcast", "run", "spring")
        assert run("broadcast", "prune").out == "0 broadcasts deleted\n"
        assert run("broadcast", "prune", "--older-than", "99999999999999999999").out == "0 broadcasts deleted\n"
        assert run("broadcast", "prune", "--older-than", "0").out == "1 broadcasts deleted\n"


class TestProof:
    PROOF = "15559990000"

    def test_create_sends_one_filled_message_to_the_proofs_number(self, run, gateway):
        before = len(gateway.sent)
        result = create(run, "--proof", self.PROOF, f=MERGED)
        assert result.status == 0
        assert f"the proof was sent to {self.PROOF}, tracking id MMS_" in result.err
        assert "Nothing has been sent to the list." in result.err
        (message,) = gateway.sent[before:]
        assert isinstance(message, SendMMS)
        assert (message.to, message.slideshow.slides[0].text) == (self.PROOF, "Hi Ada!")

    def test_a_proof_is_sent_once_to_each_number(self, run, counting):
        create(run, "--proof", self.PROOF)
        result = run("broadcast", "run", "spring", "--proof", "+1 (555) 999-0000")
        assert result.status == 0
        assert "was sent to +1 (555) 999-0000 before, and is not sent again" in result.err
        assert counting.requests == {self.PROOF: 1} | dict.fromkeys(NUMBERS, 1)

    @pytest.mark.parametrize(
        ("outcome", "status", "note"),
        [
            ("E114", 1, "The proof was not sent, and nothing else was."),
            (None, 3, "Only the proof may have been sent. Look at the phone, then run the broadcast without --proof."),
        ],
    )
    def test_a_proof_that_fails_stops_the_run(self, run, counting, outcome, status, note):
        counting.behave = lambda number, count: outcome if number == self.PROOF else "ok"
        create(run)
        result = run("broadcast", "run", "spring", "--proof", self.PROOF)
        assert (result.status, result.out) == (status, "")
        assert note in result.err
        again = run("broadcast", "run", "spring", "--proof", self.PROOF)
        assert note in again.err
        assert sum(counting.accepted.values()) == (0 if outcome else 1)
        assert run("broadcast", "run", "spring").status == 0

    def test_a_proof_is_not_sent_for_an_empty_list(self, run, counting):
        result = create(run, "--proof", self.PROOF, people="mobile,first_name,id\n")
        assert result.status == 2
        assert "has no recipients, so there is nothing to send as a proof" in result.err


def test_the_key_is_never_needed_to_plan(run, monkeypatch):
    monkeypatch.delenv("SKYMMS_API_KEY")
    assert create(run).status == 0
    result = run("broadcast", "run", "spring")
    assert result.status == 2
    assert "no API key" in result.err
    assert CANARY not in result.err


def test_several_recipients_of_send_are_refused_with_a_pointer_to_broadcasts(run):
    result = run("send", "f", "--to", NUMBERS[0], "--to", NUMBERS[1], *SENDER, f=COUPON)
    assert result.status == 2
    assert "for a list use `skymms broadcast`" in result.err


class TestVariants:
    LONG = COUPON.replace("Good to have you with us.", "It is very good to have you with us.")

    def create(self, run, *variants, **files):
        options = [option for variant in variants for option in ("--variant", variant)]
        given = {"a.toml": COUPON, "b.toml": self.LONG, "people": many(100), **files}
        return run("broadcast", "create", "spring", *options, "--recipients", "people", "--from", "60856", **given)

    def test_each_recipient_gets_one_and_status_compares_them(self, run, counting):
        assert self.create(run, "a.toml:3", "b.toml:1").status == 0
        assert run("broadcast", "run", "spring").status == 0
        found = run("broadcast", "status", "spring", "--json").json["variants"]
        assert [(one["name"], one["weight"], one["delivered"]["part"]) for one in found] == [("a", 3.0, 0), ("b", 1.0, 0)]
        assert sum(one["counts"]["accepted"] for one in found) == 100
        assert 55 < found[0]["counts"]["accepted"] < 95
        shown = run("broadcast", "status", "spring").out
        assert "Variants" in shown
        assert "Opted out" in shown

    def test_a_broadcast_with_one_message_has_no_variants_to_compare(self, run, counting):
        assert create(run).status == 0
        assert "variants" not in run("broadcast", "status", "spring", "--json").json
        assert "Variants" not in run("broadcast", "status", "spring").out

    @pytest.mark.parametrize(
        ("variants", "words"),
        [
            ((), "the message is missing"),
            (("a.toml",), "given once"),
            (("a.toml", "a.toml"), "repeat"),
            (("a.toml:0", "b.toml"), "above 0"),
            (("a.toml:50", "c.toml:50"), "c.toml"),
        ],
    )
    def test_wrong_variants_are_explained_and_nothing_is_planned(self, run, counting, variants, words):
        result = self.create(run, *variants)
        assert (result.status in (2, 4), result.out) == (True, "")
        assert words in result.err

    def test_a_file_and_variants_are_not_both_given(self, run, counting):
        both = run(
            "broadcast", "create", "spring", "f", "--variant", "f:1", "--recipients", "p", "--from", "60856", f=COUPON, p=LIST
        )
        assert both.status == 2
        assert "not both" in both.err


class TestCanary:
    def test_the_plan_shows_the_canary_and_its_rules(self, run, counting):
        planned = create(run, "--canary", "2", "--pause-if", "delivered<85%@30m", "--pause-if", "optout>2%")
        assert planned.status == 0
        assert "2 messages" in planned.out
        assert "delivered<85%@30m, optout>2%" in planned.out

    def test_a_run_waits_for_the_outcomes_and_says_so(self, run, counting):
        assert create(run, "--canary", "2", "--pause-if", "failed>50%@1h").status == 0
        result = run("broadcast", "run", "spring", "--seconds", "3")
        assert counting.requests.total() == 2
        assert "waiting for the outcomes of the canary: 0 of 2 known" in result.err

    @pytest.mark.parametrize(("canary", "warned"), [("2", False), ("3", True), ("200", True)])
    def test_a_canary_that_holds_nobody_back_is_warned_about(self, run, counting, canary, warned):
        planned = create(run, "--canary", canary, "--pause-if", "failed>50%@1h")
        assert planned.status == 0
        assert ("so none is held back" in planned.err) is warned

    def test_a_canary_that_fails_pauses_with_status_6(self, run, counting):
        assert create(run, "--canary", "2", "--pause-if", "delivered<50%@1s").status == 0
        result = run("broadcast", "run", "spring")
        assert result.status == 6
        assert "no delivery report has arrived for any of 2 messages" in result.err + result.out

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--canary", "0"), "canary"),
            (("--canary", "2"), "--pause-if"),
            (("--pause-if", "delivered<85%"), "@30m"),
            (("--pause-if", "happy<85%@1m"), "not a pause rule"),
        ],
    )
    def test_wrong_rules_are_explained(self, run, counting, options, words):
        result = create(run, *options)
        assert result.status == 2
        assert words in result.err
