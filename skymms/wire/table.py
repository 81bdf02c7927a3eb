"""THE TABLE: every field of every request, answer and postback, and how each dialect spells it.

This page is data, to be proof-read against the vendors' own: a row a field, a column a dialect. It is read in both
directions, so the sandbox decodes requests with what encodes them, and every operation is tested there and back. It is also
the list of what each dialect can say: a field without a spelling is refused before anything is sent, and `docs/dialects.md`
prints it. The notation is explained in :mod:`skymms.wire.notation`.

It is no function of names: TEXT is ``<message-text>``, SUBJECT ``<message-subject>``, SPID ``<operator-id>``.

Sources: seed 003 and the 1.3 reference for the first two columns, seed 004 and the successor's reference for the others. Where
the successor's parameter lists and samples spell a name differently, the samples are right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model import action_replies
from ..model import notices as told
from ..model import replies as answers
from ..model.actions import (
    CreateCampaign,
    CreateSession,
    GetStatistics,
    ListCampaigns,
    RemoveInboxMessage,
    SendMessageBySubscriberRef,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMSCampaign,
    SendSMS,
    Subscribe,
    Unsubscribe,
)
from ..model.operations import DeleteMMS, ListMMS, Operation, SaveMMS, SendMMS, SendSavedMMS
from ..model.slideshow import Slideshow
from ..slide import Slide
from .codecs import Shape
from .notation import Row


def _rows(*rows: tuple[str, ...]) -> tuple[Row, ...]:
    return tuple(Row(path, kind, tuple(spellings)) for path, kind, *spellings in rows)


def _rows_of_1_3(*rows: tuple[str, ...]) -> tuple[Row, ...]:
    """Rows of what the successor has no words for: in a request 1.3's two spellings, in an answer its one."""
    return tuple(Row(path, kind, (*spellings, "-", "-")) for path, kind, *spellings in rows)


# fmt: off
# ======================================================================================================== requests
#
#     field                            kind       1.3 XML                      1.3 GET                    successor, XML                 successor, JSON

ENVELOPE = _rows(
    ("action",                         "token",   "ACTION!",                   "action!",                 "action!",                     "action!"),
    ("api_key",                        "token",   "API_KEY!",                  "api_key!",                "api-key!",                    "."),
)

_TO = _rows(
    ("to",                             "number",  "TO!",                       "to!",                     "to!",                         "to!"),
    ("sender",                         "number",  "FROM!",                     "from!",                   "from!",                       "from!"),
    ("sender_mask",                    "words",   "FROM_MASK",                 "from_mask",               "from-mask",                   "from-mask"),
    # SPID until 2014-12.
    ("operator_id",                    "token",   "OPERATORID SPID",           "operatorid spid",         "operator-id",                 "-"),
    ("campaign_ref",                   "token",   "CAMPAIGNREF",               "campaignref",             "-",                           "-"),
    ("service_id",                     "token",   "-",                         "-",                       "service-id!",                 "service-id!"),
    ("display_to",                     "numbers", "-",                         "-",                       "-",                           "to-displayonly"),
    ("client_reference",               "token",   "-",                         "-",                       "-",                           "client-reference"),
    ("expires",                        "moment",  "-",                         "-",                       "-",                           "mms-expiry-timestamp"),
)

_SLIDES = _rows(
    ("slideshow.slides[].image",       "token",   "SLIDE[]/IMAGE/URL",         "slide_image_url_#",       "slide[]/image/url",           "slide[]/image/url"),
    ("slideshow.slides[].audio",       "token",   "SLIDE[]/AUDIO/URL",         "slide_audio_url_#",       "slide[]/audio/url",           "slide[]/audio/url"),
    ("slideshow.slides[].video",       "token",   "SLIDE[]/VIDEO/URL",         "slide_video_url_#",       "slide[]/video/url",           "slide[]/video/url"),
    ("slideshow.slides[].vcard",       "token",   "SLIDE[]/VCARD/URL",         "slide_vcard_url_#",       "slide[]/vcard/url",           "slide[]/contact/url"),
    ("slideshow.slides[].ical",        "token",   "SLIDE[]/ICAL/URL",          "slide_ical_url_#",        "slide[]/ical/url",            "slide[]/calendar/url"),
    ("slideshow.slides[].pdf",         "token",   "SLIDE[]/PDF/URL",           "slide_pdf_url_#",         "slide[]/pdf/url",             "slide[]/pdf/url"),
    ("slideshow.slides[].passbook",    "token",   "SLIDE[]/PASSBOOK/URL",      "slide_passbook_url_#",    "slide[]/passbook/url",        "-"),
    ("slideshow.slides[].text",        "lines",   "SLIDE[]/TEXT",              "slide_text_value_#",      "slide[]/message-text",        "slide[]/message-text"),
    # An attribute until 2014-02.
    ("slideshow.slides[].duration",    "integer", "SLIDE[]/DURATION SLIDE[]/@duration", "slide_duration_#", "slide[]/duration",          "-"),
)

