"""The figures of the rules, each in one place and with its source, and what an account may insist on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a gateway allows and what it insists on; change a figure with ``Account(limits=Limits(max_text=500))``.

    ``required`` names the fields this account must fill although its dialect leaves them free: ``operator_id`` where
    carriers are not looked up, ``campaign_ref`` where "Enforce Campaign Check" is on, ``service_id``, ``subject``.
    """

    #: 1.3, saveMMS: eight slides.
    max_slides: int = 8
    #: 1.3 since 2014-03-26: 5,000 characters a slide.
    max_text: int = 5000
    #: 1.3 since 2014-04-14: 80 characters.
    max_subject: int = 80
    #: The successor's JSON service: 64 characters of client reference.
    max_reference: int = 64
    # 1.3 has a maximum for each kind of file and publishes none ("see your API settings"). These are Sinch's for uploads that
    # are transcoded for the phone, which is what happens to messages from short codes; untranscoded it takes 1,000 KB of
    # anything. Its KB are read as 1,024 bytes, for it says 1024 and 2048 of them where others say 1 and 2 MB.
    # They take no part in the hash: every call hashes its limits, and hardly two of a program's differ in these alone.
    #: Bytes of a JPG or PNG.
    max_image: int = field(default=3000 * 1024, hash=False)
    #: Bytes of a GIF.
    max_gif: int = field(default=1024 * 1024, hash=False)
    #: Bytes of a sound.
    max_audio: int = field(default=10_000 * 1024, hash=False)
    #: Bytes of a video.
    max_video: int = field(default=50_000 * 1024, hash=False)
    #: Bytes of a contact card, a calendar entry, a PDF or a pass.
    max_object: int = field(default=2048 * 1024, hash=False)
    required: frozenset[str] = field(default_factory=frozenset)
    #: The fields that are not missed although a dialect insists on them: ``service_id`` where an account has none, say.
    waived: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        for name in ("required", "waived"):
            object.__setattr__(self, name, texts(name, getattr(self, name), "give the names of fields, as in {'operator_id'}"))
        for item in fields(self):
            figure = getattr(self, item.name)
            if item.name.startswith("max_") and (type(figure) is not int or figure < 0):
                raise ConfigurationError(f"{item.name}={figure!r:.40}: give a whole number from 0 up")

    def with_required(self, names: Iterable[str], waived: Iterable[str] = ()) -> Limits:
        """These limits, insisting on more fields and doing without some; what is waived here already is not insisted on."""
        return replace(self, required=self.required.union(set(names) - self.waived), waived=self.waived.union(waived))


def texts(name: str, given: Any, wanted: str) -> frozenset[str]:
    """Several texts, as a set. A single one is none of these: it would be taken for as many as it has letters."""
    held: list[Any] = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [None]
    if not all(isinstance(one, str) for one in held):
        raise ConfigurationError(f"{name}={given!r:.60}: {wanted}")
    return frozenset(held)


#: The documented figures, which every account starts from.
DOCUMENTED = Limits()

#: Advices, never refusals (1.3 and the successor's best practices).
ADVISED_SUBJECT = 40
ADVISED_DURATION = 30
ADVISED_FALLBACK_TEXT = 110
ADVISED_SENDER_MASK = 11
