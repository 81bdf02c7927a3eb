"""What a gateway adds to its responses and postbacks: the sandbox writes it, and no client depends on it."""

from __future__ import annotations

from typing import NamedTuple


class GatewayTraits(NamedTuple):
    """The traits of a dialect's gateway.

    ``operator_id`` is that of reports, if a request has none; ids with fewer digits than ``operator_digits`` are padded.
    ``content_type`` is that of a response if it differs from the codec's. ``untimed_codes`` are the codes of delivery reports
    that have no time.
    """

    operator_id: str
    operator_digits: int = 0
    content_type: str = ""
    untimed_codes: frozenset[str] = frozenset()


# The vendor does not document the Content-Type. A production client in Ruby, whose HTTP library parses a body declared as XML,
# works only if the response is declared as something else. Appendix D: SPID has seven digits, and E101 has no TIMESTAMP.
SKYCORE = GatewayTraits("0001570", 7, "text/html; charset=UTF-8", frozenset({"E101"}))
# Sinch MMS reference, 5.2: the samples of both failures have no timestamp.
SINCH = GatewayTraits("31002", untimed_codes=frozenset({"E101", "E102"}))
SINCH_JSON = GatewayTraits("31002")
