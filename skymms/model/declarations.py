"""The classes that can be stored as JSON, and the types that their fields declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, cast, get_args, get_origin, get_type_hints

from .._functools import memoize

#: The module of each class. They are text, so that nothing is imported before it is needed.
CLASSES: dict[str, str] = {
    name: module
    for module, names in {
        "skymms.slide": "Slide",
        "skymms.model.slideshow": "Slideshow",
        "skymms.model.operations": "SendMMS",
        "skymms.model.replies": "Refusal SentMMS",
        "skymms.model.stored_operations": "DeleteMMS ListMMS SaveMMS SendSavedMMS",
        "skymms.model.stored_replies": "DeletedMMS MMSList SavedMMS StoredMMS",
        "skymms.model.actions": "CreateCampaign CreateSession GetStatistics ListCampaigns RemoveInboxMessage SendMMSBarcode "
        "SendMessageBySubscriberRef SendPassInMMS SendSMS SendSavedMMSCampaign Subscribe Unsubscribe",
        "skymms.model.action_replies": "Campaign CampaignList NewCampaign RemovedInboxMessage ScheduledMMS SentSMS "
        "SentToSubscriber Session StatisticsLink SubscriberResult Subscription",
        "skymms.model.notices": "DeliveryReport EncodingReport InboundMMS InboundSMS Notice SubscriptionChange UnknownNotice",
        "skymms.cellcast": "AccountBalance Balance CancelScheduled CellcastMMS CellcastSend CellcastSent Done Listing MarkRead "
        "MessageReports OptOut OptOuts Response Responses SentMessage",
    }.items()
    for name in names.split()
}

#: The types of values that are not composed of others.
PLAIN_TYPES: frozenset[type[Any]] = frozenset({str, int, bool, float, bytes, date, datetime, Decimal, NoneType})


def known_class(name: Any) -> type[Any] | None:
    """Return the class of this name, and import its module if needed; None for anything else."""
    return _load(name) if isinstance(name, str) and name in CLASSES else None


@memoize
def _load(name: str) -> type[Any] | None:
    found = getattr(import_module(CLASSES[name]), name, None)
    return found if isinstance(found, type) else None


class Declared(NamedTuple):
    """The types that the annotation of a field allows."""

    plain: frozenset[type[Any]] = frozenset()
    #: Classes of values. A row of a listing may be of any class, so they are empty for it.
    classes: tuple[type[Any], ...] = ()
    #: For a tuple: the types of each item, or one entry per item if its length is fixed.
    items: Declared | tuple[Declared, ...] | None = None
    #: For a mapping: the type of its keys, and the types of its values.
    mapping: tuple[type[Any], Declared] | None = None

    @property
    def default_class(self) -> type[Any] | None:
        """The class of an object without a ``type``."""
        return self.classes[0] if self.classes else None


@memoize
def declarations(kind: type[Any]) -> dict[str, tuple[Field[Any], Declared]]:
    """Return the fields of a class by name, each with the types that it allows."""
    hints = get_type_hints(kind)
    return {item.name: (item, _declared(hints[item.name])) for item in fields(kind)}


def _declared(hint: Any) -> Declared:
    found = Declared()
    for part in _parts(hint):
        origin, arguments = get_origin(part), get_args(part)
        if part in PLAIN_TYPES:
            found = found._replace(plain=found.plain | {part})
        elif is_dataclass(part):
            found = found._replace(classes=(*found.classes, cast("type[Any]", part)))
        elif origin is Sequence or (origin is tuple and arguments[-1] is ...):
            found = found._replace(items=_declared(arguments[0]))
        elif origin is tuple:
            found = found._replace(items=tuple([_declared(argument) for argument in arguments]))
        elif origin is Mapping:
            found = found._replace(mapping=(arguments[0], _declared(arguments[1])))
    return found


def _parts(hint: Any) -> Iterator[Any]:
    """Yield the members of a union, and any other annotation itself."""
    if get_origin(hint) in {Union, UnionType}:
        for part in get_args(hint):
            yield from _parts(part)
    else:
        yield hint
