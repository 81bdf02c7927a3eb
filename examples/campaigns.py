"""A campaign of 1.3: made once, joined by somebody with two phones, sent to both by one call, and read about in a report."""

from datetime import UTC, datetime, timedelta

from skymms import (
    Client,
    CreateCampaign,
    GetStatistics,
    ListCampaigns,
    NotFoundError,
    SaveMMS,
    SendMessageBySubscriberRef,
    Slideshow,
    Subscribe,
    read_report,
)
from skymms.sandbox import Sandbox

show = Slideshow("Opening", subject="We are open").slide("Come in!", image="http://www.yoursite.com/door.jpg")
first_day = datetime.now(UTC).date()

with Sandbox() as sandbox, Client(sandbox.account()) as client:
    # An account without a campaign answers E405, not an empty list.
    try:
        known = {one.name: one.campaign_id for one in client.call(ListCampaigns()).campaigns}
    except NotFoundError as error:
        print(error.code, "-", error.remedy)
        known = {}
    campaign = known.get("Openings") or client.call(CreateCampaign("Openings", brand_name="Corner Shop")).campaign_id

    # One person, two phones: the reference is our own name for the person. One of the phones wants nothing from us.
    for number in ("15551234888", "15551234999"):
        client.call(Subscribe(number, campaign=campaign, subscriber_ref="ACCT-123232"))
    sandbox.block("15551234999")

    # In the sandbox a campaign goes by its name or its id. With a gateway it goes by the reference that the account has for it.
    mms_id = client.call(SaveMMS(show)).mms_id
    reply = client.call(SendMessageBySubscriberRef("ACCT-123232", campaign_ref=campaign, mms_id=mms_id))
    print(len(reply.results), "numbers,", len(reply.failed), "failed")
    for result in reply.failed:
        print(result.to, "was sent nothing:", result.error)

    # A date is its midnight in UTC, so the last day is in the report only if the next one is asked for.
    last_day = datetime.now(UTC).date()
    link = client.call(GetStatistics(first_day, last_day + timedelta(days=1))).link
    for row in read_report(client.fetch(link)):
        print(row.kind, row.mms_id == mms_id, "to", row.to, "arrived" if row.delivered else "did not arrive")
