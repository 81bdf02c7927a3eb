"""The vendors' own examples as test data: the operation, the request, the response, and the reply.

Retyped from the vendors' pages in their order and layout, with fictional numbers (1555…) and keys of our own. Each vector is
tested in every direction: the request is encoded and decoded, the response is decoded and encoded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from lxml import etree

from skymms import (
    DeletedMMS,
    DeleteMMS,
    DeliveryReport,
    InboundMMS,
    ListMMS,
    MMSList,
    Notice,
    Operation,
    SavedMMS,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SentMMS,
    Slide,
    Slideshow,
    StoredMMS,
)
from skymms.model.replies import Refusal
from skymms.wire.dialects import DIALECTS, Dialect, DialectName

KEY = "0123456789abcdef0123456789abcdef"


class Vector(NamedTuple):
    """One example. ``source`` is the vendor's page; ``options`` are those of an account that writes exactly this request."""

    name: str
    source: str
    dialect: DialectName
    operation: Operation[Any]
    #: XML, JSON, or the lines of a query, as the vendor prints them.
    document: str
    answer: str
    reply: object
    options: Mapping[str, Any] = MappingProxyType({})
    #: The codes of the problems in the vendor's own example, if the vendor's samples and text disagree.
    objections: tuple[str, ...] = ()

    @property
    def spoken(self) -> Dialect:
        return DIALECTS[self.dialect]

    @property
    def key(self) -> str:
        """The key in the document; empty if the dialect sends it in a header."""
        return "" if self.spoken.key_header else KEY

    @property
    def request(self) -> bytes:
        """The document as it is sent."""
        text = self.document.replace("YOUR-KEY", KEY)
        if text.lstrip().startswith(("<", "{")):
            return text.encode()
        pairs = [line.strip().removeprefix("&").partition("=") for line in text.split("\n") if line.strip()]
        return urlencode([(name, value) for name, _, value in pairs]).encode()


# ------------------------------------------------------------------------------------------------ Skycore 1.3, sendMMS page

COUPON = (
    Slideshow("Membership coupon", subject="Free coupon!")
    .slide("Hi! Thank you for joining us!", image="http://www.yoursite.com/images/welcome.jpg", duration=5)
    .slide(
        "As a new member, here's a free coupon from us!\nPlease enjoy!",
        passbook="http://www.yoursite.com/pass/coupon.pkpass",
        duration=5,
    )
)
SEND_COUPON = SendMMS(COUPON, to="15551234888", sender="60856", operator_id="000189", campaign_ref="Campaign123")

COUPON_XML = r"""
<REQUEST>
    <ACTION>sendMMS</ACTION>
    <API_KEY>YOUR-KEY</API_KEY>
    <TO>15551234888</TO>
    <FROM>60856</FROM>
    <OPERATORID>000189</OPERATORID>
    <SUBJECT>Free coupon!</SUBJECT>
    <CAMPAIGNREF>Campaign123</CAMPAIGNREF>
    <NAME>Membership coupon</NAME>
    <SLIDE>
        <IMAGE>
            <URL>http://www.yoursite.com/images/welcome.jpg</URL>
        </IMAGE>
        <TEXT>Hi! Thank you for joining us!</TEXT>
        <DURATION>5</DURATION>
    </SLIDE>
    <SLIDE>
        <PASSBOOK>
            <URL>http://www.yoursite.com/pass/coupon.pkpass</URL>
        </PASSBOOK>
        <TEXT>As a new member, here's a free coupon from us!\nPlease enjoy!</TEXT>
        <DURATION>5</DURATION>
    </SLIDE>
</REQUEST>"""

COUPON_GET = r"""
action=sendmms
&api_key=YOUR-KEY
&to=15551234888
&from=60856
&operatorid=000189
&campaignref=Campaign123
&subject=Free coupon!
&name=Membership coupon
&slide_image_url_0=http://www.yoursite.com/images/welcome.jpg
&slide_text_value_0=Hi! Thank you for joining us!
&slide_duration_0=5
&slide_passbook_url_1=http://www.yoursite.com/pass/coupon.pkpass
&slide_text_value_1=As a new member, here's a free coupon from us!\nPlease enjoy!
&slide_duration_1=5"""

