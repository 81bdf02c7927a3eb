"""The table: every field of every request, response and postback, and its wire name in each dialect.

This module is data, laid out so that it can be compared with the vendors' documents: one row for each field, one column for each
dialect. It is read in both directions, so the sandbox decodes requests with the rows that encode them. It is also the list of
what each dialect supports: a field without a wire name is refused before anything is sent, and `docs/reference/dialects.md` prints it. The
notation is explained in :mod:`skymms.wire.notation`.

Wire names cannot be computed from each other: TEXT is ``<message-text>``, SUBJECT ``<message-subject>``, SPID ``<operator-id>``.

Sources: the Skycore 1.3 reference for the first two columns, the Sinch MMS reference and its sendSavedMMS page for the others.
Where Sinch's parameter lists and samples have different names, the samples are right.
"""

from __future__ import annotations

from collections.abc import Mapping

from .classes import ClassesByPath, ClassTable
from .codecs import Shape
from .notation import Row


def _rows(*rows: tuple[str, ...]) -> tuple[Row, ...]:
    return tuple(Row(field, kind, tuple(names)) for field, kind, *names in rows)


def _skycore_rows(*rows: tuple[str, ...]) -> tuple[Row, ...]:
    """Return rows for fields that only Skycore 1.3 has: two names in a request (XML and GET), one in a response."""
    return tuple(Row(field, kind, (*names, "-", "-")) for field, kind, *names in rows)


# fmt: off
# ======================================================================================================== requests
#
#     field                            kind       Skycore 1.3 XML              Skycore 1.3 GET            Sinch MMS XML                  Sinch MMS JSON

ENVELOPE = _rows(
    ("action",                         "token",   "ACTION!",                   "action!",                 "action!",                     "action!"),
    ("api_key",                        "token",   "API_KEY!",                  "api_key!",                "api-key!",                    "."),
)

_TO = _rows(
    ("to",                             "phone",   "TO!",                       "to!",                     "to!",                         "to!"),
    ("sender",                         "phone",   "FROM!",                     "from!",                   "from!",                       "from!"),
    ("sender_mask",                    "text",    "FROM_MASK",                 "from_mask",               "from-mask",                   "from-mask"),
    # SPID was its name until 2014-12.
    ("operator_id",                    "token",   "OPERATORID SPID",           "operatorid spid",         "operator-id",                 "-"),
    ("campaign_ref",                   "token",   "CAMPAIGNREF",               "campaignref",             "-",                           "-"),
    ("service_id",                     "token",   "-",                         "-",                       "service-id!",                 "service-id!"),
    ("display_to",                     "phones",  "-",                         "-",                       "-",                           "to-displayonly"),
    ("client_reference",               "token",   "-",                         "-",                       "-",                           "client-reference"),
    ("expires",                        "date",    "-",                         "-",                       "-",                           "mms-expiry-timestamp"),
)

_SLIDES = _rows(
    ("slideshow.slides[].image",       "url",     "SLIDE[]/IMAGE/URL",         "slide_image_url_#",       "slide[]/image/url",           "slide[]/image/url"),
    ("slideshow.slides[].audio",       "url",     "SLIDE[]/AUDIO/URL",         "slide_audio_url_#",       "slide[]/audio/url",           "slide[]/audio/url"),
    ("slideshow.slides[].video",       "url",     "SLIDE[]/VIDEO/URL",         "slide_video_url_#",       "slide[]/video/url",           "slide[]/video/url"),
    ("slideshow.slides[].vcard",       "url",     "SLIDE[]/VCARD/URL",         "slide_vcard_url_#",       "slide[]/vcard/url",           "slide[]/contact/url"),
    ("slideshow.slides[].ical",        "url",     "SLIDE[]/ICAL/URL",          "slide_ical_url_#",        "slide[]/ical/url",            "slide[]/calendar/url"),
    ("slideshow.slides[].pdf",         "url",     "SLIDE[]/PDF/URL",           "slide_pdf_url_#",         "slide[]/pdf/url",             "slide[]/pdf/url"),
    ("slideshow.slides[].passbook",    "url",     "SLIDE[]/PASSBOOK/URL",      "slide_passbook_url_#",    "slide[]/passbook/url",        "-"),
    ("slideshow.slides[].text",        "lines",   "SLIDE[]/TEXT",              "slide_text_value_#",      "slide[]/message-text",        "slide[]/message-text"),
    # The duration was an attribute until 2014-02.
    ("slideshow.slides[].duration",    "integer", "SLIDE[]/DURATION SLIDE[]/@duration", "slide_duration_#", "slide[]/duration",          "-"),
)

