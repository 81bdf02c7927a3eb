"""`skymms demo`: everything once, against a sandbox on this machine. No key, no network, no phone.

It is the first thing a stranger runs, so every step prints what was done and what came of it, and the code that is shown is
the code that ran. It ends with 0 only if everything happened.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import click

from ..account import Account
from ..client import Client
from ..errors import AudioWithVideoError, ProtocolError
from ..model.notices import Notice
from ..model.operations import DeleteMMS, ListMMS, Operation, R_co, SaveMMS, SendMMS, SendSavedMMS
from ..model.replies import SentMMS
from ..model.slideshow import Slideshow
from ..sandbox import AT_ONCE, PostbackReceiver, Sandbox
from . import output
from .check import laid_out
from .exit_status import Status

TO, SENDER, SERVICE = "15551234888", "60856", "12345"
#: Seconds; they come within milliseconds.
PATIENCE = 20.0


# fmt: off
def coupon() -> Slideshow:
    """Two slides: a picture, and a pass for the phone's wallet."""
    return (
        Slideshow("Membership coupon", subject="A coupon for you",
                  fallback_text="Welcome! Your coupon is here:")
        .slide("Good to have you with us!",
               image="http://www.example.com/images/welcome.jpg", duration=5)
        .slide("The first coffee is ours.\nShow this at the till.",
               passbook="http://www.example.com/pass/coupon.pkpass", duration=5)
    )


def wrong() -> Slideshow:
    """Audio and video on one slide."""
    return coupon().slide("Listen and look!",
                          audio="http://www.example.com/jingle.mp3",
                          video="http://www.example.com/clip.mp4")
# fmt: on


@click.command()
def demo() -> int:
    """Show everything once, on this machine alone.

    It needs no key and no network: a sandbox is the gateway.
    """
    with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url, delays=AT_ONCE) as sandbox:
        output.heading("1. A gateway of your own")
        output.prose(f"A sandbox listens at {sandbox.url}.")
        output.prose(f"What becomes of the messages it will post to {inbox.url}.")
        _build()
        _refuse(sandbox)
        _look(sandbox)
        sent = _send(sandbox)
        sent.append(_store(sandbox))
        _delivered(sent, inbox)
    output.show("\nThat was all of it, and nothing left this machine.", "bold")
    return Status.DONE


def _build() -> None:
    output.heading("2. A slideshow is built")
    _code(coupon)
    output.show(f"{len(coupon().slides)} slides, {len(coupon().problems())} problems, {len(coupon().warnings())} warnings.")


def _refuse(sandbox: Sandbox) -> None:
    output.heading("3. A wrong one cannot be: audio and video on one slide")
    _code(wrong)
    try:
        wrong()
    except AudioWithVideoError as error:
        output.prose(f"{type(error).__name__}: {error}")
        _sure(error.foreseen and error.code == "E226", "the refusal is E226, and ours")
    else:
        _sure(False, "the slide is refused")
    _sure(not sandbox.requests, "nothing was sent")
    output.show(f"Requests that reached the gateway: {len(sandbox.requests)}.")


def _look(sandbox: Sandbox) -> None:
    output.heading("4. What will go out, as XML and as a GET address (the key is masked)")
    for dialect in ("skycore", "skycore-get"):
        account = sandbox.account(dialect).masked()
        document = account.dialect_spec.encode_request(SendMMS(coupon(), to=TO, sender=SENDER), account.api_key)
        output.show(laid_out(account, document).rstrip() + "\n")


def _send(sandbox: Sandbox) -> list[SentMMS]:
    output.heading("5. It is sent, once in each dialect")
    sent: list[SentMMS] = []
    for dialect, service in (("skycore", None), ("skycore-get", None), ("sinch", SERVICE)):
        account = sandbox.account(dialect)
        reply = _call(account, SendMMS(coupon(), to=TO, sender=SENDER, service_id=service))
        sent.append(reply)
        output.sheet(
            account.dialect_spec.title, (("to", reply.to), ("tracking id", reply.tracking_id), ("details", reply.details))
        )
    _sure(len(sandbox.sent) == len(sent), "the gateway has one message for each call")
    received = [message.slideshow for message in sandbox.sent if isinstance(message, SendMMS)]
    _sure(received == [coupon()] * len(sent), "the gateway read what was written")
    return sent


def _store(sandbox: Sandbox) -> SentMMS:
    output.heading("6. It is saved, and sent from the store with words of its own")
    account = sandbox.account()
    saved = _call(account, SaveMMS(coupon()))
    operation = SendSavedMMS(saved.mms_id, to=TO, sender=SENDER, custom_text={1: "Good to see you again!"})
    reply = _call(account, operation)
    output.sheet("Stored", [("id", saved.mms_id)])
    output.sheet("Sent from there", (("to", reply.to), ("id", reply.mms_id), ("tracking id", reply.tracking_id)))
    received = sandbox.sent[-1]
    same = isinstance(received, SendSavedMMS) and received.custom_text == operation.custom_text
    _sure(same, "the gateway has the other words")

    output.heading("7. What is stored is listed, and deleted")
    listed = _call(account, ListMMS())
    output.show(f"Stored: {', '.join(listed.mms_ids)}.")
    _sure(listed.mms_ids == (saved.mms_id,), "the list has what was stored")
    _call(account, DeleteMMS(saved.mms_id))
    _sure(not sandbox.saved, "nothing is stored any more")
    output.show(f"Deleted: {saved.mms_id}.")
    return reply


def _delivered(sent: list[SentMMS], inbox: PostbackReceiver) -> None:
    output.heading("8. What became of them: the postbacks, decoded")
    expected = {("N003", None)} | {(code, reply.tracking_id) for reply in sent for code in ("N101", "N102")}
    try:
        notices = inbox.wait(len(expected), timeout=PATIENCE)
    except TimeoutError as late:
        raise ProtocolError(f"the demo stopped: {late}") from None
    rows = [(notice.code, notice.meaning, notice.tracking_id or _stored_as(notice)) for notice in notices]
    output.table("", ("Code", "Meaning", "Tracking id"), rows, folded=True)
    came = {(notice.code, notice.tracking_id) for notice in notices}
    _sure(came == expected and not inbox.failures, "every message was reported as sent and as delivered")


def _stored_as(notice: Notice) -> str:
    return f"(stored as {getattr(notice, 'mms_id', None)})"


# ------------------------------------------------------------------------------------------------ how


def _call(account: Account, operation: Operation[R_co]) -> R_co:
    import requests

    # The sandbox is on this machine: a proxy that the environment names would not find it.
    with requests.Session() as session:
        session.trust_env = False
        with Client(account, session=session) as client:
            return client.call(operation)


def _code(function: Callable[[], Slideshow]) -> None:
    """A function of this page, as it stands there."""
    output.show(inspect.getsource(function), "dim")


def _sure(truth: bool, what: str) -> None:
    """The demo is worth nothing if it goes on where a step failed."""
    if not truth:
        raise ProtocolError(f"the demo stopped: it is not so that {what}")
