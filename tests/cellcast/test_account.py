"""A Cellcast account: calls of several requests, prepared messages, skipped numbers, and the account itself."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import cellcast_vectors as vectors
import pytest
from cellcast_vectors import (
    ADA,
    BOB,
    CANARY,
    EACH_ACCOUNT,
    GIF_URL,
    SEND,
    SEND_V1,
    SHOW,
    V1,
    V3,
    problems,
    refused,
    response,
)
from hypothesis import given
from hypothesis import strategies as st

from skymms import (
    Account,
    BillingError,
    BlockedRecipientError,
    ConfigurationError,
    GatewayFaultError,
    HttpResponse,
    MediaError,
    MMSError,
    ProtocolError,
    RecipientError,
    Retries,
    Slide,
    TransportError,
)
from skymms.cellcast import (
    MAX_NUMBERS,
    Balance,
    CellcastAccount,
    CellcastSend,
    MessageReports,
    OptOuts,
    Responses,
    mobile,
)
from skymms.cellcast.generations import VALIDATOR
from skymms.model.operations import Operation
from skymms.rate_limit import SpacedRateLimit
from skymms.transport.exchange import Exchange, GatewayAccount, NoResponse, Pause

# ------------------------------------------------------------------------------------------------ calls of several requests


def queued(request_body: bytes) -> bytes:
    """Return the v3 response that queues every number."""
    numbers = json.loads(request_body)["numbers"]
    rows = [{"message_id": f"ID-{number[-4:]}", "to": number} for number in numbers]
    return vectors.v3(
        {"messages": rows, "total_numbers": len(numbers), "success_number": str(len(numbers)), "credits_used": "3"}
    )


MANY = tuple(f"+6149157{last:04}" for last in range(2500))


def run(account: Any, operation: Operation[Any], *outcomes: Any, retries: Retries = Retries(count=0)):  # noqa: B008
    """Run a call without a client. An outcome is a response, or makes one of the request's body."""
    exchange: Any = Exchange(account, operation, retries=retries, random=lambda: 0.0)
    exchange.start()
    requests: list[Any] = []
    for outcome in outcomes:
        while isinstance(exchange.next_step, Pause):  # before a retry
            exchange.advance(None)
        requests.append(exchange.next_step)
        exchange.advance(outcome(exchange.next_step.body) if callable(outcome) else outcome)
    return exchange, requests


def accepted(request_body: bytes) -> HttpResponse:
    return response(queued(request_body))


