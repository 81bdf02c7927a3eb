"""Send the same message to many recipients: validate and encode it once, and never send it to a number twice.

``account.prepare`` does the work that is the same for all recipients. The loop can be run again after a failure: numbers that
have, or may have, received the message are skipped. In a real program, keep these numbers in a database.
"""

from skymms import Client, RecipientError, SendMMS, SkymmsError, Slideshow
from skymms.sandbox import Sandbox

opening = Slideshow("Opening", subject="We are open").slide("Come in!", image="http://www.yoursite.com/door.jpg")
numbers = ["15551234001", "15551234002", "15551234003", "not a number", "15551234004"]
sent: set[str] = set()  # the message was sent, or may have been
invalid: set[str] = set()  # the gateway would refuse the number

with Sandbox() as sandbox:
    account = sandbox.account()
    message = account.prepare(SendMMS(opening, sender="60856"))

    def send_to_the_rest(client: Client) -> None:
        for number in numbers:
            if number in sent or number in invalid:
                continue
            try:
                client.call(message.operation(number))
            except RecipientError:
                invalid.add(number)
            except SkymmsError as error:
                # Without sent_maybe nothing was sent, so the next run tries this number again.
                if error.sent_maybe:
                    sent.add(number)
                print(number, "may have been sent" if error.sent_maybe else "was not sent")
            else:
                sent.add(number)

    # The gateway refuses the first request for one of the numbers. The second run sends to it.
    sandbox.fail("E112", to="15551234002", times=1)
    with Client(account) as client:
        send_to_the_rest(client)
        send_to_the_rest(client)

    print(len(sandbox.sent), "messages for", len({message.to for message in sandbox.sent}), "numbers; invalid:", *invalid)
