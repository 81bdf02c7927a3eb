"""The guard of the pytest plugin: tests must not send requests to other machines.

The guard is active while pytest runs with the plugin of this package, except in tests marked ``skymms_live``. It is checked
just before a request is sent: in requests when a connection is chosen, in aiohttp in the innermost middleware. Libraries that
replace the sending itself, such as requests-mock and responses, therefore work unchanged. With a cassette of VCR.py, it is
checked when a request is really sent.
"""

from __future__ import annotations

import sys
from typing import Any

from ..errors import ConfigurationError

#: Looked up by name. pytest loads the plugin in every project on a machine that has skymms, so neither may import the other.
_PLUGIN = "skymms.pytest_plugin"


def is_active() -> bool:
    """Return whether a test is running that must not send requests to other machines."""
    plugin: Any = sys.modules.get(_PLUGIN)
    return plugin is not None and bool(plugin.guard.is_active())


def check(host: str, proxy: str | None = None) -> None:
    """Raise :class:`~skymms.ConfigurationError` if ``host``, or the host ``proxy``, is another machine.

    Call it only while the guard is active. Host names are compared as text and never looked up.
    """
    for address, label in ((host, host), (proxy, f"the proxy {proxy}")):
        if address is not None and not is_loopback(address):
            # An empty host is not recorded: the request could not have been sent anyway.
            if address and (guard := _plugin_guard()) is not None:
                guard.refused.append(address)
            raise ConfigurationError(
                f"{label} is not this machine, and this is a test: nothing was sent. Use the sandbox "
                "(fixtures skymms_sandbox, skymms_account and skymms_client), or mark the test with @pytest.mark.skymms_live"
            )


def _plugin_guard() -> Any:
    """Return the guard of the pytest plugin, or None if the plugin is not loaded."""
    plugin = sys.modules.get(_PLUGIN)
    return plugin and plugin.guard


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is this machine: ``localhost``, ``*.localhost``, 127.0.0.0/8 or ::1."""
    bare = host.strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    from ipaddress import ip_address  # a tenth of the time it takes to import a client, and needed in tests only

    try:
        return ip_address(bare).is_loopback
    except ValueError:  # a host name
        return False
