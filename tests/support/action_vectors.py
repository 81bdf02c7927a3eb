"""The vendor's examples of the operations that only Skycore 1.3 has; see `vectors.py`."""

from __future__ import annotations

from datetime import UTC, datetime

from vectors import QUEUED, Vector

from skymms import (
    Campaign,
    CampaignList,
    CreateCampaign,
    CreateSession,
    GetStatistics,
    ListCampaigns,
    NewCampaign,
    RemovedInboxMessage,
    RemoveInboxMessage,
    ScheduledMMS,
    SendMessageBySubscriberRef,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMSCampaign,
    SendSMS,
    SentMMS,
    SentSMS,
    SentToSubscriber,
    Session,
    StatisticsLink,
    Subscribe,
    SubscriberResult,
    Subscription,
    Unsubscribe,
)
from skymms.model.replies import Refusal

BARCODE = SendMMSBarcode(
    "35674",
    to="15551234123",
    sender="60856",
    campaign_ref="12333",
    custom_text={1: "Event Ticket"},
    custom_subject="Your Event Ticket",
    data={"first_name": "John", "age": "30"},
    ddm_subject="We are detecting your handset",
    ddm_text="This message is free of charge",
    ddm_timeout=10,
    ddm_force=True,
    device="iPhoneOS",
    barcode_id="Ticket_12345",
    fallback_text="Your ticket",
    disable_fallback_link=True,
)

BARCODE_XML = """
<REQUEST>
    <ACTION>sendMMSBarcode</ACTION>
    <API_KEY>YOUR-KEY</API_KEY>
    <TO>15551234123</TO>
    <FROM>60856</FROM>
    <BARCODEID>Ticket_12345</BARCODEID>
    <FALLBACKSMSTEXT>Your ticket</FALLBACKSMSTEXT>
    <DISABLEFALLBACKSMSLINK>yes</DISABLEFALLBACKSMSLINK>
    <CAMPAIGNREF>12333</CAMPAIGNREF>
    <MMSID>35674</MMSID>
    <DDMTITLE>We are detecting your handset</DDMTITLE>
    <DDMTEXT>This message is free of charge</DDMTEXT>
    <DDMTIMEOUT>10</DDMTIMEOUT>
    <DDMFORCE>true</DDMFORCE>
    <DEVICE>iPhoneOS</DEVICE>
    <CUSTOMTEXT><VALUE>Event Ticket</VALUE><SLIDE>1</SLIDE></CUSTOMTEXT>
    <CUSTOMSUBJECT>Your Event Ticket</CUSTOMSUBJECT>
    <DATA><FIRST_NAME>John</FIRST_NAME><AGE>30</AGE></DATA>
</REQUEST>"""

BARCODE_SENT = """
<RESPONSE>
    <STATUS>Success</STATUS>
    <MMSID>35674</MMSID>
    <TRACKINGID>TU1TXzEyMzQ2</TRACKINGID>
    <TO>15551234123</TO>
</RESPONSE>"""

PASS = SendPassInMMS(
    "35674",
    to="15551234123",
    sender="60856",
    pass_data={"custompassid": "P-7", "barcodevalue": "12345", "headerlabel1": "Gate", "rellatitude10": "40.7"},
    force_pass_as_link=True,
    data={"first_name": "John"},
    device="iPhoneOS",
)

PASS_XML = """
<REQUEST>
    <ACTION>sendPassInMMS</ACTION>
    <API_KEY>YOUR-KEY</API_KEY>
    <MMSID>35674</MMSID>
    <TO>15551234123</TO>
    <FROM>60856</FROM>
    <FORCEPASSASLINK>yes</FORCEPASSASLINK>
    <DATA><FIRST_NAME>John</FIRST_NAME></DATA>
    <DEVICE>iPhoneOS</DEVICE>
    <PASSDATA>
        <CUSTOMPASSID>P-7</CUSTOMPASSID>
        <BARCODEVALUE>12345</BARCODEVALUE>
        <HEADERLABEL1>Gate</HEADERLABEL1>
        <RELLATITUDE10>40.7</RELLATITUDE10>
    </PASSDATA>
</REQUEST>"""

