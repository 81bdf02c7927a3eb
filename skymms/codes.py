"""The meaning of the gateways' codes, and what to do about each.

skymms decides by the code, never by the text that comes with it: the text names slides and limits, has changed over the years,
and differs between gateways. It is kept for people to read.

There are two tables for Skycore and Sinch, because the same code means different things in a response and in a postback.
`ANSWERS` has the codes in responses, and `EVENTS` has the codes in the postbacks that the gateway sends later. Cellcast's codes
are words, so they have a table of their own, `CELLCAST_ANSWERS`. E101, E102, E201 and E999 are in both
with unrelated meanings (so is E202, but no source shows it in a response). The vendor renumbered for this reason in March
2015: E301-E304 became E311-E314, and E101-E103 and E201 were removed. Pages, samples and derived gateways still use the old
codes, so both are here.

Look codes up with `.get()`: the published lists lack codes that the published samples show, and an unknown code must not
raise KeyError.

`ErrorCode.family` is the name of a class in `errors.py`, because this module imports nothing.

Sources: the sendMMS page of Skycore 1.3; Skycore's documentation repository of 2013-2015 (several versions of its appendix of
codes, and the method pages) and its later help pages; Sinch's pages for XML and JSON. The texts are ours.
"""

from typing import NamedTuple

__all__ = ["ANSWERS", "CELLCAST_ANSWERS", "EVENTS", "ORIGINS", "ErrorCode", "Event", "find_answer"]


class ErrorCode(NamedTuple):
    """A code in a response.

    :ivar family: the name of the error class that is raised for it
    :ivar meaning: a sentence fragment in lower case; the slide's number is in the error
    :ivar remedy: what to change, and where
    :ivar note: the code's history and doubts about the source; usually empty
    """

    family: str
    meaning: str
    remedy: str
    note: str = ""


class Event(NamedTuple):
    """A code in a postback.

    :ivar kind: ``delivery``, ``encoding``, ``inbound-mms``, ``inbound-sms``, ``subscription`` or ``pass``
    :ivar meaning: a sentence fragment in lower case
    :ivar remedy: what to do; empty if nothing needs to be done
    """

    kind: str
    meaning: str
    remedy: str


# Remedies and notes that several codes share. They give no figures for file sizes, which differ by account.
_SHRINK = "Make the file smaller than the account's limit for its kind, which the gateway's API settings show."
_SERVE = "Serve the file at an absolute public URL, with Content-Length and its true Content-Type."
_SERVE_AV = _SERVE + " Put ids into the path: the gateway removes the query part of audio and video URLs."
_TYPE = "Serve the file with its true Content-Type, never as application/octet-stream."
_DATES = "Give both dates as YYYY-MM-DD hh:mm:ss in UTC, the end after the start."
_LATER = "The fault is in the gateway: try again later, and report it to its support if it persists."
_DYNAMIC = "Leave it out, or make it dynamic in the pass template."
_ASK = "Ask the gateway's support, and quote the text that came with the code."
_INBOX = "Give the tracking id of the message's N401 postback."
_EMPTY = "Treat it as an empty list, or create one first."
_ONE_DAY = "listed by the vendor on one day only, 2014-09-12"
_EARLY = "in the earliest lists only (2013)"

