"""A web page on this machine that shows how broadcasts are doing, and pauses and resumes them.

``skymms broadcast watch`` serves it. It reads the ledger while other processes run the broadcasts, in short steps.

In reading order:

- ``documents``: the figures as JSON, for the page
- ``access``: refuses requests of other web pages
- ``page``: composes the page from page.html
- ``surveys``: surveys the broadcasts that somebody looks at, in a thread
- ``server``: serves the page
- ``plot``: draws the figures with matplotlib, for ``skymms broadcast report --plot``
"""

from .plot import save_plot
from .server import WatchServer

__all__ = ["WatchServer", "save_plot"]
