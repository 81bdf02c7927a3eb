"""One account at a gateway: encodes operations as HTTP requests, and decodes HTTP responses to replies or errors.

An account does no I/O. A client (or your own code) calls :meth:`Account.encode`, sends the request, and calls
:meth:`Account.decode` with the response.

The API key is never shown: it is in no repr, it is masked in errors even if a gateway repeats it, and accounts and requests
cannot be pickled. Create the account in the process that uses it, for example with :meth:`Account.from_env`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, TypeVar, cast

from ._functools import plain_value
from .errors import ConfigurationError, Problem, refusal
from .http import MAX_RESPONSE, HttpRequest, HttpResponse, allow_http_from_environment, gateway_url
from .limits import DOCUMENTED, Limits, texts
from .model.operations import Operation, R_co
from .rate_limit import Rate, RateLimit, rate_limit_from
from .redaction import MASK, KeyHolder, account_repr, check_key, key_from_environment, remember_key
from .wire import table
from .wire.dialects import Dialect, DialectName, check_field_names, get_dialect
from .wire.placement import Placement
from .wire.prepared import OperationEncoder, PreparedMessage
from .wire.responses import ResponseDecoder

OperationT = TypeVar("OperationT", bound=Operation[Any])


@dataclass(frozen=True, slots=True, repr=False)
class Account(KeyHolder):
    """An account at a Skycore-lineage gateway: its API key, its dialect, and the gateway's URL.

    - ``dialect``: ``"skycore"`` (Skycore 1.3, XML by POST), ``"skycore-get"`` (Skycore 1.3, GET), ``"sinch"`` (Sinch MMS, XML)
      or ``"sinch-json"`` (Sinch MMS, JSON).
    - ``url``: the gateway's full endpoint; the vendor's own if None. Give it for a white-label host or a sandbox. A URL that
      names only a host gets the path of the vendor's own.
    - ``allow_http``: permit a plain ``http://`` URL of a public host, to which the API key is then sent unencrypted. This
      computer and private networks (:func:`skymms.http.is_private_host`) need no permission.
    - ``sender``, ``service_id``, ``fallback_text``: used for operations that leave these fields out (None), if the dialect has
      them in the operation. A value in the operation takes precedence.
    - ``rate``: the most requests a second, or a :class:`~skymms.rate_limit.RateLimit`; None for no limit.
    - ``bare_body``: send a Skycore 1.3 XML document as the request body, as some production clients do, and not in the
      documented form field.
    - ``line_break``: the text that replaces a line break; ``r"\\n"`` writes a backslash and an n, as in the vendor's example.
    - ``former_names``: names of fields and actions that the gateway expects instead of today's. An account of before 2015 may
      need ``{"CAMPAIGNID"}`` (now CAMPAIGNREF) for subscriptions; others are SPID, loginUser and removeMMSInboxContent.
    - ``limits``: the figures and required fields of this account's gateway.
    - ``max_response``: how many bytes of a response are read; the default is 64 kB, about 6,000 ids of stored messages.

    Raises :class:`~skymms.ConfigurationError` for an invalid value.
    """

    api_key: str = field(repr=False)
    _: KW_ONLY
    dialect: DialectName = "skycore"
    url: str | None = None
    allow_http: bool = False
    sender: str | int | None = None
    service_id: str | None = None
    fallback_text: str | None = None
    rate: Rate = None
    bare_body: bool = False
    line_break: str = "\n"
    former_names: Collection[str] = frozenset()
    limits: Limits = DOCUMENTED
    max_response: int = MAX_RESPONSE
    #: The rate limit that ``rate`` describes; every client of this account object uses it.
    rate_limit: RateLimit | None = field(init=False, repr=False, compare=False)
    #: The gateway's URL: ``url`` in full, or the vendor's own for the dialect.
    address: str = field(init=False, repr=False, compare=False)
    #: The dialect itself.
    dialect_spec: Dialect = field(init=False, repr=False, compare=False)
    _placement: Placement = field(init=False, repr=False, compare=False)
    _encoders: dict[type[Operation[Any]], OperationEncoder[Any]] = field(
        init=False, repr=False, compare=False, default_factory=dict[type[Operation[Any]], OperationEncoder[Any]]
    )
    _decoders: dict[type[Operation[Any]], ResponseDecoder] = field(
        init=False, repr=False, compare=False, default_factory=dict[type[Operation[Any]], ResponseDecoder]
    )

    def __post_init__(self) -> None:
        for name in ("api_key", "dialect", "url", "sender", "service_id", "fallback_text", "line_break"):
            object.__setattr__(self, name, plain_value(getattr(self, name)))
        object.__setattr__(self, "dialect_spec", get_dialect(self.dialect))
        _check_types(self)
        check_field_names(self.limits)
        object.__setattr__(self, "former_names", _checked_names(self.former_names, self.dialect_spec))
        check_key(self.api_key, "pass api_key, or set SKYMMS_API_KEY for Account.from_env()")
        remember_key(self.api_key)
        address = gateway_url(self.url, self.dialect_spec.url, self.allow_http)
        object.__setattr__(self, "address", address)
        object.__setattr__(self, "rate_limit", rate_limit_from(self.rate))
        placement = Placement.for_account(self.dialect_spec, self.api_key, address, self.bare_body)
        object.__setattr__(self, "_placement", placement)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, /, **overrides: Any) -> Account:
        """Return the account that the environment describes; keyword arguments take precedence over it.

        Reads ``SKYMMS_API_KEY_FILE`` (the name of a file that contains the key) or ``SKYMMS_API_KEY``, and ``SKYMMS_DIALECT``,
        ``SKYMMS_URL``, ``SKYMMS_ALLOW_HTTP`` (1 or 0), ``SKYMMS_SENDER`` and ``SKYMMS_SERVICE_ID``. Empty variables count as
        not set. Raises :class:`~skymms.ConfigurationError` for a key file that cannot be read or is empty.
        """
        env = os.environ if env is None else env
        names = ("dialect", "url", "sender", "service_id")
        found: dict[str, Any] = {name: value for name in names if (value := env.get(f"SKYMMS_{name.upper()}"))}
        if "allow_http" not in overrides:
            found["allow_http"] = allow_http_from_environment(env, "SKYMMS_ALLOW_HTTP")
        if "api_key" not in overrides:
            found["api_key"] = key_from_environment(env, "SKYMMS_API_KEY")
        return cls(**{**found, **overrides})

    @property
    def name(self) -> str:
        """The dialect's name, for printing."""
        return self.dialect

    def masked(self) -> Account:
        """Return the same account with a placeholder for its key, so that its requests can be shown."""
        return replace(self, api_key=MASK)

    def __repr__(self) -> str:
        return account_repr(self)

    # -------------------------------------------------------------------------------------------- validating

    def problems(self, operation: Operation[Any]) -> tuple[Problem, ...]:
        """Return everything that this account's gateway would refuse, and every field that its dialect does not have."""
        if (unknown := self._unknown(operation)) is not None:
            return (unknown,)
        encoder = self._encoder(type(operation))
        return tuple(encoder.problems(encoder.fill(operation)))

    def warnings(self, operation: Operation[Any]) -> tuple[Problem, ...]:
        """Return what the vendors advise against, although gateways accept it."""
        from .validation.warnings import WARNINGS_VALIDATOR

        kind, limits = type(operation), self.limits
        if kind in table.REQUESTS:
            operation = self._encoder(kind).fill(operation)
            limits = self.dialect_spec.limits_for(limits, kind)
        return tuple(WARNINGS_VALIDATOR.validate(operation, limits))

    def _unknown(self, operation: Operation[Any]) -> Problem | None:
        """Return the problem of an operation that belongs to another gateway. Raises TypeError for any other object."""
        if not isinstance(operation, Operation):  # pyright: ignore[reportUnnecessaryIsInstance] (callers without a type checker)
            raise TypeError(f"expected an operation such as SendMMS(…), got {type(operation).__name__}")
        kind = type(operation)
        return None if kind in table.REQUESTS else Problem(None, None, kind.__name__, f"is not supported in {self.dialect}")

    # -------------------------------------------------------------------------------------------- encoding

    def encode(self, operation: Operation[Any]) -> HttpRequest:
        """Return the HTTP request for an operation. Raises the first of its :meth:`problems`; the error has all of them."""
        prepared: PreparedMessage[Any] | None = getattr(operation, "_prepared", None)
        if prepared is not None and prepared.is_from(self._placement):
            return prepared.unchecked_request(cast(Any, operation).to)
        encoder = self._encoders.get(type(operation)) or self._known_encoder(operation)
        return encoder.encode(operation)

    def prepare(self, operation: OperationT) -> PreparedMessage[OperationT]:
        """Validate and encode a message once, to be sent to many recipients.

        The operation's own ``to`` is ignored. Raises the first of the other :meth:`problems`, and TypeError for an operation
        that has no recipient.
        """
        encoder: OperationEncoder[OperationT] = self._known_encoder(operation)
        if not encoder.has_recipient:
            raise TypeError(f"{type(operation).__name__} has no recipient, so it cannot be prepared: pass it to client.call")
        return encoder.prepare(operation)

    def wrap(self, document: bytes) -> HttpRequest:
        """Return the HTTP request for a document in this account's dialect."""
        return self._placement.request(self._placement.escape(document))

    def _known_encoder(self, operation: Operation[Any]) -> OperationEncoder[Any]:
        self._refuse_unknown(operation)
        return self._encoder(type(operation))

    def _refuse_unknown(self, operation: Operation[Any]) -> None:
        if (unknown := self._unknown(operation)) is not None:
            raise refusal([unknown])

    def _encoder(self, kind: type[Operation[Any]]) -> OperationEncoder[Any]:
        encoder = self._encoders.get(kind)
        if encoder is None:
            dialect = self.dialect_spec
            # Load the decoder now: if lxml is missing, the error must come before the request is sent.
            dialect.response_codec.load()
            defaults = {"sender": self.sender, "service_id": self.service_id, "fallback_text": self.fallback_text}
            given = {name: value for name, value in defaults.items() if value is not None}
            former_names = frozenset(self.former_names)
            encoder = OperationEncoder(
                kind, dialect, self._placement, self.limits, given, self.api_key, self.line_break, former_names
            )
            self._encoders[kind] = encoder
        return encoder

    def parts(self, operation: Operation[R_co]) -> Generator[Operation[Any], Any, R_co]:
        """Yield the requests of a call as operations, and return its reply. This gateway needs one request for each call."""
        reply: R_co = yield operation
        return reply

    def partial(self, operation: Operation[Any], replies: Sequence[Any], sent_maybe: bool) -> Any:
        """Return the reply that a call had when an exception ended it, or None."""
        return replies[0] if replies else None

    # -------------------------------------------------------------------------------------------- decoding

    def decode(self, operation: Operation[R_co], response: HttpResponse) -> R_co:
        """Return the reply to an operation.

        Raises the :class:`~skymms.MMSError` of a refusal, or :class:`~skymms.ProtocolError` for a response that does not follow
        the protocol or belongs to another request; its ``sent_maybe`` is True unless the operation only reads.
        """
        kind = type(operation)
        decoder = self._decoders.get(kind)
        if decoder is None:
            self._refuse_unknown(operation)
            decoder = ResponseDecoder(kind, self.dialect_spec, self.api_key, self.max_response, self.sender)
            self._decoders[kind] = decoder
        reply: R_co = decoder.decode(operation, response)
        return reply