PASS_GET = """
action=sendpassinmms
&api_key=YOUR-KEY
&mmsid=35674
&to=15551234123
&from=60856
&forcepassaslink=yes
&data_first_name=John
&device=iPhoneOS
&pd_custompassid=P-7
&pd_barcodevalue=12345
&pd_headerlabel1=Gate
&pd_rellatitude10=40.7"""

PASS_SENT = """
<RESPONSE>
    <STATUS>Success</STATUS>
    <MMSID>35674</MMSID>
    <TRACKINGID>TU1TXzEyMzQ2</TRACKINGID>
    <TO>15551234123</TO>
    <FROM>60856</FROM>
</RESPONSE>"""

BY_SUBSCRIBER = SendMessageBySubscriberRef("ACCT-123232", campaign_ref="Campaign123", mms_id="35674")

MANY_XML = """
<RESPONSE>
    <SUBSCRIBERREF>ACCT-123232</SUBSCRIBERREF>
    <CAMPAIGNREF>Campaign123</CAMPAIGNREF>
    <SUBSCRIBER>
        <STATUS>Success</STATUS>
        <TRACKINGID>DrXAFP-Ylpc-JZL</TRACKINGID>
        <TO>15551234123</TO>
        <FROM>60856</FROM>
        <STATUSDETAILS>MMS request accepted and queued for delivery</STATUSDETAILS>
    </SUBSCRIBER>
    <SUBSCRIBER>
        <STATUS>Failure</STATUS>
        <TO>15551233154</TO>
        <ERRORCODE>E114</ERRORCODE>
        <ERRORINFO>Blocked</ERRORINFO>
    </SUBSCRIBER>
</RESPONSE>"""

MANY = SentToSubscriber(
    "ACCT-123232",
    "Campaign123",
    (
        SubscriberResult("Success", "DrXAFP-Ylpc-JZL", "15551234123", "60856", QUEUED),
        SubscriberResult("Failure", to="15551233154", error_code="E114", error_info="Blocked"),
    ),
)

SMS = SendSMS("Hello Jerry, Greetings from Marc", to="15551234888", sender="60856")

SUBSCRIBE = Subscribe(
    "15552426055",
    campaign="1116",
    subscriber_ref="ACCT-123232",
    data={"first_name": "John", "pet": "Dog"},
    operator_id="383",
    notify=False,
)