# Only stored slideshows have them, and only 1.3's XML is known to say so.
_NO_PERSONALIZED = _rows(
    ("slideshow.slides[].personalized_image", "token", "-",                    "-",                       "-",                           "-"),
)

_PERSONALIZED = _rows(
    ("slideshow.slides[].personalized_image", "token", "SLIDE[]/PERSONALIZED-IMAGE/TEMPLATE-ID", "-",     "-",                           "-"),
)

_SEND = _TO + _rows(
    ("slideshow.subject",              "words",   "SUBJECT",                   "subject",                 "message-subject",             "message-subject"),
    ("slideshow.name",                 "words",   "NAME!",                     "name!",                   "name!",                       "."),
) + _SLIDES + _NO_PERSONALIZED + _rows(
    ("slideshow.fallback_text",        "lines",   "FALLBACKSMSTEXT",           "fallbacksmstext",         "fallback-sms-text!",          "fallback-sms-text!"),
    # 1.3 documents the switch for saveMMS and sendSavedMMS only.
    ("slideshow.disable_fallback",     "yes",     "-",                         "-",                       "-",                           "disable-fallback-sms"),
    ("slideshow.disable_fallback_link","yes",     "DISABLEFALLBACKSMSLINK",    "disablefallbacksmslink",  "-",                           "disable-fallback-sms-link"),
    ("slideshow.link_expires",         "moment",  "MMSLINK_EXPIRATION_DATE",   "mmslink_expiration_date", "fallback-sms-link-expiration","fallback-sms-link-expiration"),
    ("cache_content",                  "yes",     "-",                         "-",                       "-",                           "cache-content"),
)

_SAVE = _rows(
    # The successor's list and prose want the subject; a production client leaves it out: Limits can be told so.
    ("slideshow.subject",              "words",   "SUBJECT",                   "subject",                 "message-subject!",            "message-subject"),
    ("slideshow.name",                 "words",   "NAME!",                     "name!",                   "name!",                       "name!"),
) + _SLIDES + _PERSONALIZED + _rows(
    # The successor takes the text when a saved MMS is sent, not when it is saved.
    ("slideshow.fallback_text",        "lines",   "FALLBACKSMSTEXT",           "fallbacksmstext",         "-",                           "fallback-sms-text!"),
    ("slideshow.disable_fallback",     "yes",     "DISABLEFALLBACKSMS",        "disablefallbacksms",      "-",                           "disable-fallback-sms"),
    ("slideshow.disable_fallback_link","yes",     "DISABLEFALLBACKSMSLINK",    "disablefallbacksmslink",  "-",                           "disable-fallback-sms-link"),
    ("slideshow.link_expires",         "moment",  "-",                         "-",                       "-",                           "fallback-sms-link-expiration"),
    ("client_reference",               "token",   "-",                         "-",                       "-",                           "client-reference"),
)

