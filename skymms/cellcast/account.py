"""An account at Cellcast: from operations to requests, from answers to replies or errors. No socket; the key never prints.

Both generations go the same way through here; what differs between them is in their tables.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar, cast
from urllib.parse import urljoin

from ..account import HttpRequest, HttpResponse
from ..codecs import Unreadable, json
from ..errors import ConfigurationError, Nodes, Problem, ProtocolError, ThrottledError
from ..keys import Secretive, check_address, check_key, without_key, without_key_bytes
from ..operations import Operation, R_co
from ..pace import Pacer
from .answers import nothing_there, refusal_in, reply_in, verdict
from .judging import problems, refused
from .parts import all_pages, by_the_thousand
from .spoken import CARRIED, fields_of
from .tables import GENERATIONS, LISTED, MOST_ANSWER, MOST_NUMBERS, SPACING, Generation
from .values import CellcastSend, Listing


@dataclass(frozen=True, slots=True)
class CellcastAccount(Secretive):
    """An account at Cellcast: :meth:`v3` with an APPKEY, or :meth:`v1` with an API key. The keys are not interchangeable.

    ``url`` points elsewhere than the vendor's host, to what stands for ``https://api.cellcast.com/api/v1/``. ``max_text`` is
    how many units a text may have, instead of the generation's figure (1,000 in v3; none is documented for v1). ``spacing`` is
    how many seconds lie between two requests of everybody who calls with this object; 0 for an account without the limit of
    15 calls a second. Raises :class:`~skymms.ConfigurationError` for what cannot be an account.
    """

    most_answer: ClassVar[int] = MOST_ANSWER

    api_key: str = field(repr=False)
    _: KW_ONLY
    generation: str
    url: str | None = None
    max_text: int | None = None
    spacing: float = SPACING
    pacer: Pacer | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.generation not in GENERATIONS:
            raise ConfigurationError(f"generation={self.generation!r:.40}: it is chosen, never guessed: v3 or v1")
        check_key(
            self.api_key, "pass it to CellcastAccount.v3 or .v1, or set SKYMMS_CELLCAST_KEY for CellcastAccount.from_env()"
        )
        check_address(self.address)
        object.__setattr__(self, "pacer", Pacer(self.spacing, time.monotonic) if self.spacing > 0 else None)

    @classmethod
    def v3(cls, appkey: str, **options: Any) -> CellcastAccount:
        """An account of the older generation, by its APPKEY."""
        return cls(appkey, generation="v3", **options)

    @classmethod
    def v1(cls, api_key: str, **options: Any) -> CellcastAccount:
        """An account of the newer generation, by an API key made in the dashboard."""
        return cls(api_key, generation="v1", **options)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, /, **overrides: Any) -> CellcastAccount:
        """An account from ``SKYMMS_CELLCAST_KEY``, ``SKYMMS_CELLCAST_GENERATION`` (v3 or v1) and ``SKYMMS_CELLCAST_URL``."""
        env = os.environ if env is None else env
        named = {name: f"SKYMMS_CELLCAST_{name.upper()}" for name in ("generation", "url")} | {"api_key": "SKYMMS_CELLCAST_KEY"}
        found = {name: env[variable] for name, variable in named.items() if env.get(variable)}
        return cls(**{"api_key": "", "generation": "", **found, **overrides})

    @property
    def spoken(self) -> Generation:
        """The generation's tables."""
        return GENERATIONS[self.generation]

    @property
    def name(self) -> str:
        """What it speaks, for those who print it."""
        return f"cellcast {self.generation}"

    @property
    def address(self) -> str:
        """Where the gateway is, with a slash at its end."""
        return (self.url if self.url is not None else self.spoken.url).rstrip("/") + "/"

    # -------------------------------------------------------------------------------------------- judging

    def problems(self, operation: Operation[Any]) -> tuple[Problem, ...]:
        """Everything Cellcast would refuse, and everything it cannot carry; ``code`` is None for the latter."""
        if not isinstance(operation, Operation):
            raise TypeError(f"an operation such as CellcastSend(…) is wanted, not {type(operation).__name__}")
        return tuple(problems(operation, self.spoken, self.max_text or self.spoken.max_text))

    # -------------------------------------------------------------------------------------------- encoding

    def parts(self, operation: Operation[R_co]) -> Generator[Operation[Any], Any, R_co]:
        """A thousand numbers at a time; page after page, and then the marking. All of it is judged before any of it leaves."""
        if found := self.problems(operation):
            raise refused(found)
        if isinstance(operation, CellcastSend):
            return cast(R_co, (yield from by_the_thousand(operation)))
        if type(operation) in LISTED and not (getattr(operation, "page", None) or getattr(operation, "message_id", None)):
            return cast(R_co, (yield from all_pages(operation)))
        return cast(R_co, (yield operation))

    def encode(self, operation: Operation[Any]) -> HttpRequest:
        """The HTTP request for an operation; raises the first of its :meth:`problems`, carrying them all."""
        if found := self.problems(operation):
            raise refused(found)
        spoken, said = self.spoken, fields_of(operation)
        call = spoken.calls[type(operation)]
        if "to" in said:
            said["to"] = [spoken.plus + number.removeprefix("+") for number in said["to"]]
            if len(said["to"]) > MOST_NUMBERS:
                raise ConfigurationError(f"a request has at most {MOST_NUMBERS:,} numbers; a client makes several of more")
        named = {theirs: said[ours] for ours, theirs in call.names.items() if said[ours] not in (None, "")}
        # One thing by its id needs no other word.
        tail = f"/{said[call.tail]}" if said.get(call.tail) else ""
        headers = {"Accept": json.ACCEPT, spoken.header: spoken.scheme + self.api_key}
        url = urljoin(self.address, call.path) + tail
        return CARRIED[call.carried](call.method, url, headers, named if tail else {**call.always, **named})

    # -------------------------------------------------------------------------------------------- decoding

    def decode(self, operation: Operation[R_co], response: HttpResponse) -> R_co:
        """The reply to an operation.

        Raises the :class:`~skymms.MMSError` of a refusal (``code`` is v3's status, or v1's number), also where it comes with
        HTTP 200, or :class:`~skymms.ProtocolError` for an answer that is none of Cellcast's; then ``sent_maybe`` is true unless
        the operation only reads. A ``NOT_FOUND`` for a list is an empty list.
        """
        http, trouble = response.status, "a redirect, which is not followed"
        if not 300 <= http < 400:
            try:
                return cast(R_co, self._read(operation, http, response.body))
            except Unreadable as error:
                trouble = without_key(str(error), self.api_key)
        if http == 429:
            raise ThrottledError("429", "too many calls")
        raise ProtocolError(
            f"HTTP {http} with an answer outside the protocol: {trouble}",
            body=without_key_bytes(response.body, self.api_key),
            status=http,
            sent_maybe=not operation.repeatable and not (400 <= http < 500 and http != 408),
        )

    def _read(self, operation: Operation[Any], http: int, body: bytes) -> Any:
        """The reply in a body. Raises the refusal it holds, or :class:`Unreadable`."""
        document = json.parse(body, MOST_ANSWER)
        if not isinstance(document, dict):
            raise Unreadable("not a JSON object")
        json.leaves(document)  # none of its names is too long and nothing too deep
        document = self._masked(document)
        raw: Nodes = tuple([(path, text) for path, _, text in json.leaves(document)])
        yes = verdict(document, operation)
        # HTTP 200 with `status: false` was recorded more than once, and 203 is how v1 says no to a template.
        if yes and http < 300 and http != 203:
            return reply_in(operation, document, raw)
        if yes is None and http < 400:
            raise Unreadable("it says neither yes nor no")
        error = refusal_in(operation, document, http, raw)
        if nothing_there(operation, error):
            return Listing(raw=raw)
        raise error

    def _masked(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {without_key(name, self.api_key): self._masked(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._masked(inner) for inner in value]
        return without_key(value, self.api_key) if isinstance(value, str) else value