# Only stored slideshows have them; a name is documented for Skycore 1.3 XML only.
_NO_PERSONALIZED = _rows(
    ("slideshow.slides[].personalized_image", "token", "-",                    "-",                       "-",                           "-"),
)

_PERSONALIZED = _rows(
    ("slideshow.slides[].personalized_image", "token", "SLIDE[]/PERSONALIZED-IMAGE/TEMPLATE-ID", "-",     "-",                           "-"),
)

_SEND = _TO + _rows(
    # Sinch's sendSavedMMS page, special considerations, says that a subject is required. Its sendMMS page said so in 2020-12.
    ("slideshow.subject",              "text",    "SUBJECT",                   "subject",                 "message-subject?",            "message-subject?"),
    ("slideshow.name",                 "text",    "NAME!",                     "name!",                   "name!",                       "."),
) + _SLIDES + _NO_PERSONALIZED + _rows(
    ("slideshow.fallback_text",        "lines",   "FALLBACKSMSTEXT",           "fallbacksmstext",         "fallback-sms-text!",          "fallback-sms-text!"),
    # Skycore 1.3 documents it for saveMMS and sendSavedMMS only.
    ("slideshow.disable_fallback",     "flag",    "-",                         "-",                       "-",                           "disable-fallback-sms"),
    ("slideshow.disable_fallback_link","flag",    "DISABLEFALLBACKSMSLINK",    "disablefallbacksmslink",  "-",                           "disable-fallback-sms-link"),
    ("slideshow.link_expires",         "date",    "MMSLINK_EXPIRATION_DATE",   "mmslink_expiration_date", "fallback-sms-link-expiration","fallback-sms-link-expiration"),
    ("cache_content",                  "flag",    "-",                         "-",                       "-",                           "cache-content"),
)

_SAVE = _rows(
    # Sinch's documents require the subject; a production client leaves it out, with Limits(waived={"subject"}).
    ("slideshow.subject",              "text",    "SUBJECT",                   "subject",                 "message-subject!",            "message-subject?"),
    ("slideshow.name",                 "text",    "NAME!",                     "name!",                   "name!",                       "name!"),
) + _SLIDES + _PERSONALIZED + _rows(
    # Sinch MMS takes the text when a saved MMS is sent, not when it is saved.
    ("slideshow.fallback_text",        "lines",   "FALLBACKSMSTEXT",           "fallbacksmstext",         "-",                           "fallback-sms-text!"),
    ("slideshow.disable_fallback",     "flag",    "DISABLEFALLBACKSMS",        "disablefallbacksms",      "-",                           "disable-fallback-sms"),
    ("slideshow.disable_fallback_link","flag",    "DISABLEFALLBACKSMSLINK",    "disablefallbacksmslink",  "-",                           "disable-fallback-sms-link"),
    ("slideshow.link_expires",         "date",    "-",                         "-",                       "-",                           "fallback-sms-link-expiration"),
    ("client_reference",               "token",   "-",                         "-",                       "-",                           "client-reference"),
)

