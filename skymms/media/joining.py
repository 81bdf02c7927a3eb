"""Joins what the rules say of a message with what was seen of its files, so that nothing is reported twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import Problem
from ..validation.warnings import UNREACHABLE_HOST
from .inspection import Preflight


def further_problems(problems: Sequence[Problem], found: Preflight) -> tuple[Problem, ...]:
    """Return the problems of files whose place has no such problem yet: a URL that is wrong cannot be fetched either."""
    known = {(one.slide, one.field, one.code) for one in problems}
    return tuple(dict.fromkeys(one for one in found.problems if (one.slide, one.field, one.code) not in known))


def join_warnings(warnings: Sequence[Problem], found: Preflight) -> tuple[Problem, ...]:
    """Return the warnings of the rules and of the files.

    The warning that a gateway cannot reach a host is left out where the file has a problem, and several of them become one.
    """
    refused = {(one.slide, one.field) for one in found.problems}
    hosts = [one for one in warnings if _is_of_host(one) and (one.slide, one.field) not in refused]
    return (*_with_one_of_hosts(warnings, hosts), *found.warnings)


def _with_one_of_hosts(warnings: Sequence[Problem], hosts: Sequence[Problem]) -> Iterator[Problem]:
    for one in warnings:
        if not _is_of_host(one) or (len(hosts) == 1 and one in hosts):
            yield one
        elif hosts and one == hosts[0]:
            message = (
                f"{UNREACHABLE_HOST.replace(' it', f' {len(hosts)} files')}they are at addresses of this computer or a private "
                "network; publish them before you send (skymms publish)"
            )
            yield Problem(None, None, "slides", message)


def _is_of_host(warning: Problem) -> bool:
    return warning.message.startswith(UNREACHABLE_HOST)
