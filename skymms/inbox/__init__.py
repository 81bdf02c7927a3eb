"""The inbox: receives what gateways post, and stores it before it answers.

In reading order:

- ``storing``: stores posts and their notices
- ``secrets``: the secret in the path of the inbox
- ``access``: passwords and networks
- ``log_filters``: keeps the secret out of the logs of servers
- ``intake``: decides what a request means
- ``writer``: commits many posts together
- ``receiver``: answers requests
- ``asgi``: the ASGI application
- ``wsgi``: the WSGI application
- ``django``: the Django view
- ``inbox``: the inbox of a program
"""

from __future__ import annotations

from .inbox import Inbox
from .log_filters import mask_paths_in_logs
from .secrets import Secret

__all__ = ["Inbox", "Secret", "mask_paths_in_logs"]
