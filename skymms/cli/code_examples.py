"""Programs that show what raises each code, most of them with a sandbox of their own.

`skymms explain` prints them, and so do the pages of the documentation. A test runs every one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ..codes import ANSWERS, CELLCAST_ANSWERS, EVENTS
from ..sandbox.faults import CODES
from ..sandbox.outcomes import OUTCOMES

#: How a program gets its code: skymms finds the mistake before it sends, a request is refused, a request that skymms would not
#: send is refused, the sandbox is told to refuse, nothing but the program itself; or a postback arrives, or is made.
BEFORE_SENDING, REFUSED, FOREIGN, FORCED, RAISED = "before sending", "refused", "foreign", "forced", "raised"
POSTED, MADE = "posted", "made"


class Example(NamedTuple):
    """A program, and how it gets its code."""

    program: str
    how: str


class _Case(NamedTuple):
    """What a program does.

    :ivar call: the operation, which may use ``coupon``
    :ivar show: the lines that make the slideshow ``coupon``; empty if ``before`` makes it
    :ivar before: lines before the call, which may use ``sandbox`` and ``client``
    :ivar sandbox: the arguments of the sandbox
    :ivar account: the arguments of its account
    """

    call: str
    show: str = 'coupon = Slideshow("coupon", subject="Free coupon!").slide("Please enjoy!")'
    before: tuple[str, ...] = ()
    sandbox: str = ""
    account: str = ""


_ENDS = 'to="15551234888", sender="60856"'
_SEND = f"SendMMS(coupon, {_ENDS})"
_SEND_TO_CAMPAIGN = f'SendMMS(coupon, {_ENDS}, campaign_ref="Winter")'
_CREATE_CAMPAIGN = 'client.call(CreateCampaign("Winter", brand_name="The Corner Shop"))'
_SAVE = "saved = client.call(SaveMMS(coupon))"


def _slide(arguments: str, times: str = "") -> _Case:
    """A message with one slide. It is not added with ``.slide()``, which would raise before there is a message."""
    show = f'coupon = Slideshow("coupon", subject="Free coupon!", slides=(slide,){times})'
    return _Case(_SEND, f"slide = Slide({arguments})\n{show}")


def _url(field: str) -> _Case:
    return _slide(f'{field}="/srv/files/coupon"')


def _show(arguments: str) -> _Case:
    return _Case(_SEND, f'coupon = Slideshow({arguments})\ncoupon = coupon.slide("Please enjoy!")')


def _pass(name: str, value: str) -> _Case:
    show = (
        'coupon = Slideshow("coupon", subject="Free coupon!")\n'
        'coupon = coupon.slide(passbook="http://media.example/coupon.pkpass")'
    )
    return _Case(f"SendPassInMMS(saved.mms_id, {_ENDS}, pass_data=data)", show, (_SAVE, f'data = {{"{name}": "{value}"}}'))


#: Mistakes that skymms finds before it sends.
_MISTAKES: Mapping[str, _Case] = {
    "E100": _Case(f'SendSavedMMS("35674", {_ENDS}, custom_text={{0: "Hi!"}})'),
    "E108": _show(r'"coupon", subject="A bell: \a"'),
    "E110": _Case('SendMMS(coupon, to="Ada", sender="60856")'),
    "E170": _Case('CreateCampaign("", brand_name="The Corner Shop")'),
    "E171": _Case('CreateCampaign("Winter", brand_name="")'),
    "E212": _Case("ListMMS(page=0)", account='"sinch"'),
    "E213": _Case("ListMMS(per_page=0)", account='"sinch"'),
    "E214": _Case('ListMMS(start_date="31.3.2026")', account='"sinch"'),
    "E223": _slide('vcard="http://media.example/shop.vcf", pdf="http://media.example/menu.pdf"'),
    "E224": _slide('vcard="http://media.example/shop.vcf", image="http://media.example/shop.jpg"'),
    "E225": _slide('"Please enjoy!"', " * 9"),
    "E226": _slide('audio="http://media.example/song.mp3", video="http://media.example/film.mp4"'),
    "E227": _slide('image="http://media.example/shop.jpg", video="http://media.example/film.mp4"'),
    "E230": _slide('"Please enjoy!", duration=0'),
    "E311": _show('"", subject="Free coupon!"'),
    "E312": _Case(_SEND, 'coupon = Slideshow("coupon", subject="Free coupon!")'),
    "E313": _slide('" "'),
    "E314": _show('"coupon", subject="Free coupon! " * 10'),
    "E334": _slide('"Please enjoy! " * 400'),
    "E351": _url("image"),
    "E352": _url("audio"),
    "E353": _url("video"),
    "E355": _url("vcard"),
    "E356": _url("ical"),
    "E357": _url("pdf"),
    "E358": _url("passbook"),
    "E506": _Case('GetStatistics("", "2026-10-02 00:00:00")'),
    "E507": _Case('GetStatistics("1.10.2026", "2026-10-02 00:00:00")'),
    "E508": _Case('GetStatistics("2026-10-02 00:00:00", "2026-10-01 00:00:00")'),
    "E617": _show('"coupon", subject="Free coupon!", link_expires="tomorrow"'),
    "E620": _Case('DeleteMMS("")'),
    "E622": _show('"coupon"'),
    "E624": _Case('SendSavedMMSCampaign("35674", "")'),
    "E627": _show('"coupon", subject="Free coupon!", fallback_text="A coupon waits for you."')._replace(account='"sinch"'),
    "E631": _Case(f'SendMMSBarcode("35674", {_ENDS}, barcode_id=" ")'),
    "E640": _Case('RemoveInboxMessage("")'),
    "E712": _Case(f'SendSMS("", {_ENDS})'),
    "E824": _Case(f'SendPassInMMS("35674", {_ENDS})'),
    "E901": _Case('Subscribe("", campaign="Winter")'),
    "E902": _Case('Subscribe("15551234888", campaign="")'),
    "FIELD_EMPTY": _Case(
        'CellcastSend(slide, to="+61491570156")',
        'slide = Slide(" ", image="http://media.example/door.gif")',
        account='"cellcast-v3"',
    ),
    "FIELD_INVALID": _Case(
        'CellcastSend(slide, to="+61491570156")',
        'slide = Slide("We are open! " * 100, image="http://media.example/door.gif")',
        account='"cellcast-v3"',
    ),
}

#: Requests that the gateway refuses.
_REFUSALS: Mapping[str, _Case] = {
    "E104": _Case(_SEND, account='api_key="another-key"'),
    "E106": _Case(_SEND, before=('sandbox.throttle(0, code="E106")',)),
    "E111": _Case(_SEND, sandbox='senders={"60857"}'),
    "E113": _Case(_SEND, before=("sandbox.throttle(0)",)),
    "E114": _Case(_SEND, before=('sandbox.block("15551234888")',)),
    "E120": _Case(_SEND, before=('sandbox.throttle(0, seconds=86_400, code="E120")',)),
    "E241": _Case(f'SendSavedMMS("1", {_ENDS})'),
    "E626": _Case(
        f"SendSavedMMS(saved.mms_id, {_ENDS})",
        'coupon = Slideshow("film", subject="New!").slide(video="http://media.example/film.mp4")',
        (_SAVE,),
    ),
    "E629": _Case(
        _SEND,
        "",
        ('coupon = Slideshow("page", subject="A page").slide(image=sandbox.url)',),
        sandbox="fetch_media=True",
    ),
    "E641": _Case('RemoveInboxMessage("MMS_MO_1")'),
    "E642": _Case(
        "RemoveInboxMessage(received)",
        before=(
            'received = sandbox.receive_mms("15551234888", "60856", text="Hello!")',
            "client.call(RemoveInboxMessage(received))",
        ),
    ),
    "E650": _Case(_SEND, sandbox='limits=Limits(required=frozenset({"operator_id"}))'),
    "E651": _Case(f'SendMMS(coupon, {_ENDS}, operator_id="999999")', sandbox='operators={"000189"}'),
    "E714": _Case('SendSavedMMSCampaign(saved.mms_id, "1")', before=(_SAVE,)),
    "E715": _Case(_SEND_TO_CAMPAIGN, before=(_CREATE_CAMPAIGN,), sandbox="check_campaigns=True"),
    "E718": _Case(_SEND, sandbox="check_campaigns=True"),
    "E721": _Case(_SEND_TO_CAMPAIGN, sandbox="check_campaigns=True"),
    "E822": _Case(f"SendPassInMMS(saved.mms_id, {_ENDS}, pass_data=data)", before=(_SAVE, 'data = {"barcodevalue": "7"}')),
    "E903": _Case('Subscribe("15551234888", campaign="Winter")'),
    "E905": _Case('Unsubscribe("15551234888", campaign="Winter")', before=(_CREATE_CAMPAIGN,)),
    "AUTH_FAILED": _Case("Balance()", account='"cellcast-v3", api_key="another-key"'),
    "OVER_LIMIT": _Case("Balance()", before=("sandbox.throttle(0)",), account='"cellcast-v3"'),
    # The values of a wallet pass: ten locations and ten beacons.
    **{f"E{880 + i}": _pass(f"rellatitude{i + 1}", "91") for i in range(10)},
    **{f"E{890 + i}": _pass(f"rellongitude{i + 1}", "181") for i in range(10)},
    **{f"E{960 + i}": _pass(f"ibeaconuuid{i + 1}", "7") for i in range(10)},
    **{f"E{970 + i}": _pass(f"ibeaconmajor{i + 1}", "65536") for i in range(10)},
    **{f"E{980 + i}": _pass(f"ibeaconminor{i + 1}", "65536") for i in range(10)},
    **{f"E{990 + i}": _pass(f"ibeacontext{i + 1}", "Welcome!") for i in range(10)},
}

_GET = 'requests.get(sandbox.account("skycore-get").encode({}()).url, timeout=10)'
#: Requests whose codes no call of a client raises: another program gets them.
_FOREIGN: Mapping[str, str] = {
    "E107": 'requests.post(sandbox.account().address, data={"xml": document}, timeout=10)',
    "E200": _GET.format("ListMMS"),
    "E405": _GET.format("ListCampaigns"),
}
_DOCUMENT = 'document = "<REQUEST><ACTION>dance</ACTION><API_KEY>sandbox-key</API_KEY></REQUEST>"'

_FILM = 'coupon = Slideshow("film", subject="New!").slide({}="http://media.example/film")'
#: Postbacks of the sandbox: the lines that cause them, the slideshow ``coupon``, and how many notices arrive.
_POSTED: Mapping[str, tuple[tuple[str, ...], str, int]] = {
    **{
        code: ((f'sandbox.outcome("{code}")', f"client.call({_SEND})"), _Case("").show, len(steps))
        for code, steps in OUTCOMES.items()
    },
    "N003": (("client.call(SaveMMS(coupon))",), _Case("").show, 1),
    "E002": (('sandbox.spoil("http://media.example/film")', "client.call(SaveMMS(coupon))"), _FILM.format("audio"), 1),
    "E003": (
        ('sandbox.spoil("http://media.example/film", "E003")', "client.call(SaveMMS(coupon))"),
        _FILM.format("video"),
        1,
    ),
    "N211": (('sandbox.receive_sms("15551234888", "60856", "STOP")',), "", 1),
    "N301": ((_CREATE_CAMPAIGN, 'client.call(Subscribe("15551234888", campaign="Winter"))'), "", 1),
    "N302": (
        (
            _CREATE_CAMPAIGN,
            'client.call(Subscribe("15551234888", campaign="Winter"))',
            'client.call(Unsubscribe("15551234888", campaign="Winter"))',
        ),
        "",
        2,
    ),
    "N401": (('sandbox.receive_mms("15551234888", "60856", text="Hello!")',), "", 1),
    **{
        code: (
            (_SAVE, f'again = SendSavedMMS(saved.mms_id, {_ENDS}, ddm_text="Hi!")', "client.call(again)"),
            _Case("").show,
            5,
        )
        for code in ("N501", "N502")
    },
}

#: How a postback of each kind is made.
_MADE = {
    "delivery": 'sent(code="{}")',
    "encoding": 'encoding_failed(code="{}")',
    "subscription": 'unknown("{}", origin="EMAIL_SUB")',
    "pass": 'unknown("{}", origin="GENERATE_PASS")',
}

#: The modules of the names in programs.
_MODULES = {
    "skymms": "Client CreateCampaign DeleteMMS GetStatistics Limits ListCampaigns ListMMS RemoveInboxMessage SaveMMS "
    "SendMMS SendMMSBarcode SendPassInMMS SendSMS SendSavedMMS SendSavedMMSCampaign Slide Slideshow Subscribe Unsubscribe",
    "skymms.cellcast": "Balance CellcastSend",
    "skymms.sandbox": "PostbackBodies PostbackReceiver Sandbox",
}


#: Longer lines do not fit on a page.
_WIDTH = 88


def _with_imports(program: str, errors: str = "") -> str:
    names = set(re.findall(r"\b[A-Z]\w+", program))
    lines = ["import requests", ""] if "requests." in program else []
    for module, known in _MODULES.items():
        if used := sorted(names & {*known.split(), *(errors.split() if module == "skymms" else ())}):
            lines.append(f"from {module} import {', '.join(used)}")
    return "\n".join(lines) + f"\n\n{program}\n"


def _block(managers: list[str], lines: list[str]) -> str:
    head = f"with {', '.join(managers)}:"
    if len(head) > _WIDTH:
        head = "with (\n" + "".join(f"    {manager},\n" for manager in managers) + "):"
    return head + "".join(f"\n    {line}" for line in lines)


def _program(case: _Case) -> str:
    lines = [*case.before, f"client.call({case.call})"]
    setup = f"{case.show}\n\n" if case.show and re.search(r"\b(?:coupon|slide)\b(?!\")", "".join(lines)) else ""
    client = f"Client(sandbox.account({case.account}), retries=0) as client"
    return _with_imports(setup + _block([f"Sandbox({case.sandbox}) as sandbox", client], lines))


def _foreign(code: str) -> str:
    request = _FOREIGN[code]
    setup = f"{_DOCUMENT}\n\n" if "document" in request else ""
    return _with_imports(f"{setup}with Sandbox() as sandbox:\n    print({request}.text)")


def response_example(code: str) -> Example:
    """Return a program that gets this code in a response, or that finds the mistake before a request is sent."""
    if case := _MISTAKES.get(code):
        return Example(_program(case), BEFORE_SENDING)
    if case := _REFUSALS.get(code):
        return Example(_program(case), REFUSED)
    if code in _FOREIGN:
        return Example(_foreign(code), FOREIGN)
    # v3 has another code for too little credit.
    if code in CODES - {"LEDGER_ERROR"}:
        case = _Case("Balance()", account='"cellcast-v3"') if code in CELLCAST_ANSWERS else _Case(_SEND)
        return Example(_program(case._replace(before=(f'sandbox.fail("{code}")',))), FORCED)
    family = {**ANSWERS, **CELLCAST_ANSWERS}[code].family
    return Example(_with_imports(f'raise {family}("{code}")', family), RAISED)


def postback_example(code: str) -> Example:
    """Return a program that receives a postback with this code, or makes one."""
    if code in _POSTED:
        lines, show, count = _POSTED[code]
        managers = ["PostbackReceiver() as inbox", "Sandbox(postback_url=inbox.url) as sandbox"]
        if any("client" in line for line in lines):
            managers.append("Client(sandbox.account()) as client")
        ending = (
            "sandbox.clock.advance(minutes=1)",
            f"for notice in inbox.wait({count}):",
            "    print(notice.code, notice.meaning)",
        )
        return Example(_with_imports((f"{show}\n\n" if show else "") + _block(managers, [*lines, *ending])), POSTED)
    made = _MADE[EVENTS[code].kind].format(code)
    return Example(_with_imports(f"notice = PostbackBodies().{made}.notice\nprint(notice.code, notice.meaning)"), MADE)
