"""Tests send nothing: what a real transport asks before a request leaves.

The guard is up while pytest runs with this package's plugin, and down for a test that is marked ``skymms_live``. It is asked
where the bytes would leave: where requests is given a connection, and in aiohttp's innermost middleware. What stands in
for those, requests-mock and its kin, therefore answers for any address.
"""

from __future__ import annotations

import sys
from typing import Any

from ..errors import ConfigurationError


def is_active() -> bool:
    """Whether a test is running that must not send."""
    guard = _guard()
    return guard is not None and bool(guard.is_active())


def check(host: str, proxy: str | None = None) -> None:
    """Raise :class:`~skymms.ConfigurationError` if a request to ``host`` would leave this machine; asked where the guard is up.

    Also if it would leave it by way of ``proxy``, a host as well. Both are taken literally: no name is looked up.
    """
    for place, named in ((host, host), (proxy, f"the proxy {proxy}")):
        if place is not None and not is_loopback(place):
            # What has no host was no call.
            if place and (guard := _guard()) is not None:
                guard.refused.append(place)
            raise ConfigurationError(
                f"{named} is not this machine, and this is a test: nothing was sent. Call a sandbox (fixtures skymms_sandbox, "
                "skymms_account and skymms_client), or mark the test with @pytest.mark.skymms_live"
            )


def _guard() -> Any:
    """The plugin's, where it is loaded."""
    # By name, and from there to here never: every project on a machine that has skymms loads the plugin, which imports nothing.
    plugin = sys.modules.get("skymms.pytest_plugin")
    return plugin and plugin.guard


def is_loopback(host: str) -> bool:
    """Whether a host is, literally, a name or number of this machine: ``localhost``, ``*.localhost``, 127.0.0.0/8 or ::1."""
    bare = host.strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    from ipaddress import ip_address  # a tenth of what importing a client costs, and for tests only

    try:
        return ip_address(bare).is_loopback
    except ValueError:  # a name, which may lead anywhere
        return False
