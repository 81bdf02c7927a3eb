"""`skymms inbox …`: the address and the secret, and the commands that show and change what is stored.

`serve` and `work` are in test_inbox_processes.py.
"""

from __future__ import annotations

import json
import os
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from inbox_server import CANARY

from skymms import ConfigurationError, DeliveryReport, InboundMMS, ProtocolError
from skymms.cellcast import read_cellcast_webhook
from skymms.cli.broadcast_output import local_time
from skymms.inbox import Inbox, Secret
from skymms.inbox.secrets import VARIABLE
from skymms.sandbox import PostbackBodies

MAKE = PostbackBodies()
NUMBER = "15551234888"
PARTS = {"delivered": lambda: MAKE.delivered("MMS_1"), "inbound": lambda: MAKE.inbound_mms("http://media.example/cat.jpg")}


def put(inbox, *postbacks):
    """Post bodies into an inbox, as an application does."""
    receiver = inbox.receiver
    for one in postbacks:
        assert receiver.store(one.body, {"content-type": one.content_type}, receiver.deadline()).status == 200


@pytest.fixture
def stored(environment):
    """A store in the working directory: see :func:`fill`."""
    fill("postbacks.db")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A store of which tests do not change anything."""
    where = str(tmp_path_factory.mktemp("inbox") / "postbacks.db")
    fill(where)
    return where


@pytest.fixture
def seen(shared, monkeypatch):
    """The shared store, named by the environment."""
    monkeypatch.setenv("SKYMMS_INBOX_STORE", shared)


def fill(where):
    """Make a store with notices, one post in quarantine, and a handler that failed for good with the first notice."""
    with Inbox(where, secret=Secret(CANARY), work=False) as inbox:

        @inbox.on(DeliveryReport, name="orders")
        def orders(report):
            raise LookupError(f"no order for {report.to}")

        @inbox.on(DeliveryReport, InboundMMS, name="copy")
        def copy(notice):
            pass

        inbox.work(until_idle=True)
        put(inbox, MAKE.delivered("MMS_1"), MAKE.sent("MMS_2"), MAKE.inbound_mms(), MAKE.unreadable(), MAKE.delivered("MMS_1"))
        inbox.work(until_idle=True)
        kill_attempts(inbox)
        inbox.work(until_idle=True)


def kill_attempts(inbox):
    """Let the next failure with the first notice be the last."""
    from skymms.storage.contract import same

    with inbox._store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_handling SET attempts = 9, due = 0 WHERE handler = 'orders' AND notice = 1"))


class TestAddress:
    def test_the_address_ends_with_the_secret(self, run, monkeypatch):
        monkeypatch.setenv(VARIABLE, CANARY)
        assert run("inbox", "address").out == f"http://127.0.0.1:8026/mms/{CANARY}\n"
        result = run("inbox", "address", "--store", "x.db", "--host", "::1", "--port", "9000")
        assert (result.status, result.out) == (0, f"http://[::1]:9000/mms/{CANARY}\n")
        assert not os.path.exists("x.db")

    @pytest.mark.parametrize("url", ["https://www.example.com/mms", "https://www.example.com/mms/"])
    def test_the_public_address_stands_for_host_and_port(self, run, monkeypatch, url):
        monkeypatch.setenv(VARIABLE, CANARY)
        assert run("inbox", "address", "--url", url).out == f"https://www.example.com/mms/{CANARY}\n"

    def test_an_address_without_encryption_is_warned_about(self, run, monkeypatch):
        monkeypatch.setenv(VARIABLE, CANARY)
        assert "not encrypted" in run("inbox", "address", "--url", "http://www.example.com/").err
        assert run("inbox", "address", "--url", "http://10.0.0.1/").err == ""

    @pytest.mark.parametrize("secret", ["x" * 43, "A-b._~" * 20, f"{CANARY}\n{'f' * 43}"])
    def test_any_43_url_safe_characters_are_a_secret(self, run, monkeypatch, secret):
        monkeypatch.setenv(VARIABLE, secret)
        assert run("inbox", "address").out.rstrip("\n").endswith("/" + secret.split()[0])

    def test_the_secret_may_be_in_a_file(self, run, monkeypatch):
        monkeypatch.setenv(VARIABLE, "y" * 43)
        by_option = run("inbox", "address", "--secret-file", "f", f=f"{CANARY}\n")
        monkeypatch.setenv(f"{VARIABLE}_FILE", "f")
        assert by_option.out == run("inbox", "address").out == f"http://127.0.0.1:8026/mms/{CANARY}\n"

    @pytest.mark.parametrize("command", ["address", "serve"])
    @pytest.mark.parametrize("value", [None, "", "  "])
    def test_a_missing_secret_is_explained_with_a_command_that_makes_one(self, run, monkeypatch, command, value):
        if value is not None:
            monkeypatch.setenv(VARIABLE, value)
        result = run("inbox", command)
        assert (result.status, result.out) == (2, "")
        assert "`skymms inbox secret -o inbox.secret`" in result.err
        assert not os.path.exists("postbacks.db")
        assert run("inbox", "secret", "-o", "inbox.secret").status == 0
        assert run("inbox", "address", "--secret-file", "inbox.secret").status == 0

    @pytest.mark.parametrize(
        ("secret", "message"),
        [
            ("c4nary" * 7, "has 42 characters and needs 43 or more: create one with `skymms inbox secret`"),
            ("c4nary/" * 7, "has a character that a URL would escape"),
            ("c4nary" * 100, "more than the 512 allowed"),
            (" ".join(["c4nary" * 8] * 3), "SKYMMS_INBOX_SECRET has 3 secrets"),
        ],
    )
    @pytest.mark.parametrize("command", ["address", "serve"])
    def test_a_wrong_secret_is_refused_and_not_printed(self, run, monkeypatch, command, secret, message):
        monkeypatch.setenv(VARIABLE, secret)
        result = run("inbox", command)
        assert (result.status, result.out) == (2, "")
        assert message in result.err
        assert "c4nary" not in result.err

    @pytest.mark.parametrize(
        ("argv", "message"),
        [
            (("--port", "0"), "--port 0 is a port that only `skymms inbox serve` knows"),
            (("--port", "70000"), "70000 is not in the range"),
            (("--url", "www.example.com"), "--url must be an http or https URL"),
            (("--url", "https://www.example.com/?a=b"), "--url must be an http or https URL"),
            (("--secret-file", "nowhere"), "'nowhere' cannot be read: No such file or directory"),
            (("--secret-file", "empty"), "must contain the secret of the inbox and nothing else"),
        ],
    )
    def test_wrong_options_are_refused(self, run, monkeypatch, argv, message):
        monkeypatch.setenv(VARIABLE, CANARY)
        result = run("inbox", "address", *argv, empty="\n")
        assert (result.status, result.out) == (2, "")
        assert message in result.err
        assert CANARY not in result.err


class TestSecret:
    def test_each_secret_is_new_and_good_for_an_inbox(self, run):
        first, second = run("inbox", "secret").out.strip(), run("inbox", "secret").out.strip()
        assert first != second
        assert Secret(first).reveal() == first

    def test_a_file_is_only_for_its_owner_and_never_overwritten(self, run):
        made = run("inbox", "secret", "-o", "inbox.secret")
        assert (made.status, made.out) == (0, "")
        assert "skymms inbox serve --secret-file inbox.secret" in made.err
        content = Path("inbox.secret").read_text()
        assert content.strip() not in made.err
        assert stat.S_IMODE(os.stat("inbox.secret").st_mode) == 0o600
        again = run("inbox", "secret", "-o", "inbox.secret")
        assert again.status == 2
        assert "inbox.secret exists, and is not overwritten" in again.err
        assert Path("inbox.secret").read_text() == content

    def test_a_dash_stands_for_stdout(self, run):
        assert len(run("inbox", "secret", "-o", "-").out) == 44

    def test_a_file_that_cannot_be_written_is_an_error(self, run):
        result = run("inbox", "secret", "-o", "no/such/directory")
        assert result.status == 2
        assert "cannot write no/such/directory: No such file or directory" in result.err


class TestList:
    def test_the_list_masks_numbers(self, run, seen):
        result = run("inbox", "list")
        assert result.status == 0
        assert "N102 delivered" in result.out
        assert "MMS_1" in result.out
        assert "***4888" in result.out
        assert "1 done, 1 dead" in result.out
        assert NUMBER not in result.out + result.err
        assert result.err == ("3 listed\n1 post could not be read: `skymms inbox quarantine` lists them\n")

    def test_json_has_every_notice_with_everything(self, run, seen):
        notices = run("inbox", "list", "--json").json["notices"]
        assert [one["tracking_id"] for one in notices] == ["MMS_1", "MMS_2", "MMS_MO_1"]
        first = notices[0]
        assert (first["id"], first["kind"], first["to"], first["delivered"]) == (1, "DeliveryReport", NUMBER, True)
        assert [(one["handler"], one["state"]) for one in first["handlers"]] == [("copy", "done"), ("orders", "dead")]

    def test_json_has_no_limit_and_the_table_shows_the_newest(self, run, environment):
        with Inbox("postbacks.db", secret=Secret(CANARY)) as inbox:
            put(
                inbox,
                *[MAKE.batch(*[MAKE.sent(f"MMS_{at}") for at in range(first, first + 300)]) for first in range(0, 1200, 300)],
            )
        notices = run("inbox", "list", "--json").json["notices"]
        assert [one["tracking_id"] for one in notices] == [f"MMS_{at}" for at in range(1200)]
        table = run("inbox", "list")
        assert table.err == "100 listed, the newest; --limit lists more\n"
        assert "MMS_1199" in table.out
        assert "MMS_1099" not in table.out
        assert [one["tracking_id"] for one in run("inbox", "list", "--json", "--limit", "2").json["notices"]] == [
            "MMS_1198",
            "MMS_1199",
        ]

    def test_an_empty_inbox_has_an_empty_list(self, run, environment):
        Inbox("postbacks.db", secret=Secret(CANARY)).close()
        assert run("inbox", "list", "--json").json == {"notices": []}
        assert (run("inbox", "list").out, run("inbox", "list").err) == ("", "0 listed\n")

    def test_notices_are_chosen_by_message_and_by_time(self, run, seen):
        def ids(*argv):
            return [one["id"] for one in run("inbox", "list", "--json", *argv).json["notices"]]

        assert ids("--tracking-id", "MMS_2") == [2]
        assert ids("--since", "2000-01-01") == [1, 2, 3]
        assert ids("--since", "2100-01-01T00:00:00+00:00") == []
        assert run("inbox", "list", "--since", "noon").status == 2

    def test_the_store_is_named_by_an_option_or_the_environment(self, run, monkeypatch, stored):
        os.rename("postbacks.db", "moved.db")
        refused = run("inbox", "list", "--store", "moved.db")
        assert refused.status == 3
        assert "--adopt" in refused.err
        monkeypatch.setenv("SKYMMS_INBOX_STORE", "moved.db")
        assert run("inbox", "list", "--adopt").err.startswith("3 listed")

    def test_people_without_a_number_are_masked_as_a_whole(self, run, environment):
        with Inbox("postbacks.db", secret=Secret(CANARY)) as inbox:
            put(inbox, MAKE.subscribed(mobile="ada7777777@example.com"), MAKE.encoding_ready("9"))
        result = run("inbox", "list")
        assert "***" in result.out
        assert "7777" not in result.out

    def test_events_without_a_code_are_named_by_their_status(self, run, environment):
        with Inbox("postbacks.db", secret=Secret(CANARY), read=read_cellcast_webhook) as inbox:
            put(inbox, MAKE.delivered("A1", dialect="cellcast-v3"), MAKE.inbound_sms(dialect="cellcast-v1"))
        result = run("inbox", "list")
        assert "delivered" in result.out
        assert "InboundSMS" in result.out

    def test_control_characters_of_a_postback_are_escaped(self, run, environment):
        with Inbox("postbacks.db", secret=Secret(CANARY)) as inbox:
            put(inbox, MAKE.delivered("MMS_\u202e\x7f1"))
        assert "MMS_\\u202e\\x7f1" in run("inbox", "list").out


class TestNumbersBeyondTheDatabase:
    """Numbers and times that Python has and a database or a calendar has not."""

    @pytest.mark.parametrize("command", ["show", "quarantine", "replay"])
    def test_the_number_of_a_notice_or_a_post_is_wrong_usage(self, run, seen, command):
        result = run("inbox", command, "99999999999999999999")
        assert (result.status, result.out) == (2, "")
        assert "99999999999999999999 is not in the range" in result.err

    @pytest.mark.parametrize(("command", "option"), [("list", "--since"), ("replay", "--since"), ("replay", "--until")])
    def test_a_time_before_the_calendar_of_this_machine_is_wrong_usage(self, run, seen, command, option):
        result = run("inbox", command, option, "0001-01-01T00:00")
        assert (result.status, result.out) == (2, "")
        assert f"{option}: '0001-01-01T00:00' is not a time" in result.err

    def test_any_limit_is_accepted(self, run, seen):
        assert run("inbox", "list", "--limit", "99999999999999999999").out == run("inbox", "list").out

    def test_nothing_is_older_than_the_calendar(self, run, stored):
        assert run("inbox", "prune", "--older-than", "99999999999999999999").out == "0 posts deleted\n"


class TestShow:
    def test_everything_about_a_notice_is_shown(self, run, seen):
        result = run("inbox", "show", "1")
        for text in ("Notice 1", "N102: delivered", NUMBER, "orders", "dead", "LookupError: no order for 15551234888"):
            assert text in result.out

    def test_json_and_the_exact_bytes(self, run, seen):
        document = run("inbox", "show", "3", "--json").json
        assert (document["kind"], document["files"]) == ("InboundMMS", [])
        assert run("inbox", "show", "1", "--raw").out.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<POSTBACK>')

    def test_a_message_has_a_state(self, run, seen):
        assert "delivered" in run("inbox", "message", "MMS_1").out
        document = run("inbox", "message", "MMS_1", "--json").json
        assert (document["state"], document["contradicted"], len(document["reports"])) == ("delivered", False, 1)
        assert "not known" in run("inbox", "message", "MMS_99").out

    def test_posts_in_quarantine_are_listed_and_printed(self, run, seen):
        listed = run("inbox", "quarantine")
        assert "neither XML nor JSON" in listed.out
        (post,) = run("inbox", "quarantine", "--json").json["quarantine"]
        assert post["body"] == "this is not a postback"
        assert run("inbox", "quarantine", str(post["post"])).out == "this is not a postback"
        assert run("inbox", "quarantine", str(post["post"]), "--json").json == post


class TestHandlers:
    def test_what_is_dead_is_listed_with_masked_numbers(self, run, seen):
        result = run("inbox", "dead")
        assert "LookupError: no order for ***4888" in result.out
        assert NUMBER not in result.out
        (dead,) = run("inbox", "dead", "--json").json["dead"]
        assert (dead["id"], dead["handler"], dead["attempts"]) == (1, "orders", 10)
        assert "Traceback" in dead["error"]
        assert run("inbox", "dead", "--handler", "copy", "--json").json == {"dead": []}

    def test_handlers_are_listed_with_what_waits(self, run, seen):
        assert "orders" in run("inbox", "handlers").out
        copy, orders = run("inbox", "handlers", "--json").json["handlers"]
        assert (copy["name"], copy["kinds"], copy["counts"]) == (
            "copy",
            ["CellcastMMS", "DeliveryReport", "InboundMMS"],
            {"done": 3},
        )
        assert orders["counts"] == {"dead": 1, "ready": 1}

    def test_a_notice_shows_when_a_handler_is_called_again(self, run, seen):
        listed = run("inbox", "list", "--json").json["notices"]
        states = {(one["state"], one["due"] is None): one["due"] for notice in listed for one in notice["handlers"]}
        assert states.keys() == {("dead", True), ("ready", False), ("done", True)}
        (waiting,) = (one["id"] for one in listed for each in one["handlers"] if each["state"] == "ready")
        shown = run("inbox", "show", str(waiting)).out
        assert "Next attempt" in shown
        assert local_time(datetime.fromisoformat(states["ready", False]).timestamp()) in shown

    def test_dead_notices_are_handed_over_again(self, run, stored):
        assert run("inbox", "replay", "--dead").out == "1 call of handlers will be made\n"
        assert run("inbox", "dead", "--json").json == {"dead": []}

    def test_notices_are_replayed_by_id_and_by_time(self, run, stored):
        assert run("inbox", "replay", "1", "3", "--handler", "copy").out == "2 calls of handlers will be made\n"
        assert (
            run("inbox", "replay", "--since", "2000-01-01", "--until", "2001-01-01").out == "0 calls of handlers will be made\n"
        )

    def test_a_handler_is_removed(self, run, stored):
        assert run("inbox", "remove-handler", "orders").out == "orders is removed; 2 notices waited for it\n"
        assert [one["name"] for one in run("inbox", "handlers", "--json").json["handlers"]] == ["copy"]


class TestDeletion:
    def test_old_posts_are_pruned(self, run, stored):
        assert run("inbox", "prune").out == "0 posts deleted\n"
        # What waits for a handler stays.
        assert run("inbox", "replay", "2").status == 0
        assert run("inbox", "prune", "--older-than", "0").status == 0

    def test_a_number_is_erased(self, run, stored):
        assert run("inbox", "forget", NUMBER).out.startswith("the number is erased: 3 notices in 3 posts")
        assert run("inbox", "list", "--json").json == {"notices": []}
        assert NUMBER.encode() not in Path("postbacks.db").read_bytes()

    def test_the_files_of_an_erased_number_are_named(self, run, environment):
        from skymms.inbox import statements as sql

        with Inbox("postbacks.db", secret=Secret(CANARY)) as inbox:
            put(inbox, MAKE.inbound_mms())
            with inbox._store.transaction() as transaction:
                values = {"place": 0, "location": "saved/cat.jpg", "content_type": "image/jpeg", "size": 3}
                transaction.run(sql.ADD_SAVED_FILE, notice=1, now=0.0, **values)
        assert "saved/cat.jpg" in run("inbox", "show", "1").out
        assert run("inbox", "show", "1", "--json").json["files"][0]["location"] == "saved/cat.jpg"
        result = run("inbox", "forget", NUMBER)
        assert result.out == "the number is erased: 1 notice in 1 post\nsaved/cat.jpg\n"
        assert "your program stored the files above: delete them too" in result.err

    def test_json_says_what_was_erased(self, run, stored):
        result = run("inbox", "forget", NUMBER, "--json")
        assert result.json == {"notices": 3, "posts": 3, "files": []}


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (("show", "99"), 2, "the inbox has no notice 99"),
        (("show", "x"), 2, "'x' is not a valid integer"),
        (("show", "0"), 2, "0 is not in the range"),
        (("quarantine", "99"), 2, "the inbox has no post 99"),
        (("replay",), 2, "say which notices: an ID, --since, --until, --dead or --quarantined"),
        (("replay", "99"), 2, "the inbox has no notice 99"),
        (("replay", "--dead", "--handler", "nobody"), 2, "'nobody' is not a handler that the inbox knows; it has copy, orders"),
        (("remove-handler", "nobody"), 2, "'nobody' is not a handler that the inbox knows"),
        (("prune", "--older-than", "-1"), 2, "-1 is not in the range"),
        (("forget", "123"), 2, "123 is too short to be erased"),
        (("forget", "nobody"), 4, "not a phone number"),
        (("list", "--store", "nowhere.db"), 2, "there is no inbox nowhere.db"),
        (("list", "--store", "mysql://x"), 2, "mysql:// is not a store"),
        (("list", "--store", "notes.txt"), 3, "is not a SQLite file"),
        (("work", "shop"), 2, "'shop' does not name an inbox: write MODULE:NAME"),
        (("work", "no_such_shop:inbox"), 2, "there is no module no_such_shop in the working directory"),
        (("nonsense",), 2, "No such command 'nonsense'"),
    ],
)
def test_errors_say_what_to_do_and_create_no_file(run, seen, argv, status, message):
    result = run("inbox", *argv, **{"notes.txt": "x" * 5000})
    assert (result.status, result.out) == (status, "")
    assert message in result.err
    assert not os.path.exists("nowhere.db")


def test_the_body_of_an_erased_post_cannot_be_printed(run, environment):
    with Inbox("postbacks.db", secret=Secret(CANARY)) as inbox:
        put(inbox, MAKE.batch(MAKE.delivered("MMS_1"), MAKE.delivered("MMS_2", to="15551230002")))
        inbox.forget(NUMBER)
        assert inbox.post(1).body is None
    result = run("inbox", "show", "2", "--raw")
    assert (result.status, result.out) == (2, "")
    assert "the body of post 1 was erased" in result.err
    assert run("inbox", "quarantine", "1", "--json").json["body"] is None


def test_lists_of_the_library_take_times_with_a_zone_and_their_reprs_have_no_number(shared):
    with Inbox(shared, secret=Secret(CANARY), work=False) as inbox:
        with pytest.raises(ConfigurationError, match="has no time zone"):
            list(inbox.notices(since=datetime(2026, 11, 30)))
        assert list(inbox.notices(limit=0)) == []
        received, post = inbox.notice(1), next(inbox.quarantine())
        assert repr(received).startswith("<Received notice 1 DeliveryReport at=")
        assert repr(received.handled[1]) == "<Handled 'orders' state=dead attempts=10>"
        assert "neither XML nor JSON" in repr(post)
        assert NUMBER not in repr([received, received.handled, post])


def test_no_command_prints_the_secret_or_a_reference_to_it(run, monkeypatch, seen, shared):
    monkeypatch.setenv(VARIABLE, CANARY)
    for argv in (("list",), ("list", "--json"), ("show", "1"), ("dead", "--json"), ("handlers",), ("quarantine", "--json")):
        result = run("inbox", *argv)
        assert CANARY not in result.out + result.err
    assert CANARY.encode() not in Path(shared).read_bytes()


def test_a_postgres_database_holds_an_inbox_too(run, postgres_where, monkeypatch):
    monkeypatch.setenv("SKYMMS_INBOX_STORE", postgres_where)
    with Inbox(postgres_where, secret=Secret(CANARY)) as inbox:
        put(inbox, MAKE.delivered("MMS_1"), MAKE.unreadable())
    assert [one["tracking_id"] for one in run("inbox", "list", "--json", "--limit", "1").json["notices"]] == ["MMS_1"]
    assert run("inbox", "show", "1", "--raw").out.startswith("<?xml")
    assert len(run("inbox", "quarantine", "--json").json["quarantine"]) == 1
    assert run("inbox", "handlers", "--json").json == {"handlers": []}
    assert json.loads(run("inbox", "forget", NUMBER, "--json").out)["notices"] == 1
    assert run("inbox", "prune", "--older-than", str(timedelta(days=1).days)).status == 0


class TestPasswords:
    """``--basic-auth-file`` of `address`; `serve` is in test_inbox_processes.py."""

    def test_the_address_contains_the_first_user_and_password(self, run, monkeypatch):
        monkeypatch.setenv(VARIABLE, CANARY)
        options = ("--basic-auth-file", "users", "--url", "https://www.example.com/mms")
        result = run("inbox", "address", *options, users="gateway:p@ss:word\n\nformer:other\n")
        assert result.out == f"https://gateway:p%40ss%3Aword@www.example.com/mms/{CANARY}\n"
        monkeypatch.setenv("SKYMMS_INBOX_BASIC_AUTH_FILE", "users")
        assert run("inbox", "address").out == f"http://gateway:p%40ss%3Aword@127.0.0.1:8026/mms/{CANARY}\n"

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "users is empty"),
            ("\n \n", "users is empty"),
            ("gateway:good-password\nsecret-password\n", "users, line 2: write user:password"),
            (":secret-password", "users, line 1"),
            (b"\xff\xfe", "users is not a text file in UTF-8"),
        ],
    )
    def test_a_wrong_file_is_refused_and_not_quoted(self, run, monkeypatch, content, message):
        monkeypatch.setenv(VARIABLE, CANARY)
        result = run("inbox", "address", "--basic-auth-file", "users", users=content)
        assert (result.status, result.out) == (2, "")
        assert message in result.err
        assert "secret-password" not in result.err
        assert run("inbox", "address", "--basic-auth-file", "missing").status == 2


class TestReread:
    """`inbox replay --quarantined`."""

    def test_what_can_be_read_now_leaves_the_quarantine_and_waits_for_the_handlers(self, run, monkeypatch):
        delivered = MAKE.delivered("MMS_9")

        def older(*_: object) -> tuple[()]:
            raise ProtocolError("a version that does not know this form")

        with Inbox("postbacks.db", secret=Secret(CANARY), read=older, work=False) as inbox:

            @inbox.on(DeliveryReport, name="orders")
            def orders(report):
                pass

            inbox.work(until_idle=True)
            put(inbox, delivered, MAKE.delivered("MMS_10"), MAKE.unreadable())
        assert run("inbox", "list").err.startswith("0 listed")
        result = run("inbox", "replay", "--quarantined")
        assert (result.status, result.out) == (0, "2 posts read, with 2 new notices\n")
        assert result.err == "1 post still cannot be read: `skymms inbox quarantine` lists them\n"
        listed = run("inbox", "list", "--json").json["notices"]
        assert [one["tracking_id"] for one in listed] == ["MMS_9", "MMS_10"]
        assert [one["handlers"][0]["state"] for one in listed] == ["ready", "ready"]
        assert run("inbox", "show", str(listed[0]["id"]), "--raw").out.encode() == delivered.body
        assert run("inbox", "replay", "--quarantined").out == "0 posts read, with 0 new notices\n"
        assert run("inbox", "quarantine").err.startswith("1 listed")

    def test_a_notice_that_came_again_meanwhile_is_not_new(self, run):
        with Inbox("postbacks.db", secret=Secret(CANARY), read=lambda body: (), work=False) as inbox:
            put(inbox, MAKE.delivered("MMS_9"))
        with Inbox("postbacks.db", secret=Secret(CANARY), work=False) as inbox:
            put(inbox, MAKE.delivered("MMS_9"))
        assert run("inbox", "replay", "--quarantined").out == "1 post read, with 0 new notices\n"
        assert run("inbox", "list").err == "1 listed\n"

    def test_webhooks_of_cellcast_are_read_with_their_own_function(self, run):
        with Inbox("postbacks.db", secret=Secret(CANARY), read=lambda body: (), work=False) as inbox:
            put(inbox, MAKE.inbound_sms("Hello", dialect="cellcast-v3"))
        assert run("inbox", "replay", "--quarantined", "--cellcast").out == "1 post read, with 1 new notice\n"

    def test_two_commands_at_once_read_a_post_once(self, monkeypatch, environment):
        with Inbox("postbacks.db", secret=Secret(CANARY), read=lambda body: (), work=False) as inbox:
            put(inbox, MAKE.delivered("MMS_9"))
            (post,) = inbox.quarantine()
            monkeypatch.setattr("skymms.inbox.rereading.list_quarantine", lambda store: iter([post, post]))
            assert inbox.reread() == (1, 1, 0)

    @pytest.mark.parametrize(
        ("argv", "message"),
        [
            (("--quarantined", "1"), "leave out IDs and the other options"),
            (("--quarantined", "--dead"), "leave out IDs and the other options"),
            (("--cellcast", "--dead"), "--cellcast needs --quarantined"),
            ((), "--dead or --quarantined"),
        ],
    )
    def test_options_that_do_not_fit(self, run, stored, argv, message):
        result = run("inbox", "replay", *argv)
        assert (result.status, message in result.err) == (2, True)
