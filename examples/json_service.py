"""The JSON service: it saves without saying the id, and an N003 postback brings the id later.

``client_reference`` is a name of yours, of at most 64 characters. Every postback brings it back, and so tells whose id it is.
"""

from datetime import UTC, datetime, timedelta

from skymms import Client, EncodingReport, SaveMMS, SendSavedMMS, Slideshow
from skymms.sandbox import PostbackReceiver, Sandbox

film = Slideshow("Film", subject="New in", fallback_text="See what is new:").slide(
    "Look!", video="http://www.yoursite.com/new.mp4"
)
ids: dict[str, str] = {}  # in a service: a column of the table that has your slideshows

with (
    PostbackReceiver() as inbox,
    Sandbox(postback_url=inbox.url) as sandbox,
    Client(sandbox.account("sinch-json")) as client,
):
    saved = client.call(SaveMMS(film, client_reference="film-7"))
    print("saved, and its id is", saved.mms_id)

    # Encoding a video takes a while. A gateway needs no telling; the sandbox's clock is turned.
    sandbox.clock.advance(seconds=10)
    for notice in inbox.wait(1):
        match notice:
            case EncodingReport(ready=True, client_reference=str(name), mms_id=str(mms_id)):
                ids[name] = mms_id
                print(name, "can be sent")
            case EncodingReport():
                print(notice.client_reference, "is good for nothing:", notice.meaning, notice.file)

    inbox.clear()
    sent = client.call(
        SendSavedMMS(
            ids["film-7"],
            to="15551234888",
            sender="60856",
            service_id="12345",
            client_reference="film-7 to Ada",
            fallback_text="See what is new:",
            # With its zone. The third day is the last one.
            expires=datetime.now(UTC) + timedelta(hours=6),
        )
    )
    sandbox.clock.advance(minutes=1)
    for notice in inbox.wait(2):
        print(notice.client_reference, "->", notice.code, notice.meaning)