_SEND_SAVED = _rows(
    ("mms_id",                         "token",   "MMSID!",                    "mmsid!",                  "mms-id!",                     "mms-id!"),
) + _TO + _rows(
    # Counted from 1 in every dialect, unlike the slides of a GET request (ruling 1).
    ("custom_text{}",                  "lines",   "CUSTOMTEXT[]/VALUE|SLIDE",  "customtext_#",            "custom-text[]/value|slide",   "custom-slides[]/custom-message-text|custom-slide"),
    # The vendor's table of fields once had the second name.
    ("custom_subject",                 "words",   "CUSTOMSUBJECT CUSTOMTITLE", "customsubject customtitle","custom-subject",             "message-subject"),
    ("data{}",                         "words",   "DATA/*",                    "data_*",                  "data/*",                      "-"),
    ("fallback_text",                  "lines",   "FALLBACKSMSTEXT",           "fallbacksmstext",         "fallback-sms-text!",          "fallback-sms-text!"),
    ("disable_fallback",               "yes",     "DISABLEFALLBACKSMS",        "disablefallbacksms",      "-",                           "disable-fallback-sms"),
    ("disable_fallback_link",          "yes",     "DISABLEFALLBACKSMSLINK",    "disablefallbacksmslink",  "-",                           "disable-fallback-sms-link"),
    ("link_expires",                   "moment",  "-",                         "-",                       "-",                           "fallback-sms-link-expiration"),
    ("force_pass_as_link",             "yes",     "FORCEPASSASLINK",           "forcepassaslink",         "-",                           "-"),
    ("ddm_subject",                    "words",   "DDMTITLE",                  "ddmtitle",                "ddm-message-subject",         "-"),
    ("ddm_text",                       "words",   "DDMTEXT",                   "ddmtext",                 "ddm-message-text",            "-"),
    ("ddm_timeout",                    "integer", "DDMTIMEOUT",                "ddmtimeout",              "ddm-message-timeout",         "-"),
    ("ddm_force",                      "true",    "DDMFORCE",                  "ddmforce",                "ddm-force",                   "-"),
    # Until 2014-07.
    ("device",                         "token",   "DEVICE",                    "device",                  "-",                           "-"),
)

_LIST = _rows(
    ("start_date",                     "moment",  "-",                         "-",                       "start-date",                  "-"),
    ("page",                           "integer", "-",                         "-",                       "page-number",                 "-"),
    ("per_page",                       "integer", "-",                         "-",                       "items-per-page",              "-"),
)

_DELETE = _rows(
    ("mms_id",                         "token",   "MMSID!",                    "mmsid!",                  "mms-id!",                     "-"),
)

# ------------------------------------------------------------------------------- requests that only 1.3 has (its reference, 2.4-2.8)
#
#     field                            kind       1.3 XML                      1.3 GET

_CAMPAIGN_SEND = _rows_of_1_3(
    ("mms_id",                         "token",   "MMSID!",                    "mmsid!"),
    # The vendor's own example of a GET request has the second name.
    ("to_campaign",                    "token",   "TOCAMPAIGN! CAMPAIGNID",    "tocampaign! campaignid"),
)

_SEND_STORED = _rows_of_1_3(
    ("mms_id",                         "token",   "MMSID!",                    "mmsid!"),
    ("to",                             "number",  "TO!",                       "to!"),
    ("sender",                         "number",  "FROM!",                     "from!"),
    ("sender_mask",                    "words",   "FROM_MASK",                 "from_mask"),
    ("campaign_ref",                   "token",   "CAMPAIGNREF",               "campaignref"),
    ("custom_text{}",                  "lines",   "CUSTOMTEXT[]/VALUE|SLIDE",  "customtext_#"),
    ("custom_subject",                 "words",   "CUSTOMSUBJECT CUSTOMTITLE", "customsubject customtitle"),
    ("data{}",                         "words",   "DATA/*",                    "data_*"),
    ("disable_fallback",               "yes",     "DISABLEFALLBACKSMS",        "disablefallbacksms"),
    ("disable_fallback_link",          "yes",     "DISABLEFALLBACKSMSLINK",    "disablefallbacksmslink"),
    ("force_pass_as_link",             "yes",     "FORCEPASSASLINK",           "forcepassaslink"),
    ("ddm_subject",                    "words",   "DDMTITLE",                  "ddmtitle"),
    ("ddm_text",                       "words",   "DDMTEXT",                   "ddmtext"),
    ("ddm_timeout",                    "integer", "DDMTIMEOUT",                "ddmtimeout"),
    ("ddm_force",                      "true",    "DDMFORCE",                  "ddmforce"),
    ("device",                         "token",   "DEVICE",                    "device"),
)

_BARCODE = _SEND_STORED + _rows_of_1_3(
    ("operator_id",                    "token",   "OPERATORID SPID",           "operatorid spid"),
    # The reference says of passes alone that they have none.
    ("fallback_text",                  "lines",   "FALLBACKSMSTEXT",           "fallbacksmstext"),
    ("barcode_id",                     "token",   "BARCODEID!",                "barcodeid!"),
    # Until 2013-09.
    ("database_id",                    "token",   "DATABASEID",                "databaseid"),
)

