"""Two hundred recipients at once: twenty calls in flight at most, and no message twice.

A semaphore bounds what is in flight. What waits for it has not begun, so no time-out of the client's runs meanwhile. Errors
come back among the replies. Where ``sent_maybe`` is true the message may be on its way: its reports are looked for.
"""

import asyncio

from skymms import Account, DeliveryReport, SendMMS, SentMMS, SkymmsError, Slideshow
from skymms.aio import AsyncClient
from skymms.sandbox import PostbackReceiver, Sandbox

show = Slideshow("Opening", subject="We are open").slide("Come in!", image="http://www.yoursite.com/door.jpg")
numbers = [f"1555123{last:04}" for last in range(200)]


async def send_all(account: Account) -> dict[str, SentMMS | BaseException]:
    """What came of each number."""
    free = asyncio.Semaphore(20)
    async with AsyncClient(account) as client:

        async def send(number: str) -> SentMMS:
            async with free:
                return await client.call(SendMMS(show, to=number, sender="60856"))

        outcomes = await asyncio.gather(*map(send, numbers), return_exceptions=True)
    return dict(zip(numbers, outcomes, strict=True))


with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url) as sandbox:
    # Somebody wants nothing from us. Two answers are none: the one message is taken all the same, the other is not.
    sandbox.block("15551230007")
    sandbox.fail("drop", to="15551230050")
    sandbox.fail("503", to="15551230120")
    outcomes = asyncio.run(send_all(sandbox.account()))
    # A minute later the reports are there.
    sandbox.clock.advance(minutes=1)
    reported = {notice.to for notice in inbox.notices if isinstance(notice, DeliveryReport)}

print(sum(isinstance(outcome, SentMMS) for outcome in outcomes.values()), "sent")
for number, outcome in outcomes.items():
    match outcome:
        case SentMMS():
            pass
        case SkymmsError(sent_maybe=True) if number in reported:
            # There is no tracking id to go by: nobody was there to hear it.
            print(number, "was sent, its report has come:", type(outcome).__name__)
        case SkymmsError(sent_maybe=True):
            print(number, "may have been sent, leave it:", type(outcome).__name__)
        case SkymmsError():
            print(number, "was not sent:", outcome)
        case BaseException():  # no error of the library's is a mistake of this program's
            raise outcome
