"""The limits that the rules use, each with its source, and the fields that an account requires."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .errors import ConfigurationError


def _no_names() -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a gateway and the fields that it requires. Change one with ``Account(limits=Limits(max_text=500))``.

    ``required`` names fields that this account requires although its dialect does not: ``operator_id`` if the gateway does not
    look up carriers, ``campaign_ref`` if "Enforce Campaign Check" is on, ``service_id``, ``subject``. ``waived`` names fields
    that this account does not require although its dialect does; nothing is required in their place. Both can name only the
    fields in :data:`CONFIGURABLE`.
    """

    #: Skycore 1.3, saveMMS: eight slides.
    max_slides: int = 8
    #: Skycore 1.3 since 2014-03-26: 5,000 characters per slide.
    max_text: int = 5000
    #: Skycore 1.3 since 2014-04-14: 80 characters.
    max_subject: int = 80
    #: Sinch JSON service: 64 characters of client reference.
    max_reference: int = 64
    # Skycore 1.3 has a maximum for each kind of file but publishes none ("see your API settings"). These are Sinch's for files
    # that are transcoded for the phone, which is done for messages from short codes; without transcoding Sinch allows 1,000 KB
    # for any file. Its KB are taken as 1,024 bytes, because it writes 1024 and 2048 where others write 1 and 2 MB.
    # They are not part of the hash: every call hashes its limits, and limits rarely differ in these alone.
    #: Bytes of a JPG or PNG.
    max_image: int = field(default=3000 * 1024, hash=False)
    #: Bytes of a GIF.
    max_gif: int = field(default=1024 * 1024, hash=False)
    #: Bytes of an audio file.
    max_audio: int = field(default=10_000 * 1024, hash=False)
    #: Bytes of a video.
    max_video: int = field(default=50_000 * 1024, hash=False)
    #: Bytes of a contact card, a calendar entry, a PDF or a pass.
    max_object: int = field(default=2048 * 1024, hash=False)
    #: Fields that this account requires.
    required: frozenset[str] = field(default_factory=_no_names)
    #: Fields that this account does not require although its dialect does: ``service_id`` if the account has none, for example.
    waived: frozenset[str] = field(default_factory=_no_names)
    #: Fields whose absence is a warning. The dialect fills it in.
    advised: frozenset[str] = field(default_factory=_no_names, hash=False)

    def __post_init__(self) -> None:
        for name in ("required", "waived", "advised"):
            object.__setattr__(self, name, texts(name, getattr(self, name), "give the names of fields, as in {'operator_id'}"))
        for item in fields(self):
            figure = getattr(self, item.name)
            if item.name.startswith("max_") and (type(figure) is not int or figure < 0):
                raise ConfigurationError(f"{item.name}={figure!r:.40}: give a whole number from 0 up")

    def with_required(self, names: Iterable[str], waived: Iterable[str] = (), advised: Iterable[str] = ()) -> Limits:
        """Return these limits with more required, waived and advised fields.

        A field that is waived already is not required, and a field that is required or waived is not advised.
        """
        required = self.required.union(set(names) - self.waived)
        more = set(advised) - required - self.waived
        return replace(self, required=required, waived=self.waived.union(waived), advised=self.advised.union(more))


def texts(name: str, given: Any, remedy: str) -> frozenset[str]:
    """Return several texts as a set; ConfigurationError for anything else, including a single text."""
    listed: list[Any] = [None] if isinstance(given, str) or not hasattr(given, "__iter__") else list(given)
    if not all(isinstance(text, str) for text in listed):
        raise ConfigurationError(f"{name}={given!r:.60}: {remedy}")
    return frozenset(listed)


#: The fields that an account can require or waive. All other fields are required by every gateway, or by none.
CONFIGURABLE = frozenset(
    {
        *("name", "subject", "custom_subject", "fallback_text", "service_id", "operator_id", "campaign_ref"),
        "subscriber_ref",
    }
)

#: The documented limits, which every account starts with.
DOCUMENTED = Limits()

# Limits for warnings (Skycore 1.3 and Sinch MMS, best practices).
#: Characters of a subject.
ADVISED_SUBJECT = 40
#: Seconds of a slide.
ADVISED_DURATION = 30
#: Characters of the fallback SMS.
ADVISED_FALLBACK_TEXT = 110
#: Characters of an SMS (Skycore 1.3, sendSMS).
ADVISED_SMS = 160
#: Characters of a sender's name.
ADVISED_SENDER_MASK = 11
#: The fewest digits of a recipient's number that is not a short code.
ADVISED_NUMBER = 8