ANSWERS: dict[str, ErrorCode] = {
    # The request as a whole.
    "E100": ErrorCode("MalformedRequestError", "the request cannot be understood, or lacks a required field",
                      "Check the URL, and whether the gateway expects the XML as a form field or as the body."),
    "E101": ErrorCode("MalformedRequestError", "the action is missing or unknown",
                      "Check the name of the action, and that this gateway supports it.",
                      "code used until 2015-03-18; in a postback: the MMS could not be sent"),
    "E108": ErrorCode("MalformedRequestError", "the body is not well-formed XML (or JSON)",
                      "If the gateway returns it: check that the account's dialect fits its url. In a body that skymms did not "
                      "build, escape &, < and >. Remove control characters."),

    # Authentication. E102 and E103 are from the time of user names and MD5 passwords.
    "E102": ErrorCode("AuthenticationError", "neither a user name nor an API key was given",
                      "Give the API key.", "code used until 2015-03-18; in a postback: delivery failed"),
    "E103": ErrorCode("AuthenticationError", "the password digest is missing, or access is blocked (newer use)",
                      "Use an API key instead of a password. With a key, ask the gateway why the account is blocked.",
                      "code used until 2015-03-18; the JSON service gave it the second meaning"),
    "E104": ErrorCode("AuthenticationError", "the API key was not accepted",
                      "Compare the key with the gateway's API settings page, where it can also be renewed."),

    # Permissions.
    "E105": ErrorCode("PermissionDeniedError", "the account may not use the API",
                      "Ask the gateway for access to the API; paid plans include it."),
    "E107": ErrorCode("PermissionDeniedError", "the account may not use this action",
                      "Ask the gateway to allow the action. sendMMS, for example, needs a dedicated short code.",
                      "Sinch returns it for an invalid action too"),
    "E109": ErrorCode("PermissionDeniedError", "the API is not switched on for the account",
                      "Switch it on in the API settings, or ask the gateway to do it."),
    "E112": ErrorCode("PermissionDeniedError", "this machine's IP address is not on the account's allow list",
                      "Add the public IP address of this machine to the allow list in the API settings."),

    # Rate limits and quotas.
    "E106": ErrorCode("ThrottledError", "the account's rate limit was exceeded",
                      "Wait, then send again. Set the account's rate to the interval in the API settings."),
    "E113": ErrorCode("ThrottledError", "the rate limit of this action was exceeded",
                      "Wait, then send again more slowly. Ask the gateway for a contract with a higher throughput."),
    "429": ErrorCode("ThrottledError", "an HTTP 429 with a body that does not follow the protocol",
                     "Wait for the time in Retry-After, then send again.", "not a code of the protocol"),
    "E120": ErrorCode("QuotaExceededError", "the account has used up its API requests",
                      "Stop until the period ends or the limit is raised; an immediate retry fails too."),

    # Recipient and sender.
    "E110": ErrorCode("RecipientError", "the recipient's number is invalid",
                      "Give one number: digits only, country code first, no + and no 00."),
    "E114": ErrorCode("BlockedRecipientError", "the recipient is on a block list",
                      "Do not send to this number again. If the block is a mistake, ask the gateway to remove it."),
    "E201": ErrorCode("RecipientError", "the recipient's number is missing",
                      "Give the recipient.", "code used until 2015-03-18; in a postback: the SMS could not be sent"),
    "E621": ErrorCode("RecipientError", "the recipient is missing", "Give the recipient."),
    "E623": ErrorCode("RecipientError", "more than 100 recipients in one call",
                      "Make one call for each recipient.", "a call took a list until 2013-09-04"),
    "E111": ErrorCode("SenderError", "the sender is not a short code or number of this account",
                      "Send from a number assigned to the account, digits only."),
    "E115": ErrorCode("SenderError", "the sender mask is too long",
                      "Give at most 50 characters, and use a sender mask in Australia only.", "JSON service only"),

    # createUser.
    "E150": ErrorCode("FieldError", "the name of the new user is missing", "Give newuser."),
    "E151": ErrorCode("FieldError", "a user with this name already exists", "Choose another newuser."),
    "E152": ErrorCode("FieldError", "the password of the new user is missing", "Give newpass."),
    "E153": ErrorCode("GatewayFaultError", "the user could not be created", _LATER),
    "E154": ErrorCode("GatewayFaultError", "the user could not be created", _LATER, "documented with the text of E153"),

    # Campaigns: creating them, and sending to them.
    "E170": ErrorCode("CampaignError", "the new campaign has no name",
                      "Give campaignname.", "a loginUser sample shows it for a refused login, probably by mistake"),
    "E171": ErrorCode("CampaignError", "the new campaign has no brand name", "Give brandname."),
    "E172": ErrorCode("CampaignError", "the campaign could not be created, by a fault of the gateway", _LATER),
    "E173": ErrorCode("CampaignError", "the new e-mail campaign has no postal address", "Give mailingaddress."),
    "E624": ErrorCode("CampaignError", "the campaign to send to is missing", "Give its id (tocampaign)."),
    "E627": ErrorCode("FieldError", "the service id is missing or invalid",
                      "Pass service_id with the id that the gateway assigned, such as 28444mms.",
                      "also listed for sending with Skycore 1.3, which has no such field"),
    "E714": ErrorCode("CampaignError", "the campaign id is missing or invalid", "Give an id that belongs to this account."),
    "E715": ErrorCode("CampaignError", "the recipient is not subscribed to the campaign",
                      "Subscribe the number first, or give the campaign that it is subscribed to."),
    "E718": ErrorCode("CampaignError", "the campaign reference is missing",
                      "Give the campaign reference: this account enforces the campaign check."),
    "E721": ErrorCode("CampaignError", "the campaign reference is not known",
                      "Compare it with the campaign's reference in the account; not every account accepts the id."),

    # Lists and stored content.
    "E200": ErrorCode("NotFoundError", "the account has no stored MMS", _EMPTY, "in a sample, but in no table"),
    "E212": ErrorCode("FieldError", "the page number is invalid", "Give a whole number from 1 up."),
    "E213": ErrorCode("FieldError", "the number of items per page is invalid", "Give a whole number from 1 up."),
    "E214": ErrorCode("FieldError", "the start date is invalid", "Give an ISO 8601 time with a UTC offset."),
    "E241": ErrorCode("NotFoundError", "there is no stored MMS of this id",
                      "Check the id, and that this account stored it; a deleted MMS cannot be restored."),
    "E620": ErrorCode("FieldError", "the id of the stored MMS is missing", "Give the mms_id that SaveMMS returned."),
    "E625": ErrorCode("FieldError", "the id of the stored MMS is invalid", "Give the mms_id that SaveMMS returned."),
    "E626": ErrorCode("NotReadyError", "the stored MMS is still being encoded",
                      "Wait for its N003 postback, then send; only audio and video take that long."),

    # The composition of slides.
    "E311": ErrorCode("FieldError", "the MMS has no internal name", "Give it a name; recipients do not see the name."),
    "E312": ErrorCode("NoSlidesError", "the slideshow has no slides", "Add a slide with text or a file."),
    "E313": ErrorCode("EmptySlideError", "a slide is empty", "Give it text or a file, or leave it out."),
    "E314": ErrorCode("FieldError", "the subject is missing or invalid",
                      "Give a subject of 1 to 80 plain characters, without emoji.",
                      "newer pages allow a fallback text instead of the subject (E622)"),
    "E223": ErrorCode("MultipleObjectsError", "a slide holds two objects (contact, calendar entry, PDF, pass)",
                      "Leave one object on the slide and put each of the others on a slide of its own."),
    "E224": ErrorCode("ObjectWithMediaError", "a slide holds an object and an image, audio or video",
                      "Put the contact, calendar entry, PDF or pass on a slide of its own, with text if you like."),
    "E225": ErrorCode("TooManySlidesError", "the slideshow has too many slides",
                      "Give at most 8 slides; send the others as a second MMS."),
    "E226": ErrorCode("AudioWithVideoError", "a slide holds both audio and video",
                      "Put the audio or the video on a slide of its own."),
    "E227": ErrorCode("VideoWithImageError", "a slide holds both a video and an image",
                      "Put the video or the image on a slide of its own; a video may share a slide with text only."),
    "E230": ErrorCode("DurationError", "the duration of a slide is not accepted",
                      "Give whole seconds from 1 up, at most 30 if possible. Leave it out for audio and video."),
    "E334": ErrorCode("TextTooLongError", "the text of a slide is too long",
                      "Give at most 5,000 characters, or split the text over two slides.",
                      "the limit was 500 before 2014-03-26"),

    # Files that are too big, damaged, unreachable or of a wrong type.
    "E331": ErrorCode("MediaTooLargeError", "the image of a slide is too big", _SHRINK),
    "E332": ErrorCode("MediaTooLargeError", "the audio of a slide is too big", _SHRINK),
    "E333": ErrorCode("MediaTooLargeError", "the video of a slide is too big", _SHRINK),
    "E335": ErrorCode("MediaTooLargeError", "the contact card of a slide is too big", _SHRINK),
    "E336": ErrorCode("MediaTooLargeError", "the calendar entry of a slide is too big", _SHRINK),
    "E337": ErrorCode("MediaTooLargeError", "the PDF of a slide is too big", _SHRINK),
    "E338": ErrorCode("MediaTooLargeError", "the pass of a slide is too big", _SHRINK, "not in the JSON list"),
    "E341": ErrorCode("MediaCorruptedError", "the image of a slide is damaged",
                      "Open the file in another program and export it again as JPG, PNG or GIF."),
    "E343": ErrorCode("MediaCorruptedError", "the gateway has no codec for the video of a slide",
                      "Encode the video again, as MP4 or 3GP with common codecs.", "in the tables since 2015-02"),
    "E351": ErrorCode("MediaUnreachableError", "the image of a slide could not be fetched", _SERVE),
    "E352": ErrorCode("MediaUnreachableError", "the audio of a slide could not be fetched", _SERVE_AV),
    "E353": ErrorCode("MediaUnreachableError", "the video of a slide could not be fetched", _SERVE_AV),
    "E355": ErrorCode("MediaUnreachableError", "the contact card of a slide could not be fetched", _SERVE),
    "E356": ErrorCode("MediaUnreachableError", "the calendar entry of a slide could not be fetched", _SERVE),
    "E357": ErrorCode("MediaUnreachableError", "the PDF of a slide could not be fetched", _SERVE),
    "E358": ErrorCode("MediaUnreachableError", "the pass of a slide could not be fetched", _SERVE),
    "E229": ErrorCode("MediaTypeError", "the gateway does not allow this content",
                      "Replace the file by one of an allowed type: JPG, PNG, GIF, MP3, WAV, MP4 or 3GP."),
    "E361": ErrorCode("MediaTypeError", "the type of an image is undefined", _TYPE, _ONE_DAY),
    "E362": ErrorCode("MediaTypeError", "the type of an audio file is undefined", _TYPE, _ONE_DAY),
    "E363": ErrorCode("MediaTypeError", "the type of a video is undefined", _TYPE, _ONE_DAY),
    "E629": ErrorCode("MediaTypeError", "the type of a file is not recognised", _TYPE),

    # E-mail actions.
    "E400": ErrorCode("NotFoundError", "the account has no stored e-mail", _EMPTY),
    "E402": ErrorCode("FieldError", "the id of the stored e-mail is invalid", "Give another emailid."),
    "E403": ErrorCode("FieldError", "data to fill the e-mail with is missing", "Give a value for each tag."),
    "E404": ErrorCode("NotFoundError", "the account has no e-mail campaign", _EMPTY),
    "E405": ErrorCode("NotFoundError", "the account has no MMS campaign", _EMPTY),
    "E406": ErrorCode("FieldError", "the e-mail address is invalid", "Give one, such as ann@example.com."),

    # Faults of the gateway, and its statistics.
    "E503": ErrorCode("GatewayFaultError", "something failed inside the gateway",
                      "The message may have been sent. Wait for its delivery report before you send it again."),
    "E506": ErrorCode("FieldError", "a date of the report is missing", _DATES),
    "E507": ErrorCode("FieldError", "a date of the report is not in the required form", _DATES),
    "E508": ErrorCode("FieldError", "a date of the report is not in the calendar, or its end is not after its start",
                      _DATES, "documented with the text of E507; a public PHP client makes this difference"),
    "E509": ErrorCode("FieldError", "the report spans too long a time", "Request several reports with shorter spans."),
    "E510": ErrorCode("FieldError", "reports are requested too often", "Wait longer between two reports."),

    # The fallback SMS.
    "E617": ErrorCode("FallbackError", "the expiry of the fallback link is invalid",
                      "Give an ISO 8601 time in the future, at most one year from now."),
    "E622": ErrorCode("FallbackError", "the fallback text is missing",
                      "Give a fallback text. In Skycore 1.3 a subject is enough."),
    "E712": ErrorCode("FieldError", "the text of the SMS is missing", "Give the text."),

    # Carriers and billing.
    "E618": ErrorCode("CarrierError", "looking up the recipient's carrier failed",
                      "Send again later, or give the operator id, so that no lookup is needed."),
    "E619": ErrorCode("CarrierError", "the carrier is not set up for this sender", "Ask the gateway to set it up."),
    "E628": ErrorCode("CarrierError", "the gateway does not support the recipient's carrier",
                      "Check the operator id if you gave one; otherwise do not send to this number."),
    "E650": ErrorCode("CarrierError", "the operator id is missing or invalid",
                      "Give the operator id from the gateway's table, with leading zeros."),
    "E651": ErrorCode("CarrierError", "the gateway does not know this operator id",
                      "Use the operator id from this gateway's own table; other gateways use other ids."),
    "E713": ErrorCode("BillingError", "the account has a billing problem",
                      "Ask the gateway what is wrong, and solve it before you send again."),

    # The MMS inbox.
    "E640": ErrorCode("FieldError", "the id of the inbox message is missing", _INBOX),
    "E641": ErrorCode("NotFoundError", "there is no inbox message of this id", _INBOX),
    "E642": ErrorCode("NotFoundError", "the inbox message is empty", "Nothing needs to be removed."),
    "E643": ErrorCode("GatewayFaultError", "the inbox message could not be removed", _LATER),

    # Barcodes (sendMMSBarcode, deprecated).
    "E630": ErrorCode("PassError", "the barcode database id is missing", "Give databaseid."),
    "E631": ErrorCode("PassError", "the barcode id is missing", "Give barcodeid."),
    "E632": ErrorCode("PassError", "the barcode database id is invalid", "Give a databaseid of this account."),
    "E633": ErrorCode("PassError", "the stored MMS has no barcode", "Store an MMS with a barcode, and send that."),

    # Wallet passes. Lists of codes mention E174 and E832 without explaining them.
    "E174": ErrorCode("PassError", "undocumented, mentioned for getPassTemplate only", _ASK),
    "E800": ErrorCode("PassError", "the account has no pass template", _EMPTY),
    "E801": ErrorCode("PassError", "the pass template id is missing", "Give passtemplateid."),
    "E802": ErrorCode("PassError", "the account has no pass template with this id", "Check passtemplateid."),
    "E803": ErrorCode("PassError", "the barcode value is missing", "Give barcodevalue: the template's barcode is dynamic."),
    "E804": ErrorCode("PassError", "the e-mail address of the pass is invalid", "Correct the address."),
    "E805": ErrorCode("PassError", "the phone number of the pass is invalid", "Give digits only."),
    "E806": ErrorCode("PassError", "the pass data could not be stored, by a fault of the gateway", _LATER),
    "E807": ErrorCode("PassError", "the pass data id is missing", "Give passdataid."),
    "E808": ErrorCode("PassError", "the account has no pass data with this id", "Check passdataid."),
    "E809": ErrorCode("PassError", "the pass could not be updated, by a fault of the gateway", _LATER),
    "E821": ErrorCode("PassError", "the pass could not be deleted, by a fault of the gateway", _LATER),
    "E822": ErrorCode("PassError", "the stored MMS contains no pass", "Store one with a pass, and send that."),
    "E823": ErrorCode("PassError", "the stored e-mail contains no pass", "Store one with a pass."),
    "E824": ErrorCode("PassError", "the pass data is missing", "Give passdata."),
    "E825": ErrorCode("PassError", "the pass may not be sent by MMS", "Allow it in the template.", _EARLY),
    "E826": ErrorCode("PassError", "the pass may not be sent by e-mail", "Allow it in the template.", _EARLY),
    "E827": ErrorCode("PassError", "the pass template is missing", "Give one of mmsid, emailtemplateid and passtemplateid."),
    "E828": ErrorCode("PassError", "several pass templates are given",
                      "Give only one of mmsid, emailtemplateid and passtemplateid."),
    "E829": ErrorCode("PassError", "the custom identifier is invalid",
                      "Use only letters, digits and spaces in the custom identifier."),
    "E830": ErrorCode("PassError", "the pass could not be generated, by a fault of the gateway", _LATER),
    "E831": ErrorCode("PassError", "the pass has reached its download limit", "Create another pass."),
    "E832": ErrorCode("PassError", "undocumented, mentioned among the early pass codes", _ASK),
    "E833": ErrorCode("PassError", "a personalised pass has no holder",
                      "Give an e-mail address, a phone number or a custom identifier with the pass data."),

    # Subscriptions, by number and by e-mail address.
    "E901": ErrorCode("SubscriptionError", "the mobile number is missing", "Give mobile."),
    "E902": ErrorCode("SubscriptionError", "the campaign id is missing", "Give campaignid (or campaignref)."),
    "E903": ErrorCode("SubscriptionError", "the campaign id is invalid", "Give an id that belongs to this account."),
    "E904": ErrorCode("SubscriptionError", "the number was not subscribed", _ASK),
    "E905": ErrorCode("SubscriptionError", "the number was not unsubscribed", _ASK),
    "E911": ErrorCode("SubscriptionError", "the e-mail address is missing", "Give email."),
    "E912": ErrorCode("SubscriptionError", "the e-mail campaign id is invalid", "Give an id that belongs to this account."),
    "E913": ErrorCode("SubscriptionError", "the e-mail address was not subscribed", _ASK),
    "E914": ErrorCode("SubscriptionError", "the e-mail address was not unsubscribed", _ASK),
    "E915": ErrorCode("SubscriptionError", "the e-mail address has opted out", "Do not send mail to it again."),
    "E916": ErrorCode("SubscriptionError", "mail to the address bounced", "Correct the address, or remove it."),
    "E917": ErrorCode("SubscriptionError", "the recipient reported the mail as spam", "Do not send mail to it again."),
    "E918": ErrorCode("SubscriptionError", "the account itself opted the address out", "Opt it in again first."),
}

