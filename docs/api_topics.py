"""The topics of the API reference: a page each, with its names in reading order.

tests/test_site.py compares them with the public names.
"""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """A page of the reference.

    :ivar name: the name of its file
    :ivar title: its heading
    :ivar purpose: what a reader can do after it, as the end of a sentence
    :ivar sections: headings with the names below them, as ``module: name name …``
    """

    name: str
    title: str
    purpose: str
    sections: tuple[tuple[str, str], ...]


TOPICS = (
    Topic(
        "messages",
        "Messages",
        "build a slideshow, and write every request of Skycore 1.3 and Sinch MMS",
        (
            ("The slideshow", "skymms: Slideshow Slide"),
            ("Send and store", "skymms: SendMMS SaveMMS SendSavedMMS ListMMS DeleteMMS Operation"),
            ("Replies", "skymms: SentMMS SavedMMS MMSList StoredMMS DeletedMMS"),
            (
                "Actions of Skycore 1.3",
                "skymms: SendSavedMMSCampaign SendMMSBarcode SendPassInMMS SendMessageBySubscriberRef SendSMS ListCampaigns "
                "CreateCampaign Subscribe Unsubscribe RemoveInboxMessage GetStatistics CreateSession",
            ),
            (
                "Replies to these actions",
                "skymms: SentToSubscriber SubscriberResult SentSMS ScheduledMMS CampaignList Campaign NewCampaign Subscription "
                "RemovedInboxMessage StatisticsLink Session",
            ),
            ("Statistics", "skymms: read_report MessageReport StatusUpdate"),
            ("Messages as JSON", "skymms: to_dict from_dict"),
            ("Phone numbers", "skymms.numbers: normalize"),
        ),
    ),
    Topic(
        "client",
        "Client",
        "send requests, and say how often and how long a client tries",
        (("The client", "skymms: Client Retries"),),
    ),
    Topic("aio", "Client for asyncio", "send requests from asyncio", (("The client", "skymms.aio: AsyncClient"),)),
    Topic(
        "account",
        "Account",
        "describe your account at a gateway, its limits and its rate",
        (
            ("The account", "skymms: Account Limits"),
            ("Rate limits", "skymms.rate_limit: RateLimit SpacedRateLimit"),
            ("HTTP", "skymms: HttpRequest HttpResponse"),
        ),
    ),
    Topic(
        "postbacks",
        "Postbacks",
        "decode what a gateway posts, and tell what became of a message",
        (
            ("Read a postback", "skymms: read_postbacks"),
            (
                "Notices",
                "skymms: Notice DeliveryReport EncodingReport InboundMMS InboundSMS SubscriptionChange UnknownNotice",
            ),
            ("The state of a message", "skymms: state_of MessageState KnownState"),
        ),
    ),
    Topic(
        "errors",
        "Errors",
        "catch each error, and look up what a code means",
        (
            (
                "Base classes",
                "skymms: SkymmsError MMSError Problem TransportError ProtocolError ConfigurationError InDoubtError StorageError",
            ),
            (
                "Slides",
                "skymms: SlideRuleError MultipleObjectsError ObjectWithMediaError TooManySlidesError AudioWithVideoError "
                "VideoWithImageError TextTooLongError DurationError NoSlidesError EmptySlideError",
            ),
            (
                "Files",
                "skymms: MediaError MediaTooLargeError MediaCorruptedError MediaUnreachableError MediaTypeError",
            ),
            (
                "The account",
                "skymms: AuthenticationError PermissionDeniedError ThrottledError QuotaExceededError BillingError",
            ),
            (
                "The request",
                "skymms: RecipientError BlockedRecipientError SenderError FieldError FallbackError CampaignError "
                "SubscriptionError CarrierError NotFoundError NotReadyError PassError MalformedRequestError GatewayFaultError",
            ),
            ("Codes", "skymms: error_class"),
            ("The catalogue", "skymms.codes: ErrorCode Event find_answer ANSWERS CELLCAST_ANSWERS EVENTS ORIGINS"),
        ),
    ),
    Topic(
        "sandbox",
        "Sandbox",
        "run a gateway on your machine, and make it fail",
        (
            ("The gateway", "skymms.sandbox: Sandbox Clock Delays AT_ONCE"),
            ("What arrived", "skymms.sandbox: SendOperation RequestRecord SavedSlideshow CampaignRecord"),
            ("Faults", "skymms.sandbox: FAULTS Fault FaultRule"),
            ("Postbacks", "skymms.sandbox: PostbackReceiver PostbackBodies Postback"),
        ),
    ),
    Topic(
        "inbox",
        "Inbox",
        "receive postbacks, store them, and handle each",
        (
            ("The inbox", "skymms.inbox: Inbox Secret"),
            ("Handlers", "skymms.inbox: Message ReceivedFile SavedFile Handling"),
            ("Look inside", "skymms.inbox: Received StoredPost Handled HandlerStatus Dead Forgotten Reread"),
            ("Logs", "skymms.inbox: mask_paths_in_logs"),
        ),
    ),
    Topic(
        "broadcast",
        "Broadcasts",
        "send one message to a list, through any crash and never twice",
        (
            ("The ledger", "skymms.broadcast: Ledger Suppressions"),
            ("A broadcast", "skymms.broadcast: Broadcast Phase State Why Status Waiting Result End Reconciled"),
            ("The list", "skymms.broadcast: Recipient read_recipients Country Unreadable LeftOutLine Estimate"),
            ("When and how", "skymms.broadcast: Hours Cap PauseRule Share Variant VariantOutcome"),
            ("Consent and opt-outs", "skymms.broadcast: Consent Words ENGLISH read_wish Wish Flagged"),
            ("Workers of procrastinate", "skymms.broadcast.procrastinate: Slices"),
            ("Workers of Celery", "skymms.broadcast.celery: Slices"),
            ("The page that watches", "skymms.watch: WatchServer save_plot"),
        ),
    ),
    Topic(
        "media",
        "Media",
        "look at files before you send them, and make them fit",
        (
            ("Look at files", "skymms.media: preflight preflight_async Preflight FileReport"),
            ("Make files fit", "skymms.media: fit Fitted fit_slideshow"),
            ("Publish files", "skymms.media: publish Put S3Bucket"),
            ("Carriers", "skymms.media: CARRIER_LIMITS CarrierLimit CarrierVerdict FILE_BUDGET MESSAGE_BUDGET"),
        ),
    ),
    Topic(
        "preview",
        "Preview",
        "see a message as a phone shows it",
        (
            ("The preview", "skymms.preview: preview Preview"),
            ("Parts of a page", "skymms.preview: phone_css phone_js icons_svg"),
        ),
    ),
    Topic(
        "cellcast",
        "Cellcast",
        "send in Australia",
        (
            ("The account", "skymms.cellcast: CellcastAccount PreparedSend"),
            ("Send", "skymms.cellcast: CellcastSend CellcastSent"),
            (
                "Other operations",
                "skymms.cellcast: Responses MarkRead OptOuts Balance MessageReports CancelScheduled",
            ),
            ("Replies", "skymms.cellcast: Listing Response OptOut AccountBalance SentMessage Done"),
            ("Webhooks", "skymms.cellcast: read_cellcast_webhook CellcastMMS STATES"),
            ("Numbers and texts", "skymms.cellcast: mobile gsm_units"),
            ("Figures", "skymms.cellcast: GENERATIONS MAX_MEDIA MAX_MESSAGE MAX_NUMBERS"),
        ),
    ),
    Topic(
        "pytest-plugin",
        "pytest plugin",
        "use the fixtures in your tests",
        (
            (
                "Fixtures",
                "skymms.pytest_plugin: skymms_sandbox skymms_client skymms_account skymms_inbox skymms_postback skymms_refused",
            ),
        ),
    ),
    Topic(
        "telemetry",
        "Telemetry",
        "observe calls, and keep API keys out of traces",
        (
            ("Traces", "skymms.telemetry: OpenTelemetryObserver observers redact_url redact_event redact_span"),
            (
                "Events of a call",
                "skymms.transport.events: CallEvent RequestStarted ResponseReceived AttemptFailed RetryScheduled PartFinished "
                "CallFinished",
            ),
        ),
    ),
)

#: The module whose public names are fixtures, which nobody imports.
FIXTURES = "skymms.pytest_plugin"


def names_of(topic: Topic) -> list[tuple[str, str]]:
    """Return the module and the name of everything on a page."""
    listed = []
    for _, line in topic.sections:
        module, _, names = line.partition(": ")
        listed += [(module, name) for name in names.split()]
    return listed
