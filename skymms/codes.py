"""What the gateway's codes mean, and what to do about each.

This file exists so that the rest of skymms never reads a gateway's prose. Its rule: *the code decides*. The
words around a code are kept for people and compared by nobody: they name slides and limits, were reworded
over the years, and differ from one white label to the next.

There are two catalogues, because a code means something only in its channel. `ANSWERS` is for what comes back
from a request, `EVENTS` for what the gateway posts later. E101, E102, E201 and E999 stand in both, with
unrelated meanings (E202 is counted with them, but no source shows it in an answer). The vendor renumbered for
this reason in March 2015: E301-E304 became E311-E314, and E101-E103 and E201 went. Pages, samples and forks
still carry the old numbers, so both sets are here. Never merge the two tables.

A code that is not here is no accident either: the published lists lack codes that the published samples show.
Look codes up with `.get()` and keep the unknown ones; an unknown code must never become a KeyError.

`Answer.family` is the *name* of a class in `errors.py`: this file is the ground floor and imports none of it.

Facts (the words are ours): Skycore's sendMMS page, its documentation repository of 2013-2015 (several
versions of its code appendix, the method pages), its later help pages; Sinch's pages, XML and JSON.
"""

from typing import NamedTuple


class Answer(NamedTuple):
    """What a code in an answer says, and the error it becomes.

    :ivar family: name of the error class raised for it
    :ivar meaning: sentence fragment, lower case; the slide number is data of the error, not part of this
    :ivar remedy: what a developer changes, and where
    :ivar note: history and doubts about the source; empty for most
    """

    family: str
    meaning: str
    remedy: str
    note: str = ""


class Event(NamedTuple):
    """What a code in a postback says.

    :ivar kind: ``delivery``, ``encoding``, ``inbound-mms``, ``inbound-sms``, ``subscription`` or ``pass``
    :ivar meaning: sentence fragment, lower case
    :ivar remedy: what to do; empty where nothing is
    """

    kind: str
    meaning: str
    remedy: str


# Remedies and notes that several codes share. No figures for file sizes: those differ by account.
_SHRINK = "Bring the file below the account's limit for its kind, shown in the gateway's API settings."
_SERVE = "Serve the file at a complete public URL that answers with Content-Length and its true Content-Type."
_SERVE_AV = _SERVE + " Put ids in the path: the query part of audio and video URLs is cut off."
_TYPE = "Serve the file with its true Content-Type, never as application/octet-stream."
_DATES = "Write both dates as YYYY-MM-DD hh:mm:ss, in UTC, the end after the start."
_LATER = "The fault is the gateway's: try again later, and report it if it stays."
_DYNAMIC = "Leave it out, or make it dynamic in the pass template."
_ASK = "Ask the gateway's support, quoting the words that came with the code."
_INBOX = "Give the tracking id of the message's N401 notice."
_EMPTY = "Take it as an empty list, or make one first."
_ONE_DAY = "published for one day, 2014-09-12"
_EARLY = "in the earliest lists only (2013)"

