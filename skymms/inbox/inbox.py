"""The inbox of a program: its store, and the applications that receive posts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType

from ..broadcast import Ledger
from ..errors import ConfigurationError
from ..model.notices import DeliveryReport
from ..postbacks import read_postbacks
from ..storage.contract import Store
from ..transport.logging import logger
from .access import Networks, Passwords
from .asgi import AsgiApplication
from .django import DjangoView
from .handling import Handling
from .intake import ANSWER_WITHIN, MAX_BODY, Intake, Read, positive
from .log_filters import mask_paths_in_logs
from .opting_out import OptOutWriter, has_broadcasts
from .receiver import Receiver
from .registering import Registration
from .secrets import Secret
from .storing import open_inbox
from .writer import Writer
from .wsgi import WsgiApplication


class Inbox(Handling):
    """Receives what gateways post, and stores it before it answers. It is a context manager.

    ``asgi``, ``wsgi`` and ``django`` are the applications: mount one of them. Creating an inbox also keeps its secret out of
    the logs of servers (:func:`~skymms.inbox.mask_paths_in_logs`).

    :param store: the name of a SQLite file, which is created if it does not exist, a ``postgresql://…`` URL (extra
        ``skymms[postgres]``), or an open store, such as a ledger's. One process should receive for a file, several can for a
        database.
    :param secret: the last segment of the path, ``Secret.from_env()``.
    :param read: parses a body: :func:`~skymms.read_postbacks`, or ``read_cellcast_webhook`` for Cellcast.
    :param basic: pairs of user and password, any of which is required in addition; two while one replaces the other.
    :param networks: addresses and networks that may post; by default, all.
    :param proxies: addresses and networks of your own proxies, whose ``X-Forwarded-For`` is believed; ``"unix"`` for a proxy
        that connects through a Unix socket.
    :param max_body: the most bytes of a body; a longer one is answered 413.
    :param answer_within: the most seconds until a request is answered. The gateway waits ten.
    :param work: False only receives; another process calls the handlers (:meth:`work`). Otherwise a process that has handlers
        calls them, in a thread that starts with the ASGI application or with the first post.

    Raises :class:`~skymms.ConfigurationError` for a wrong value, and :class:`~skymms.StorageError` if the store cannot be used.
    """

    def __init__(
        self,
        store: Store | str | os.PathLike[str],
        *,
        secret: Secret,
        read: Read = read_postbacks,
        basic: Sequence[tuple[str, str]] = (),
        networks: Sequence[str] = (),
        proxies: Sequence[str] = (),
        max_body: int = MAX_BODY,
        answer_within: float = ANSWER_WITHIN,
        work: bool = True,
    ) -> None:
        if not isinstance(secret, Secret):  # pyright: ignore[reportUnnecessaryIsInstance] (callers without a type checker)
            raise ConfigurationError("secret: expected a Secret, such as Secret.from_env() or Secret.from_file(path)")
        intake = Intake(
            secret.hashes(), read=read, passwords=Passwords(basic), networks=Networks(networks, proxies), max_body=max_body
        )
        answer_within = positive(answer_within, "answer_within")
        mask_paths_in_logs()
        self._closes_store = isinstance(store, (str, os.PathLike))
        super().__init__(open_inbox(store))
        self._works = work
        self._is_checked = False
        self._opt_outs = OptOutWriter(self._store)
        registration = Registration(self._store, self._handlers)
        writer = Writer(self._store, before=registration, stored=self._stored, opt_outs=self._opt_outs)
        self.receiver: Receiver = Receiver(
            intake, writer, started=self._start, stopped=self._worker.stop, answer_within=answer_within
        )  # fmt: skip
        self.asgi: AsgiApplication = AsgiApplication(self.receiver)
        self.wsgi: WsgiApplication = WsgiApplication(self.receiver)
        self.django: DjangoView = DjangoView(self.receiver)

    def note_opt_outs(self, ledger: Ledger) -> None:
        """Write what people say about messages (STOP, START, N301, N302) into a ledger before their post is answered 200.

        If the ledger shares the store of the inbox, both are written in one transaction; otherwise the ledger is written first,
        and a post that it cannot take is answered 503. Call this in the process that receives.

        This obeys opt-outs and nothing else. For delivery reports, register the ledger as a handler as well:
        ``inbox.on(Notice)(ledger.note)``.
        """
        self._opt_outs.add(ledger)

    def find_unconnected(self) -> str | None:
        """Return what the ledger of broadcasts in the inbox's own store does not get; None if it gets everything.

        Also None if the store has no broadcasts. An inbox that only calls handlers writes no opt-outs, so they do not count.
        """
        tells = any(getattr(one.function, "__func__", None) is Ledger.note for one in self._handlers)
        if tells or not has_broadcasts(self._store):
            return None
        if self._opt_outs.is_used:
            return "delivery reports do not reach the broadcasts: add inbox.on(Notice)(ledger.note)"
        return (
            "STOP is not obeyed, and delivery reports do not reach the broadcasts: add inbox.note_opt_outs(ledger) and "
            "inbox.on(Notice)(ledger.note)"
        )

    def _start(self) -> None:
        if not self._is_checked:
            self._is_checked = True
            if self._opt_outs.is_used and not self._handlers.get(DeliveryReport):
                logger.warning(
                    "inbox: no handler gets delivery reports, so they do not reach the broadcasts of the ledger: add "
                    "inbox.on(Notice)(ledger.note)"
                )
        if self._works and len(self._handlers) and not self._is_stopped:
            self.work()

    def _stored(self) -> None:
        self._start()
        self._worker.wake()

    def close(self) -> None:
        """Stop calling handlers, write what still waits, and close the store if the inbox opened it."""
        self.stop()
        self.receiver.stop()
        if self._closes_store:
            self._store.close()

    def __enter__(self) -> Inbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Inbox({self._store.name!r})"