_PASS = _SEND_STORED + _rows_of_1_3(
    ("pass_data{}",                    "words",   "PASSDATA/*",                "pd_*"),
)

_BY_SUBSCRIBER = _rows_of_1_3(
    ("subscriber_ref",                 "token",   "SUBSCRIBERREF!",            "subscriberref!"),
    ("campaign_ref",                   "token",   "CAMPAIGNREF!",              "campaignref!"),
    ("mms_id",                         "token",   "MMSID",                     "mmsid"),
    ("text",                           "lines",   "TEXT",                      "text"),
)

_SMS = _rows_of_1_3(
    ("to",                             "number",  "TO!",                       "to!"),
    ("sender",                         "number",  "FROM!",                     "from!"),
    ("sender_mask",                    "words",   "FROM_MASK",                 "from_mask"),
    ("operator_id",                    "token",   "OPERATORID SPID",           "operatorid spid"),
    ("campaign_ref",                   "token",   "CAMPAIGNREF",               "campaignref"),
    ("text",                           "lines",   "TEXT!",                     "text!"),
)

_NEW_CAMPAIGN = _rows_of_1_3(
    ("campaign_name",                  "words",   "CAMPAIGNNAME!",             "campaignname!"),
    ("brand_name",                     "words",   "BRANDNAME!",                "brandname!"),
)

_REMOVE_INBOX = _rows_of_1_3(
    ("inbox_id",                       "token",   "MMSINBOXID!",               "mmsinboxid!"),
)

_STATISTICS = _rows_of_1_3(
    ("start",                          "utc",     "START_DATE!",               "start_date!"),
    ("end",                            "utc",     "END_DATE!",                 "end_date!"),
)

_UNSUBSCRIBE = _rows_of_1_3(
    ("mobile",                         "number",  "MOBILE!",                   "mobile!"),
    # The second name, of an integer, until the vendor made it a reference.
    ("campaign",                       "token",   "CAMPAIGNREF! CAMPAIGNID",   "campaignref! campaignid"),
    ("notify",                         "yes",     "NOTIFY",                    "notify"),
)

_SUBSCRIBE = _UNSUBSCRIBE + _rows_of_1_3(
    ("subscriber_ref",                 "token",   "SUBSCRIBERREF",             "subscriberref"),
    ("data{}",                         "words",   "DATA/*",                    "data_*"),
    # Here it kept its old name.
    ("operator_id",                    "token",   "SPID OPERATORID",           "spid operatorid"),
    ("timezone",                       "token",   "TIMEZONE",                  "timezone"),
    ("call_to_action",                 "yes",     "CTA",                       "cta"),
)

#: How a request of 1.3 was written until 2014-02: NAME within CONTENT, the slides within a SEQUENCE in it, each with its
#: duration as an attribute. "Legacy" to the vendor, and still taken.
LEGACY_SHAPE = Shape(
    around=frozenset({"content", "content/sequence"}),
    lifted=frozenset({"content", "content/sequence"}),
    attributes=("duration",),
)