ANSWERS: dict[str, Answer] = {
    # The request as a whole.
    "E100": Answer("MalformedRequestError", "the request cannot be understood, or lacks a required field",
                   "Check the base URL, and whether the gateway wants XML as a form field or as the body."),
    "E101": Answer("MalformedRequestError", "the action is missing or unknown",
                   "Check the spelling of the action, and that this gateway knows it.",
                   "number used until 2015-03-18; in a postback: the MMS could not be sent"),
    "E108": Answer("MalformedRequestError", "the body is not well-formed XML (or JSON)",
                   "Build the body with the library, or escape &, < and > and drop control characters."),

    # Who is asking. E102 and E103 are from the time of user name and MD5 password.
    "E102": Answer("AuthenticationError", "neither a user name nor an API key was given",
                   "Give the API key.", "number used until 2015-03-18; in a postback: delivery failed"),
    "E103": Answer("AuthenticationError", "the password digest is missing, or access is blocked (newer use)",
                   "Use an API key, not a password. If you do, ask the gateway why the account is blocked.",
                   "number used until 2015-03-18; the JSON service gave it the second meaning"),
    "E104": Answer("AuthenticationError", "the API key was not accepted",
                   "Compare the key with the gateway's API settings page, where it can also be renewed."),

    # What the asker may do.
    "E105": Answer("PermissionDeniedError", "the account may not use the API",
                   "Ask the gateway for API rights; they come with paid plans."),
    "E107": Answer("PermissionDeniedError", "the account may not use this action",
                   "Ask the gateway for the action. sendMMS, for one, needs a dedicated short code.",
                   "Sinch returns it for an invalid action as well"),
    "E109": Answer("PermissionDeniedError", "the API is not switched on for the account",
                   "Switch it on in the API settings, or have the gateway do so."),
    "E112": Answer("PermissionDeniedError", "this machine's address is not on the account's allow list",
                   "Add the public IP address you call from to the allow list in the API settings."),

    # How often.
    "E106": Answer("ThrottledError", "calls follow each other faster than the account allows",
                   "Wait, then send again. Space the calls evenly, by the interval in the API settings."),
    "E113": Answer("ThrottledError", "this action was called more often than its throughput allows",
                   "Wait, then send again, more slowly; a higher throughput is a matter of contract."),
    "429": Answer("ThrottledError", "an HTTP 429 whose body is not the protocol's",
                  "Wait as long as Retry-After asks, then send again.", "not a code of the protocol"),
    "E120": Answer("QuotaExceededError", "the account has used up its API requests",
                   "Stop until the period ends or the limit is raised; trying again at once is no use."),

    # Recipient and sender.
    "E110": Answer("RecipientError", "the recipient's number is invalid",
                   "Give one number: digits only, country code first, no + and no 00."),
    "E114": Answer("RecipientError", "the recipient is on a block list",
                   "Stop sending to this number; if the block is a mistake, have the gateway lift it."),
    "E201": Answer("RecipientError", "the recipient's number is missing", "Give the recipient.",
                   "number used until 2015-03-18; in a postback: the SMS could not be sent"),
    "E621": Answer("RecipientError", "the recipient is missing", "Give the recipient."),
    "E623": Answer("RecipientError", "more than 100 recipients in one call",
                   "Make one call for each recipient.", "until 2013-09-04 a call took a list"),
    "E111": Answer("SenderError", "the sender is not a short code or number of this account",
                   "Send from a number assigned to the account, digits only."),
    "E115": Answer("SenderError", "the sender mask is too long",
                   "Keep the mask within 50 characters, and use one in Australia only.", "JSON service only"),

    # createUser.
    "E150": Answer("FieldError", "the name of the new user is missing", "Give newuser."),
    "E151": Answer("FieldError", "a user of this name exists already", "Choose another newuser."),
    "E152": Answer("FieldError", "the password of the new user is missing", "Give newpass."),
    "E153": Answer("GatewayFaultError", "the user could not be created", _LATER),
    "E154": Answer("GatewayFaultError", "the user could not be created", _LATER, "same words as E153"),

    # Campaigns: making them, and sending within them.
    "E170": Answer("CampaignError", "the new campaign has no name", "Give campaignname.",
                   "one loginUser sample shows it for a refused login, probably by mistake"),
    "E171": Answer("CampaignError", "the new campaign has no brand name", "Give brandname."),
    "E172": Answer("CampaignError", "the campaign could not be created, by a fault of the gateway", _LATER),
    "E173": Answer("CampaignError", "the new e-mail campaign has no postal address", "Give mailingaddress."),
    "E624": Answer("CampaignError", "the campaign to send to is missing", "Give its id (tocampaign)."),
    "E627": Answer("CampaignError", "the service id is missing or invalid",
                   "Give the service id that the gateway assigned; it is text, such as 28444mms.",
                   "listed for 1.3 sends too, which have no such field"),
    "E714": Answer("CampaignError", "the campaign id is missing or invalid", "Give an id of this account's."),
    "E715": Answer("CampaignError", "the recipient is not subscribed to the campaign",
                   "Subscribe the number first, or name the campaign it belongs to."),
    "E718": Answer("CampaignError", "the campaign reference is missing",
                   "Give the campaign reference: this account enforces the campaign check."),
    "E721": Answer("CampaignError", "the campaign reference is not known",
                   "Compare it with the campaign's reference in the account; not every account takes its id."),

    # Lists and stored content.
    "E200": Answer("NotFoundError", "the account has no stored MMS", _EMPTY, "in a sample, in no table"),
    "E212": Answer("FieldError", "the page number is invalid", "Give a whole number from 1 up."),
    "E213": Answer("FieldError", "the number of items a page is invalid", "Give a whole number from 1 up."),
    "E214": Answer("FieldError", "the start date is invalid", "Give an ISO 8601 time with its offset."),
    "E241": Answer("NotFoundError", "there is no stored MMS of this id",
                   "Check the id, and that the same account stored it; a deleted one does not come back."),
    "E620": Answer("FieldError", "the id of the stored MMS is missing", "Give the id that saving reported."),
    "E625": Answer("FieldError", "the id of the stored MMS is invalid", "Give the id that saving reported."),
    "E626": Answer("NotReadyError", "the stored MMS is still being encoded",
                   "Wait for its N003 notice, then send; only audio and video take that long."),

    # The composition of slides.
    "E311": Answer("FieldError", "the MMS has no internal name", "Name it; no recipient will see the name."),
    "E312": Answer("NoSlidesError", "the slideshow has not one slide", "Add a slide with something on it."),
    "E313": Answer("EmptySlideError", "a slide holds nothing", "Give it text, media or an object."),
    "E314": Answer("FieldError", "the subject is missing or invalid",
                   "Give a subject of 1 to 80 plain characters, without emoji.",
                   "on newer pages a fallback text may stand in for the subject (E622)"),
    "E223": Answer("MultipleObjectsError", "a slide holds two objects (contact, calendar entry, PDF, pass)",
                   "Leave one object on the slide and give each other one a slide of its own."),
    "E224": Answer("ObjectWithMediaError", "a slide holds an object beside image, audio or video",
                   "Put the contact, calendar entry, PDF or pass on a slide of its own; text may join it."),
    "E225": Answer("TooManySlidesError", "the slideshow has more slides than the gateway takes",
                   "Keep 8 slides at most; send the others as a second MMS."),
    "E226": Answer("AudioWithVideoError", "a slide holds both audio and video",
                   "Put the audio or the video on a slide of its own."),
    "E227": Answer("VideoWithImageError", "a slide holds both a video and an image",
                   "Put the video or the image on a slide of its own; only text goes beside a video."),
    "E230": Answer("DurationError", "the duration of a slide is not accepted",
                   "Give whole seconds from 1 up, best 30 at most, or none: audio and video have their own."),
    "E334": Answer("TextTooLongError", "the text of a slide is too long",
                   "Keep the text within 5,000 characters, or spread it over two slides.",
                   "the limit was 500 before 2014-03-26"),

    # Media that is too big, broken, out of reach or of the wrong type.
    "E331": Answer("MediaTooLargeError", "the image of a slide is too big", _SHRINK),
    "E332": Answer("MediaTooLargeError", "the audio of a slide is too big", _SHRINK),
    "E333": Answer("MediaTooLargeError", "the video of a slide is too big", _SHRINK),
    "E335": Answer("MediaTooLargeError", "the contact card of a slide is too big", _SHRINK),
    "E336": Answer("MediaTooLargeError", "the calendar entry of a slide is too big", _SHRINK),
    "E337": Answer("MediaTooLargeError", "the PDF of a slide is too big", _SHRINK),
    "E338": Answer("MediaTooLargeError", "the pass of a slide is too big", _SHRINK, "not in the JSON list"),
    "E341": Answer("MediaCorruptedError", "the image of a slide is damaged",
                   "Open the file elsewhere and export it again as JPG, PNG or GIF."),
    "E343": Answer("MediaCorruptedError", "the gateway has no codec for the video of a slide",
                   "Encode the video again, as MP4 or 3GP with common codecs.", "in tables since 2015-02"),
    "E351": Answer("MediaUnreachableError", "the image of a slide could not be fetched", _SERVE),
    "E352": Answer("MediaUnreachableError", "the audio of a slide could not be fetched", _SERVE_AV),
    "E353": Answer("MediaUnreachableError", "the video of a slide could not be fetched", _SERVE_AV),
    "E355": Answer("MediaUnreachableError", "the contact card of a slide could not be fetched", _SERVE),
    "E356": Answer("MediaUnreachableError", "the calendar entry of a slide could not be fetched", _SERVE),
    "E357": Answer("MediaUnreachableError", "the PDF of a slide could not be fetched", _SERVE),
    "E358": Answer("MediaUnreachableError", "the pass of a slide could not be fetched", _SERVE),
    "E229": Answer("MediaTypeError", "the gateway does not allow this content",
                   "Replace the file by an allowed type: JPG, PNG, GIF, MP3, WAV, MP4 or 3GP are safe."),
    "E361": Answer("MediaTypeError", "the type of an image is undefined", _TYPE, _ONE_DAY),
    "E362": Answer("MediaTypeError", "the type of an audio file is undefined", _TYPE, _ONE_DAY),
    "E363": Answer("MediaTypeError", "the type of a video is undefined", _TYPE, _ONE_DAY),
    "E629": Answer("MediaTypeError", "the type of a file is not recognised", _TYPE),

    # E-mail actions.
    "E400": Answer("NotFoundError", "the account has no stored e-mail", _EMPTY),
    "E402": Answer("FieldError", "the id of the stored e-mail is invalid", "Give another emailid."),
    "E403": Answer("FieldError", "data to fill the e-mail with is missing", "Give a value for each tag."),
    "E404": Answer("NotFoundError", "the account has no e-mail campaign", _EMPTY),
    "E405": Answer("NotFoundError", "the account has no MMS campaign", _EMPTY),
    "E406": Answer("FieldError", "the e-mail address is invalid", "Give one, such as ann@example.com."),

    # The gateway's own trouble, and its reports.
    "E503": Answer("GatewayFaultError", "something failed inside the gateway",
                   "Look for a delivery report before sending again: what was done is not known."),
    "E506": Answer("FieldError", "a date of the report is missing", _DATES),
    "E507": Answer("FieldError", "a date of the report is not in the form asked for", _DATES),
    "E508": Answer("FieldError", "a date of the report is no real date, or its end is not after its start", _DATES,
                   "documented with the words of E507; a public PHP client tells them apart so"),
    "E509": Answer("FieldError", "the report spans too long a time", "Ask for shorter spans, one by one."),
    "E510": Answer("FieldError", "reports are asked for too often", "Wait longer between two reports."),

    # What goes out as SMS when MMS cannot.
    "E617": Answer("FallbackError", "the expiry of the fallback link is invalid",
                   "Give an ISO 8601 time in the future, at most a year away."),
    "E622": Answer("FallbackError", "the fallback text is missing",
                   "Give a fallback text. In 1.3 a subject will do; or switch the SMS off if you can."),
    "E712": Answer("FieldError", "the text of the SMS is missing", "Give the text."),

    # Carriers and money.
    "E618": Answer("CarrierError", "looking up the recipient's carrier failed",
                   "Send again a little later, or give the operator id and spare the lookup."),
    "E619": Answer("CarrierError", "the carrier is not set up for this sender", "Have the gateway do that."),
    "E628": Answer("CarrierError", "the gateway does not serve the recipient's carrier",
                   "Check the operator id if you gave one; else leave the number out."),
    "E650": Answer("CarrierError", "the operator id is missing or invalid",
                   "Give the operator id as the gateway's table has it, leading zeros included."),
    "E651": Answer("CarrierError", "the gateway does not know this operator id",
                   "Take the operator id from this gateway's own table: other gateways number differently."),
    "E713": Answer("BillingError", "the account has a billing problem", "Settle it with the gateway first."),

    # The MMS inbox.
    "E640": Answer("FieldError", "the id of the inbox message is missing", _INBOX),
    "E641": Answer("NotFoundError", "there is no inbox message of this id", _INBOX),
    "E642": Answer("NotFoundError", "the inbox message holds nothing", "Carry on: nothing needs removing."),
    "E643": Answer("GatewayFaultError", "the inbox message could not be removed", _LATER),

    # Barcodes (sendMMSBarcode, deprecated).
    "E630": Answer("PassError", "the barcode database id is missing", "Give databaseid."),
    "E631": Answer("PassError", "the barcode id is missing", "Give barcodeid."),
    "E632": Answer("PassError", "the barcode database id is invalid", "Give a databaseid of this account."),
    "E633": Answer("PassError", "the stored MMS has no place for a barcode", "Store one that has."),

    # Wallet passes. E174 and E832 are cited by lists of codes and explained by none.
    "E174": Answer("PassError", "undocumented, cited for getPassTemplate only", _ASK),
    "E800": Answer("PassError", "the account has no pass template", _EMPTY),
    "E801": Answer("PassError", "the pass template id is missing", "Give passtemplateid."),
    "E802": Answer("PassError", "the account has no such pass template", "Check passtemplateid."),
    "E803": Answer("PassError", "the barcode value is missing", "Give barcodevalue: it is dynamic."),
    "E804": Answer("PassError", "the e-mail address of the pass is invalid", "Correct the address."),
    "E805": Answer("PassError", "the phone number of the pass is invalid", "Give digits only."),
    "E806": Answer("PassError", "the pass data could not be stored, by a fault of the gateway", _LATER),
    "E807": Answer("PassError", "the pass data id is missing", "Give passdataid."),
    "E808": Answer("PassError", "the account has no such pass data", "Check passdataid."),
    "E809": Answer("PassError", "the pass could not be updated, by a fault of the gateway", _LATER),
    "E821": Answer("PassError", "the pass could not be deleted, by a fault of the gateway", _LATER),
    "E822": Answer("PassError", "the stored MMS contains no pass", "Store one with a pass, and send that."),
    "E823": Answer("PassError", "the stored e-mail contains no pass", "Store one with a pass."),
    "E824": Answer("PassError", "the pass data is missing", "Give passdata."),
    "E825": Answer("PassError", "the pass may not go out by MMS", "Allow it in the template.", _EARLY),
    "E826": Answer("PassError", "the pass may not go out by e-mail", "Allow it in the template.", _EARLY),
    "E827": Answer("PassError", "nothing names the pass template",
                   "Give one of mmsid, emailtemplateid and passtemplateid."),
    "E828": Answer("PassError", "several ids name the pass template", "Give one of the three only."),
    "E829": Answer("PassError", "the custom identifier is invalid", "Use letters, digits and blanks only."),
    "E830": Answer("PassError", "the pass could not be generated, by a fault of the gateway", _LATER),
    "E831": Answer("PassError", "the pass has reached its download limit", "Make another pass."),
    "E832": Answer("PassError", "undocumented, cited among the early pass codes", _ASK),
    "E833": Answer("PassError", "a personalised pass does not say whose it is",
                   "Give an e-mail address, a phone number or a custom identifier with the pass data."),

    # Subscriptions, by number and by e-mail address.
    "E901": Answer("SubscriptionError", "the mobile number is missing", "Give mobile."),
    "E902": Answer("SubscriptionError", "the campaign id is missing", "Give campaignid (or campaignref)."),
    "E903": Answer("SubscriptionError", "the campaign id is invalid", "Give an id of this account's."),
    "E904": Answer("SubscriptionError", "the number was not subscribed", _ASK),
    "E905": Answer("SubscriptionError", "the number was not unsubscribed", _ASK),
    "E911": Answer("SubscriptionError", "the e-mail address is missing", "Give email."),
    "E912": Answer("SubscriptionError", "the e-mail campaign id is invalid", "Give an id of this account's."),
    "E913": Answer("SubscriptionError", "the e-mail address was not subscribed", _ASK),
    "E914": Answer("SubscriptionError", "the e-mail address was not unsubscribed", _ASK),
    "E915": Answer("SubscriptionError", "the e-mail address has opted out", "Do not write to it again."),
    "E916": Answer("SubscriptionError", "mail to the address has bounced", "Correct the address or drop it."),
    "E917": Answer("SubscriptionError", "the address has complained of spam", "Do not write to it again."),
    "E918": Answer("SubscriptionError", "the account itself opted the address out", "Opt it in again first."),
}