_SEND_SAVED = _rows(
    ("mms_id",                         "token",   "MMSID!",                    "mmsid!",                  "mms-id!",                     "mms-id!"),
) + _TO + _rows(
    # Slides are counted from 1 here in every dialect, but from 0 in the slides of a GET request.
    ("custom_text{}",                  "lines",   "CUSTOMTEXT[]/VALUE|SLIDE",  "customtext_#",            "custom-text[]/value|slide",   "custom-slides[]/custom-message-text|custom-slide"),
    # An older table of the vendor's has the second name.
    ("custom_subject",                 "text",    "CUSTOMSUBJECT CUSTOMTITLE", "customsubject customtitle","custom-subject?",            "message-subject?"),
    ("data{}",                         "text",    "DATA/*",                    "data_*",                  "data/*",                      "-"),
    ("fallback_text",                  "lines",   "FALLBACKSMSTEXT",           "fallbacksmstext",         "fallback-sms-text!",          "fallback-sms-text!"),
    ("disable_fallback",               "flag",    "DISABLEFALLBACKSMS",        "disablefallbacksms",      "-",                           "disable-fallback-sms"),
    ("disable_fallback_link",          "flag",    "DISABLEFALLBACKSMSLINK",    "disablefallbacksmslink",  "-",                           "disable-fallback-sms-link"),
    ("link_expires",                   "date",    "-",                         "-",                       "-",                           "fallback-sms-link-expiration"),
    ("force_pass_as_link",             "flag",    "FORCEPASSASLINK",           "forcepassaslink",         "-",                           "-"),
    ("ddm_subject",                    "text",    "DDMTITLE",                  "ddmtitle",                "ddm-message-subject",         "-"),
    ("ddm_text",                       "text",    "DDMTEXT",                   "ddmtext",                 "ddm-message-text",            "-"),
    ("ddm_timeout",                    "integer", "DDMTIMEOUT",                "ddmtimeout",              "ddm-message-timeout",         "-"),
    ("ddm_force",                      "boolean", "DDMFORCE",                  "ddmforce",                "ddm-force",                   "-"),
    # Documented until 2014-07.
    ("device",                         "token",   "DEVICE",                    "device",                  "-",                           "-"),
)

_LIST = _rows(
    ("start_date",                     "date",    "-",                         "-",                       "start-date",                  "-"),
    ("page",                           "integer", "-",                         "-",                       "page-number",                 "-"),
    ("per_page",                       "integer", "-",                         "-",                       "items-per-page",              "-"),
)

_DELETE = _rows(
    ("mms_id",                         "token",   "MMSID!",                    "mmsid!",                  "mms-id!",                     "-"),
)

# ----------------------------------------------------------- requests that only Skycore 1.3 has (its reference, sections 2.4-2.8)
#
#     field                            kind       Skycore 1.3 XML              Skycore 1.3 GET

_CAMPAIGN_SEND = _skycore_rows(
    ("mms_id",                         "token",   "MMSID!",                    "mmsid!"),
    # The vendor's example of a GET request has the second name.
    ("to_campaign",                    "token",   "TOCAMPAIGN!",               "tocampaign! campaignid"),
)

_SEND_STORED = _skycore_rows(
    ("mms_id",                         "token",   "MMSID!",                    "mmsid!"),
    ("to",                             "phone",   "TO!",                       "to!"),
    ("sender",                         "phone",   "FROM!",                     "from!"),
    ("sender_mask",                    "text",    "FROM_MASK",                 "from_mask"),
    ("campaign_ref",                   "token",   "CAMPAIGNREF",               "campaignref"),
    ("custom_text{}",                  "lines",   "CUSTOMTEXT[]/VALUE|SLIDE",  "customtext_#"),
    ("custom_subject",                 "text",    "CUSTOMSUBJECT CUSTOMTITLE", "customsubject customtitle"),
    ("data{}",                         "text",    "DATA/*",                    "data_*"),
    ("disable_fallback",               "flag",    "DISABLEFALLBACKSMS",        "disablefallbacksms"),
    ("disable_fallback_link",          "flag",    "DISABLEFALLBACKSMSLINK",    "disablefallbacksmslink"),
    ("force_pass_as_link",             "flag",    "FORCEPASSASLINK",           "forcepassaslink"),
    ("ddm_subject",                    "text",    "DDMTITLE",                  "ddmtitle"),
    ("ddm_text",                       "text",    "DDMTEXT",                   "ddmtext"),
    ("ddm_timeout",                    "integer", "DDMTIMEOUT",                "ddmtimeout"),
    ("ddm_force",                      "boolean", "DDMFORCE",                  "ddmforce"),
    ("device",                         "token",   "DEVICE",                    "device"),
)

