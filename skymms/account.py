"""One account at a gateway: from operations to HTTP requests, from HTTP answers to replies or errors.

Pure: no socket, no clock. Whatever carries the requests (the clients here, or a queue of your own) calls :meth:`Account.encode`
and :meth:`Account.decode` and nothing else.

The key never prints. No repr shows it, no error holds it (a gateway that echoes it back is masked too), and neither an account
nor a request can be pickled: hand a worker the environment, not the secret.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from itertools import chain
from typing import Any, ClassVar, cast

from .errors import ConfigurationError, Nodes, Problem, gateway_refusal, refusal
from .http import MAX_RESPONSE, HttpRequest, HttpResponse, check_gateway_url
from .limits import DOCUMENTED, Limits
from .model.operations import Operation, R_co
from .model.replies import Refusal
from .redaction import MASK, KeyHolder, account_repr, check_key, mask_key
from .validation.validator import WARNINGS_VALIDATOR
from .wire import table
from .wire.codecs import DecodeError, replace_surrogates
from .wire.dialects import Dialect, check_required_fields, get_dialect, normalize_name, response_decoder, status_substitutes
from .wire.envelope import Envelope
from .wire.notation import wire_name
from .wire.prepared import OperationEncoder
from .wire.responses import answers_other_request, protocol_error

# The two names that tell whether an answer is a yes, as they are compared.
_STATUS, _CODE = (normalize_name(wire_name(row, 0)) for row in (table.STATUS[0], table.REPLIES[Refusal][0]))


@dataclass(frozen=True, slots=True, repr=False)
class Account(KeyHolder):
    """An account: its key, the dialect it speaks, and where.

    ``dialect`` is ``"skycore"`` (1.3, XML by POST), ``"skycore-get"`` (1.3, GET), ``"sinch"`` (the hyphenated XML of the
    successor) or ``"sinch-json"`` (its JSON service).
    ``url`` points elsewhere than the vendor's own host: a white-label host, a sandbox. ``bare_body`` posts 1.3
    XML as the body itself, as some production clients do, rather than in the documented form field. ``line_break`` is what a
    ``\\n`` in a text is written as; ``r"\\n"`` writes the two characters of the vendor's example. ``limits`` are the figures
    and fields this account's gateway insists on. ``max_response`` is how many bytes of an answer are read: 64 kB, in which
    the ids of some 6,000 stored messages can be listed. Raises :class:`~skymms.ConfigurationError` for what cannot be an
    account.
    """

    #: What an exchange asks of any account; this gateway asks for no pace.
    rate_limit: ClassVar[None] = None

    api_key: str = field(repr=False)
    _: KW_ONLY
    dialect: str = "skycore"
    url: str | None = None
    bare_body: bool = False
    line_break: str = "\n"
    limits: Limits = DOCUMENTED
    max_response: int = MAX_RESPONSE
    #: The dialect itself, looked up once.
    dialect_spec: Dialect = field(init=False, repr=False, compare=False)
    #: How its requests travel, and what is worked out once for each kind of operation.
    _way: Envelope = field(init=False, repr=False, compare=False)
    _asked: dict[type[Operation[Any]], OperationEncoder] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dialect_spec", get_dialect(self.dialect))  # there is one of that name
        _check_kinds(self)
        check_required_fields(self.limits)
        check_key(self.api_key, "pass api_key, or set SKYMMS_API_KEY for Account.from_env()")
        check_gateway_url(self.address)
        object.__setattr__(self, "_way", Envelope.of(self.dialect_spec, self.api_key, self.address, self.bare_body))

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, /, **overrides: Any) -> Account:
        """An account from ``SKYMMS_API_KEY``, ``SKYMMS_DIALECT`` and ``SKYMMS_URL``; keywords win."""
        env = os.environ if env is None else env
        named = {"api_key": "SKYMMS_API_KEY", "dialect": "SKYMMS_DIALECT", "url": "SKYMMS_URL"}
        found = {name: env[variable] for name, variable in named.items() if env.get(variable)}
        return cls(**{"api_key": "", **found, **overrides})

    @property
    def name(self) -> str:
        """What it speaks, for those who print it."""
        return self.dialect

    @property
    def address(self) -> str:
        """Where the gateway is: ``url``, or the vendor's own host for the dialect."""
        return self.url if self.url is not None else self.dialect_spec.url

    # -------------------------------------------------------------------------------------------- judging

    def problems(self, operation: Operation[Any]) -> tuple[Problem, ...]:
        """Everything this account's gateway would refuse, and every field its dialect has no word for."""
        if not isinstance(operation, Operation):
            raise TypeError(f"an operation such as SendMMS(…) is wanted, not {type(operation).__name__}")
        if type(operation) not in table.REQUESTS:  # another gateway's
            return (Problem(None, None, type(operation).__name__, f"{self.dialect} has no action for it"),)
        return tuple(self._asking(type(operation)).problems(operation))

    def warnings(self, operation: Operation[Any]) -> tuple[Problem, ...]:
        """What the vendors advise against and accept all the same."""
        return tuple(WARNINGS_VALIDATOR.validate(operation, self.limits))

    # -------------------------------------------------------------------------------------------- encoding

    def encode(self, operation: Operation[Any]) -> HttpRequest:
        """The HTTP request for an operation; raises the first of its :meth:`problems`, carrying them all."""
        asking = self._asked.get(type(operation))
        if asking is None:
            # Perhaps none of this gateway's, which has no way of asking.
            if problems := self.problems(operation):
                raise refusal(problems)
            asking = self._asking(type(operation))
        return self._way.request(asking.document(operation))

    def wrap(self, document: bytes) -> HttpRequest:
        """A document of this account's dialect as it travels: in the address, in a form field, or as the body."""
        return self._way.request(self._way.carry(document))

    def _asking(self, kind: type[Operation[Any]]) -> OperationEncoder:
        known = self._asked.get(kind)
        if known is None:
            spoken = self.dialect_spec
            # Before anything is sent: what cannot be loaded would leave an answer unread.
            spoken.response_codec.ready()
            template = spoken.template(kind, self.api_key, self.line_break, self._way.carry)
            known = self._asked[kind] = OperationEncoder(kind, spoken, self.limits, self.line_break, template)
        return known

    def parts(self, operation: Operation[R_co]) -> Generator[Operation[Any], Any, R_co]:
        """The requests of a call: here always one, whose reply is the call's."""
        reply: R_co = yield operation
        return reply

    def masked(self) -> Account:
        """The same account with a key that may be shown."""
        return replace(self, api_key=MASK)

    __repr__ = account_repr

    # -------------------------------------------------------------------------------------------- decoding

    def decode(self, operation: Operation[R_co], response: HttpResponse) -> R_co:
        """The reply to an operation.

        Raises the :class:`~skymms.MMSError` of a refusal, or :class:`~skymms.ProtocolError` for an answer that is not the
        protocol's or answers another request; then ``sent_maybe`` is true unless the operation only reads.
        """
        try:
            reply = self._read(operation, response.body)
        except ValueError as error:  # Unreadable, or a reply that cannot do without what is missing
            trouble: str | None = self._without_key(str(error))  # the parser's words quote names
        else:
            if (trouble := answers_other_request(operation, reply)) is None:
                return cast(R_co, reply)
        raise protocol_error(operation, response, trouble, self.api_key)

    def _read(self, operation: Operation[Any], body: bytes) -> Any:
        """The reply in a body. Raises the refusal it holds, or :class:`Unreadable`."""
        spoken = self.dialect_spec
        if len(body) > self.max_response:
            # A client reads no more than a bit beyond that, and does not know how long it would have been.
            raise DecodeError(
                f"more than {self.max_response:,} bytes: give Account(max_response=…) where they are to be expected"
            )
        root, leaves = spoken.response_codec.read(body, self.max_response, table.RESPONSE_SHAPE)
        if normalize_name(root) != normalize_name(spoken.roots[1]):
            raise DecodeError(f"the root is {self._without_key(root):.40}, not {spoken.roots[1]}")
        raw: Nodes = tuple([(path, text) for path, _, text in leaves])
        said = "\n".join(chain.from_iterable(raw))
        if self.api_key in said or not said.isascii():
            leaves = [(self._without_key(path), at, self._without_key(text)) for path, at, text in replace_surrogates(leaves)]
            raw = tuple([(path, text) for path, _, text in leaves])
        status, refuses = None, False
        for at, (path, text) in enumerate(raw):
            name = normalize_name(path)
            if name == _CODE:
                refuses = True
            elif name == _STATUS:
                if status is not None:
                    raise DecodeError("it says its status twice")
                status = text.strip().lower()
                # It is no field of a reply.
                del leaves[at]
        # Ruling 10: STATUS other than success, or an error code; whatever the HTTP status.
        if refuses or (status and status != "success"):
            refused, _ = response_decoder(Refusal).read(leaves)
            # Somebody else's "try later" must not have our message sent a second time.
            if (other := answers_other_request(operation, refused)) is not None:
                raise DecodeError(other)
            if refused.code or (status and status != "success"):
                raise gateway_refusal(refused.code, refused.info, status=status, reply=raw, repeatable=operation.repeatable)
        if not status and status_substitutes(operation.reply).isdisjoint([normalize_name(path) for path, _ in raw]):
            raise DecodeError("it has no status")
        reply, _ = response_decoder(operation.reply).read(leaves, raw=raw)
        return reply

    def _without_key(self, text: str) -> str:
        return mask_key(text, self.api_key)


def _check_kinds(account: Account) -> None:
    """Raise :class:`~skymms.ConfigurationError` for what is of another kind than it has to be, and would only show later."""
    wanted = (("bare_body", bool, "True or False"), ("line_break", str, "text"), ("limits", Limits, "skymms.Limits(…)"))
    for name, kind, said in wanted:
        if not isinstance(given := getattr(account, name), kind):
            raise ConfigurationError(f"{name}={given!r:.40}: give {said}")
    if type(account.max_response) is not int or account.max_response < 1:
        raise ConfigurationError(f"max_response={account.max_response!r:.40}: give a whole number of bytes from 1 up")