# The parts of a pass in the vendor's order, with how many of each; two ranges of codes walk through them.
_PARTS = (("header", 1), ("primary", 2), ("secondary", 4), ("auxiliary", 4), ("back", 4))
_PLACES = [(part, n) for part, count in _PARTS for n in range(1, count + 1)]

# E810-E820: a rule of early 2013, for values; the back fields were exempt.
ANSWERS |= {
    f"E{810 + i}": Answer("PassError", f"{part} value {n}: the pass template's value type is not text",
                          "Leave it out, or make it text in the pass template.", _EARLY)
    for i, (part, n) in enumerate(_PLACES[:11])
}

# E840-E869: label and value by turns.
ANSWERS |= {
    f"E{840 + 2 * i + j}": Answer("PassError", f"{part} {half} {n}: not dynamic in the template", _DYNAMIC)
    for i, (part, n) in enumerate(_PLACES)
    for j, half in enumerate(("label", "value"))
}

# E870-E899 and E950-E999: ten codes each, for the ten locations and the ten beacons a pass can have.
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
ANSWERS |= {
    f"E{first + i}": Answer("PassError", f"{thing} {i + 1}: {what}", remedy)
    for first, thing, what, remedy in _TENS
    for i in range(10)
}
ANSWERS["E999"] = ANSWERS["E999"]._replace(note="in a postback: an error in the queue after sending")