COUPON_SENT = """
<RESPONSE>
    <STATUS>Success</STATUS>
    <TO>15551234888</TO>
    <MMSID>35674</MMSID>
    <TRACKINGID>MMS_12345</TRACKINGID>
    <STATUSDETAILS>MMS request accepted and queued for delivery</STATUSDETAILS>
</RESPONSE>"""

BAD_SHORT_CODE = """
<RESPONSE>
    <STATUS>Failure</STATUS>
    <ERRORCODE>E111</ERRORCODE>
    <TO>15551234888</TO>
    <ERRORINFO>Invalid shortcode</ERRORINFO>
</RESPONSE>"""

QUEUED = "MMS request accepted and queued for delivery"
ACCEPTED = SentMMS(mms_id="35674", tracking_id="MMS_12345", to="15551234888", details=QUEUED)
#: The vendor's example writes a line break as these two characters.
AS_IN_THE_EXAMPLE = MappingProxyType({"line_break": r"\n"})

#: Every element of the vendor's template for sendMMS, in XML and in GET. Its first slide holds one file of each kind.
SEND_MMS_NODES = """
    ACTION API_KEY TO FROM FROM_MASK OPERATORID CAMPAIGNREF SUBJECT NAME
    SLIDE/IMAGE/URL SLIDE/AUDIO/URL SLIDE/VIDEO/URL SLIDE/VCARD/URL SLIDE/ICAL/URL SLIDE/PDF/URL SLIDE/PASSBOOK/URL
    SLIDE/TEXT SLIDE/DURATION FALLBACKSMSTEXT DISABLEFALLBACKSMSLINK MMSLINK_EXPIRATION_DATE
"""
SEND_MMS_PARAMETERS = """
    action api_key to from from_mask operatorid campaignref subject name
    slide_image_url_# slide_audio_url_# slide_video_url_# slide_vcard_url_# slide_ical_url_# slide_pdf_url_#
    slide_passbook_url_# slide_duration_# slide_text_value_# fallbacksmstext disablefallbacksmslink mmslink_expiration_date
"""

WHOLE_TEMPLATE = SendMMS(
    Slideshow(
        "Internal Name",
        subject="MMS Subject",
        fallback_text="This text replaces the MMS subject when MMS is sent as SMS link",
        disable_fallback_link=True,
        link_expires=datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC),
        slides=(
            Slide(image="https://media.example/1.jpg", audio="https://media.example/1.mp3"),
            Slide("Plain Text", video="https://media.example/2.mp4"),
            Slide(vcard="https://media.example/3.vcf"),
            Slide(ical="https://media.example/4.ics"),
            Slide(pdf="https://media.example/5.pdf", duration=10),
            Slide(passbook="https://media.example/6.pkpass"),
        ),
    ),
    to="15551234888",
    sender="60856",
    sender_mask="Shop",
    operator_id="000189",
    campaign_ref="Campaign123",
)

WHOLE_XML = """
<REQUEST>
    <ACTION>sendMMS</ACTION>
    <API_KEY>YOUR-KEY</API_KEY>
    <TO>15551234888</TO>
    <FROM>60856</FROM>
    <FROM_MASK>Shop</FROM_MASK>
    <OPERATORID>000189</OPERATORID>
    <CAMPAIGNREF>Campaign123</CAMPAIGNREF>
    <SUBJECT>MMS Subject</SUBJECT>
    <NAME>Internal Name</NAME>
    <SLIDE>
        <IMAGE><URL>https://media.example/1.jpg</URL></IMAGE>
        <AUDIO><URL>https://media.example/1.mp3</URL></AUDIO>
    </SLIDE>
    <SLIDE><VIDEO><URL>https://media.example/2.mp4</URL></VIDEO><TEXT>Plain Text</TEXT></SLIDE>
    <SLIDE><VCARD><URL>https://media.example/3.vcf</URL></VCARD></SLIDE>
    <SLIDE><ICAL><URL>https://media.example/4.ics</URL></ICAL></SLIDE>
    <SLIDE><PDF><URL>https://media.example/5.pdf</URL></PDF><DURATION>10</DURATION></SLIDE>
    <SLIDE><PASSBOOK><URL>https://media.example/6.pkpass</URL></PASSBOOK></SLIDE>
    <FALLBACKSMSTEXT>This text replaces the MMS subject when MMS is sent as SMS link</FALLBACKSMSTEXT>
    <DISABLEFALLBACKSMSLINK>yes</DISABLEFALLBACKSMSLINK>
    <MMSLINK_EXPIRATION_DATE>2031-01-02T03:04:05+00:00</MMSLINK_EXPIRATION_DATE>
</REQUEST>"""