# The parts of a pass in the vendor's order, and how many of each there are. Two ranges of codes follow this order.
_PARTS = (("header", 1), ("primary", 2), ("secondary", 4), ("auxiliary", 4), ("back", 4))
_PLACES = [(part, n) for part, count in _PARTS for n in range(1, count + 1)]

# E810-E820: a rule of early 2013 for values, except those of the back fields.
ANSWERS.update({
    f"E{810 + i}": ErrorCode(
        "PassError",
        f"{part} value {n}: the pass template's value type is not text",
        "Leave it out, or make it text in the pass template.",
        _EARLY,
    )
    for i, (part, n) in enumerate(_PLACES[:11])
})

# E840-E869: label and value alternate.
ANSWERS.update({
    f"E{840 + 2 * i + j}": ErrorCode("PassError", f"{part} {half} {n}: not dynamic in the template", _DYNAMIC)
    for i, (part, n) in enumerate(_PLACES)
    for j, half in enumerate(("label", "value"))
})

# E870-E899 and E950-E999: ten codes each, for the ten locations and ten beacons that a pass can have.
_TENS = (
    (870, "location", "not dynamic in the template", _DYNAMIC),
    (880, "location", "the latitude is invalid", "Give decimal degrees, -90 to 90."),
    (890, "location", "the longitude is invalid", "Give decimal degrees, -180 to 180."),
    (950, "beacon", "not dynamic in the template", _DYNAMIC),
    (960, "beacon", "the UUID is invalid", "Give 32 hexadecimal digits, grouped 8-4-4-4-12."),
    (970, "beacon", "the major number is invalid", "Give a whole number from 0 to 65535."),
    (980, "beacon", "the minor number is invalid", "Give a whole number from 0 to 65535."),
    (990, "beacon", "the UUID is missing", "Give the UUID, or leave the whole beacon out."),
)
ANSWERS.update({
    f"E{first + i}": ErrorCode("PassError", f"{thing} {i + 1}: {what}", remedy)
    for first, thing, what, remedy in _TENS
    for i in range(10)
})
ANSWERS["E999"] = ANSWERS["E999"]._replace(note="in a postback: an error in the queue after sending")

