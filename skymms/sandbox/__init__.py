"""A gateway on your own machine: every dialect, the library's own rules, postbacks, and no phone at the other end.

>>> from skymms import Client, SendMMS, Slideshow
>>> from skymms.sandbox import Sandbox
>>> with Sandbox() as sandbox, Client(sandbox.account()) as client:
...     sent = client.call(SendMMS(Slideshow("hello", subject="Hi").slide("Hello!"), to="15551234888", sender="60856"))
...     len(sandbox.sent)
1
"""

from .gateway import Answered, Saved
from .receiver import PostbackReceiver
from .server import Sandbox

__all__ = ["Answered", "PostbackReceiver", "Sandbox", "Saved"]
