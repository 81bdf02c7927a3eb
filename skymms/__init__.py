"""skymms: multimedia messages through Skycore-lineage gateways.

Build a :class:`Slideshow`, validate it, send it with ``client.call``, and read the postbacks::

    with Client(Account.from_env()) as client:
        sent = client.call(SendMMS(coupon, to="15551234888", sender="60856"))

All public names are names of this module. Each is loaded at its first use, so ``import skymms`` takes little time, and lxml and
requests are imported only when something is parsed or sent.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .account import Account as Account
    from .client import Client as Client
    from .errors import AudioWithVideoError as AudioWithVideoError
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BillingError as BillingError
    from .errors import BlockedRecipientError as BlockedRecipientError
    from .errors import CampaignError as CampaignError
    from .errors import CarrierError as CarrierError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import DurationError as DurationError
    from .errors import EmptySlideError as EmptySlideError
    from .errors import FallbackError as FallbackError
    from .errors import FieldError as FieldError
    from .errors import GatewayFaultError as GatewayFaultError
    from .errors import InDoubtError as InDoubtError
    from .errors import MalformedRequestError as MalformedRequestError
    from .errors import MediaCorruptedError as MediaCorruptedError
    from .errors import MediaError as MediaError
    from .errors import MediaTooLargeError as MediaTooLargeError
    from .errors import MediaTypeError as MediaTypeError
    from .errors import MediaUnreachableError as MediaUnreachableError
    from .errors import MMSError as MMSError
    from .errors import MultipleObjectsError as MultipleObjectsError
    from .errors import NoSlidesError as NoSlidesError
    from .errors import NotFoundError as NotFoundError
    from .errors import NotReadyError as NotReadyError
    from .errors import ObjectWithMediaError as ObjectWithMediaError
    from .errors import PassError as PassError
    from .errors import PermissionDeniedError as PermissionDeniedError
    from .errors import ProtocolError as ProtocolError
    from .errors import QuotaExceededError as QuotaExceededError
    from .errors import RecipientError as RecipientError
    from .errors import SenderError as SenderError
    from .errors import SkymmsError as SkymmsError
    from .errors import SlideRuleError as SlideRuleError
    from .errors import StorageError as StorageError
    from .errors import SubscriptionError as SubscriptionError
    from .errors import TextTooLongError as TextTooLongError
    from .errors import ThrottledError as ThrottledError
    from .errors import TooManySlidesError as TooManySlidesError
    from .errors import TransportError as TransportError
    from .errors import VideoWithImageError as VideoWithImageError
    from .errors import error_class as error_class
    from .http import HttpRequest as HttpRequest
    from .http import HttpResponse as HttpResponse
    from .limits import Limits as Limits
    from .model.action_replies import Campaign as Campaign
    from .model.action_replies import CampaignList as CampaignList
    from .model.action_replies import NewCampaign as NewCampaign
    from .model.action_replies import RemovedInboxMessage as RemovedInboxMessage
    from .model.action_replies import ScheduledMMS as ScheduledMMS
    from .model.action_replies import SentSMS as SentSMS
    from .model.action_replies import SentToSubscriber as SentToSubscriber
    from .model.action_replies import Session as Session
    from .model.action_replies import StatisticsLink as StatisticsLink
    from .model.action_replies import SubscriberResult as SubscriberResult
    from .model.action_replies import Subscription as Subscription
    from .model.actions import CreateCampaign as CreateCampaign
    from .model.actions import CreateSession as CreateSession
    from .model.actions import GetStatistics as GetStatistics
    from .model.actions import ListCampaigns as ListCampaigns
    from .model.actions import RemoveInboxMessage as RemoveInboxMessage
    from .model.actions import SendMessageBySubscriberRef as SendMessageBySubscriberRef
    from .model.actions import SendMMSBarcode as SendMMSBarcode
    from .model.actions import SendPassInMMS as SendPassInMMS
    from .model.actions import SendSavedMMSCampaign as SendSavedMMSCampaign
    from .model.actions import SendSMS as SendSMS
    from .model.actions import Subscribe as Subscribe
    from .model.actions import Unsubscribe as Unsubscribe
    from .model.message_state import KnownState as KnownState
    from .model.message_state import MessageState as MessageState
    from .model.message_state import state_of as state_of
    from .model.notices import DeliveryReport as DeliveryReport
    from .model.notices import EncodingReport as EncodingReport
    from .model.notices import InboundMMS as InboundMMS
    from .model.notices import InboundSMS as InboundSMS
    from .model.notices import Notice as Notice
    from .model.notices import SubscriptionChange as SubscriptionChange
    from .model.notices import UnknownNotice as UnknownNotice
    from .model.operations import Operation as Operation
    from .model.operations import SendMMS as SendMMS
    from .model.replies import SentMMS as SentMMS
    from .model.serialization import from_dict as from_dict
    from .model.serialization import to_dict as to_dict
    from .model.slideshow import Slideshow as Slideshow
    from .model.stored_operations import DeleteMMS as DeleteMMS
    from .model.stored_operations import ListMMS as ListMMS
    from .model.stored_operations import SaveMMS as SaveMMS
    from .model.stored_operations import SendSavedMMS as SendSavedMMS
    from .model.stored_replies import DeletedMMS as DeletedMMS
    from .model.stored_replies import MMSList as MMSList
    from .model.stored_replies import SavedMMS as SavedMMS
    from .model.stored_replies import StoredMMS as StoredMMS
    from .postbacks import read_postbacks as read_postbacks
    from .problems import Problem as Problem
    from .reports import MessageReport as MessageReport
    from .reports import StatusUpdate as StatusUpdate
    from .reports import read_report as read_report
    from .slide import Slide as Slide
    from .transport.retries import Retries as Retries

#: The module of each name. A test compares this list with the one above.
_NAMES_BY_MODULE = {
    "account": ("Account",),
    "model.actions": (
        "CreateCampaign",
        "CreateSession",
        "GetStatistics",
        "ListCampaigns",
        "RemoveInboxMessage",
        "SendMMSBarcode",
        "SendMessageBySubscriberRef",
        "SendPassInMMS",
        "SendSMS",
        "SendSavedMMSCampaign",
        "Subscribe",
        "Unsubscribe",
    ),
    "client": ("Client",),
    "problems": ("Problem",),
    "errors": (
        "AudioWithVideoError",
        "AuthenticationError",
        "BillingError",
        "BlockedRecipientError",
        "CampaignError",
        "CarrierError",
        "ConfigurationError",
        "DurationError",
        "EmptySlideError",
        "FallbackError",
        "FieldError",
        "GatewayFaultError",
        "InDoubtError",
        "MMSError",
        "MalformedRequestError",
        "MediaCorruptedError",
        "MediaError",
        "MediaTooLargeError",
        "MediaTypeError",
        "MediaUnreachableError",
        "MultipleObjectsError",
        "NoSlidesError",
        "NotFoundError",
        "NotReadyError",
        "ObjectWithMediaError",
        "PassError",
        "PermissionDeniedError",
        "ProtocolError",
        "QuotaExceededError",
        "RecipientError",
        "SenderError",
        "SkymmsError",
        "SlideRuleError",
        "StorageError",
        "SubscriptionError",
        "TextTooLongError",
        "ThrottledError",
        "TooManySlidesError",
        "TransportError",
        "VideoWithImageError",
        "error_class",
    ),
    "http": ("HttpRequest", "HttpResponse"),
    "limits": ("Limits",),
    "model.message_state": ("KnownState", "MessageState", "state_of"),
    "model.notices": (
        "DeliveryReport",
        "EncodingReport",
        "InboundMMS",
        "InboundSMS",
        "Notice",
        "SubscriptionChange",
        "UnknownNotice",
    ),
    "model.operations": ("Operation", "SendMMS"),
    "model.stored_operations": ("DeleteMMS", "ListMMS", "SaveMMS", "SendSavedMMS"),
    "postbacks": ("read_postbacks",),
    "model.action_replies": (
        "Campaign",
        "CampaignList",
        "NewCampaign",
        "RemovedInboxMessage",
        "ScheduledMMS",
        "SentSMS",
        "SentToSubscriber",
        "Session",
        "StatisticsLink",
        "SubscriberResult",
        "Subscription",
    ),
    "model.replies": ("SentMMS",),
    "model.stored_replies": ("DeletedMMS", "MMSList", "SavedMMS", "StoredMMS"),
    "reports": ("MessageReport", "StatusUpdate", "read_report"),
    "slide": ("Slide",),
    "transport.retries": ("Retries",),
    "model.serialization": ("from_dict", "to_dict"),
    "model.slideshow": ("Slideshow",),
}
_MODULE_OF = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}

__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll]  # the list above is checked by a test


__version__: str  # loaded at its first use, like the others


def __getattr__(name: str) -> Any:
    module = "_version" if name == "__version__" else _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(f".{module}", __name__), name)
    globals()[name] = value  # so that this function is not called again for it
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