class TestManyRecipients:
    def test_2500_numbers_make_three_requests_and_one_reply(self):
        exchange, requests = run(V3, CellcastSend(SHOW, to=MANY), accepted, accepted, accepted)
        assert [len(json.loads(request.body)["numbers"]) for request in requests] == [1000, 1000, 500]
        assert exchange.next_step is None
        assert tuple(exchange.result.queued) == MANY
        assert exchange.result.credits == Decimal(9)

    @pytest.mark.parametrize(
        ("failure", "kind", "maybe"),
        [
            (NoResponse("no whole answer in time", left=True), TransportError, True),
            (NoResponse("no connection", left=False), TransportError, False),
            (response(b"oops", 500), ProtocolError, True),
            (response(vectors.REDIS_V1, 500), GatewayFaultError, True),
            (response(refused("FIELD_INVALID", "You do not have enough credit to send MMS."), 400), BillingError, False),
        ],
    )
    def test_if_the_second_request_fails_the_outcome_of_each_number_is_known(self, failure, kind, maybe):
        with pytest.raises(kind) as raised:
            run(V3, CellcastSend(SHOW, to=MANY), accepted, failure)
        error = pickle.loads(pickle.dumps(raised.value))
        assert tuple(error.partial.queued) == MANY[:1000]
        assert (error.partial.maybe_sent if maybe else error.partial.not_sent) == MANY[1000:2000]
        assert (error.partial.not_sent if maybe else error.partial.maybe_sent) == ()
        assert error.partial.not_tried == MANY[2000:]
        # Sending to all of them again would send to the first thousand twice.
        assert error.sent_maybe

    def test_if_the_first_request_fails_nothing_was_sent(self):
        with pytest.raises(TransportError) as raised:
            run(V3, CellcastSend(SHOW, to=MANY), NoResponse("no connection", left=False))
        assert not raised.value.sent_maybe
        assert raised.value.partial.not_sent == MANY[:1000]
        assert raised.value.partial.not_tried == MANY[1000:]

    def test_an_interrupted_call_reports_what_was_queued(self):
        exchange, _ = run(V3, CellcastSend(SHOW, to=MANY), accepted)
        stop: Any = KeyboardInterrupt()
        exchange.interrupt(stop)
        assert len(stop.partial.queued) == 1000
        assert stop.sent_maybe

    def test_all_numbers_are_validated_before_the_first_request(self):
        with pytest.raises(RecipientError) as raised:
            run(V3, CellcastSend(SHOW, to=[*MANY, "1234567890"]))
        assert [problem.field for problem in raised.value.problems] == ["to[2500]"]

    def test_one_request_has_at_most_1000_numbers(self):
        with pytest.raises(ConfigurationError, match="1,000"):
            V3.encode(CellcastSend(SHOW, to=MANY))
        V3.encode(CellcastSend(SHOW, to=MANY[:MAX_NUMBERS]))

    def test_only_the_throttled_request_is_retried(self):
        slow = response(refused("OVER_LIMIT", "", 429), 429)
        exchange, requests = run(V3, CellcastSend(SHOW, to=MANY), accepted, slow, accepted, accepted, retries=Retries(count=1))
        assert requests[1] == requests[2]
        assert len(exchange.result.queued) == 2500

    def test_if_no_number_was_accepted_the_error_has_the_reasons(self):
        rows = [{"Contact": "491570156", "Error": "Number is not valid", "ErrorType": "number_not_valid"}]
        nobody = response(vectors.app({"queueResponse": [], "invalidContacts": rows, "unsubscribeContacts": ["491570157"]}))
        with pytest.raises(RecipientError) as raised:
            run(V1, CellcastSend(Slide("Hi", image=GIF_URL), to=[ADA, BOB]), nobody)
        assert raised.value.partial.invalid == {ADA: "Number is not valid"}
        assert raised.value.partial.error_types == {ADA: "number_not_valid"}
        assert raised.value.partial.unsubscribed == (BOB,)

    @pytest.mark.parametrize(
        ("invalid", "unsubscribed", "kind", "code"),
        [
            ({ADA: "number_not_valid", BOB: "number_not_valid"}, [], RecipientError, "number_not_valid"),
            ({ADA: "less_nine_digit", BOB: "less_nine_digit"}, [], RecipientError, "less_nine_digit"),
            ({ADA: "less_nine_digit", BOB: "number_not_valid"}, [], RecipientError, "RECIPIENTS_ERROR"),
            ({ADA: "number_not_valid", BOB: ""}, [], RecipientError, "RECIPIENTS_ERROR"),
            ({ADA: "number_not_valid"}, [BOB], RecipientError, "RECIPIENTS_ERROR"),
            ({}, [ADA, BOB], BlockedRecipientError, "RECIPIENTS_ERROR"),
        ],
    )
    def test_the_error_for_no_accepted_number_has_the_gateways_type_whatever_its_text(self, invalid, unsubscribed, kind, code):
        rows = [{"Contact": number, "Error": f"text {number}", "ErrorType": type} for number, type in invalid.items()]
        nobody = response(vectors.app({"queueResponse": [], "invalidContacts": rows, "unsubscribeContacts": unsubscribed}))
        with pytest.raises(RecipientError) as raised:
            run(V1, CellcastSend(Slide("Hi", image=GIF_URL), to=[ADA, BOB]), nobody)
        assert type(raised.value) is kind
        assert (raised.value.code, raised.value.field, raised.value.sent_maybe) == (code, "to", False)


def page(*ids: str, at: int = 1, of: int = 1) -> HttpResponse:
    rows = [{"from": ADA, "body": f"about {one}", "message_id": one} for one in ids]
    return response(vectors.v3({"page": {"count": of, "number": at}, "total": "9", "responses": rows}))


