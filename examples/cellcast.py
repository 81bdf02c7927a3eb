"""Send to four Australian numbers through Cellcast, and print the result for each: queued, opted out, or unaccounted for.

The example uses the sandbox as the gateway, so it runs unchanged and sends nothing to phones. For the real gateway, create the
account with ``CellcastAccount.v1("…")`` and an API key from Cellcast's dashboard.
"""

from skymms import Client, RecipientError, Slide
from skymms.cellcast import CellcastSend, Responses
from skymms.sandbox import Sandbox

message = Slide("We are open.\nCome in!", image="http://www.yoursite.com/door.gif")

with Sandbox() as sandbox, Client(sandbox.account("cellcast-v1")) as client:
    # One of the recipients has opted out.
    sandbox.block("0491570158")
    sent = client.call(CellcastSend(message, to=["0491 570 156", "+61 491 570 157", "491570158", "0491570156"]))
    for number, message_id in sent.queued.items():
        print(number, "queued as", message_id)
    print("opted out:", *sent.unsubscribed)

    # If no recipient is left, the call raises an error. It costs nothing.
    try:
        client.call(CellcastSend(message, to="0491570158"))
    except RecipientError as error:
        print("not sent:", error.code, *error.partial.unsubscribed)

    # A recipient replies with a text message.
    sandbox.receive_sms("0491570156", "Shop", "On my way", dialect="cellcast-v1")
    for response in client.call(Responses()):
        print(response.sender, "says:", response.text)
