"""A gateway on your own machine: every dialect, the library's rules, postbacks, faults on demand, and no phone at the end.

>>> from skymms import Client, SendMMS, Slideshow
>>> from skymms.sandbox import Sandbox
>>> with Sandbox() as sandbox, Client(sandbox.account()) as client:
...     sent = client.call(SendMMS(Slideshow("hello", subject="Hi").slide("Hello!"), to="15551234888", sender="60856"))
...     len(sandbox.sent)
1
"""

from .faults import FAULTS
from .gateway import Answered
from .receiver import PostbackReceiver
from .server import Sandbox
from .state import AT_ONCE, Delays, Joined, Saved

__all__ = ["AT_ONCE", "FAULTS", "Answered", "Delays", "Joined", "PostbackReceiver", "Sandbox", "Saved"]
