"""Send a slideshow to many recipients with threads, and find out which sends may be repeated.

If an error has ``sent_maybe``, the message may have been sent: do not send it again. After any other error you may.
"""

from concurrent.futures import ThreadPoolExecutor

from skymms import Client, SendMMS, SkymmsError, Slideshow
from skymms.sandbox import Sandbox

opening = Slideshow("Opening", subject="We are open").slide("Come in!", image="http://www.yoursite.com/door.jpg")
numbers = [f"1555123{last:04}" for last in range(40)] + ["not a number"]

with Sandbox() as sandbox, Client(sandbox.account()) as client:

    def send(number: str) -> tuple[str, str]:
        try:
            return number, f"sent as {client.call(SendMMS(opening, to=number, sender='60856')).tracking_id}"
        except SkymmsError as error:
            return number, f"{'may have been sent, do not send again' if error.sent_maybe else 'not sent'}: {error}"

    with ThreadPoolExecutor(8) as pool:
        outcomes = dict(pool.map(send, numbers))

print(sum(outcome.startswith("sent") for outcome in outcomes.values()), "sent")
print("not a number ->", outcomes["not a number"])
