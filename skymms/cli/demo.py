"""`skymms demo` tries everything against a local sandbox: no API key, no network, no phone.

Newcomers run it first. Each step prints its result, and the printed code is the code that ran. The exit status is 0 only if
every step had the expected result.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

from ..account import Account
from ..client import Client
from ..errors import AudioWithVideoError, ProtocolError
from ..model.notices import Notice
from ..model.operations import Operation, R_co, SendMMS
from ..model.replies import SentMMS
from ..model.slideshow import Slideshow
from ..model.stored_operations import DeleteMMS, ListMMS, SaveMMS, SendSavedMMS
from ..sandbox import AT_ONCE, PostbackReceiver, Sandbox
from . import output
from .exit_status import Status
from .repeated import command
from .request_text import format_document

TO, SENDER, SERVICE_ID = "15551234888", "60856", "12345"
#: How many seconds to wait for the postbacks, which normally arrive within milliseconds.
POSTBACK_TIMEOUT = 20.0


# fmt: off
def build_coupon() -> Slideshow:
    """Two slides: a picture, and a pass for the phone's wallet."""
    return (
        Slideshow("Membership coupon", subject="A coupon for you",
                  fallback_text="Welcome! Your coupon is here:")
        .slide("Good to have you with us!",
               image="http://www.example.com/images/welcome.jpg", duration=5)
        .slide("The first coffee is ours.\nShow this at the till.",
               passbook="http://www.example.com/pass/coupon.pkpass", duration=5)
    )


def build_wrong_coupon() -> Slideshow:
    """Audio and video on one slide, which gateways refuse."""
    return build_coupon().slide("Listen and look!",
                                audio="http://www.example.com/jingle.mp3",
                                video="http://www.example.com/clip.mp4")
# fmt: on


@command()
def demo() -> int:
    """Try everything in a local sandbox.

    It needs no API key, no network and no phone.
    """
    with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url, delays=AT_ONCE) as sandbox:
        output.print_heading("1. Start a local gateway")
        output.print_paragraph(f"The sandbox listens at {sandbox.url}.")
        output.print_paragraph(f"It posts its reports about messages (postbacks) to {inbox.url}.")
        _build()
        _refuse(sandbox)
        _show(sandbox)
        sent = _send(sandbox)
        sent.append(_store(sandbox))
        _print_postbacks(sent, inbox)
    output.print_line("\nThe demo is complete. Nothing left this machine.", "bold")
    return Status.DONE


def _build() -> None:
    output.print_heading("2. Build a slideshow")
    _print_source(build_coupon)
    coupon = build_coupon()
    output.print_line(f"{len(coupon.slides)} slides, {len(coupon.problems())} problems, {len(coupon.warnings())} warnings.")


def _refuse(sandbox: Sandbox) -> None:
    output.print_heading("3. A mistake is found before sending: audio and video on one slide")
    _print_source(build_wrong_coupon)
    try:
        build_wrong_coupon()
    except AudioWithVideoError as error:
        output.print_paragraph(f"{type(error).__name__}: {error}")
        _expect(error.foreseen and error.code == "E226", "the error is E226, raised before sending")
    else:
        _expect(False, "the slide is refused")
    _expect(not sandbox.requests, "nothing was sent")
    output.print_line(f"Requests that reached the gateway: {len(sandbox.requests)}.")


def _show(sandbox: Sandbox) -> None:
    output.print_heading("4. Show the request, as XML and as a GET address (API key masked)")
    for dialect in ("skycore", "skycore-get"):
        account = sandbox.account(dialect).masked()
        document = account.dialect_spec.encode_request(SendMMS(build_coupon(), to=TO, sender=SENDER), account.api_key)
        output.print_line(format_document(account, document).rstrip() + "\n")


def _send(sandbox: Sandbox) -> list[SentMMS]:
    output.print_heading("5. Send it, once in each of three dialects")
    sent: list[SentMMS] = []
    for dialect, service_id in (("skycore", None), ("skycore-get", None), ("sinch", SERVICE_ID)):
        account = sandbox.account(dialect)
        reply = _call(account, SendMMS(build_coupon(), to=TO, sender=SENDER, service_id=service_id))
        sent.append(reply)
        pairs = (("to", reply.to), ("tracking id", reply.tracking_id), ("details", reply.details))
        output.print_fields(account.dialect_spec.title, pairs)
    _expect(len(sandbox.sent) == len(sent), "the gateway has one message for each call")
    received = [message.slideshow for message in sandbox.sent if isinstance(message, SendMMS)]
    _expect(received == [build_coupon()] * len(sent), "the gateway received the same slideshow")
    return sent


def _store(sandbox: Sandbox) -> SentMMS:
    output.print_heading("6. Store it at the gateway, and send it with another text")
    account = sandbox.account()
    saved = _call(account, SaveMMS(build_coupon()))
    operation = SendSavedMMS(saved.mms_id, to=TO, sender=SENDER, custom_text={1: "Good to see you again!"})
    reply = _call(account, operation)
    output.print_fields("Stored", [("id", saved.mms_id)])
    output.print_fields("Sent", (("to", reply.to), ("id", reply.mms_id), ("tracking id", reply.tracking_id)))
    received = sandbox.sent[-1]
    same = isinstance(received, SendSavedMMS) and received.custom_text == operation.custom_text
    _expect(same, "the gateway received the other text")

    output.print_heading("7. List what is stored, and delete it")
    listed = _call(account, ListMMS())
    output.print_line(f"Stored: {', '.join(listed.mms_ids)}.")
    _expect(listed.mms_ids == (saved.mms_id,), "the list contains the stored slideshow")
    _call(account, DeleteMMS(saved.mms_id))
    _expect(not sandbox.saved, "nothing is stored after the deletion")
    output.print_line(f"Deleted: {saved.mms_id}.")
    return reply


def _print_postbacks(sent: list[SentMMS], inbox: PostbackReceiver) -> None:
    output.print_heading("8. Read the postbacks, which report the delivery of each message")
    expected = {("N003", None)} | {(code, reply.tracking_id) for reply in sent for code in ("N101", "N102")}
    try:
        notices = inbox.wait(len(expected), timeout=POSTBACK_TIMEOUT)
    except TimeoutError as error:
        raise ProtocolError(f"the demo failed: {error}") from None
    rows = [(notice.code, notice.meaning, notice.tracking_id or _stored_as(notice)) for notice in notices]
    output.print_table("", ("Code", "Meaning", "Tracking id"), rows, wrap=True)
    received = {(notice.code, notice.tracking_id) for notice in notices}
    _expect(received == expected and not inbox.failures, "every message is reported as sent and as delivered")


def _stored_as(notice: Notice) -> str:
    return f"(stored as {getattr(notice, 'mms_id', None)})"


# ------------------------------------------------------------------------------------------------ helpers


def _call(account: Account, operation: Operation[R_co]) -> R_co:
    import requests

    # The sandbox is on this machine. A proxy from the environment could not reach it.
    with requests.Session() as session:
        session.trust_env = False
        with Client(account, session=session) as client:
            return client.call(operation)


def _print_source(function: Callable[[], Slideshow]) -> None:
    """Print the source code of a function in this file."""
    output.print_line(inspect.getsource(function), "dim")


def _expect(condition: bool, expectation: str) -> None:
    """Stop the demo if a step did not have the expected result."""
    if not condition:
        raise ProtocolError(f"the demo failed: expected that {expectation}")