# Old numbers, and E228, which the vendor lists beside E334 without saying which of the two is returned when.
# Made from their successors, so that one meaning cannot be told in two ways.
ANSWERS |= {
    old: ANSWERS[new]._replace(note=note)
    for old, new, note in (
        ("E211", "E214", "number used until 2015-03-10, now E214"),
        ("E228", "E334", "the same as E334, the number we use ourselves"),
        ("E301", "E311", "number used until 2015-03-18, now E311"),
        ("E302", "E312", "number used until 2015-03-18, now E312"),
        ("E303", "E313", "number used until 2015-03-18, now E313"),
        ("E304", "E314", "number used until 2015-03-18, now E314"),
        ("E401", "E406", "number used until 2015-03-10, now E406"),
    )
}

EVENTS: dict[str, Event] = {
    # Storing (x0x) and one-off sending (x1x) encode media first. Only the failures ask for anything.
    "N002": Event("encoding", "mobile video is encoded (number used until 2015-03-18)", ""),
    "N003": Event("encoding", "the MMS is stored and encoded; its id can be used", ""),
    "N013": Event("encoding", "the MMS is encoded and on its way", ""),
    "E001": Event("encoding", "mobile video could not be encoded (number used until 2015-03-18)",
                  "Encode the video again with common codecs, and store it again."),
    "E002": Event("encoding", "audio could not be encoded; the stored MMS is unusable",
                  "See which file it was (some pages mean video too), repair it and store the MMS anew."),
    "E003": Event("encoding", "video could not be encoded; the stored MMS is unusable",
                  "Repair the video and store the MMS anew."),
    "E004": Event("encoding", "an image could not be encoded; the stored MMS is unusable",
                  "Repair the image and store the MMS anew."),
    "E011": Event("encoding", "content did not pass, nothing was sent (once: mobile video not encoded)",
                  "Check the type and the state of every file, then send again."),
    "E012": Event("encoding", "audio could not be encoded, nothing was sent", "Repair it and send again."),
    "E013": Event("encoding", "video could not be encoded, nothing was sent", "Repair it and send again."),

    # MMS on its way. Before 2014-10-21 failures came as N102 and N202 too: the status must be read as well.
    "N101": Event("delivery", "the MMS is being sent", ""),
    "N102": Event("delivery", "the MMS was delivered, unless the status says otherwise", ""),
    "N103": Event("delivery", "the MMS expired before it was delivered", "Send again if it still matters."),
    "E100": Event("delivery", "the request was invalid", "Check the request that this notice answers."),
    "E101": Event("delivery", "the MMS could not be sent", "Read the details; check merge values and URLs."),
    "E102": Event("delivery", "the MMS was not delivered: failed, expired, rejected or not supported",
                  "Read the status for which, the details for why; emoji in a subject are one reason."),

    # SMS: sent as such, or as the fallback of an MMS (then N202 and E202 come with the origin MMS_MT).
    "N201": Event("delivery", "the SMS is being sent", ""),
    "N202": Event("delivery", "the SMS was delivered, unless the status says otherwise", ""),
    "E201": Event("delivery", "the SMS could not be sent", "Check sender and number, then send again."),
    "E202": Event("delivery", "the SMS was not delivered", "Read the status and its details for the reason."),

    # Device discovery: a small MMS sent ahead to learn the handset.
    "N501": Event("delivery", "the device discovery message is being sent", ""),
    "N502": Event("delivery", "the device discovery message has a new status", ""),
    "E501": Event("delivery", "the device discovery message could not be sent", "wait for the reports of the message itself"),
    "E502": Event("delivery", "the device discovery message was not delivered", "wait for the reports of the message itself"),
    "E999": Event("delivery", "an error in the gateway's queue after sending",
                  "Do not send again unasked: it may have gone out. Ask the gateway, with the tracking id."),

    # What people send, and where they subscribe.
    "N401": Event("inbound-mms", "an MMS was received", "Fetch its files soon: the gateway removes them."),
    "N211": Event("inbound-sms", "an SMS was received", ""),
    "N301": Event("subscription", "a number subscribed (this repeats when it opts in again)", ""),
    "N302": Event("subscription", "a number unsubscribed", "Stop sending to it."),
    "N303": Event("subscription", "an e-mail address subscribed", ""),
    "N304": Event("subscription", "an e-mail address unsubscribed", "Stop writing to it."),

    # Passes. These come in the node STATUSCODE, not in CODE.
    "N801": Event("pass", "the pass was generated", ""),
    "N802": Event("pass", "the pass could not be generated", "Check the pass data, then try again."),
    "N803": Event("pass", "the limit for generating passes is reached", "Have the limit raised."),
    "N811": Event("pass", "the account has too few credits for the pass", "Buy credits, then try again."),
}

# Which kinds of event an origin may carry. Where the two disagree, the code is the finer witness; an origin
# that is not here makes an unknown notice, never an error.
ORIGINS: dict[str, tuple[str, ...]] = {
    "MMS_MT": ("delivery", "encoding"),
    "SMS_MT": ("delivery",),
    "MMS_MO": ("inbound-mms",),
    "SMS_MO": ("inbound-sms",),
    "SUB": ("subscription",),
    "EMAIL_SUB": ("subscription",),
    "GENERATE_PASS": ("pass",),
}