#: Each operation: the value of its ACTION in each dialect, and its rows. Actions are compared without case; what follows the
#: first value was its name in former times.
REQUESTS: Mapping[type[Operation[Any]], tuple[tuple[str, ...], tuple[Row, ...]]] = {
    SendMMS:      (("sendMMS",                                  "sendmms",                 "sendMMS",                     "sendmms"),      _SEND),
    SaveMMS:      (("saveMMS",                                  "savemms",                 "saveMMS",                     "savemms"),      _SAVE),
    SendSavedMMS: (("sendSavedMMS",                             "sendsavedmms",            "sendSavedMMS",                "sendsavedmms"), _SEND_SAVED),
    ListMMS:      (("getMmsIds",                                "getmmsids",               "getMMSTemplates",             "-"),            _LIST),
    DeleteMMS:    (("deleteMMSID",                              "deletemmsid",             "deleteMMSID",                 "-"),            _DELETE),
    SendSavedMMSCampaign:       (("sendSavedMMSCampaign",       "sendsavedmmscampaign",       "-", "-"), _CAMPAIGN_SEND),
    SendMMSBarcode:             (("sendMMSBarcode",             "sendmmsbarcode",             "-", "-"), _BARCODE),
    SendPassInMMS:              (("sendPassInMMS",              "sendpassinmms",              "-", "-"), _PASS),
    SendMessageBySubscriberRef: (("sendMessageBySubscriberRef", "sendmessagebysubscriberref", "-", "-"), _BY_SUBSCRIBER),
    SendSMS:                    (("sendSMS",                    "sendsms",                    "-", "-"), _SMS),
    ListCampaigns:              (("getMmsCampaigns",            "getmmscampaigns",            "-", "-"), ()),
    CreateCampaign:             (("createMMSCampaign",          "createmmscampaign",          "-", "-"), _NEW_CAMPAIGN),
    Subscribe:                  (("subscribe",                  "subscribe",                  "-", "-"), _SUBSCRIBE),
    Unsubscribe:                (("unsubscribe",                "unsubscribe",                "-", "-"), _UNSUBSCRIBE),
    RemoveInboxMessage: (("removeMMSInboxMessage removeMMSInboxContent", "removemmsinboxmessage removemmsinboxcontent", "-", "-"), _REMOVE_INBOX),
    # Every sample says Status, every title Statistics.
    GetStatistics: (("getSendingStatus getSendingStatistics", "getsendingstatus getsendingstatistics", "-", "-"), _STATISTICS),
    CreateSession: (("createAccountSession loginUser",        "createaccountsession loginuser",        "-", "-"), ()),
}

# ======================================================================================================== answers
#
# A GET request is answered in XML like any other, so there are three columns.
#
#     field                            kind       1.3                          successor, XML              successor, JSON

STATUS = _rows(
    ("status",                         "token",   "STATUS",                    "status",                   "status"),
)

