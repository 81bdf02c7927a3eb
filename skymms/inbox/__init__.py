"""The inbox: postbacks are stored before they are answered, and each notice is handed to your functions at least once.

In reading order:

- ``schema``: the tables
- ``statements``: the SQL, for both kinds of store
- ``storing``: stores posts, and drops repeats
- ``secrets``: the secret in the path of the inbox
- ``access``: passwords and networks
- ``log_filters``: keeps the secret out of the logs of servers
- ``intake``: decides what a request means
- ``opting_out``: writes opt-outs into a ledger, and confirms them
- ``writer``: commits many posts together
- ``receiver``: answers requests
- ``asgi``: the ASGI application
- ``wsgi``: the WSGI application
- ``django``: the Django view
- ``handlers``: your functions, by the kinds of notices that they get
- ``replying``: sends one reply to a notice, however often its handler is called
- ``messages``: one message and the notices about it
- ``registering``: registers handlers, so that notices are kept for them
- ``taking``: takes notices for handlers, and writes what became of them
- ``calling``: calls handlers in threads and on an event loop
- ``working``: the worker
- ``replaying``: lists what failed, and hands notices over again
- ``listing``: lists notices, posts in quarantine, and handlers
- ``rereading``: reads the posts in quarantine again
- ``retention``: deletes what is old, and erases numbers
- ``downloading``: downloads a file, but not from a private network
- ``saving``: saves the files of inbound messages before they expire
- ``handling``: everything about handlers and messages in one class
- ``inbox``: the inbox of a program
"""

from __future__ import annotations

from .handling import Handling
from .inbox import Inbox
from .listing import Handled, HandlerStatus, Received, StoredPost
from .log_filters import mask_paths_in_logs
from .messages import Message
from .replaying import Dead
from .rereading import Reread
from .retention import Forgotten
from .saving import ReceivedFile, SavedFile
from .secrets import Secret

__all__ = [
    "Dead",
    "Forgotten",
    "Handled",
    "HandlerStatus",
    "Handling",
    "Inbox",
    "Message",
    "Received",
    "ReceivedFile",
    "Reread",
    "SavedFile",
    "Secret",
    "StoredPost",
    "mask_paths_in_logs",
]