_BARCODE = _SEND_STORED + _skycore_rows(
    ("operator_id",                    "token",   "OPERATORID SPID",           "operatorid spid"),
    # The reference says only of passes that they have no fallback text.
    ("fallback_text",                  "lines",   "FALLBACKSMSTEXT",           "fallbacksmstext"),
    ("barcode_id",                     "token",   "BARCODEID!",                "barcodeid!"),
    # Documented until 2013-09.
    ("database_id",                    "token",   "DATABASEID",                "databaseid"),
)

_PASS = _SEND_STORED + _skycore_rows(
    ("pass_data{}",                    "text",    "PASSDATA/*",                "pd_*"),
)

_BY_SUBSCRIBER = _skycore_rows(
    ("subscriber_ref",                 "token",   "SUBSCRIBERREF!",            "subscriberref!"),
    ("campaign_ref",                   "token",   "CAMPAIGNREF!",              "campaignref!"),
    ("mms_id",                         "token",   "MMSID",                     "mmsid"),
    ("text",                           "lines",   "TEXT",                      "text"),
)

_SMS = _skycore_rows(
    ("to",                             "phone",   "TO!",                       "to!"),
    ("sender",                         "phone",   "FROM!",                     "from!"),
    ("sender_mask",                    "text",    "FROM_MASK",                 "from_mask"),
    ("operator_id",                    "token",   "OPERATORID SPID",           "operatorid spid"),
    ("campaign_ref",                   "token",   "CAMPAIGNREF",               "campaignref"),
    ("text",                           "lines",   "TEXT!",                     "text!"),
)

_NEW_CAMPAIGN = _skycore_rows(
    ("campaign_name",                  "text",    "CAMPAIGNNAME!",             "campaignname!"),
    ("brand_name",                     "text",    "BRANDNAME!",                "brandname!"),
)

_REMOVE_INBOX = _skycore_rows(
    ("inbox_id",                       "token",   "MMSINBOXID!",               "mmsinboxid!"),
)

_STATISTICS = _skycore_rows(
    ("start",                          "utc",     "START_DATE!",               "start_date!"),
    ("end",                            "utc",     "END_DATE!",                 "end_date!"),
)

_UNSUBSCRIBE = _skycore_rows(
    ("mobile",                         "phone",   "MOBILE!",                   "mobile!"),
    # The second name is from the time when it was an integer.
    ("campaign",                       "token",   "CAMPAIGNREF! CAMPAIGNID",   "campaignref! campaignid"),
    ("notify",                         "flag",    "NOTIFY",                    "notify"),
)

_SUBSCRIBE = _UNSUBSCRIBE + _skycore_rows(
    ("subscriber_ref",                 "token",   "SUBSCRIBERREF",             "subscriberref"),
    ("data{}",                         "text",    "DATA/*",                    "data_*"),
    # In this request SPID is the current name and OPERATORID the former one.
    ("operator_id",                    "token",   "SPID OPERATORID",           "spid operatorid"),
    ("timezone",                       "token",   "TIMEZONE",                  "timezone"),
    ("call_to_action",                 "flag",    "CTA",                       "cta"),
)

#: The form of a Skycore 1.3 request until 2014-02, which the vendor calls legacy and still accepts: NAME is inside CONTENT, the
#: slides are inside a SEQUENCE in it, and the duration of a slide is an attribute.
LEGACY_SHAPE = Shape(
    containers=frozenset({"content", "content/sequence"}),
    unwrapped=frozenset({"content", "content/sequence"}),
)

