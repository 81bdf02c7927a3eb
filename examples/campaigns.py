"""A campaign in Skycore 1.3: create it, subscribe a person with two phones, send to both in one call, and read the report."""

from datetime import UTC, datetime, timedelta

from skymms import (
    Client,
    CreateCampaign,
    GetStatistics,
    ListCampaigns,
    SaveMMS,
    SendMessageBySubscriberRef,
    Slideshow,
    Subscribe,
    read_report,
)
from skymms.sandbox import Sandbox

opening = Slideshow("Opening", subject="We are open").slide("Come in!", image="http://www.yoursite.com/door.jpg")
first_day = datetime.now(UTC).date()

with Sandbox() as sandbox, Client(sandbox.account()) as client:
    campaigns = {one.name: one.campaign_id for one in client.call(ListCampaigns()).campaigns}
    campaign = campaigns.get("Openings") or client.call(CreateCampaign("Openings", brand_name="Corner Shop")).campaign_id

    # subscriber_ref is your own id for the person. Here one of the two phones has blocked our messages.
    for number in ("15551234888", "15551234999"):
        client.call(Subscribe(number, campaign=campaign, subscriber_ref="ACCT-123232"))
    sandbox.block("15551234999")

    # The sandbox accepts a campaign's name or id as campaign_ref. A gateway expects the account's own reference for it.
    mms_id = client.call(SaveMMS(opening)).mms_id
    reply = client.call(SendMessageBySubscriberRef("ACCT-123232", campaign_ref=campaign, mms_id=mms_id))
    print(len(reply.results), "numbers,", len(reply.failed), "failed")
    for result in reply.failed:
        print("not sent to", result.to, "-", result.error)

    # A report ends at the midnight (UTC) at which its last day begins, so ask for one day more.
    last_day = datetime.now(UTC).date()
    link = client.call(GetStatistics(first_day, last_day + timedelta(days=1))).link
    for row in read_report(client.fetch(link)):
        print(row.kind, row.mms_id == mms_id, "to", row.to, "arrived" if row.delivered else "did not arrive")