class TestListings:
    def test_all_pages_are_read_before_rows_are_marked_one_by_one(self):
        marked = response(vectors.MARKED_V3)
        exchange, requests = run(
            V3, Responses(mark_read=True), page("a", "b", at=1, of=2), page("c", at=2, of=2), marked, marked, marked
        )
        assert [request.url.rpartition("/")[2] for request in requests] == [
            "get-responses?type=mms&page=1",
            "get-responses?type=mms&page=2",
            *["inbound-read"] * 3,
        ]
        assert [json.loads(request.body) for request in requests[2:]] == [{"message_id": one} for one in "abc"]
        assert [one.message_id for one in exchange.result] == ["a", "b", "c"]
        assert exchange.result.marked == ("a", "b", "c")

    def test_the_rows_of_one_page_are_marked_when_only_that_page_is_asked_for(self):
        marked = response(vectors.MARKED_V3)
        exchange, requests = run(V3, Responses(2, mark_read=True), page("a", "b", at=2, of=3), marked, marked)
        assert requests[0].url.endswith("get-responses?type=mms&page=2")
        assert [json.loads(request.body) for request in requests[1:]] == [{"message_id": one} for one in "ab"]
        assert (exchange.result.marked, exchange.result.more) == (("a", "b"), True)

    def test_if_marking_a_single_page_fails_the_rows_are_in_partial(self):
        with pytest.raises(TransportError) as raised:
            run(V3, Responses(1, mark_read=True), page("a", "b"), response(vectors.MARKED_V3), NoResponse("reset", left=True))
        assert [one.message_id for one in raised.value.partial] == ["a", "b"]
        assert (raised.value.partial.marked, raised.value.partial.more) == (("a",), False)

    def test_if_marking_fails_the_rows_are_in_partial(self):
        with pytest.raises(TransportError) as raised:
            run(V3, Responses(mark_read=True), page("a", "b"), response(vectors.MARKED_V3), NoResponse("reset", left=True))
        assert [one.message_id for one in raised.value.partial] == ["a", "b"]
        assert raised.value.partial.marked == ("a",)

    def test_a_repeated_page_ends_the_listing(self):
        exchange, requests = run(V3, OptOuts(), *[response(vectors.OPTOUT_V3.replace(b'"count": 1', b'"count": 9'))] * 2)
        assert (len(requests), len(exchange.result)) == (2, 1)

    def test_an_empty_page_ends_the_listing(self):
        exchange, _ = run(V3, Responses(), page("a", of=9), page(of=9))
        assert len(exchange.result) == 1

    def test_a_row_that_moved_to_the_next_page_is_listed_once(self):
        exchange, _ = run(V3, Responses(), page("a", "b", at=1, of=2), page("b", "c", at=2, of=2))
        assert [one.message_id for one in exchange.result] == ["a", "b", "c"]

    def test_an_endless_listing_is_a_protocol_error_with_the_rows_in_partial(self, monkeypatch):
        monkeypatch.setattr("skymms.cellcast.account.MAX_PAGES", 2)
        with pytest.raises(ProtocolError, match="does not end") as raised:
            run(V3, Responses(), page("a", at=1, of=9), page("b", at=2, of=9))
        assert len(raised.value.partial) == 2

    def test_a_single_page_is_one_request(self):
        exchange, requests = run(V3, Responses(1), page("a", at=1, of=2))
        assert exchange.result.more
        assert len(requests) == 1


# ------------------------------------------------------------------------------------------------ skipped numbers

BAD = ["1300000000", "not a number"]