#: The value of ACTION in each dialect, and the rows, of each operation. Actions are compared without case; values after the first
#: are former names.
REQUESTS: ClassTable[tuple[tuple[str, ...], tuple[Row, ...]]] = ClassTable({
    "skymms.model.operations": {
        "SendMMS":      (("sendMMS",                              "sendmms",                 "sendMMS",                     "sendmms"),      _SEND),
    },
    "skymms.model.stored_operations": {
        "SaveMMS":      (("saveMMS",                              "savemms",                 "saveMMS",                     "savemms"),      _SAVE),
        "SendSavedMMS": (("sendSavedMMS",                         "sendsavedmms",            "sendSavedMMS",                "sendsavedmms"), _SEND_SAVED),
        "ListMMS":      (("getMmsIds",                            "getmmsids",               "getMMSTemplates",             "-"),            _LIST),
        "DeleteMMS":    (("deleteMMSID",                          "deletemmsid",             "deleteMMSID",                 "-"),            _DELETE),
    },
    "skymms.model.actions": {
        "SendSavedMMSCampaign":       (("sendSavedMMSCampaign",       "sendsavedmmscampaign",       "-", "-"), _CAMPAIGN_SEND),
        "SendMMSBarcode":             (("sendMMSBarcode",             "sendmmsbarcode",             "-", "-"), _BARCODE),
        "SendPassInMMS":              (("sendPassInMMS",              "sendpassinmms",              "-", "-"), _PASS),
        "SendMessageBySubscriberRef": (("sendMessageBySubscriberRef", "sendmessagebysubscriberref", "-", "-"), _BY_SUBSCRIBER),
        "SendSMS":                    (("sendSMS",                    "sendsms",                    "-", "-"), _SMS),
        "ListCampaigns":              (("getMmsCampaigns",            "getmmscampaigns",            "-", "-"), ()),
        "CreateCampaign":             (("createMMSCampaign",          "createmmscampaign",          "-", "-"), _NEW_CAMPAIGN),
        "Subscribe":                  (("subscribe",                  "subscribe",                  "-", "-"), _SUBSCRIBE),
        "Unsubscribe":                (("unsubscribe",                "unsubscribe",                "-", "-"), _UNSUBSCRIBE),
        "RemoveInboxMessage": (("removeMMSInboxMessage removeMMSInboxContent", "removemmsinboxmessage removemmsinboxcontent", "-", "-"), _REMOVE_INBOX),
        # The samples have Status, the titles Statistics.
        "GetStatistics": (("getSendingStatus getSendingStatistics", "getsendingstatus getsendingstatistics", "-", "-"), _STATISTICS),
        "CreateSession": (("createAccountSession loginUser",        "createaccountsession loginuser",        "-", "-"), ()),
    },
})

#: The remedy for an unsupported field, if it is something else than leaving the field out.
ALTERNATIVES: Mapping[tuple[str, str], str] = {
    ("SaveMMS", "fallback_text"): "pass it to SendSavedMMS",
}

# ======================================================================================================== responses
#
# The response to a GET request is XML as well, so there are three columns.
#
#     field                            kind       Skycore 1.3                  Sinch MMS XML               Sinch MMS JSON

STATUS = _rows(
    ("status",                         "token",   "STATUS",                    "status",                   "status"),
)

