"""The inbox: postbacks are stored before they are answered, and each notice is handed to your functions at least once.

In reading order:

- ``schema``: the tables
- ``statements``: the SQL of receiving, for both kinds of store
- ``storing``: stores posts, and drops repeats
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