_SENT = _rows(
    ("mms_id",                         "token",   "MMSID",                     "mms-id",                   "mms-id"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id",              "tracking-id"),
    ("to",                             "token",   "TO",                        "to",                       "to"),
    ("sender",                         "token",   "FROM",                      "from",                     "from"),
    ("details",                        "words",   "STATUSDETAILS",             "status-details",           "status-details"),
)

_ID = _rows(
    ("mms_id",                         "token",   "MMSID",                     "mms-id",                   "mms-id"),
)

_SAVED = _rows(
    # The JSON service tells the id later, in the N003 postback.
    ("mms_id",                         "token",   "MMSID",                     "mms-id",                   "-"),
    ("tracking_id",                    "token",   "-",                         "-",                        "tracking-id"),
    ("details",                        "words",   "-",                         "-",                        "status-details"),
)

_LISTED = _rows(
    ("mms_ids",                        "ids",     "MMSIDS",                    "-",                        "-"),
    ("start_date",                     "moment",  "-",                         "start-date",               "-"),
    ("page",                           "integer", "-",                         "page-number",              "-"),
    ("per_page",                       "integer", "-",                         "items-per-page",           "-"),
    ("total",                          "integer", "-",                         "total-results",            "-"),
    ("templates[].mms_id",             "token",   "-",                         "mms-template[]/mms-id",    "-"),
    ("templates[].name",               "words",   "-",                         "mms-template[]/mms-name",  "-"),
    ("templates[].subject",            "words",   "-",                         "mms-template[]/mms-subject","-"),
    ("templates[].created",            "moment",  "-",                         "mms-template[]/date-created","-"),
    ("templates[].slides",             "integer", "-",                         "mms-template[]/total-slides","-"),
    ("templates[].size",               "integer", "-",                         "mms-template[]/mms-size",  "-"),
)

# ------------------------------------------------------------------------------------ answers that only 1.3 gives
#
#     field                            kind       1.3

_SCHEDULED = _rows_of_1_3(
    ("mms_id",                         "token",   "MMSID"),
    ("scheduled_id",                   "token",   "SCHEDULEDID"),
)

_SENT_SMS = _rows_of_1_3(
    ("tracking_id",                    "token",   "TRACKINGID"),
    ("to",                             "token",   "TO"),
)

_SENT_TO_SUBSCRIBER = _rows_of_1_3(
    ("subscriber_ref",                 "token",   "SUBSCRIBERREF"),
    ("campaign_ref",                   "token",   "CAMPAIGNREF"),
    ("results[].status",               "token",   "SUBSCRIBER[]/STATUS"),
    ("results[].tracking_id",          "token",   "SUBSCRIBER[]/TRACKINGID"),
    ("results[].to",                   "token",   "SUBSCRIBER[]/TO"),
    ("results[].sender",               "token",   "SUBSCRIBER[]/FROM"),
    ("results[].details",              "words",   "SUBSCRIBER[]/STATUSDETAILS"),
    ("results[].error_code",           "token",   "SUBSCRIBER[]/ERRORCODE"),
    ("results[].error_info",           "words",   "SUBSCRIBER[]/ERRORINFO"),
)

_CAMPAIGN = _rows_of_1_3(
    ("campaign_id",                    "token",   "CAMPAIGNID"),
    ("campaign_name",                  "words",   "CAMPAIGNNAME"),
    ("brand_name",                     "words",   "BRANDNAME"),
)

_CAMPAIGNS = _rows_of_1_3(
    ("campaigns[].campaign_id",        "token",   "MMSCAMPAIGNS/CAMPAIGN[]/ID"),
    ("campaigns[].name",               "words",   "MMSCAMPAIGNS/CAMPAIGN[]/NAME"),
)

_SUBSCRIPTION_MADE = _rows_of_1_3(
    ("campaign",                       "token",   "CAMPAIGNREF CAMPAIGNID"),
    ("subscriber_ref",                 "token",   "SUBSCRIBERREF"),
    ("mobile",                         "token",   "MOBILE"),
)

_INBOX_REMOVED = _rows_of_1_3(
    ("inbox_id",                       "token",   "MMSINBOXID"),
)

# The documents show no answer, only that it is a link: the reply looks for one wherever it stands.
_LINK = _rows_of_1_3(
    ("link",                           "token",   "URL LINK"),
)

_SESSION = _rows_of_1_3(
    ("session_id",                     "token",   "SESSIONID"),
)

#: The nodes of an answer whose children repeat, or which stand around what belongs to the answer: until 2013-09 a send went to
#: many numbers, and what became of each stood in a SENDING.
RESPONSE_SHAPE = Shape(around=frozenset({"mmscampaigns", "sending"}), lifted=frozenset({"sending"}))

#: The replies without a status of their own: their parts have one each.
WITHOUT_STATUS = frozenset({action_replies.SentToSubscriber})

#: The replies that may come without a status, and the nodes that then tell that it is one of them.
STATUS_SUBSTITUTES: Mapping[type[Any], tuple[str, ...]] = {
    action_replies.SentToSubscriber: ("results[].status", "results[].error_code"),
    action_replies.StatisticsLink: ("link",),
}

_REFUSED = _rows(
    ("code",                           "token",   "ERRORCODE",                 "error-code",               "error-code"),
    ("to",                             "token",   "TO",                        "to",                       "-"),
    ("info",                           "words",   "ERRORINFO",                 "error-info",               "error-info"),
)

REPLIES: Mapping[type[Any], tuple[Row, ...]] = {
    answers.SentMMS: _SENT,
    answers.SavedMMS: _SAVED,
    answers.MMSList: _LISTED,
    answers.DeletedMMS: _ID,
    action_replies.ScheduledMMS: _SCHEDULED,
    action_replies.SentSMS: _SENT_SMS,
    action_replies.SentToSubscriber: _SENT_TO_SUBSCRIBER,
    action_replies.NewCampaign: _CAMPAIGN,
    action_replies.CampaignList: _CAMPAIGNS,
    action_replies.Subscription: _SUBSCRIPTION_MADE,
    action_replies.RemovedInboxMessage: _INBOX_REMOVED,
    action_replies.StatisticsLink: _LINK,
    action_replies.Session: _SESSION,
    answers.Refusal: _REFUSED,
}

# ======================================================================================================== postbacks
#
# Names are compared without case, `-` and `_` (ruling 11), and all columns are read at once: the successor's page for
# saveMMS shows its postbacks in upper case.
#
#     field                            kind       1.3                          successor, XML              successor, JSON

_EVENT = _rows(
    ("origin",                         "token",   "ORIGIN",                    "origin",                   "origin"),
    ("code",                           "token",   "CODE",                      "code",                     "code"),
)

_DELIVERY = _EVENT + _rows(
    ("sent_as",                        "token",   "SENTAS",                    "sent-as",                  "sent-as"),
    ("status",                         "token",   "STATUS",                    "status",                   "status"),
    ("mms_id",                         "token",   "MMSID",                     "mms-id",                   "mms-id"),
    ("sender",                         "token",   "FROM",                      "from",                     "from"),
    ("sender_mask",                    "words",   "FROM_MASK",                 "from-mask",                "from-mask"),
    ("to",                             "token",   "TO",                        "to",                       "to"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id",              "tracking-id"),
    ("client_reference",               "token",   "-",                         "-",                        "client-reference"),
    ("operator_id",                    "token",   "SPID",                      "operator-id",              "operator-id"),
    ("timestamp",                      "moment",  "TIMESTAMP",                 "timestamp",                "timestamp"),
    ("handset",                        "token",   "HANDSET",                   "handset",                  "handset"),
    ("aggregator_id",                  "token",   "AGGREGATORID",              "aggregator-id",            "aggregator-id"),
    ("details",                        "words",   "STATUSDETAILS",             "status-details",           "status-details"),
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
    ("keyword",                        "words",   "KEYWORD",                   "keyword",                  "keyword"),
    ("subject",                        "words",   "SUBJECT",                   "message-subject",          "message-subject"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id",              "tracking-id"),
    ("operator_id",                    "token",   "SPID",                      "operator-id",              "operator-id"),
    ("timestamp",                      "moment",  "TIMESTAMP",                 "timestamp",                "timestamp"),
    ("files[]",                        "token",   "CONTENT/FILE[]",            "content/file[]",           "content[]/file"),
    ("copy_to[]",                      "token",   "-",                         "-",                        "copy-to[]/number"),
)

_INBOUND_SMS = _EVENT + _rows(
    ("sender",                         "token",   "FROM",                      "from",                     "from"),
    ("to",                             "token",   "TO",                        "to",                       "to"),
    ("text",                           "words",   "TEXT",                      "message-text",             "message-text"),
    ("keyword",                        "words",   "KEYWORD",                   "keyword",                  "keyword"),
    ("timestamp",                      "moment",  "RECEIVED",                  "received",                 "received"),
    ("transaction_id",                 "token",   "TRANSACTIONID",             "transaction-id",           "transaction-id"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id",              "tracking-id"),
)

_SUBSCRIPTION = _EVENT + _rows(
    ("mobile",                         "token",   "MOBILE",                    "mobile",                   "mobile"),
    ("email",                          "token",   "EMAIL",                     "email",                    "email"),
    # An id until the vendor made it a reference.
    ("campaign_ref",                   "token",   "CAMPAIGNID",                "campaign-ref",             "campaign-ref"),
    ("timestamp",                      "moment",  "TIMESTAMP",                 "timestamp",                "timestamp"),
    ("short_code",                     "token",   "SHORTCODE",                 "short-code",               "short-code"),
    ("campaign_title",                 "words",   "CAMPAIGNTITLE",             "campaign-title",           "campaign-title"),
    ("brand_name",                     "words",   "BRANDNAME",                 "brand-name",               "brand-name"),
    ("source",                         "token",   "SOURCE",                    "source",                   "source"),
    ("subscription_id",                "token",   "SUBID",                     "sub-id",                   "sub-id"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id",              "tracking-id"),
)

# Whatever it is: its `raw` has the rest. A pass tells its code in a node of its own.
_UNKNOWN = _EVENT + _rows(
    ("status_code",                    "token",   "STATUSCODE",                "status-code",              "status-code"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id",              "tracking-id"),
)

NOTICES: Mapping[type[told.Notice], tuple[Row, ...]] = {
    told.DeliveryReport: _DELIVERY,
    told.EncodingReport: _ENCODING,
    told.InboundMMS: _INBOUND_MMS,
    told.InboundSMS: _INBOUND_SMS,
    told.SubscriptionChange: _SUBSCRIPTION,
    told.UnknownNotice: _UNKNOWN,
}
# fmt: on

#: What the groups in the fields' paths are made of.
GROUP_CLASSES: Mapping[str, type] = {
    "slideshow": Slideshow,
    "slideshow.slides": Slide,
    "templates": answers.StoredMMS,
    "results": action_replies.SubscriberResult,
    "campaigns": action_replies.Campaign,
}
