"""Four Australian numbers through Cellcast, and what became of each: queued, opted out, or in none of its lists.

The gateway here is the sandbox, so that the example runs as it stands and nobody is sent anything. For the real one the account
is ``CellcastAccount.v1("…")``, with an API key of the dashboard's.
"""

from skymms import Client, RecipientError, Slide
from skymms.cellcast import CellcastSend, Responses
from skymms.sandbox import Sandbox

message = Slide("We are open.\nCome in!", image="http://www.yoursite.com/door.gif")

with Sandbox() as sandbox, Client(sandbox.account("cellcast-v1")) as client:
    # Somebody wants nothing from us.
    sandbox.block("0491570158")
    sent = client.call(CellcastSend(message, to=["0491 570 156", "+61 491 570 157", "491570158", "0491570156"]))
    for number, message_id in sent.queued.items():
        print(number, "queued as", message_id)
    print("opted out:", *sent.unsubscribed)

    # Nobody left to send to is an error, and costs nothing.
    try:
        client.call(CellcastSend(message, to="0491570158"))
    except RecipientError as error:
        print("not sent:", error.code, *error.partial.unsubscribed)

    # Somebody answers.
    sandbox.receive_sms("0491570156", "Shop", "On my way", dialect="cellcast-v1")
    for response in client.call(Responses()):
        print(response.sender, "says:", response.text)