# Old codes, and E228, which the vendor lists beside E334 without saying when each is returned. They have the texts of the
# codes that replaced them.
ANSWERS.update({
    old: ANSWERS[new]._replace(note=note)
    for old, new, note in (
        ("E211", "E214", "code used until 2015-03-10, now E214"),
        ("E228", "E334", "the same as E334, which skymms uses"),
        ("E301", "E311", "code used until 2015-03-18, now E311"),
        ("E302", "E312", "code used until 2015-03-18, now E312"),
        ("E303", "E313", "code used until 2015-03-18, now E313"),
        ("E304", "E314", "code used until 2015-03-18, now E314"),
        ("E401", "E406", "code used until 2015-03-10, now E406"),
    )
})

#: Cellcast's codes, most of them of v3. A text that comes with a code may name a more exact class: see `cellcast/wire.py`.
CELLCAST_ANSWERS: dict[str, ErrorCode] = {
    "AUTH_FAILED": ErrorCode("AuthenticationError", "the API key is invalid, or belongs to no registered user",
                             "Give the APPKEY that the dashboard shows. A v1 key does not work in v3."),
    "AUTH_FAILED_NO_DATA": ErrorCode("AuthenticationError", "the request has no API key", "Give an API key to the account."),
    "BAD_REQUEST": ErrorCode("MalformedRequestError", "the request cannot be read",
                             "Build the request with skymms, and use the generation that the key is for."),
    "CastError": ErrorCode("NotFoundError", "the id is not one of the gateway's", "Use an id that the gateway returned."),
    "FIELD_EMPTY": ErrorCode("FieldError", "a required field is empty", "Fill in the field that the text names."),
    "FIELD_INVALID": ErrorCode("FieldError", "a field has a value that the gateway refuses",
                               "Change the field that the text names.",
                               "the code for wrong texts, numbers and images, and for too little credit: the text says which"),
    "KEY_EXISTS": ErrorCode("FieldError", "a value that must be unique is in use", "Give another value."),
    "LEDGER_ERROR": ErrorCode("BillingError", "the account has too little credit", "Buy credit, then send again."),
    "less_nine_digit": ErrorCode("RecipientError", "the number has fewer than nine digits",
                                 "Write +614 and eight digits.", "v1: the type of an invalid contact"),
    "NO_ACCESS": ErrorCode("PermissionDeniedError", "the account may not do this", _ASK),
    "NOT_FOUND": ErrorCode("NotFoundError", "there is nothing by this id, or nothing new to list",
                           "Use an id that the gateway returned. An empty list needs no action."),
    "NOT_IMPLEMENTED": ErrorCode("MalformedRequestError", "the gateway does not have this request",
                                 "Check the account's address and generation."),
    "number_not_valid": ErrorCode("RecipientError", "the number is not an Australian mobile number",
                                  "Write +614 and eight digits.", "v1: the type of an invalid contact"),
    "OVER_LIMIT": ErrorCode("ThrottledError", "too many requests: 15 a second are allowed",
                            "Wait, then send again, or give the account a rate limit."),
    "RECIPIENTS_ERROR": ErrorCode("RecipientError", "none of the numbers can be sent to: each is invalid or has unsubscribed",
                                  "Correct the numbers, and leave out those that have unsubscribed."),
}


