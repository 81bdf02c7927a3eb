"""Send to two hundred recipients with asyncio, at most twenty calls at a time, and never send a message twice.

A semaphore limits the calls. A call that waits for the semaphore has not begun, so the client's time-out is not running. Errors
are returned among the replies. If an error has ``sent_maybe``, the message may have been sent, and its delivery report decides.
"""

import asyncio

from skymms import Account, DeliveryReport, SendMMS, SentMMS, SkymmsError, Slideshow
from skymms.aio import AsyncClient
from skymms.sandbox import PostbackReceiver, Sandbox

opening = Slideshow("Opening", subject="We are open").slide("Come in!", image="http://www.yoursite.com/door.jpg")
numbers = [f"1555123{last:04}" for last in range(200)]


async def send_all(account: Account) -> dict[str, SentMMS | BaseException]:
    """Return the reply or the error for each number."""
    twenty = asyncio.Semaphore(20)
    async with AsyncClient(account) as client:

        async def send(number: str) -> SentMMS:
            async with twenty:
                return await client.call(SendMMS(opening, to=number, sender="60856"))

        outcomes = await asyncio.gather(*map(send, numbers), return_exceptions=True)
    return dict(zip(numbers, outcomes, strict=True))


with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url) as sandbox:
    # One recipient has blocked us. Two calls get no usable response: one of these messages is sent, the other is not.
    sandbox.block("15551230007")
    sandbox.fail("drop", to="15551230050")
    sandbox.fail("503", to="15551230120")
    outcomes = asyncio.run(send_all(sandbox.account()))
    # Delivery reports arrive within a minute.
    sandbox.clock.advance(minutes=1)
    reported = {notice.to for notice in inbox.notices if isinstance(notice, DeliveryReport)}

print(sum(isinstance(outcome, SentMMS) for outcome in outcomes.values()), "sent")
for number, outcome in outcomes.items():
    match outcome:
        case SentMMS():
            pass
        case SkymmsError(sent_maybe=True) if number in reported:
            # The response with the tracking id was lost, so the report is matched by number.
            print(number, "was sent, its report has arrived:", type(outcome).__name__)
        case SkymmsError(sent_maybe=True):
            print(number, "may have been sent, do not send again:", type(outcome).__name__)
        case SkymmsError():
            print(number, "was not sent:", outcome.summary)
        case BaseException():  # not an error of skymms: a bug in this program
            raise outcome