WHOLE_GET = """
action=sendmms
&api_key=YOUR-KEY
&to=15551234888
&from=60856
&from_mask=Shop
&operatorid=000189
&campaignref=Campaign123
&subject=MMS Subject
&name=Internal Name
&slide_image_url_0=https://media.example/1.jpg
&slide_audio_url_0=https://media.example/1.mp3
&slide_video_url_1=https://media.example/2.mp4
&slide_text_value_1=Plain Text
&slide_vcard_url_2=https://media.example/3.vcf
&slide_ical_url_3=https://media.example/4.ics
&slide_pdf_url_4=https://media.example/5.pdf
&slide_duration_4=10
&slide_passbook_url_5=https://media.example/6.pkpass
&fallbacksmstext=This text replaces the MMS subject when MMS is sent as SMS link
&disablefallbacksmslink=yes
&mmslink_expiration_date=2031-01-02T03:04:05+00:00"""

# ------------------------------------------------------------------------------------------------ Sinch MMS, sendSavedMMS page

SEND_SAVED = SendSavedMMS(
    "35674",
    to="15554790000",
    sender="28444",
    service_id="12345",
    custom_text={1: "My custom text in first slide"},
    custom_subject="My custom subject",
)

SEND_SAVED_XML = """
<request>
<action>sendSavedMMS</action>
<api-key>YOUR-KEY</api-key>
<to>15554790000</to>
<from>28444</from>
<service-id>12345</service-id>
<mms-id>35674</mms-id>
<custom-text>
<value>My custom text in first slide</value>
<slide>1</slide>
</custom-text>
<custom-subject>My custom subject</custom-subject>
</request>"""

SAVED_SENT_XML = """
<response>
<status>Success</status>
<mms-id>35674</mms-id>
<tracking-id>TU1TXzU5Nzg3OQ==</tracking-id>
<to>15554790000</to>
<from>28444</from>
<status-details>MMS request accepted and queued for delivery</status-details>
</response>"""

BILLING_XML = """
<response>
<status>Failure</status>
<error-code>E713</error-code>
<to>15554790000</to>
<error-info>There is billing problem on your account</error-info>
</response>"""

SAVED_SENT = SentMMS(mms_id="35674", tracking_id="TU1TXzU5Nzg3OQ==", to="15554790000", sender="28444", details=QUEUED)

# ------------------------------------------------------------------------------------------------ other pages

SAVE = SaveMMS(
    Slideshow(
        "Coupon",
        subject="Free coupon!",
        fallback_text="A coupon for you",
        disable_fallback=True,
        disable_fallback_link=False,
        slides=(Slide("Hi {$firstname|there}!"),),
    )
)
MERGE = SendSavedMMS(
    "35674",
    to="15551234888",
    sender="60856",
    sender_mask="Shop",
    custom_text={1: "Text in first slide", 3: "Text in third slide"},
    data={"first_name": "Ada", "last_name": "Lovelace", "gender": "female"},
    disable_fallback=True,
    force_pass_as_link=True,
    ddm_text="A picture is on its way",
    ddm_subject="Device Discovery",
    ddm_timeout=5,
    ddm_force=True,
)

SAVED_IN_JSON = replace(SEND_SAVED, fallback_text="A picture for you")
SAVED_JSON = """
{
    "action": "sendsavedmms",
    "mms-id": "35674",
    "to": "15554790000",
    "from": "28444",
    "service-id": "12345",
    "custom-slides": [{"custom-message-text": "My custom text in first slide", "custom-slide": "1"}],
    "message-subject": "My custom subject",
    "fallback-sms-text": "A picture for you"
}"""

