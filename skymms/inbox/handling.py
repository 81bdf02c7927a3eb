"""Everything about handlers and messages in one class: the half of an inbox that does not receive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from ..broadcast import Hours, Ledger
from ..errors import ConfigurationError
from ..model.notices import InboundMMS, InboundSMS, Notice
from ..model.operations import Operation
from ..postbacks import read_postbacks
from ..storage.contract import Store
from .handlers import Handlers
from .intake import Read
from .listing import (
    HandlerStatus,
    Received,
    StoredPost,
    count_quarantine,
    find_notice,
    find_post,
    list_handlers,
    list_notices,
    list_quarantine,
)
from .messages import Message, find_message, note_sent
from .opting_out import confirming
from .replaying import Dead, list_dead, replay
from .replying import Replier, Replies, answering
from .rereading import Reread, reread_quarantine
from .retention import Forgotten, forget, prune, remove_handler
from .saving import MAX_FILE, TYPES, FileSaver, ReceivedFile, SavedFile, saved_files
from .taking import Taken
from .working import Worker

if TYPE_CHECKING:
    from ..aio import AsyncClient
    from ..client import Client

F = TypeVar("F", bound="Callable[..., Any]")


class Handling:
    """Hands notices to functions, and knows the state of each message."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._handlers = Handlers()
        self._worker = Worker(store, self._handlers, find=self._find)
        self._replies: Replies | None = None
        self._is_stopped = False

    @property
    def store_name(self) -> str:
        """The name of the file or the database, without a password."""
        return self._store.name

    # -------------------------------------------------------------------------------------------- handlers

    def on(self, *kinds: type[Notice], name: str | None = None) -> Callable[[F], F]:
        """Register a function for kinds of notices; a decorator.

        The function takes the notice, or the notice and its :class:`Message`, and may be asynchronous. It is called at least
        once for each notice: again if it raises an error, and if the program ends while it runs. After ten attempts in about a
        day the notice is dead for it: see :meth:`dead`. ``name`` identifies the handler in the database, by default its module
        and its name. Raises :class:`~skymms.ConfigurationError` for a name that is taken, and for a function that cannot be
        called so.
        """
        return self._handlers.on(*kinds, name=name)

    @property
    def handler_names(self) -> tuple[str, ...]:
        """The names of the handlers that are registered in this process."""
        return tuple(handler.name for handler in self._handlers)

    def work(self, *, block: bool = False, until_idle: bool = False) -> None:
        """Call the handlers: in a thread, in this thread (``block``), or in this thread until no notice waits (``until_idle``).

        ``block`` returns after :meth:`stop`, or after Ctrl-C when the calls that run have ended. ``until_idle`` is for tests
        and for programs that are run at intervals. After a fork, call it in the child.
        """
        if block and until_idle:
            raise ConfigurationError("give block=True or until_idle=True, not both")
        self._is_stopped = False
        if until_idle:
            self._worker.run_until_idle()
        elif block:
            self._worker.run()
        else:
            self._worker.start()

    def stop(self, timeout: float = 10.0) -> bool:
        """Take no more notices, wait for the calls that are running, and return whether all have ended."""
        self._is_stopped = True
        return self._worker.stop(timeout)

    def dead(self, *, handler: str | Callable[..., Any] | None = None) -> Iterator[Dead]:
        """Iterate over the notices that a handler failed with for the last time, each with its traceback."""
        return list_dead(self._store, self._name(handler))

    def replay(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        handler: str | Callable[..., Any] | None = None,
        id: int | None = None,
        dead: bool = False,
    ) -> int:
        """Hand notices over again, and return to how many calls that leads.

        Those that were received in a time, the one with an ``id``, or those that are ``dead``; to all handlers that want their
        kind, or to one. A handler gets what was received before it was registered in the same way.
        """
        count = replay(self._store, since=since, until=until, handler=self._name(handler), id=id, dead=dead)
        self._worker.wake()
        return count

    def remove_handler(self, name: str) -> int:
        """Forget a handler that the program does not have any more, and return how many notices waited for it.

        Otherwise notices are kept for it, until :meth:`prune` finds that no worker has had it for as long.
        """
        return remove_handler(self._store, name)

    def _name(self, handler: str | Callable[..., Any] | None) -> str | None:
        return None if handler is None else self._handlers.name_of(handler)

    # -------------------------------------------------------------------------------------------- messages

    def sent(self, reply: Any, *, reference: str | int | None = None) -> None:
        """Write down the reply to a message that was sent, before or after its reports, and your own reference for it.

        Raises :class:`~skymms.ConfigurationError` for a reply that has no tracking id.
        """
        note_sent(self._store, reply, reference)

    def message(self, tracking_id: str) -> Message:
        """Return what is known about a message; its ``state`` is None if nothing is."""
        return find_message(self._store, tracking_id)

    def _find(self, taken: Taken) -> Message:
        replier = Replier(taken.notice, taken.handler, self._replies)
        return find_message(self._store, taken.notice.tracking_id, replier, taken.id)

    # -------------------------------------------------------------------------------------------- lists

    def notices(
        self, *, since: datetime | None = None, tracking_id: str | None = None, limit: int | None = None
    ) -> Iterator[Received]:
        """Iterate over the notices, the oldest first, each with what became of it.

        ``since`` is when the first was received, ``tracking_id`` that of their message. ``limit`` leaves out all but the
        newest.
        """
        return list_notices(self._store, since=since, tracking_id=tracking_id, limit=limit)

    def notice(self, id: int) -> Received:
        """Return the notice with a number; :class:`~skymms.ConfigurationError` if the inbox does not have it."""
        return find_notice(self._store, id)

    def post(self, id: int) -> StoredPost:
        """Return a post as it was received; :class:`~skymms.ConfigurationError` if the inbox does not have it."""
        return find_post(self._store, id)

    def quarantine(self) -> Iterator[StoredPost]:
        """Iterate over the posts that could not be read, the oldest first."""
        return list_quarantine(self._store)

    @property
    def quarantine_size(self) -> int:
        """How many posts could not be read."""
        return count_quarantine(self._store)

    def reread(self, *, read: Read = read_postbacks) -> Reread:
        """Read the posts in quarantine again, and give what is new in them to the handlers.

        ``read`` parses a body, as for :class:`Inbox`. Use it after an upgrade of skymms, or after a correction of a function of
        your own.
        """
        found = reread_quarantine(self._store, read)
        self._worker.wake()
        return found

    def handlers(self) -> list[HandlerStatus]:
        """Return the handlers that the inbox knows, and how many notices each has in each state."""
        return list_handlers(self._store)

    # -------------------------------------------------------------------------------------------- replies

    def reply_with(self, ledger: Ledger, client: Client | AsyncClient) -> None:
        """Say what :meth:`Message.reply` sends with. The ledger remembers each reply, so that none is sent twice."""
        self._replies = Replies(ledger, client)

    def reply_to(
        self, keyword: str, answer: Operation[Any] | Callable[[Any], Operation[Any] | None], *, name: str | None = None
    ) -> None:
        """Answer inbound messages that begin with a keyword, each once.

        ``answer`` is the reply, whose ``to`` and ``sender`` may be left out, or a function of the notice that returns the reply
        or None. Call :meth:`reply_with` too, with a client of either kind.
        """
        find = answering(keyword, answer)
        registered = self._handlers.on(InboundSMS, InboundMMS, name=name or f"reply to {keyword.strip().upper()}")

        @registered
        def reply(notice: Notice, message: Message) -> Any:  # pyright: ignore[reportUnusedFunction]
            operation = find(notice)
            if operation is None:
                return None
            from ..client import Client

            # With an AsyncClient it is a coroutine, which the worker waits for.
            is_async = self._replies is not None and not isinstance(self._replies.client, Client)
            return message.reply_async(operation) if is_async else message.reply(operation)

    def confirm_opt_outs(
        self,
        ledger: Ledger,
        client: Client | AsyncClient,
        operation: Operation[Any],
        *,
        hours: Hours | None = None,
        name: str = "confirm opt-outs",
    ) -> None:
        """Answer each message by which somebody opts out, at most once: see ``Ledger.confirm_opt_out``.

        ``operation`` is the confirmation, without merge fields; its ``to`` and ``sender`` are filled in. Outside ``hours``
        nothing is sent, nor later.
        """
        self._handlers.on(InboundSMS, InboundMMS, name=name)(confirming(ledger, client, operation, hours))

    # -------------------------------------------------------------------------------------------- files

    def save_files(
        self,
        put: Callable[[ReceivedFile], str | None],
        *,
        limit: int = MAX_FILE,
        types: Sequence[str] = TYPES,
        allow_private: bool = False,
        remove_with: Client | None = None,
        name: str = "save files",
    ) -> None:
        """Download the files of inbound messages, which expire, and give each to ``put``, which stores it.

        ``put`` may return where it stored the file; :meth:`files` returns that. A file that is stored is not downloaded again,
        but ``put`` is called again for one that was being stored when the program was killed.

        :param limit: the most bytes of a file.
        :param types: the content types that are accepted; ``"image/"`` stands for all images. Drawings in SVG, which can
            contain programs, are never accepted.
        :param allow_private: True accepts URLs of this computer and of private networks. Anybody who knows the inbox's address
            can post one, so use it for tests only.
        :param remove_with: a client that deletes the files at the gateway when all are stored (Skycore 1.3).
        """
        saver = FileSaver(
            self._store, put, limit=limit, types=types, allow_private=allow_private, remove_with=remove_with
        )  # fmt: skip

        @self._handlers.on(InboundMMS, name=name)
        def save(notice: InboundMMS, message: Message) -> None:  # pyright: ignore[reportUnusedFunction]
            assert message.notice_id is not None
            saver.save(notice, message.notice_id)

    def files(self, id: int) -> tuple[SavedFile, ...]:
        """Return the files of a notice that were saved."""
        return saved_files(self._store, id)

    # -------------------------------------------------------------------------------------------- retention

    def prune(self, *, older_than: timedelta) -> int:
        """Delete posts that were received longer ago, with their notices, and return how many.

        What waits for a handler is kept, unless no worker has had this handler for as long. What is dead is deleted too. A
        repeat of a deleted notice is still recognised.
        """
        return prune(self._store, older_than)

    def forget(self, number: str | int) -> Forgotten:
        """Erase a number: its posts, notices and replies, and those that contain it.

        A hash stays, so that a late report is stored without the number. What the number sends afterwards is new, and is kept.
        The files that your function stored are yours to delete: the result says where they are. A ledger of broadcasts in the
        same database has a :meth:`~skymms.broadcast.Ledger.forget` of its own.
        """
        return forget(self._store, number)
