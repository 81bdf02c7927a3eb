"""A gateway on your own machine: every dialect, the library's rules, postbacks, faults on demand, and no phone at the end.

>>> from skymms import Client, SendMMS, Slideshow
>>> from skymms.sandbox import Sandbox
>>> with Sandbox() as sandbox, Client(sandbox.account()) as client:
...     sent = client.call(SendMMS(Slideshow("hello", subject="Hi").slide("Hello!"), to="15551234888", sender="60856"))
...     len(sandbox.sent)
1

In reading order:

- ``clock``: the sandbox's time: the machine's own, until somebody turns it forward
- ``gateway_rules``: what only a gateway can judge: wallet pass values, and dates that depend on the clock
- ``listener``: an HTTP server on a free port of this machine, in a thread, with one function that answers
- ``cellcast_requests``: how a request to Cellcast is taken apart: its fields, however they travel, and the values they are
- ``control``: what a Python test calls as a method, for tests in any other language: JSON posted to ``/sandbox/<verb>``
- ``faults``: breaking on demand: what a test tells the sandbox to do wrong, and to which requests
- ``fault_responses``: what a fault makes of an answer: the table of faults, put into HTTP
- ``page``: the page at the sandbox's address, and the feed it lives on
- ``postback_sender``: posts notices to the developer's receiver, and is as stubborn about it as the real gateway
- ``receiver``: a place for postbacks to arrive: for demos and tests. A service of yours calls `read_postbacks` in its own
- ``routing``: where each dialect is spoken, as on the real hosts: told apart by path and method, all at one port
- ``state``: what the sandbox keeps between requests, what it insists on, and the few words that every action needs
- ``cellcast_bodies``: what Cellcast's bodies look like: refusals, replies and webhooks, of both generations, written from
- ``cellcast``: cellcast in the sandbox, both generations of it: what they are asked, by the library's own tables, and what
- ``account_actions``: the actions that send nothing: what is stored, who is subscribed, the inbox, the statistics
- ``event_text``: one line of text for each thing that happens in the sandbox
- ``gateway``: the gateway in the sandbox, without its sockets: what a request is answered, and what follows
- ``events``: everything that happened, numbered, for those who watch: the page in the browser asks what came after the
- ``outcomes``: what becomes of a message after it was taken: the reports that follow, and when
- ``send_actions``: the actions that send. Each takes an operation that is right in form, and answers as far as the documents
- ``server``: the sandbox itself: a gateway on this machine, with an address, that reports back and breaks when told to
"""

from .faults import FAULTS
from .gateway import Answered
from .receiver import PostbackReceiver
from .server import Sandbox
from .state import AT_ONCE, Delays, Joined, Saved

__all__ = ["AT_ONCE", "FAULTS", "Answered", "Delays", "Joined", "PostbackReceiver", "Sandbox", "Saved"]
