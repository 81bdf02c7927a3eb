"""Says everything that skymms knows about a code: `skymms explain` prints it, and the documentation has a page of it.

:func:`explain` makes the parts of both. :func:`find` finds the codes that somebody typed.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from inspect import getdoc
from typing import NamedTuple

from .. import errors
from ..cellcast.generations import RULES as CELLCAST_RULES
from ..codes import ANSWERS, CELLCAST_ANSWERS, EVENTS, ErrorCode, find_answer
from ..errors import ConfigurationError, SkymmsError
from ..validation.rule import RULES, Rule
from . import code_examples
from .code_examples import Example, postback_example, response_example

#: All codes, in their order on the pages.
CODES: tuple[str, ...] = tuple(sorted({*ANSWERS, *CELLCAST_ANSWERS, *EVENTS}, key=lambda code: (code.upper(), code)))

_BOTH, _SKYCORE, _JSON = "Skycore 1.3 or Sinch MMS", "Skycore 1.3", "Sinch MMS's JSON service"
_UNKNOWN_TO_SKYMMS = "which skymms does not send"
#: The gateway and the requests of each code in a response, by the numbers of the codes.
_REQUESTS = (
    ("100-109 112-113 120 429 503", _BOTH, "any request"),
    ("110-111 114 201 617-619 621-622 627-628 650-651 713", _BOTH, "a request that sends"),
    ("115", _JSON, "a request that sends"),
    ("223-230 301-304 311-314 331-363 629", _BOTH, "a request that sends or saves a slideshow"),
    ("150-154", _SKYCORE, f"createUser, {_UNKNOWN_TO_SKYMMS}"),
    ("170-172", _SKYCORE, "CreateCampaign"),
    ("173 400-404 406", _SKYCORE, f"an e-mail action, {_UNKNOWN_TO_SKYMMS}"),
    ("401 911-918", _SKYCORE, f"an e-mail action, {_UNKNOWN_TO_SKYMMS}"),
    ("200 211-214", _BOTH, "ListMMS"),
    ("241", _BOTH, "SendSavedMMS, DeleteMMS, or another request that names a stored MMS"),
    ("405", _SKYCORE, "ListCampaigns"),
    ("506-510", _SKYCORE, "GetStatistics"),
    ("620 625-626", _BOTH, "SendSavedMMS, or another request that names a stored MMS"),
    ("623", _SKYCORE, "a request that sends, to a list of numbers"),
    ("624 714", _SKYCORE, "SendSavedMMSCampaign"),
    ("715 718 721", _SKYCORE, "a request that sends, from an account that checks campaigns"),
    ("630-633", _SKYCORE, "SendMMSBarcode"),
    ("640-643", _SKYCORE, "RemoveInboxMessage"),
    ("712", _SKYCORE, "SendSMS"),
    ("174 800-899 950-999", _SKYCORE, "an action about wallet passes, such as SendPassInMMS"),
    ("901-905", _SKYCORE, "Subscribe or Unsubscribe"),
)

#: Cellcast's codes that one generation alone has.
_CELLCAST_V1 = {"CastError", "less_nine_digit", "number_not_valid"}

#: The class of the notice and the gateway's reason to post it, by the kind of event.
_NOTICES = {
    "delivery": ("DeliveryReport", "a delivery report"),
    "encoding": ("EncodingReport", "a report about the encoding of files"),
    "inbound-mms": ("InboundMMS", "an inbound MMS"),
    "inbound-sms": ("InboundSMS", "an inbound SMS"),
    "subscription": ("SubscriptionChange", "a change of a subscription"),
    "pass": ("UnknownNotice", "a report about a wallet pass"),
}

#: The sentence before a program.
_INTRODUCTIONS = {
    code_examples.BEFORE_SENDING: "skymms finds this before it sends:",
    code_examples.REFUSED: "The sandbox refuses this request:",
    code_examples.FOREIGN: "A client of skymms does not get this code. The sandbox answers another program with it:",
    code_examples.FORCED: "No request to the sandbox gets this code by itself. One line makes the sandbox answer with it:",
    code_examples.RAISED: "The sandbox does not answer with this code. One line raises its error:",
    code_examples.POSTED: "The sandbox posts it:",
    code_examples.MADE: "The sandbox does not post this code by itself. One line makes the postback:",
}


class Meaning(NamedTuple):
    """What a code means in one place.

    :ivar place: a response, Cellcast's response, or a postback
    :ivar meaning: a sentence fragment
    :ivar facts: names and texts: the class, the remedy, where the code occurs, …
    :ivar introduction: the sentence before the example
    :ivar example: a program that gets the code
    """

    place: str
    meaning: str
    facts: tuple[tuple[str, str], ...]
    introduction: str
    example: Example

    def fact(self, name: str) -> str:
        """Return a fact by its name; empty if there is none."""
        return dict(self.facts).get(name, "")

    @property
    def occasion(self) -> str:
        """When the code is met, as text: in its place, and before sending if skymms has the rule."""
        is_foreseen = self.fact("rule") or self.introduction == _INTRODUCTIONS[code_examples.BEFORE_SENDING]
        return f"found before sending, or in {self.place}" if is_foreseen else f"in {self.place}"


def explain(code: str) -> tuple[Meaning, ...]:
    """Return what a code means in a response and in a postback; empty for an unknown code."""
    found: list[Meaning] = []
    if answer := find_answer(code):
        found.append(_of_response(code, answer))
    if event := EVENTS.get(code):
        notice, what = _NOTICES[event.kind]
        facts = (
            ("class", notice),
            ("what to do", event.remedy or "Nothing needs to be done."),
            ("where", f"a postback of Skycore 1.3 or Sinch MMS: {what}"),
        )
        example = postback_example(code)
        found.append(Meaning("a postback", event.meaning, facts, _INTRODUCTIONS[example.how], example))
    return tuple(found)


def _of_response(code: str, answer: ErrorCode) -> Meaning:
    is_cellcast = code in CELLCAST_ANSWERS
    example = response_example(code)
    rules: list[Rule] = CELLCAST_RULES if is_cellcast else RULES
    found = dict.fromkeys(rule.description for rule in rules if rule.code == code and rule.description)
    facts = (
        ("class", answer.family),
        ("what to do", answer.remedy),
        ("where", _place_of_response(code)),
        ("rule", "\n".join(found)),
        ("note", answer.note and f"{answer.note[0].upper()}{answer.note[1:]}."),
    )
    return Meaning(
        "Cellcast's response" if is_cellcast else "a response",
        answer.meaning,
        tuple((name, text) for name, text in facts if text),
        _INTRODUCTIONS[example.how],
        example,
    )


def _place_of_response(code: str) -> str:
    if code in CELLCAST_ANSWERS:
        return f"a response of Cellcast{' v1' if code in _CELLCAST_V1 else ''}"
    number = int(code.removeprefix("E"))
    for numbers, gateway, request in _REQUESTS:
        for span in numbers.split():
            first, _, last = span.partition("-")
            if int(first) <= number <= int(last or first):
                return f"a response of {gateway} to {request}"
    raise LookupError(f"_REQUESTS lacks {code}")


# ------------------------------------------------------------------------------------------------ what somebody typed

_CLASSES = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, SkymmsError)}
_BY_UPPER = {name.upper(): name for name in (*_CLASSES, *CODES)}


class Family(NamedTuple):
    """An error class, and the codes for which it is raised.

    :ivar name: the name of the class
    :ivar description: the first sentence of its docstring
    :ivar codes: its own codes, without those of the classes below it
    """

    name: str
    description: str
    codes: tuple[str, ...]


def find(typed: str) -> tuple[str | Family, ...]:
    """Return the codes and the error class that a text names, in any case; ``E`` and ``N`` may be left out.

    Raises :class:`~skymms.ConfigurationError` with similar names if there are none.
    """
    name = typed.strip().strip("`'\"()[]:;,.").upper()
    if known := _BY_UPPER.get(name):
        return (known,) if known not in _CLASSES else (_family(known),)
    if numbered := tuple(code for letter in "EN" if (code := f"{letter}{name}") in _BY_UPPER):
        return numbered
    similar = dict.fromkeys([*_same_digits(name), *get_close_matches(name, _BY_UPPER, n=5, cutoff=0.7)])
    hint = (
        f"similar names: {', '.join([_BY_UPPER[one] for one in similar][:5])}"
        if similar
        else ("read the text that came with the code, or ask the gateway's support")
    )
    raise ConfigurationError(f"skymms does not know {typed.strip():.40}: {hint}")


def _same_digits(name: str) -> list[str]:
    """Return the codes that have the digits of a code, such as N102 for X102."""
    digits = re.sub(r"\D", "", name)
    return [f"{letter}{digits}" for letter in "EN" if f"{letter}{digits}" in _BY_UPPER]


def _family(name: str) -> Family:
    sentence = (getdoc(_CLASSES[name]) or "").partition("\n\n")[0]
    listed = tuple(code for code in CODES if (answer := find_answer(code)) and answer.family == name)
    return Family(name, " ".join(sentence.replace("``", "").split()), listed)