_SENT = _rows(
    ("mms_id",                         "token",   "MMSID",                     "mms-id",                   "mms-id"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id",              "tracking-id"),
    ("to",                             "token",   "TO",                        "to",                       "to"),
    ("sender",                         "token",   "FROM",                      "from",                     "from"),
    ("details",                        "text",    "STATUSDETAILS",             "status-details",           "status-details"),
)

_ID = _rows(
    ("mms_id",                         "token",   "MMSID",                     "mms-id",                   "mms-id"),
)

_SAVED = _rows(
    # The JSON service sends the id later, in the N003 postback.
    ("mms_id",                         "token",   "MMSID",                     "mms-id",                   "-"),
    ("tracking_id",                    "token",   "-",                         "-",                        "tracking-id"),
    ("details",                        "text",    "-",                         "-",                        "status-details"),
)

_LISTED = _rows(
    ("mms_ids",                        "ids",     "MMSIDS",                    "-",                        "-"),
    ("start_date",                     "date",    "-",                         "start-date",               "-"),
    ("page",                           "integer", "-",                         "page-number",              "-"),
    ("per_page",                       "integer", "-",                         "items-per-page",           "-"),
    ("total",                          "integer", "-",                         "total-results",            "-"),
    ("templates[].mms_id",             "token",   "-",                         "mms-template[]/mms-id",    "-"),
    ("templates[].name",               "text",    "-",                         "mms-template[]/mms-name",  "-"),
    ("templates[].subject",            "text",    "-",                         "mms-template[]/mms-subject","-"),
    ("templates[].created",            "date",    "-",                         "mms-template[]/date-created","-"),
    ("templates[].slides",             "integer", "-",                         "mms-template[]/total-slides","-"),
    ("templates[].size",               "integer", "-",                         "mms-template[]/mms-size",  "-"),
)

# ---------------------------------------------------------------------------------- responses that only Skycore 1.3 has
#
#     field                            kind       Skycore 1.3

_SCHEDULED = _skycore_rows(
    ("mms_id",                         "token",   "MMSID"),
    ("scheduled_id",                   "token",   "SCHEDULEDID"),
)

_SENT_SMS = _skycore_rows(
    ("tracking_id",                    "token",   "TRACKINGID"),
    ("to",                             "token",   "TO"),
)

_SENT_TO_SUBSCRIBER = _skycore_rows(
    ("subscriber_ref",                 "token",   "SUBSCRIBERREF"),
    ("campaign_ref",                   "token",   "CAMPAIGNREF"),
    ("results[].status",               "token",   "SUBSCRIBER[]/STATUS"),
    ("results[].tracking_id",          "token",   "SUBSCRIBER[]/TRACKINGID"),
    ("results[].to",                   "token",   "SUBSCRIBER[]/TO"),
    ("results[].sender",               "token",   "SUBSCRIBER[]/FROM"),
    ("results[].details",              "text",    "SUBSCRIBER[]/STATUSDETAILS"),
    ("results[].error_code",           "token",   "SUBSCRIBER[]/ERRORCODE"),
    ("results[].error_info",           "text",    "SUBSCRIBER[]/ERRORINFO"),
)

_CAMPAIGN = _skycore_rows(
    ("campaign_id",                    "token",   "CAMPAIGNID"),
    ("campaign_name",                  "text",    "CAMPAIGNNAME"),
    ("brand_name",                     "text",    "BRANDNAME"),
)

_CAMPAIGNS = _skycore_rows(
    ("campaigns[].campaign_id",        "token",   "MMSCAMPAIGNS/CAMPAIGN[]/ID"),
    ("campaigns[].name",               "text",    "MMSCAMPAIGNS/CAMPAIGN[]/NAME"),
)

_SUBSCRIPTION_REPLY = _skycore_rows(
    ("campaign",                       "token",   "CAMPAIGNREF CAMPAIGNID"),
    ("subscriber_ref",                 "token",   "SUBSCRIBERREF"),
    ("mobile",                         "token",   "MOBILE"),
)

_INBOX_REMOVED = _skycore_rows(
    ("inbox_id",                       "token",   "MMSINBOXID"),
)

# The documents show no response and say only that it has a link; the reply takes the first URL in any element.
_LINK = _skycore_rows(
    ("link",                           "token",   "URL LINK"),
)

_SESSION = _skycore_rows(
    ("session_id",                     "token",   "SESSIONID"),
)

#: The containers in a response. SENDING is from the time until 2013-09, when one request could send to many numbers and the
#: response had a SENDING for each of them.
RESPONSE_SHAPE = Shape(containers=frozenset({"mmscampaigns", "sending"}), unwrapped=frozenset({"sending"}))

#: The replies without a status. Each of their parts has a status.
WITHOUT_STATUS: ClassTable[bool] = ClassTable({"skymms.model.action_replies": {"SentToSubscriber": True}})

#: The replies that may come without a status, and the fields that are there instead.
STATUS_SUBSTITUTES: ClassTable[tuple[str, ...]] = ClassTable({
    "skymms.model.action_replies": {
        "SentToSubscriber": ("results[].status", "results[].error_code"),
        "StatisticsLink": ("link",),
    },
})

#: The replies that are lists, and the error code that a gateway may return if the list is empty.
EMPTY_LIST_CODES: ClassTable[str] = ClassTable({
    "skymms.model.stored_replies": {"MMSList": "E200"},
    "skymms.model.action_replies": {"CampaignList": "E405"},
})

REFUSAL = _rows(
    ("code",                           "token",   "ERRORCODE",                 "error-code",               "error-code"),
    ("to",                             "token",   "TO",                        "to",                       "-"),
    ("info",                           "text",    "ERRORINFO",                 "error-info",               "error-info"),
)

REPLIES: ClassTable[tuple[Row, ...]] = ClassTable({
    "skymms.model.replies": {
        "SentMMS": _SENT,
        "Refusal": REFUSAL,
    },
    "skymms.model.stored_replies": {
        "SavedMMS": _SAVED,
        "MMSList": _LISTED,
        "DeletedMMS": _ID,
    },
    "skymms.model.action_replies": {
        "ScheduledMMS": _SCHEDULED,
        "SentSMS": _SENT_SMS,
        "SentToSubscriber": _SENT_TO_SUBSCRIBER,
        "NewCampaign": _CAMPAIGN,
        "CampaignList": _CAMPAIGNS,
        "Subscription": _SUBSCRIPTION_REPLY,
        "RemovedInboxMessage": _INBOX_REMOVED,
        "StatisticsLink": _LINK,
        "Session": _SESSION,
    },
})

# ======================================================================================================== postbacks
#
# Names are compared without case, `-` and `_`, and the names of all columns are accepted in every postback: Sinch's saveMMS page
# shows its postbacks in upper case.
#
#     field                            kind       Skycore 1.3                  Sinch MMS XML               Sinch MMS JSON

_EVENT = _rows(
    ("origin",                         "token",   "ORIGIN",                    "origin",                   "origin"),
    ("code",                           "token",   "CODE",                      "code",                     "code"),
)

_DELIVERY = _EVENT + _rows(
    ("sent_as",                        "token",   "SENTAS",                    "sent-as",                  "sent-as"),
    ("status",                         "token",   "STATUS",                    "status",                   "status"),
    # Until 2013-11 the status was in attributes, and this code beside its text.
    ("gateway_status",                 "token",   ". STATUS/@celly",           ".",                        "."),
    ("mms_id",                         "token",   "MMSID",                     "mms-id",                   "mms-id"),
    ("sender",                         "token",   "FROM",                      "from",                     "from"),
    ("sender_mask",                    "text",    "FROM_MASK",                 "from-mask",                "from-mask"),
    ("to",                             "token",   "TO",                        "to",                       "to"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id",              "tracking-id"),
    ("client_reference",               "token",   "-",                         "-",                        "client-reference"),
    ("operator_id",                    "token",   "SPID",                      "operator-id",              "operator-id"),
    ("timestamp",                      "date",    "TIMESTAMP",                 "timestamp",                "timestamp"),
    ("handset",                        "token",   "HANDSET",                   "handset",                  "handset"),
    # Only Skycore 1.3 has it.
    ("aggregator_id",                  "token",   "AGGREGATORID",              "-",                        "-"),
    ("details",                        "text",    "STATUSDETAILS",             "status-details",           "status-details"),
)

_ENCODING = _EVENT + _rows(
    ("mms_id",                         "token",   "MMSID",                     "mms-id",                   "mms-id"),
    ("tracking_id",                    "token",   "-",                         "-",                        "tracking-id"),
    ("client_reference",               "token",   "-",                         "-",                        "client-reference"),
    ("audio",                          "token",   "AUDIONAME",                 "audio-name",               "audio-name"),
    ("video",                          "token",   "VIDEONAME",                 "video-name",               "video-name"),
    ("image",                          "token",   "IMAGENAME",                 "image-name",               "image-name"),
)

_INBOUND_MMS = _EVENT + _rows(
    ("sender",                         "token",   "FROM",                      "from",                     "from"),
    ("to",                             "token",   "TO",                        "to",                       "to"),
    ("keyword",                        "text",    "KEYWORD",                   "keyword",                  "keyword"),
    ("subject",                        "text",    "SUBJECT",                   "message-subject",          "message-subject"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id",              "tracking-id"),
    ("operator_id",                    "token",   "SPID",                      "operator-id",              "operator-id"),
    ("timestamp",                      "date",    "TIMESTAMP",                 "timestamp",                "timestamp"),
    ("files[]",                        "token",   "CONTENT/FILE[]",            "content/file[]",           "content[]/file"),
    ("copy_to[]",                      "token",   "-",                         "-",                        "copy-to[]/number"),
)

_INBOUND_SMS = _EVENT + _rows(
    ("sender",                         "token",   "FROM",                      "from",                     "from"),
    ("to",                             "token",   "TO",                        "to",                       "to"),
    ("text",                           "text",    "TEXT",                      "message-text",             "message-text"),
    ("keyword",                        "text",    "KEYWORD",                   "keyword",                  "keyword"),
    ("timestamp",                      "date",    "RECEIVED",                  "received",                 "received"),
    ("transaction_id",                 "token",   "TRANSACTIONID",             "transaction-id",           "transaction-id"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id",              "tracking-id"),
)

_SUBSCRIPTION = _EVENT + _rows(
    ("mobile",                         "token",   "MOBILE",                    "mobile",                   "mobile"),
    ("email",                          "token",   "EMAIL",                     "email",                    "email"),
    # It was an id before it became a reference.
    ("campaign_ref",                   "token",   "CAMPAIGNID",                "campaign-ref",             "campaign-ref"),
    ("timestamp",                      "date",    "TIMESTAMP",                 "timestamp",                "timestamp"),
    ("short_code",                     "token",   "SHORTCODE",                 "short-code",               "short-code"),
    ("campaign_title",                 "text",    "CAMPAIGNTITLE",             "campaign-title",           "campaign-title"),
    ("brand_name",                     "text",    "BRANDNAME",                 "brand-name",               "brand-name"),
    ("source",                         "token",   "SOURCE",                    "source",                   "source"),
    ("subscription_id",                "token",   "SUBID",                     "sub-id",                   "sub-id"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id",              "tracking-id"),
)

# An event of another kind; the rest of it is in its `raw`. The postback of a pass has its code in STATUSCODE.
_UNKNOWN = _EVENT + _rows(
    ("status_code",                    "token",   "STATUSCODE",                "status-code",              "status-code"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id",              "tracking-id"),
)

NOTICES: ClassTable[tuple[Row, ...]] = ClassTable({
    "skymms.model.notices": {
        "DeliveryReport": _DELIVERY,
        "EncodingReport": _ENCODING,
        "InboundMMS": _INBOUND_MMS,
        "InboundSMS": _INBOUND_SMS,
        "SubscriptionChange": _SUBSCRIPTION,
        "UnknownNotice": _UNKNOWN,
    },
})
# fmt: on

#: The classes of the values in the fields' paths that have fields of their own.
GROUP_CLASSES = ClassesByPath({
    "slideshow": ("skymms.model.slideshow", "Slideshow"),
    "slideshow.slides": ("skymms.slide", "Slide"),
    "templates": ("skymms.model.stored_replies", "StoredMMS"),
    "results": ("skymms.model.action_replies", "SubscriberResult"),
    "campaigns": ("skymms.model.action_replies", "Campaign"),
})