class TestSkipInvalid:
    def test_bad_numbers_are_reported_and_the_others_are_sent_to(self):
        send = CellcastSend(SHOW, to=[ADA, *BAD, BOB], skip_invalid=True)
        exchange, requests = run(V3, send, accepted)
        assert json.loads(requests[0].body)["numbers"] == [ADA, BOB]
        assert tuple(exchange.result.queued) == (ADA, BOB)
        assert list(exchange.result.invalid) == BAD
        assert exchange.result.invalid["1300000000"] == (
            "'1300000000' is not an Australian mobile number: write +614 and eight digits"
        )

    def test_without_it_every_bad_number_is_a_problem_with_its_position(self):
        assert problems(V3, CellcastSend(SHOW, to=[ADA, *BAD])) == [
            ("RECIPIENTS_ERROR", None, "to[1]"),
            ("RECIPIENTS_ERROR", None, "to[2]"),
        ]

    def test_with_bad_numbers_only_nothing_is_sent(self):
        send = CellcastSend(SHOW, to=BAD, skip_invalid=True)
        with pytest.raises(RecipientError) as raised:
            run(V3, send)
        assert raised.value.foreseen
        assert [problem.field for problem in raised.value.problems] == ["to[0]", "to[1]"]

    def test_skipped_numbers_are_in_the_partial_result_of_a_failed_call(self):
        with pytest.raises(TransportError) as raised:
            run(V3, CellcastSend(SHOW, to=[*BAD, ADA], skip_invalid=True), NoResponse("reset", left=True))
        assert list(raised.value.partial.invalid) == BAD
        assert raised.value.partial.maybe_sent == (ADA,)

    @given(
        to=st.lists(st.sampled_from([*MANY[:8], "0491 570 001", "491570002", 61491570003, 491570004, *BAD, "", 7, None])),
        rows=st.fixed_dictionaries(
            {
                name: st.lists(st.sampled_from([*(number[3:] for number in MANY[:9]), "1234567890", ""]), max_size=9)
                for name in ("queueResponse", "invalidContacts", "unsubscribeContacts")
            }
        ),
        fails=st.sampled_from([None, True, False]),
        size=st.integers(1, 3),
    )
    def test_every_given_number_is_reported_exactly_once(self, to, rows, fails, size):
        data = {name: [{"Contact": number, "MessageId": "1"} for number in listed] for name, listed in rows.items()}
        replies: list[Any] = [response(vectors.app(data))]
        if fails is not None:
            replies.append(NoResponse("no connection", left=fails))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("skymms.cellcast.account.MAX_NUMBERS", size)
            send = CellcastSend(Slide("Hi", image=GIF_URL), to=to, skip_invalid=True)
            try:
                exchange = Exchange(V1, send, retries=Retries(count=0), random=lambda: 0.0)
                exchange.start()
                for reply in itertools.cycle(replies):
                    if exchange.next_step is None:
                        break
                    exchange.advance(reply)
                outcome = exchange.result
            except (RecipientError, TransportError) as error:
                if error.problems:  # there was no valid number, and no request
                    assert not any(map(mobile, to))
                    return
                outcome = error.partial
        groups = ("queued", "invalid", "unsubscribed", "unaccounted", "maybe_sent", "not_sent", "not_tried")
        reported = [number for name in groups for number in getattr(outcome, name)]
        assert sorted({mobile(number) or str(number) for number in to} - set(reported)) == []
        # The gateway may list texts as invalid that are not numbers, but it cannot report a number twice.
        assert len(reported) == len(set(reported))
        assert set(reported) - {mobile(number) or str(number) for number in to} <= {"1234567890"}


# ------------------------------------------------------------------------------------------------ prepared messages


@pytest.fixture
def validations(monkeypatch):
    """The messages whose content was validated."""
    validated = []

    class Counting:
        @staticmethod
        def validate(message, limits):
            validated.append(message)
            return VALIDATOR.validate(message, limits)

    monkeypatch.setattr("skymms.cellcast.generations.VALIDATOR", Counting)
    return validated


