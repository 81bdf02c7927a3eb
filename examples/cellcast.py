"""Three Australian numbers through Cellcast, and what became of each: queued, opted out, or in none of its lists.

The gateway here is a stand-in of a few lines, so that the example runs as it stands; without ``url=`` it is the real one.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from skymms import Client, Slide
from skymms.cellcast import CellcastAccount, CellcastSend


class StandIn(BaseHTTPRequestHandler):
    """Answers as v3 does, and forgets the last number."""

    def do_POST(self) -> None:
        numbers = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["numbers"]
        rows = [{"message_id": f"A21741CB-{at}", "to": number} for at, number in enumerate(numbers[:-1], 1)]
        told = {"messages": rows, "total_numbers": len(numbers), "success_number": str(len(rows)), "credits_used": "2"}
        body = json.dumps({"meta": {"code": 200, "status": "SUCCESS"}, "msg": "Queued", "data": told}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), StandIn)
threading.Thread(target=server.serve_forever, daemon=True).start()

account = CellcastAccount.v3("an-appkey", url=f"http://127.0.0.1:{server.server_port}/api/v3/")
message = Slide("We are open.\nCome in!", image="http://www.yoursite.com/door.png")
with Client(account) as client:
    sent = client.call(CellcastSend(message, to=["0491 570 156", "+61 491 570 157", "491570158", "0491570156"]))

for number, message_id in sent.queued.items():
    print(number, "queued as", message_id)
print("in no list of the gateway's:", *sent.unaccounted)
print(sent.credits, "credits")
server.shutdown()
server.server_close()
