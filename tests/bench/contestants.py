"""Sends one message with one picture repeatedly with one library, in a process of its own, and prints its figures as JSON.

``python contestants.py NAME URL CALLS``. Each contestant is a generator. It yields after its import; then a function that sends
a message and returns its id (a coroutine function for asynchronous libraries); then the name of its distribution; and if it is
asynchronous, a function that closes it. The text and the picture are built once, as programs do that send one message to many
people; the message to its recipient is built for every call. Every library sends to this machine, set up as its documentation
says.
"""

# Only `make bench-peers` installs the other libraries.
# pyright: reportMissingImports=false

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

STARTED = time.perf_counter()

PICTURE = "http://www.yoursite.com/images/welcome.jpg"
TEXT = "Hi! Thank you for joining us!"
TO, SENDER = "15551234888", "15557654321"
ACCOUNT, SECRET = "AC0123456789abcdef0123456789abcdef", "ea7966f90de2bf520e3f0042053e6ec3"

Contestant = Iterator[Any]


def skymms(url: str) -> Contestant:
    from skymms import Account, Client, SendMMS, Slideshow

    yield
    client = Client(Account(SECRET, url=f"{url}/API/wxml/1.3/index.php"))
    show = Slideshow("Membership coupon", subject="Free coupon!").slide(TEXT, image=PICTURE)

    def send() -> str | None:
        return client.call(SendMMS(show, to=TO, sender=SENDER)).tracking_id

    yield send
    yield "skymms"


def skymms_async(url: str) -> Contestant:
    from skymms import Account, SendMMS, Slideshow
    from skymms.aio import AsyncClient

    yield
    client = AsyncClient(Account(SECRET, url=f"{url}/API/wxml/1.3/index.php"))
    show = Slideshow("Membership coupon", subject="Free coupon!").slide(TEXT, image=PICTURE)

    async def send() -> str | None:
        return (await client.call(SendMMS(show, to=TO, sender=SENDER))).tracking_id

    yield send
    yield "skymms"
    yield client.close


#: The address that the subclasses of Twilio's HTTP clients replace, as its page about custom HTTP clients shows.
TWILIO = "https://api.twilio.com"


def twilio(url: str) -> Contestant:
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    yield

    class Here(TwilioHttpClient):
        def request(self, method: str, uri: str, *args: Any, **named: Any) -> Any:
            return super().request(method, uri.replace(TWILIO, url), *args, **named)

    client = Client(ACCOUNT, SECRET, http_client=Here())

    def send() -> str | None:
        return client.messages.create(to=f"+{TO}", from_=f"+{SENDER}", body=TEXT, media_url=[PICTURE]).sid

    yield send
    yield "twilio"


def twilio_async(url: str) -> Contestant:
    from twilio.http.async_http_client import AsyncTwilioHttpClient
    from twilio.rest import Client

    yield

    class Here(AsyncTwilioHttpClient):
        async def request(self, method: str, uri: str, *args: Any, **named: Any) -> Any:
            return await super().request(method, uri.replace(TWILIO, url), *args, **named)

    http = Here()
    client = Client(ACCOUNT, SECRET, http_client=http)

    async def send() -> str | None:
        message = await client.messages.create_async(to=f"+{TO}", from_=f"+{SENDER}", body=TEXT, media_url=[PICTURE])
        return message.sid

    yield send
    yield "twilio"
    yield http.close


def vonage(url: str) -> Contestant:
    from vonage import Auth, HttpClientOptions, Vonage
    from vonage_messages import MmsImage, MmsResource

    yield
    # Only the host can be set: the scheme is always https.
    host = url.removeprefix("https://")
    picture = MmsResource(url=PICTURE, caption=TEXT)
    client = Vonage(Auth(api_key="abcdef01", api_secret=SECRET), HttpClientOptions(api_host=host))

    def send() -> str | None:
        message = MmsImage(to=TO, from_=SENDER, image=picture)
        return client.messages.send(message).message_uuid

    yield send
    yield "vonage"


def plivo(url: str) -> Contestant:
    import plivo.rest.client
    from plivo import RestClient

    yield
    # There is no option for the address; the client reads this constant at every call.
    plivo.rest.client.PLIVO_API_BASE_URI = f"{url}/v1/Account"
    client = RestClient("MAMDJMMTEZOTY0ZDVLNW", SECRET)

    def send() -> str | None:
        sent = client.messages.create(src=f"+{SENDER}", dst=f"+{TO}", text=TEXT, type_="mms", media_urls=[PICTURE])
        return sent.message_uuid[0]

    yield send
    yield "plivo"


def telnyx(url: str) -> Contestant:
    from telnyx import Telnyx

    yield
    client = Telnyx(api_key=SECRET, base_url=f"{url}/v2")

    def send() -> str | None:
        sent = client.messages.send(from_=f"+{SENDER}", to=f"+{TO}", text=TEXT, media_urls=[PICTURE], type="MMS")
        return sent.data and sent.data.id

    yield send
    yield "telnyx"


def telnyx_async(url: str) -> Contestant:
    from telnyx import AsyncTelnyx

    yield
    client = AsyncTelnyx(api_key=SECRET, base_url=f"{url}/v2")

    async def send() -> str | None:
        sent = await client.messages.send(from_=f"+{SENDER}", to=f"+{TO}", text=TEXT, media_urls=[PICTURE], type="MMS")
        return sent.data and sent.data.id

    yield send
    yield "telnyx"
    yield client.close


# ------------------------------------------------------------------------------------------------ measuring

#: Calls before the measurement, which open the connection and fill the caches.
WARM = 30

#: The message id in every response of the server.
MESSAGE_ID = "0123456789abcdef"


async def measured(contestant: Callable[[str], Contestant], url: str, calls: int) -> dict[str, Any]:
    """Return the seconds until the first response, import included, and the seconds of each call after it."""
    steps = contestant(url)
    next(steps)
    imported = time.perf_counter() - STARTED
    send = next(steps)
    waits = inspect.iscoroutinefunction(send)
    first = await send() if waits else send()
    until_first = time.perf_counter() - STARTED
    assert MESSAGE_ID in str(first), f"it did not decode the response: {first!r:.80}"
    for _ in range(WARM):
        await send() if waits else send()
    wall, cpu = time.perf_counter(), time.process_time()
    if waits:
        for _ in range(calls):
            await send()
    else:
        for _ in range(calls):
            send()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    found = {"rate": calls / wall, "cpu": cpu / calls, "import": imported, "first": until_first, "memory": peak()}
    from importlib.metadata import version

    found["version"] = version(next(steps))
    for close in steps:
        await close()
    return found


def peak() -> int:
    """Return the peak memory use in bytes. getrusage is not used: a child process starts with its parent's figure."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024
    except OSError:
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used if sys.platform == "darwin" else used * 1024


if __name__ == "__main__":
    _, name, url, calls = sys.argv
    found = asyncio.run(measured(globals()[name], url, int(calls)))
    import json

    print(json.dumps(found))