class TestPrepare:
    @EACH_ACCOUNT
    def test_the_request_is_that_of_the_whole_operation(self, account):
        message = CellcastSend(Slide("Hi", image=GIF_URL))
        prepared = account.prepare(message)
        for to in (ADA, [ADA, BOB], 61491570156):
            assert prepared.operation(to) == replace(message, to=to)
            assert prepared.request(to) == account.encode(replace(message, to=to))

    def test_content_is_validated_once(self, validations):
        account = CellcastAccount.v3(CANARY, rate=None)
        prepared = account.prepare(CellcastSend(SHOW))
        for at in range(5):
            prepared.request(MANY[at])
        exchange, requests = run(account, prepared.operation(MANY), accepted, accepted, accepted)
        assert (len(exchange.result.queued), len(requests)) == (2500, 3)
        assert len(validations) == 1

    def test_a_call_of_several_requests_is_validated_once(self, validations):
        run(CellcastAccount.v3(CANARY, rate=None), CellcastSend(SHOW, to=MANY), accepted, accepted, accepted)
        assert len(validations) == 1

    @pytest.mark.parametrize(
        "other",
        [
            CellcastSend(SHOW.slide("More"), to=ADA),
            CellcastSend(SHOW, to=ADA, sender="Shop"),
            CellcastSend(SHOW, to=ADA, country_code=61),
        ],
    )
    def test_another_message_is_validated_although_one_was_prepared(self, other):
        V3.prepare(CellcastSend(SHOW))
        with pytest.raises(ConfigurationError):
            V3.encode(other)

    def test_a_message_that_another_account_prepared_is_validated(self):
        operation = (
            CellcastAccount.v3(CANARY, max_text=2000).prepare(CellcastSend(Slide("x" * 1001, image=GIF_URL))).operation(ADA)
        )
        assert problems(V3, operation) == [("FIELD_INVALID", 1, "text")]

    def test_a_changed_copy_of_a_prepared_message_is_validated(self):
        operation = V3.prepare(CellcastSend(SHOW)).operation(ADA)
        assert problems(V3, operation) == []
        assert problems(V3, replace(operation, to="1300000000")) == [("RECIPIENTS_ERROR", None, "to[0]")]

    @EACH_ACCOUNT
    def test_a_skycore_account_refuses_a_prepared_message(self, account):
        operation = account.prepare(CellcastSend(Slide("Hi", image=GIF_URL))).operation(ADA)
        with pytest.raises(ConfigurationError, match="CellcastSend"):
            Account(CANARY).encode(operation)

    def test_recipients_are_validated_for_each_use(self):
        prepared = V3.prepare(CellcastSend(SHOW))
        for use in (prepared.operation, prepared.request):
            with pytest.raises(RecipientError) as raised:
                use([ADA, "1300000000"])
            assert [problem.field for problem in raised.value.problems] == ["to[1]"]
            with pytest.raises(RecipientError):
                use([])

    def test_bad_numbers_may_be_skipped(self):
        prepared = V3.prepare(CellcastSend(SHOW, skip_invalid=True))
        assert json.loads(prepared.request([ADA, *BAD]).body)["numbers"] == [ADA]

    def test_other_problems_are_raised_by_prepare(self):
        with pytest.raises(MediaError):
            V3.prepare(CellcastSend(Slide("Hi")))
        with pytest.raises(TypeError, match="CellcastSend"):
            V3.prepare(cast("Any", Balance()))


# ------------------------------------------------------------------------------------------------ the account


