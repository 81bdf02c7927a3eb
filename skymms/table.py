"""THE TABLE: every field of every request, answer and postback, and how each dialect spells it.

This page is data, to be proof-read against the vendors' own: a row a field, a column a dialect. It is read in both
directions, so the sandbox decodes requests with what encodes them, and every operation is tested there and back. It is also
the list of what each dialect can say: a field without a spelling is refused before anything is sent, and `docs/dialects.md`
prints it. The notation is explained in :mod:`skymms.spelling`.

It is no function of names: TEXT is ``<message-text>``, SUBJECT ``<message-subject>``, SPID ``<operator-id>``.

Sources: seed 003 and the 1.3 reference for the first two columns, seed 004 and the successor's reference for the third. Where
the successor's parameter lists and samples spell a name differently, the samples are right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import notices as told
from . import replies as answers
from .operations import DeleteMMS, ListMMS, Operation, SaveMMS, SendMMS, SendSavedMMS
from .slide import Slide
from .slideshow import Slideshow
from .spelling import Row


def _rows(*rows: tuple[str, ...]) -> tuple[Row, ...]:
    return tuple(Row(path, kind, tuple(spellings)) for path, kind, *spellings in rows)


# fmt: off
# ======================================================================================================== requests
#
#     field                            kind       1.3 XML                      1.3 GET                    successor

ENVELOPE = _rows(
    ("action",                         "token",   "ACTION!",                   "action!",                 "action!"),
    ("api_key",                        "token",   "API_KEY!",                  "api_key!",                "api-key!"),
)

_TO = _rows(
    ("to",                             "number",  "TO!",                       "to!",                     "to!"),
    ("sender",                         "number",  "FROM!",                     "from!",                   "from!"),
    ("sender_mask",                    "words",   "FROM_MASK",                 "from_mask",               "from-mask"),
    ("operator_id",                    "token",   "OPERATORID",                "operatorid",              "operator-id"),
    ("campaign_ref",                   "token",   "CAMPAIGNREF",               "campaignref",             "-"),
    ("service_id",                     "token",   "-",                         "-",                       "service-id!"),
)

_SLIDES = _rows(
    ("slideshow.slides[].image",       "token",   "SLIDE[]/IMAGE/URL",         "slide_image_url_#",       "slide[]/image/url"),
    ("slideshow.slides[].audio",       "token",   "SLIDE[]/AUDIO/URL",         "slide_audio_url_#",       "slide[]/audio/url"),
    ("slideshow.slides[].video",       "token",   "SLIDE[]/VIDEO/URL",         "slide_video_url_#",       "slide[]/video/url"),
    ("slideshow.slides[].vcard",       "token",   "SLIDE[]/VCARD/URL",         "slide_vcard_url_#",       "slide[]/vcard/url"),
    ("slideshow.slides[].ical",        "token",   "SLIDE[]/ICAL/URL",          "slide_ical_url_#",        "slide[]/ical/url"),
    ("slideshow.slides[].pdf",         "token",   "SLIDE[]/PDF/URL",           "slide_pdf_url_#",         "slide[]/pdf/url"),
    ("slideshow.slides[].passbook",    "token",   "SLIDE[]/PASSBOOK/URL",      "slide_passbook_url_#",    "slide[]/passbook/url"),
    ("slideshow.slides[].text",        "lines",   "SLIDE[]/TEXT",              "slide_text_value_#",      "slide[]/message-text"),
    ("slideshow.slides[].duration",    "integer", "SLIDE[]/DURATION",          "slide_duration_#",        "slide[]/duration"),
)

_SEND = _TO + _rows(
    ("slideshow.subject",              "words",   "SUBJECT",                   "subject",                 "message-subject"),
    ("slideshow.name",                 "words",   "NAME!",                     "name!",                   "name!"),
) + _SLIDES + _rows(
    ("slideshow.fallback_text",        "lines",   "FALLBACKSMSTEXT",           "fallbacksmstext",         "fallback-sms-text!"),
    # 1.3 documents the switch for saveMMS and sendSavedMMS only.
    ("slideshow.disable_fallback",     "yes",     "-",                         "-",                       "-"),
    ("slideshow.disable_fallback_link","yes",     "DISABLEFALLBACKSMSLINK",    "disablefallbacksmslink",  "-"),
    ("slideshow.link_expires",         "moment",  "MMSLINK_EXPIRATION_DATE",   "mmslink_expiration_date", "fallback-sms-link-expiration"),
)

_SAVE = _rows(
    # The successor's list and prose want the subject; a production client leaves it out: Limits can be told so.
    ("slideshow.subject",              "words",   "SUBJECT",                   "subject",                 "message-subject!"),
    ("slideshow.name",                 "words",   "NAME!",                     "name!",                   "name!"),
) + _SLIDES + _rows(
    # The successor takes the text when a saved MMS is sent, not when it is saved.
    ("slideshow.fallback_text",        "lines",   "FALLBACKSMSTEXT",           "fallbacksmstext",         "-"),
    ("slideshow.disable_fallback",     "yes",     "DISABLEFALLBACKSMS",        "disablefallbacksms",      "-"),
    ("slideshow.disable_fallback_link","yes",     "DISABLEFALLBACKSMSLINK",    "disablefallbacksmslink",  "-"),
    ("slideshow.link_expires",         "moment",  "-",                         "-",                       "-"),
)

_SEND_SAVED = _rows(
    ("mms_id",                         "token",   "MMSID!",                    "mmsid!",                  "mms-id!"),
) + _TO + _rows(
    # Counted from 1 in every dialect, unlike the slides of a GET request (ruling 1).
    ("custom_text{}",                  "lines",   "CUSTOMTEXT[]/VALUE|SLIDE",  "customtext_#",            "custom-text[]/value|slide"),
    ("custom_subject",                 "words",   "CUSTOMSUBJECT",             "customsubject",           "custom-subject"),
    ("data{}",                         "words",   "DATA/*",                    "data_*",                  "data/*"),
    ("fallback_text",                  "lines",   "FALLBACKSMSTEXT",           "fallbacksmstext",         "fallback-sms-text!"),
    ("disable_fallback",               "yes",     "DISABLEFALLBACKSMS",        "disablefallbacksms",      "-"),
    ("disable_fallback_link",          "yes",     "DISABLEFALLBACKSMSLINK",    "disablefallbacksmslink",  "-"),
    ("force_pass_as_link",             "yes",     "FORCEPASSASLINK",           "forcepassaslink",         "-"),
    ("ddm_subject",                    "words",   "DDMTITLE",                  "ddmtitle",                "ddm-message-subject"),
    ("ddm_text",                       "words",   "DDMTEXT",                   "ddmtext",                 "ddm-message-text"),
    ("ddm_timeout",                    "integer", "DDMTIMEOUT",                "ddmtimeout",              "ddm-message-timeout"),
    ("ddm_force",                      "true",    "DDMFORCE",                  "ddmforce",                "ddm-force"),
)

_LIST = _rows(
    ("start_date",                     "moment",  "-",                         "-",                       "start-date"),
    ("page",                           "integer", "-",                         "-",                       "page-number"),
    ("per_page",                       "integer", "-",                         "-",                       "items-per-page"),
)

_DELETE = _rows(
    ("mms_id",                         "token",   "MMSID!",                    "mmsid!",                  "mms-id!"),
)

#: Each operation: the value of its ACTION in each dialect, and its rows. Actions are compared without case.
REQUESTS: Mapping[type[Operation[Any]], tuple[tuple[str, ...], tuple[Row, ...]]] = {
    SendMMS:      (("sendMMS",                                  "sendmms",                 "sendMMS"),         _SEND),
    SaveMMS:      (("saveMMS",                                  "savemms",                 "saveMMS"),         _SAVE),
    SendSavedMMS: (("sendSavedMMS",                             "sendsavedmms",            "sendSavedMMS"),    _SEND_SAVED),
    ListMMS:      (("getMmsIds",                                "getmmsids",               "getMMSTemplates"), _LIST),
    DeleteMMS:    (("deleteMMSID",                              "deletemmsid",             "deleteMMSID"),     _DELETE),
}

# ======================================================================================================== answers
#
# A GET request is answered in XML like any other, so there are two columns.
#
#     field                            kind       1.3                          successor

STATUS = _rows(
    ("status",                         "token",   "STATUS",                    "status"),
)

_SENT = _rows(
    ("mms_id",                         "token",   "MMSID",                     "mms-id"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id"),
    ("to",                             "token",   "TO",                        "to"),
    ("sender",                         "token",   "FROM",                      "from"),
    ("details",                        "words",   "STATUSDETAILS",             "status-details"),
)

_ID = _rows(
    ("mms_id",                         "token",   "MMSID",                     "mms-id"),
)

_LISTED = _rows(
    ("mms_ids",                        "ids",     "MMSIDS",                    "-"),
    ("start_date",                     "moment",  "-",                         "start-date"),
    ("page",                           "integer", "-",                         "page-number"),
    ("per_page",                       "integer", "-",                         "items-per-page"),
    ("total",                          "integer", "-",                         "total-results"),
    ("templates[].mms_id",             "token",   "-",                         "mms-template[]/mms-id"),
    ("templates[].name",               "words",   "-",                         "mms-template[]/mms-name"),
    ("templates[].subject",            "words",   "-",                         "mms-template[]/mms-subject"),
    ("templates[].created",            "moment",  "-",                         "mms-template[]/date-created"),
    ("templates[].slides",             "integer", "-",                         "mms-template[]/total-slides"),
    ("templates[].size",               "integer", "-",                         "mms-template[]/mms-size"),
)

_REFUSED = _rows(
    ("code",                           "token",   "ERRORCODE",                 "error-code"),
    ("to",                             "token",   "TO",                        "to"),
    ("info",                           "words",   "ERRORINFO",                 "error-info"),
)

REPLIES: Mapping[type[Any], tuple[Row, ...]] = {
    answers.SentMMS: _SENT,
    answers.SavedMMS: _ID,
    answers.MMSList: _LISTED,
    answers.DeletedMMS: _ID,
    answers.Refused: _REFUSED,
}

# ======================================================================================================== postbacks
#
# Names are compared without case, `-` and `_` (ruling 11), and both columns are read at once: the successor's page for
# saveMMS shows its postbacks in upper case.
#
#     field                            kind       1.3                          successor

_EVENT = _rows(
    ("origin",                         "token",   "ORIGIN",                    "origin"),
    ("code",                           "token",   "CODE",                      "code"),
)

_DELIVERY = _EVENT + _rows(
    ("sent_as",                        "token",   "SENTAS",                    "sent-as"),
    ("status",                         "token",   "STATUS",                    "status"),
    ("mms_id",                         "token",   "MMSID",                     "mms-id"),
    ("sender",                         "token",   "FROM",                      "from"),
    ("sender_mask",                    "words",   "FROM_MASK",                 "from-mask"),
    ("to",                             "token",   "TO",                        "to"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id"),
    ("operator_id",                    "token",   "SPID",                      "operator-id"),
    ("timestamp",                      "moment",  "TIMESTAMP",                 "timestamp"),
    ("handset",                        "token",   "HANDSET",                   "handset"),
    ("aggregator_id",                  "token",   "AGGREGATORID",              "aggregator-id"),
    ("details",                        "words",   "STATUSDETAILS",             "status-details"),
)

_ENCODING = _EVENT + _rows(
    ("mms_id",                         "token",   "MMSID",                     "mms-id"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id"),
    ("audio",                          "token",   "AUDIONAME",                 "audio-name"),
    ("video",                          "token",   "VIDEONAME",                 "video-name"),
    ("image",                          "token",   "IMAGENAME",                 "image-name"),
)

_INBOUND_MMS = _EVENT + _rows(
    ("sender",                         "token",   "FROM",                      "from"),
    ("to",                             "token",   "TO",                        "to"),
    ("keyword",                        "words",   "KEYWORD",                   "keyword"),
    ("subject",                        "words",   "SUBJECT",                   "message-subject"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id"),
    ("operator_id",                    "token",   "SPID",                      "operator-id"),
    ("timestamp",                      "moment",  "TIMESTAMP",                 "timestamp"),
    ("files[]",                        "token",   "CONTENT/FILE[]",            "content/file[]"),
)

_INBOUND_SMS = _EVENT + _rows(
    ("sender",                         "token",   "FROM",                      "from"),
    ("to",                             "token",   "TO",                        "to"),
    ("text",                           "words",   "TEXT",                      "message-text"),
    ("keyword",                        "words",   "KEYWORD",                   "keyword"),
    ("timestamp",                      "moment",  "RECEIVED",                  "received"),
    ("transaction_id",                 "token",   "TRANSACTIONID",             "transaction-id"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id"),
)

_SUBSCRIPTION = _EVENT + _rows(
    ("mobile",                         "token",   "MOBILE",                    "mobile"),
    ("email",                          "token",   "EMAIL",                     "email"),
    # An id until the vendor made it a reference.
    ("campaign_ref",                   "token",   "CAMPAIGNID",                "campaign-ref"),
    ("timestamp",                      "moment",  "TIMESTAMP",                 "timestamp"),
    ("short_code",                     "token",   "SHORTCODE",                 "short-code"),
    ("campaign_title",                 "words",   "CAMPAIGNTITLE",             "campaign-title"),
    ("brand_name",                     "words",   "BRANDNAME",                 "brand-name"),
    ("source",                         "token",   "SOURCE",                    "source"),
    ("subscription_id",                "token",   "SUBID",                     "sub-id"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id"),
)

# Whatever it is: its `raw` has the rest. A pass tells its code in a node of its own.
_UNKNOWN = _EVENT + _rows(
    ("status_code",                    "token",   "STATUSCODE",                "status-code"),
    ("tracking_id",                    "token",   "TRACKINGID",                "tracking-id"),
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
SHAPES: Mapping[str, type] = {
    "slideshow": Slideshow,
    "slideshow.slides": Slide,
    "templates": answers.StoredMMS,
}
