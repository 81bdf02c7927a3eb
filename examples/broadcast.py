"""Send to a list, with a gateway that loses answers, and a run that stops and goes on. Nobody gets the message twice."""

import tempfile
from collections import Counter
from pathlib import Path

from skymms import Client, SendMMS, Slideshow
from skymms.broadcast import Ledger, Recipient
from skymms.sandbox import Sandbox

opening = Slideshow("Opening", subject="We are open").slide(
    "Come in, {name|dear neighbour}!", image="http://www.yoursite.com/door.jpg"
)
people = [Recipient(15551230000 + at, {"name": name}) for at, name in enumerate(["Ada", "Grace", ""] * 100)]

with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox, Client(sandbox.account()) as client:
    # The gateway accepts this message, and its answer is lost.
    sandbox.fail("drop", times=1, to="15551230150")

    with Ledger(Path(folder) / "opening.db") as ledger:
        broadcast = ledger.create("opening", SendMMS(opening, sender="60856"), people, account=client.account, rate=200)
        broadcast.run(client, seconds=0.5)
        print("stopped with some left:", broadcast.status().counts["ready"] > 0)

    # Later, perhaps in another process:
    with Ledger(Path(folder) / "opening.db") as ledger:
        broadcast = ledger["opening"]
        result = broadcast.run(client)
        print(result.end, dict(broadcast.status().counts))
        for row in broadcast.unknown():
            print(row["number"], "may have been sent:", row["reason"])

    print("most requests for one number:", max(Counter(message.to for message in sandbox.sent).values()))