class TestAccount:
    @EACH_ACCOUNT
    def test_the_key_is_never_shown_or_pickled(self, account):
        request = account.encode(SEND_V1)
        for shown in (repr(account), repr(request), request.safe_url, repr(SEND_V1)):
            assert "canary" not in shown
        for secret in (account, request):
            with pytest.raises(TypeError, match="key"):
                pickle.dumps(secret)
        assert copy.deepcopy(account) is account

    def test_from_env_reads_key_generation_and_url(self):
        env = {
            "SKYMMS_CELLCAST_KEY": CANARY,
            "SKYMMS_CELLCAST_GENERATION": "v1",
            "SKYMMS_CELLCAST_URL": "http://127.0.0.1:1/api/v1",
        }
        account = CellcastAccount.from_env(env)
        assert account == CellcastAccount.v1(CANARY, url="http://127.0.0.1:1/api/v1")
        assert account.encode(Balance()).url == "http://127.0.0.1:1/api/v1/apiClient/account"
        assert account.encode(MessageReports()).url == "http://127.0.0.1:1/api/v2/report/message?campType=mms"

    def test_the_key_file_wins_over_the_key_in_the_environment(self, tmp_path):
        file = tmp_path / "key"
        file.write_text(f"{CANARY}\n")
        env = {"SKYMMS_CELLCAST_KEY_FILE": str(file), "SKYMMS_CELLCAST_KEY": "another-key", "SKYMMS_CELLCAST_GENERATION": "v1"}
        assert CellcastAccount.from_env(env) == CellcastAccount.v1(CANARY)
        assert CellcastAccount.from_env(env, api_key="a-third-key") == CellcastAccount.v1("a-third-key")

    @pytest.mark.parametrize(
        ("env", "message"),
        [
            ({"SKYMMS_CELLCAST_KEY": CANARY}, "never guessed"),
            ({"SKYMMS_CELLCAST_GENERATION": "v3"}, "no key"),
            ({"SKYMMS_CELLCAST_KEY": CANARY, "SKYMMS_CELLCAST_GENERATION": "v4"}, "v3 or v1"),
            (
                {"SKYMMS_CELLCAST_KEY": CANARY, "SKYMMS_CELLCAST_GENERATION": "v3", "SKYMMS_CELLCAST_URL": "ftp://a"},
                "gateway's URL",
            ),
        ],
    )
    def test_wrong_arguments_are_configuration_errors(self, env, message):
        with pytest.raises(ConfigurationError, match=message) as raised:
            CellcastAccount.from_env(env)
        assert "canary" not in str(raised.value)

    @pytest.mark.parametrize(
        "options", [{"max_text": -1}, {"max_text": True}, {"max_response": 0}, {"rate": 0}, {"rate": "15"}]
    )
    def test_wrong_figures_are_configuration_errors(self, options):
        with pytest.raises(ConfigurationError, match=next(iter(options))):
            CellcastAccount.v1(CANARY, **options)

    def test_the_rate_is_a_number_an_object_or_none(self):
        shared = SpacedRateLimit(0.1)
        assert CellcastAccount.v3(CANARY, rate=shared).rate_limit is shared
        assert CellcastAccount.v1(CANARY, rate=None).rate_limit is None
        own = CellcastAccount.v3(CANARY, rate=10).rate_limit
        assert isinstance(own, SpacedRateLimit)
        assert own.gap == pytest.approx(0.1)

    def test_a_longer_response_than_max_response_is_a_protocol_error(self):
        small = CellcastAccount.v3(CANARY, max_response=100)
        with pytest.raises(ProtocolError, match="100"):
            small.decode(SEND, response(vectors.SENT_V3))

    def test_the_account_is_a_gateway_account_for_type_checkers(self):
        account: GatewayAccount = CellcastAccount.v3(CANARY, url="http://127.0.0.1:1/", rate=1.5)
        assert account.max_response == 8 * 1024 * 1024

    @EACH_ACCOUNT
    def test_a_good_message_has_no_warnings(self, account):
        assert account.warnings(SEND) == ()
        assert account.warnings(Balance()) == ()

    def test_problems_needs_an_operation(self):
        with pytest.raises(TypeError, match="operation"):
            V3.problems(cast("Any", "send"))


# ------------------------------------------------------------------------------------------------ refusals without words


@pytest.mark.parametrize("account", [V3, V1], ids=["v3", "v1"])
@pytest.mark.parametrize("document", [{}, {"meta": {}}, {"status": False}, {"error": {}}, {"msg": ""}, {"data": None}])
def test_an_http_400_without_words_is_a_refusal_that_sent_nothing(account, document):
    with pytest.raises(MMSError) as raised:
        account.decode(CellcastSend(SHOW, to=ADA), response(json.dumps(document).encode(), 400))
    assert (raised.value.code, raised.value.info, raised.value.sent_maybe) == ("400", "", False)
    assert "400" in str(raised.value)


@pytest.mark.parametrize("body", [b"", b" ", b"[]", b"null", b'""', b"<html></html>"])
def test_an_http_400_that_is_not_an_object_is_a_protocol_error_that_sent_nothing(body):
    with pytest.raises(ProtocolError) as raised:
        V3.decode(CellcastSend(SHOW, to=ADA), response(body, 400))
    assert (raised.value.status, raised.value.sent_maybe) == (400, False)