def find_answer(code: str) -> ErrorCode | None:
    """Return the entry of a code in responses, of any gateway; None for an unknown code."""
    return ANSWERS.get(code) or CELLCAST_ANSWERS.get(code)


EVENTS: dict[str, Event] = {
    # Saving (x0x) and sending at once (x1x) encode media first. Only the failures need a reaction.
    "N002": Event("encoding", "mobile video is encoded (code used until 2015-03-18)", ""),
    "N003": Event("encoding", "the MMS is stored and encoded; its id can be used", ""),
    "N013": Event("encoding", "the MMS is encoded and is being sent", ""),
    "E001": Event("encoding", "mobile video could not be encoded (code used until 2015-03-18)",
                     "Encode the video again with common codecs, and save the MMS again."),
    "E002": Event("encoding", "audio could not be encoded; the stored MMS is unusable",
                     "Repair the file that the notice names (some pages mean video too), and save the MMS again."),
    "E003": Event("encoding", "video could not be encoded; the stored MMS is unusable",
                     "Repair the video and save the MMS again."),
    "E004": Event("encoding", "an image could not be encoded; the stored MMS is unusable",
                     "Repair the image and save the MMS again."),
    "E011": Event("encoding", "content was refused, nothing was sent (earlier: mobile video was not encoded)",
                     "Check the type of every file, and that each opens, then send again."),
    "E012": Event("encoding", "audio could not be encoded, nothing was sent", "Repair it and send again."),
    "E013": Event("encoding", "video could not be encoded, nothing was sent", "Repair it and send again."),

    # Delivery of MMS. Before 2014-10-21 failures were reported as N102 and N202 too, so the status decides.
    "N101": Event("delivery", "the MMS is being sent", ""),
    "N102": Event("delivery", "delivered, expired or rejected: see the status", ""),
    "N103": Event("delivery", "the MMS expired before it was delivered", "Send it again if it is still needed."),
    "E100": Event("delivery", "the request was invalid", "Check the request that this notice is about."),
    "E101": Event("delivery", "the MMS could not be sent", "Read the details; check merge values and URLs."),
    "E102": Event("delivery", "the MMS was not delivered: failed, expired, rejected or not supported",
                     "Read the status and the details. A possible reason is an emoji in the subject."),

    # SMS, or the fallback SMS of an MMS (N202 and E202 then have the origin MMS_MT).
    "N201": Event("delivery", "the SMS is being sent", ""),
    "N202": Event("delivery", "the SMS was delivered or failed: see the status", ""),
    "E201": Event("delivery", "the SMS could not be sent", "Check sender and number, then send again."),
    "E202": Event("delivery", "the SMS was not delivered", "Read the status and its details for the reason."),

    # Device discovery: a small MMS that the gateway sends first to learn the phone's model.
    "N501": Event("delivery", "the device discovery message is being sent", ""),
    "N502": Event("delivery", "the device discovery message has a new status", ""),
    "E501": Event("delivery", "the device discovery message could not be sent", "Wait for the reports of the message itself."),
    "E502": Event("delivery", "the device discovery message was not delivered", "Wait for the reports of the message itself."),
    "E999": Event("delivery", "an error in the gateway's queue after sending",
                     "Do not send it again: it may have been sent. Ask the gateway's support, with the tracking id."),

    # Inbound messages and subscriptions.
    "N401": Event("inbound-mms", "an MMS was received", "Fetch its files soon: the gateway deletes them."),
    "N211": Event("inbound-sms", "an SMS was received", ""),
    "N301": Event("subscription", "a number subscribed (posted again when it opts in again)", ""),
    "N302": Event("subscription", "a number unsubscribed", "Stop sending to it."),
    "N303": Event("subscription", "an e-mail address subscribed", ""),
    "N304": Event("subscription", "an e-mail address unsubscribed", "Stop sending mail to it."),

    # Passes. These codes are in the element STATUSCODE, not in CODE.
    "N801": Event("pass", "the pass was generated", ""),
    "N802": Event("pass", "the pass could not be generated", "Check the pass data, then try again."),
    "N803": Event("pass", "the limit for generating passes is reached", "Ask the gateway to raise the limit."),
    "N811": Event("pass", "the account has too few credits for the pass", "Buy credits, then try again."),
}

# The kinds of event that each origin can have. If code and origin disagree, the code decides. An unknown origin makes an
# unknown notice, never an error.
ORIGINS: dict[str, tuple[str, ...]] = {
    "MMS_MT": ("delivery", "encoding"),
    "SMS_MT": ("delivery",),
    "MMS_MO": ("inbound-mms",),
    "SMS_MO": ("inbound-sms",),
    "SUB": ("subscription",),
    "EMAIL_SUB": ("subscription",),
    "GENERATE_PASS": ("pass",),
}