VECTORS = (
    Vector(
        "a coupon in XML",
        "Skycore 1.3, sendMMS",
        "skycore",
        SEND_COUPON,
        COUPON_XML,
        COUPON_SENT,
        ACCEPTED,
        AS_IN_THE_EXAMPLE,
    ),
    Vector(
        "a coupon in GET",
        "Skycore 1.3, sendMMS",
        "skycore-get",
        SEND_COUPON,
        COUPON_GET,
        COUPON_SENT,
        ACCEPTED,
        AS_IN_THE_EXAMPLE,
    ),
    Vector(
        "a coupon refused",
        "Skycore 1.3, sendMMS",
        "skycore",
        SEND_COUPON,
        COUPON_XML,
        BAD_SHORT_CODE,
        Refusal(code="E111", to="15551234888", info="Invalid shortcode"),
        AS_IN_THE_EXAMPLE,
    ),
    Vector(
        "every element of sendMMS",
        "Skycore 1.3, sendMMS, template",
        "skycore",
        WHOLE_TEMPLATE,
        WHOLE_XML,
        COUPON_SENT,
        ACCEPTED,
    ),
    Vector(
        "every parameter of sendMMS",
        "Skycore 1.3, sendMMS, template",
        "skycore-get",
        WHOLE_TEMPLATE,
        WHOLE_GET,
        COUPON_SENT,
        ACCEPTED,
    ),
    Vector(
        "a saved MMS with its own texts",
        "Sinch MMS, sendSavedMMS",
        "sinch",
        SEND_SAVED,
        SEND_SAVED_XML,
        SAVED_SENT_XML,
        SAVED_SENT,
        # The vendor's list of parameters calls fallback-sms-text mandatory, but the vendor's sample lacks it.
        objections=("E622",),
    ),
    Vector(
        "a saved MMS refused for a billing problem",
        "Sinch MMS, sendSavedMMS",
        "sinch",
        SEND_SAVED,
        SEND_SAVED_XML,
        BILLING_XML,
        Refusal(code="E713", to="15554790000", info="There is billing problem on your account"),
        objections=("E622",),
    ),
    Vector(
        "a slideshow saved",
        "Skycore 1.3, saveMMS",
        "skycore",
        SAVE,
        """
<REQUEST>
    <ACTION>saveMMS</ACTION>
    <API_KEY>YOUR-KEY</API_KEY>
    <SUBJECT>Free coupon!</SUBJECT>
    <NAME>Coupon</NAME>
    <SLIDE><TEXT>Hi {$firstname|there}!</TEXT></SLIDE>
    <FALLBACKSMSTEXT>A coupon for you</FALLBACKSMSTEXT>
    <DISABLEFALLBACKSMS>yes</DISABLEFALLBACKSMS>
    <DISABLEFALLBACKSMSLINK>no</DISABLEFALLBACKSMSLINK>
</REQUEST>""",
        "<RESPONSE><STATUS>Success</STATUS><MMSID>35674</MMSID></RESPONSE>",
        SavedMMS("35674"),
    ),
    Vector(
        "a saved slideshow with an image for each recipient",
        "Skycore 1.3, saveMMS",
        "skycore",
        SaveMMS(Slideshow("Card", subject="For you").slide("Hello!", personalized_image="T-7").slide(personalized_image="T-8")),
        """
<REQUEST>
    <ACTION>saveMMS</ACTION>
    <API_KEY>YOUR-KEY</API_KEY>
    <SUBJECT>For you</SUBJECT>
    <NAME>Card</NAME>
    <SLIDE><TEXT>Hello!</TEXT><PERSONALIZED-IMAGE><TEMPLATE-ID>T-7</TEMPLATE-ID></PERSONALIZED-IMAGE></SLIDE>
    <SLIDE><PERSONALIZED-IMAGE><TEMPLATE-ID>T-8</TEMPLATE-ID></PERSONALIZED-IMAGE></SLIDE>
</REQUEST>""",
        "<RESPONSE><STATUS>Success</STATUS><MMSID>35675</MMSID></RESPONSE>",
        SavedMMS("35675"),
    ),
    Vector(
        "a refused slideshow, with the error code last",
        "Skycore 1.3, saveMMS",
        "skycore-get",
        SAVE,
        """
action=savemms
&api_key=YOUR-KEY
&subject=Free coupon!
&name=Coupon
&slide_text_value_0=Hi {$firstname|there}!
&fallbacksmstext=A coupon for you
&disablefallbacksms=yes
&disablefallbacksmslink=no""",
        "<RESPONSE><STATUS>Failure</STATUS><ERRORINFO>Slide 1 is empty.</ERRORINFO><ERRORCODE>E303</ERRORCODE></RESPONSE>",
        Refusal(code="E303", info="Slide 1 is empty."),
    ),
    Vector(
        "a saved MMS with merge values and a device discovery message",
        "Skycore 1.3, sendSavedMMS",
        "skycore",
        MERGE,
        """
<REQUEST>
    <ACTION>sendSavedMMS</ACTION>
    <API_KEY>YOUR-KEY</API_KEY>
    <MMSID>35674</MMSID>
    <TO>15551234888</TO>
    <FROM>60856</FROM>
    <FROM_MASK>Shop</FROM_MASK>
    <CUSTOMTEXT><VALUE>Text in first slide</VALUE><SLIDE>1</SLIDE></CUSTOMTEXT>
    <CUSTOMTEXT><VALUE>Text in third slide</VALUE><SLIDE>3</SLIDE></CUSTOMTEXT>
    <DATA>
        <FIRST_NAME>Ada</FIRST_NAME>
        <LAST_NAME>Lovelace</LAST_NAME>
        <GENDER>female</GENDER>
    </DATA>
    <DISABLEFALLBACKSMS>yes</DISABLEFALLBACKSMS>
    <FORCEPASSASLINK>yes</FORCEPASSASLINK>
    <DDMTITLE>Device Discovery</DDMTITLE>
    <DDMTEXT>A picture is on its way</DDMTEXT>
    <DDMTIMEOUT>5</DDMTIMEOUT>
    <DDMFORCE>true</DDMFORCE>
</REQUEST>""",
        """
<RESPONSE>
    <STATUS>Success</STATUS>
    <MMSID>35674</MMSID>
    <TRACKINGID>TU1TXzU5Nzg3OQ==</TRACKINGID>
    <TO>15551234888</TO>
    <FROM>60856</FROM>
    <STATUSDETAILS>MMS request accepted and queued for delivery</STATUSDETAILS>
</RESPONSE>""",
        SentMMS(mms_id="35674", tracking_id="TU1TXzU5Nzg3OQ==", to="15551234888", sender="60856", details=QUEUED),
    ),
    Vector(
        "a saved MMS with merge values in GET: custom texts count from 1",
        "Skycore 1.3, sendSavedMMS",
        "skycore-get",
        SendSavedMMS(
            "35674",
            to="15551234888",
            sender="60856",
            custom_text={1: "Text in first slide", 3: "Text in third slide"},
            data={"first_name": "Ada"},
        ),
        """
action=sendsavedmms
&api_key=YOUR-KEY
&mmsid=35674
&to=15551234888
&from=60856
&customtext_1=Text in first slide
&customtext_3=Text in third slide
&data_first_name=Ada""",
        """
<RESPONSE>
    <STATUS>Failure</STATUS>
    <ERRORCODE>E626</ERRORCODE>
    <TO>15551234888</TO>
    <ERRORINFO>MMS is still encoding.</ERRORINFO>
</RESPONSE>""",
        Refusal(code="E626", to="15551234888", info="MMS is still encoding."),
    ),
    Vector(
        "the ids of the stored MMS",
        "Skycore 1.3, getMmsIds",
        "skycore",
        ListMMS(),
        "<REQUEST><ACTION>getMmsIds</ACTION><API_KEY>YOUR-KEY</API_KEY></REQUEST>",
        "<RESPONSE><STATUS>Success</STATUS><MMSIDS>10011,10234</MMSIDS></RESPONSE>",
        MMSList(("10011", "10234")),
    ),
    Vector(
        "nothing is stored",
        "Skycore 1.3, getMmsIds",
        "skycore-get",
        ListMMS(),
        "action=getmmsids\n&api_key=YOUR-KEY",
        """
<RESPONSE>
    <STATUS>Failure</STATUS>
    <ERRORCODE>E200</ERRORCODE>
    <ERRORINFO>No MMS Templates were created in this account.</ERRORINFO>
</RESPONSE>""",
        Refusal(code="E200", info="No MMS Templates were created in this account."),
    ),
    Vector(
        "a stored MMS deleted",
        "Skycore 1.3, deleteMMSID",
        "skycore",
        DeleteMMS("10011"),
        "<REQUEST><ACTION>deleteMMSID</ACTION><API_KEY>YOUR-KEY</API_KEY><MMSID>10011</MMSID></REQUEST>",
        "<RESPONSE><STATUS>Success</STATUS><MMSID>10011</MMSID></RESPONSE>",
        DeletedMMS("10011"),
    ),
    Vector(
        "an MMS sent with Sinch MMS",
        "Sinch MMS, sendMMS",
        "sinch",
        SendMMS(
            Slideshow(
                "Spring",
                subject="Spring is here",
                fallback_text="Spring is here, see",
                link_expires=datetime(2031, 3, 20, tzinfo=UTC),
                slides=(
                    Slide("Hello\nthere", image="https://media.example/1.gif", duration=5),
                    Slide(vcard="https://x.example/c"),
                ),
            ),
            to="15554790000",
            sender="28444",
            operator_id="31002",
            service_id="28444mms",
        ),
        """
<request>
    <action>sendMMS</action>
    <api-key>YOUR-KEY</api-key>
    <to>15554790000</to>
    <from>28444</from>
    <operator-id>31002</operator-id>
    <service-id>28444mms</service-id>
    <message-subject>Spring is here</message-subject>
    <name>Spring</name>
    <slide>
        <message-text>Hello
there</message-text>
        <image><url>https://media.example/1.gif</url></image>
        <duration>5</duration>
    </slide>
    <slide><vcard><url>https://x.example/c</url></vcard></slide>
    <fallback-sms-text>Spring is here, see</fallback-sms-text>
    <fallback-sms-link-expiration>2031-03-20T00:00:00+00:00</fallback-sms-link-expiration>
</request>""",
        """
<response>
    <status>Success</status>
    <to>15554790000</to>
    <mms-id>35674</mms-id>
    <tracking-id>MMS_12345</tracking-id>
    <status-details>MMS request accepted and queued for delivery</status-details>
</response>""",
        SentMMS(mms_id="35674", tracking_id="MMS_12345", to="15554790000", details=QUEUED),
    ),
    Vector(
        "a slideshow saved with Sinch MMS",
        "Sinch MMS, saveMMS",
        "sinch",
        SaveMMS(Slideshow("Spring", subject="Spring is here").slide(pdf="https://media.example/menu.pdf")),
        """
<request>
    <action>saveMMS</action>
    <api-key>YOUR-KEY</api-key>
    <message-subject>Spring is here</message-subject>
    <name>Spring</name>
    <slide><pdf><url>https://media.example/menu.pdf</url></pdf></slide>
</request>""",
        "<response><status>Success</status><mms-id>35674</mms-id></response>",
        SavedMMS("35674"),
    ),
    Vector(
        "a saved MMS of Sinch MMS with every field",
        "Sinch MMS, sendSavedMMS",
        "sinch",
        SendSavedMMS(
            "35674",
            to="15554790000",
            sender="28444",
            service_id="12345",
            fallback_text="A picture for you",
            data={"firstname": "Ada"},
            ddm_text="A picture is on its way",
            ddm_subject="Device Discovery",
            ddm_timeout=5,
            ddm_force=True,
        ),
        """
<request>
    <action>sendSavedMMS</action>
    <api-key>YOUR-KEY</api-key>
    <to>15554790000</to>
    <from>28444</from>
    <service-id>12345</service-id>
    <mms-id>35674</mms-id>
    <data><firstname>Ada</firstname></data>
    <fallback-sms-text>A picture for you</fallback-sms-text>
    <ddm-force>true</ddm-force>
    <ddm-message-subject>Device Discovery</ddm-message-subject>
    <ddm-message-text>A picture is on its way</ddm-message-text>
    <ddm-message-timeout>5</ddm-message-timeout>
</request>""",
        SAVED_SENT_XML,
        SAVED_SENT,
    ),
    Vector(
        "a page of stored MMS",
        "Sinch MMS, getMMSTemplates",
        "sinch",
        ListMMS(start_date=datetime(2014, 3, 31, 11, 30, tzinfo=UTC), page=1, per_page=3),
        """
<request>
    <action>getMMSTemplates</action>
    <api-key>YOUR-KEY</api-key>
    <start-date>2014-03-31T11:30:00+00:00</start-date>
    <page-number>1</page-number>
    <items-per-page>3</items-per-page>
</request>""",
        """
<response>
    <status>Success</status>
    <start-date>2014-03-31T11:30:00+00:00</start-date>
    <page-number>1</page-number>
    <items-per-page>3</items-per-page>
    <total-results>2</total-results>
    <mms-template>
        <mms-id>10234</mms-id>
        <mms-name>Spring</mms-name>
        <mms-subject>Spring is here</mms-subject>
        <date-created>2014-04-02T09:00:00+00:00</date-created>
        <total-slides>2</total-slides>
        <mms-size>65536</mms-size>
    </mms-template>
    <mms-template>
        <mms-id>10011</mms-id>
        <mms-name>Winter</mms-name>
    </mms-template>
</response>""",
        MMSList(
            templates=(
                StoredMMS("10234", "Spring", "Spring is here", datetime(2014, 4, 2, 9, tzinfo=UTC), slides=2, size=65536),
                StoredMMS("10011", "Winter"),
            ),
            start_date=datetime(2014, 3, 31, 11, 30, tzinfo=UTC),
            page=1,
            per_page=3,
            total=2,
        ),
    ),
    Vector(
        "an unknown stored MMS",
        "Sinch MMS, deleteMMSID",
        "sinch",
        DeleteMMS("10011"),
        "<request><action>deleteMMSID</action><api-key>YOUR-KEY</api-key><mms-id>10011</mms-id></request>",
        """
<response>
    <status>Failure</status>
    <error-code>E241</error-code>
    <error-info>This content does not exist.</error-info>
</response>""",
        Refusal(code="E241", info="This content does not exist."),
    ),
    Vector(
        "an MMS in JSON",
        "Sinch MMS, sendmms",
        "sinch-json",
        SendMMS(
            # There is no name in this request.
            Slideshow(
                "",
                subject="Spring is here",
                fallback_text="Spring is here, see",
                disable_fallback=False,
                disable_fallback_link=True,
                link_expires=datetime(2031, 3, 20, tzinfo=UTC),
                slides=(
                    Slide("Hello\nthere", image="https://media.example/1.gif", audio="https://media.example/1.mp3"),
                    Slide(vcard="https://media.example/2.vcf"),
                    Slide(ical="https://media.example/3.ics"),
                    Slide(pdf="https://media.example/4.pdf"),
                    Slide(video="https://media.example/5.mp4"),
                ),
            ),
            to="15554790000",
            sender="28444",
            sender_mask="Shop",
            service_id="28444mms",
            display_to=("15554790001", "15554790002"),
            client_reference="order-7",
            expires=datetime(2031, 3, 18, 12, tzinfo=UTC),
            cache_content=False,
        ),
        """
{
    "action": "sendmms",
    "to": "15554790000",
    "from": "28444",
    "from-mask": "Shop",
    "service-id": "28444mms",
    "to-displayonly": "15554790001,15554790002",
    "client-reference": "order-7",
    "mms-expiry-timestamp": "2031-03-18T12:00:00+00:00",
    "message-subject": "Spring is here",
    "slide": [
        {
            "image": {"url": "https://media.example/1.gif"},
            "audio": {"url": "https://media.example/1.mp3"},
            "message-text": "Hello\\nthere"
        },
        {"contact": {"url": "https://media.example/2.vcf"}},
        {"calendar": {"url": "https://media.example/3.ics"}},
        {"pdf": {"url": "https://media.example/4.pdf"}},
        {"video": {"url": "https://media.example/5.mp4"}}
    ],
    "fallback-sms-text": "Spring is here, see",
    "disable-fallback-sms": false,
    "disable-fallback-sms-link": true,
    "fallback-sms-link-expiration": "2031-03-20T00:00:00+00:00",
    "cache-content": false
}""",
        """
{
    "status": "success",
    "to": "15554790000",
    "tracking-id": "MMS_12345",
    "status-details": "MMS request accepted and queued for delivery"
}""",
        SentMMS(tracking_id="MMS_12345", to="15554790000", details=QUEUED),
    ),
    Vector(
        "a slideshow saved in JSON: the id comes later",
        "Sinch MMS, savemms",
        "sinch-json",
        SaveMMS(
            Slideshow("Spring", fallback_text="Spring is here, see").slide("Menu", pdf="https://media.example/menu.pdf"),
            client_reference="menu-1",
        ),
        """
{
    "action": "savemms",
    "name": "Spring",
    "slide": [{"pdf": {"url": "https://media.example/menu.pdf"}, "message-text": "Menu"}],
    "fallback-sms-text": "Spring is here, see",
    "client-reference": "menu-1"
}""",
        """
{
    "status": "success",
    "tracking-id": "MMS_12345",
    "status-details": "Save MMS request accepted and queued for processing."
}""",
        SavedMMS(tracking_id="MMS_12345", details="Save MMS request accepted and queued for processing."),
    ),
    Vector(
        "a saved MMS in JSON with its own texts",
        "Sinch MMS, sendsavedmms",
        "sinch-json",
        SAVED_IN_JSON,
        SAVED_JSON,
        """
{
    "status": "success",
    "mms-id": "35674",
    "tracking-id": "TU1TXzU5Nzg3OQ==",
    "to": "15554790000",
    "from": "28444",
    "status-details": "MMS request accepted and queued for delivery"
}""",
        SAVED_SENT,
    ),
    Vector(
        "a saved MMS refused in JSON",
        "Sinch MMS, sendsavedmms",
        "sinch-json",
        SAVED_IN_JSON,
        SAVED_JSON,
        '{"status": "failure", "error-code": "E241", "error-info": "This content does not exist."}',
        Refusal(code="E241", info="This content does not exist."),
    ),
)

