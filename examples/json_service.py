"""Store a slideshow with the dialect sinch-json, where the id arrives later in a postback (N003).

``client_reference`` is your own id for the slideshow or message, at most 64 characters. Every postback about it contains it.
"""

from datetime import UTC, datetime, timedelta

from skymms import Client, DeliveryReport, EncodingReport, SaveMMS, SendSavedMMS, Slideshow
from skymms.sandbox import PostbackReceiver, Sandbox

film = Slideshow("Film", subject="New in", fallback_text="See what is new:").slide(
    "Look!", video="http://www.yoursite.com/new.mp4"
)
ids: dict[str, str] = {}  # in a service: a column in your table of slideshows

with (
    PostbackReceiver() as inbox,
    Sandbox(postback_url=inbox.url) as sandbox,
    Client(sandbox.account("sinch-json")) as client,
):
    saved = client.call(SaveMMS(film, client_reference="film-7"))
    print("stored, the id in the response is", saved.mms_id)

    # Encoding a video takes a while. Here the sandbox's clock is advanced instead of waiting.
    sandbox.clock.advance(seconds=10)
    for notice in inbox.wait(1):
        match notice:
            case EncodingReport(ready=True, client_reference=str(name), mms_id=str(mms_id)):
                ids[name] = mms_id
                print(name, "can be sent")
            case EncodingReport():
                print(notice.client_reference, "cannot be sent:", notice.meaning, notice.file)

    inbox.clear()
    sent = client.call(
        SendSavedMMS(
            ids["film-7"],
            to="15551234888",
            sender="60856",
            service_id="12345",
            client_reference="film-7 to Ada",
            fallback_text="See what is new:",
            # A time with a time zone, at most three days from now.
            expires=datetime.now(UTC) + timedelta(hours=6),
        )
    )
    sandbox.clock.advance(minutes=1)
    for notice in inbox.wait(2):
        if isinstance(notice, DeliveryReport):
            print(notice.client_reference, "->", notice.code, notice.meaning)