def _checked_names(given: Any, dialect: Dialect) -> frozenset[str]:
    """Return former names in upper case; ConfigurationError for a name that the dialect has not had."""
    names = texts("former_names", given, "give the names as text, as in {'CAMPAIGNID'}")
    if not names:
        # The table is not searched, because that would import every operation.
        return names
    known = dialect.former_names
    if unknown := sorted(name for name in names if name.upper() not in known):
        choices = f"choose from {', '.join(sorted(known))}" if known else "it has had no other names"
        raise ConfigurationError(f"former_names: {unknown[0]!r:.40} is not a former name in {dialect.name}; {choices}")
    return frozenset(name.upper() for name in names)


def _check_types(account: Account) -> None:
    """Raise :class:`~skymms.ConfigurationError` for values of the wrong type, which would fail only later."""
    text: tuple[Any, ...] = (str, type(None))
    expected: tuple[tuple[str, Any, str], ...] = (
        ("bare_body", bool, "True or False"),
        ("line_break", str, "text"),
        ("limits", Limits, "skymms.Limits(…)"),
        ("sender", (str, int, type(None)), "a short code, such as '60856'"),
        ("service_id", text, "text"),
        ("fallback_text", text, "text"),
    )
    for name, kinds, wanted in expected:
        if not isinstance(value := getattr(account, name), kinds):
            raise ConfigurationError(f"{name}={value!r:.40}: give {wanted}")
    if type(account.max_response) is not int or account.max_response < 1:
        raise ConfigurationError(f"max_response={account.max_response!r:.40}: give a whole number of bytes from 1 up")