ACTION_VECTORS = (
    Vector(
        "a saved MMS to a campaign",
        "Skycore 1.3, sendSavedMMSCampaign",
        "skycore",
        SendSavedMMSCampaign("35674", "332"),
        "<REQUEST><ACTION>sendSavedMMSCampaign</ACTION><API_KEY>YOUR-KEY</API_KEY>"
        "<TOCAMPAIGN>332</TOCAMPAIGN><MMSID>35674</MMSID></REQUEST>",
        "<RESPONSE><STATUS>Success</STATUS><MMSID>35674</MMSID><SCHEDULEDID>12346</SCHEDULEDID></RESPONSE>",
        ScheduledMMS("35674", "12346"),
    ),
    Vector(
        "a saved MMS to no campaign",
        "Skycore 1.3, sendSavedMMSCampaign",
        "skycore-get",
        SendSavedMMSCampaign("35674", "332"),
        "action=sendsavedmmscampaign\n&api_key=YOUR-KEY\n&tocampaign=332\n&mmsid=35674",
        "<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E714</ERRORCODE><ERRORINFO>Invalid CampaignID</ERRORINFO></RESPONSE>",
        Refusal("E714", info="Invalid CampaignID"),
    ),
    Vector(
        "a barcode",
        "Skycore 1.3, sendMMSBarcode",
        "skycore",
        BARCODE,
        BARCODE_XML,
        BARCODE_SENT,
        SentMMS(mms_id="35674", tracking_id="TU1TXzEyMzQ2", to="15551234123"),
    ),
    Vector(
        "a pass",
        "Skycore 1.3, sendPassInMMS",
        "skycore",
        PASS,
        PASS_XML,
        PASS_SENT,
        SentMMS(mms_id="35674", tracking_id="TU1TXzEyMzQ2", to="15551234123", sender="60856"),
    ),
    Vector(
        "a pass that is not dynamic",
        "Skycore 1.3, sendPassInMMS",
        "skycore-get",
        PASS,
        PASS_GET,
        "<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E840</ERRORCODE><TO>15551234123</TO><ERRORINFO>No.</ERRORINFO></RESPONSE>",
        Refusal("E840", to="15551234123", info="No."),
    ),
    Vector(
        "many results in one answer",
        "Skycore 1.3, sendMessageBySubscriberRef",
        "skycore",
        BY_SUBSCRIBER,
        "<REQUEST><ACTION>sendMessageBySubscriberRef</ACTION><API_KEY>YOUR-KEY</API_KEY><MMSID>35674</MMSID>"
        "<SUBSCRIBERREF>ACCT-123232</SUBSCRIBERREF><CAMPAIGNREF>Campaign123</CAMPAIGNREF></REQUEST>",
        MANY_XML,
        MANY,
    ),
    Vector(
        "a text to a subscriber",
        "Skycore 1.3, sendMessageBySubscriberRef",
        "skycore-get",
        SendMessageBySubscriberRef("ACCT-123232", campaign_ref="Campaign123", text="Hello"),
        "action=sendmessagebysubscriberref\n&api_key=YOUR-KEY\n&text=Hello\n&subscriberref=ACCT-123232\n&campaignref=Campaign123",
        MANY_XML,
        MANY,
    ),
    Vector(
        "an SMS",
        "Skycore 1.3, sendSMS",
        "skycore-get",
        SMS,
        "action=sendsms\n&api_key=YOUR-KEY\n&to=15551234888\n&from=60856\n&text=Hello Jerry, Greetings from Marc",
        "<RESPONSE><STATUS>Success</STATUS><TRACKINGID>U01TXzc2Nzg2Nw==</TRACKINGID><TO>15551234888</TO></RESPONSE>",
        SentSMS("U01TXzc2Nzg2Nw==", "15551234888"),
    ),
    Vector(
        "an SMS refused for a billing problem, with the number last",
        "Skycore 1.3, sendSMS",
        "skycore",
        SMS,
        "<REQUEST><ACTION>sendSMS</ACTION><API_KEY>YOUR-KEY</API_KEY><TO>15551234888</TO><FROM>60856</FROM>"
        "<TEXT>Hello Jerry, Greetings from Marc</TEXT></REQUEST>",
        "<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E713</ERRORCODE><ERRORINFO>Billing problem</ERRORINFO>"
        "<TO>15551234888</TO></RESPONSE>",
        Refusal("E713", to="15551234888", info="Billing problem"),
    ),
    Vector(
        "campaigns inside an element of their own",
        "Skycore 1.3, getMmsCampaigns",
        "skycore",
        ListCampaigns(),
        "<REQUEST><ACTION>getMmsCampaigns</ACTION><API_KEY>YOUR-KEY</API_KEY></REQUEST>",
        """
<RESPONSE>
    <STATUS>Success</STATUS>
    <MMSCAMPAIGNS>
        <CAMPAIGN><ID>1233</ID><NAME>Winter Sale</NAME></CAMPAIGN>
        <CAMPAIGN><ID>1234</ID><NAME>Summer Sale</NAME></CAMPAIGN>
        <CAMPAIGN><ID>1235</ID><NAME>Store opening</NAME></CAMPAIGN>
    </MMSCAMPAIGNS>
</RESPONSE>""",
        CampaignList((Campaign("1233", "Winter Sale"), Campaign("1234", "Summer Sale"), Campaign("1235", "Store opening"))),
    ),
    Vector(
        "no campaigns",
        "Skycore 1.3, getMmsCampaigns",
        "skycore-get",
        ListCampaigns(),
        "action=getmmscampaigns\n&api_key=YOUR-KEY",
        "<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E405</ERRORCODE><ERRORINFO>None here</ERRORINFO></RESPONSE>",
        Refusal("E405", info="None here"),
    ),
    Vector(
        "a new campaign",
        "Skycore 1.3, createMMSCampaign",
        "skycore-get",
        CreateCampaign("Winter Sale", brand_name="Shop"),
        "action=createmmscampaign\n&api_key=YOUR-KEY\n&campaignname=Winter Sale\n&brandname=Shop",
        "<RESPONSE><STATUS>Success</STATUS><CAMPAIGNID>1116</CAMPAIGNID><CAMPAIGNNAME>Winter Sale</CAMPAIGNNAME>"
        "<BRANDNAME>Shop</BRANDNAME></RESPONSE>",
        NewCampaign("1116", "Winter Sale", "Shop"),
    ),
    Vector(
        "a subscription",
        "Skycore 1.3, subscribe",
        "skycore",
        SUBSCRIBE,
        "<REQUEST><ACTION>subscribe</ACTION><API_KEY>YOUR-KEY</API_KEY><CAMPAIGNREF>1116</CAMPAIGNREF>"
        "<SUBSCRIBERREF>ACCT-123232</SUBSCRIBERREF><MOBILE>15552426055</MOBILE>"
        "<DATA><FIRST_NAME>John</FIRST_NAME><PET>Dog</PET></DATA><SPID>383</SPID><NOTIFY>no</NOTIFY></REQUEST>",
        "<RESPONSE><STATUS>Success</STATUS><CAMPAIGNREF>1116</CAMPAIGNREF><SUBSCRIBERREF>ACCT-123232</SUBSCRIBERREF>"
        "<MOBILE>15552426055</MOBILE></RESPONSE>",
        Subscription("1116", "ACCT-123232", "15552426055"),
    ),
    Vector(
        "the end of a subscription that does not exist",
        "Skycore 1.3, unsubscribe",
        "skycore-get",
        Unsubscribe("15552426055", campaign="1116"),
        "action=unsubscribe\n&api_key=YOUR-KEY\n&campaignref=1116\n&mobile=15552426055",
        "<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E905</ERRORCODE><ERRORINFO>Was not</ERRORINFO></RESPONSE>",
        Refusal("E905", info="Was not"),
    ),
    Vector(
        "an inbox message removed",
        "Skycore 1.3, removeMMSInboxMessage",
        "skycore",
        RemoveInboxMessage("MMS_MO_iG7Ksa31"),
        "<REQUEST><ACTION>removeMMSInboxMessage</ACTION><API_KEY>YOUR-KEY</API_KEY>"
        "<MMSINBOXID>MMS_MO_iG7Ksa31</MMSINBOXID></REQUEST>",
        "<RESPONSE><STATUS>Success</STATUS><MMSINBOXID>MMS_MO_iG7Ksa31</MMSINBOXID></RESPONSE>",
        RemovedInboxMessage("MMS_MO_iG7Ksa31"),
    ),
    Vector(
        "the statistics of a day",
        "Skycore 1.3, getSendingStatistics",
        "skycore-get",
        GetStatistics(datetime(2010, 10, 1, 12, tzinfo=UTC), datetime(2010, 10, 2, 12, tzinfo=UTC)),
        "action=getsendingstatus\n&api_key=YOUR-KEY\n&start_date=2010-10-01 12:00:00\n&end_date=2010-10-02 12:00:00",
        # No vendor page shows this response.
        "<RESPONSE><STATUS>Success</STATUS><URL>https://reports.example/7.xml</URL></RESPONSE>",
        StatisticsLink("https://reports.example/7.xml"),
    ),
    Vector(
        "a session",
        "Skycore 1.3, createAccountSession",
        "skycore",
        CreateSession(),
        "<REQUEST><ACTION>createAccountSession</ACTION><API_KEY>YOUR-KEY</API_KEY></REQUEST>",
        "<RESPONSE><STATUS>Success</STATUS><SESSIONID>asdfsadfsadfsdf</SESSIONID></RESPONSE>",
        Session("asdfsadfsadfsdf"),
    ),
)