# ------------------------------------------------------------------------------------------------ postbacks in JSON


class Posted(NamedTuple):
    """A postback and what it means."""

    name: str
    dialect: DialectName
    document: str
    notice: Notice


# The vendor prints no complete delivery report in JSON: this one is composed from its list of members.
POSTBACKS = (
    Posted(
        "N101",
        "sinch-json",
        """
{
    "origin": "MMS_MT",
    "code": "N101",
    "sent-as": "MMS",
    "status": "Sent",
    "status-details": "Message Sent",
    "from": "28444",
    "to": "15554790000",
    "tracking-id": "MMS_12345",
    "operator-id": "31003",
    "timestamp": "2026-04-24T18:34:00+00:00",
    "client-reference": "order-7"
}""",
        DeliveryReport(
            "N101",
            origin="MMS_MT",
            sent_as="MMS",
            status="Sent",
            details="Message Sent",
            sender="28444",
            to="15554790000",
            tracking_id="MMS_12345",
            operator_id="31003",
            timestamp=datetime(2026, 4, 24, 18, 34, tzinfo=UTC),
            client_reference="order-7",
        ),
    ),
    Posted(
        "N401, of a group",
        "sinch-json",
        """
{
    "origin": "MMS_MO",
    "code": "N401",
    "from": "15554790000",
    "to": "28444",
    "copy-to": [{"number": "15554790001"}, {"number": "15554790002"}],
    "keyword": "spring",
    "message-subject": "",
    "tracking-id": "MMS_MO_1",
    "operator-id": "310012",
    "timestamp": "2026-04-24T18:34:00+00:00",
    "content": [{"file": "https://media.example/in/1.txt"}, {"file": "https://media.example/in/smil.smil"}]
}""",
        InboundMMS(
            "N401",
            origin="MMS_MO",
            sender="15554790000",
            to="28444",
            copy_to=("15554790001", "15554790002"),
            keyword="spring",
            subject="",
            tracking_id="MMS_MO_1",
            operator_id="310012",
            timestamp=datetime(2026, 4, 24, 18, 34, tzinfo=UTC),
            files=("https://media.example/in/1.txt", "https://media.example/in/smil.smil"),
        ),
    ),
)


# ------------------------------------------------------------------------------------------------ comparing documents


def canonical(document: bytes) -> object:
    """A form that is equal for equivalent documents: canonical XML, a JSON object, or the pairs of a query.

    The order of elements is free, save among those of one name (1.3 and the successor: slides are shown in document order).
    """
    if document.lstrip().startswith(b"{"):
        return json.loads(document)
    if not document.lstrip().startswith(b"<"):
        return sorted(parse_qsl(document.decode("ascii"), keep_blank_values=True, strict_parsing=True))
    root = etree.fromstring(document.strip(), etree.XMLParser(remove_blank_text=True))
    for element in root.iter():
        element[:] = sorted(element, key=lambda child: child.tag)
    return etree.tostring(root, method="c14n").decode()
