"""A gateway on your own machine: every dialect, the library's rules, postbacks, and faults on demand. It sends nothing.

>>> from skymms import Client, SendMMS, Slideshow
>>> from skymms.sandbox import Sandbox
>>> with Sandbox() as sandbox, Client(sandbox.account()) as client:
...     sent = client.call(SendMMS(Slideshow("hello", subject="Hi").slide("Hello!"), to="15551234888", sender="60856"))
...     len(sandbox.sent)
1

In reading order:

- ``clock``: the sandbox's time, which a test can advance
- ``chunks``: reads a request body that arrives in chunks
- ``listener``: an HTTP server in a thread, which can break a response on its connection
- ``routing``: which dialect a request uses, and whether its Host header is trusted
- ``state``: the settings, and everything that the sandbox stores
- ``gateway_rules``: rules that only a gateway can check: dates, and the values of a wallet pass
- ``cellcast_requests``: parses a request to Cellcast
- ``cellcast_bodies``: the bodies of Cellcast's responses and webhooks
- ``cellcast``: the two generations of Cellcast
- ``faults``: the faults that a test can arrange, and the requests they apply to
- ``outcomes``: the reports that follow an accepted message
- ``send_actions``: the actions that send a message
- ``account_actions``: the other actions: stored slideshows, campaigns, the inbox, statistics
- ``raw_http``: requests and responses as they arrived and left, without the key
- ``gateway``: decodes, validates and executes a request
- ``fault_responses``: how a fault changes a response
- ``notice_forms``: a notice as a dialect has it, and in the envelope of before November 2013
- ``postback_sender``: posts notices, and retries until the receiver responds with 200
- ``postback_bodies``: makes the bodies of postbacks, for tests of a receiver
- ``receiver``: a receiver of postbacks for demos and tests
- ``details``: what the page shows of one request, and why a file was not loaded
- ``events``: the log of requests and notices that the page reads
- ``event_text``: one line of text for each request and postback
- ``control``: the control API: the sandbox's methods as JSON over HTTP
- ``text_checks``: checks texts that a postback will contain
- ``page``: the page in the browser, and its feed
- ``dispatcher``: sends each HTTP request to the part that handles it
- ``server``: the class `Sandbox`
"""

from .clock import Clock
from .faults import FAULTS, Fault, FaultRule
from .gateway import RequestRecord
from .postback_bodies import Postback, PostbackBodies
from .receiver import PostbackReceiver
from .server import Sandbox, SendOperation
from .state import AT_ONCE, CampaignRecord, Delays, SavedSlideshow

__all__ = [
    "AT_ONCE",
    "FAULTS",
    "CampaignRecord",
    "Clock",
    "Delays",
    "Fault",
    "FaultRule",
    "Postback",
    "PostbackBodies",
    "PostbackReceiver",
    "RequestRecord",
    "Sandbox",
    "SavedSlideshow",
    "SendOperation",
]
