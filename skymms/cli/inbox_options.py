"""The options of `skymms inbox …`: the store, the address, and the secret."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

import click

from ..broadcast import Ledger
from ..errors import ConfigurationError
from ..http import is_private_host, parse_http_url
from ..inbox import Handling, Inbox, Secret
from ..inbox.secrets import VARIABLE
from ..inbox.storing import open_inbox
from ..model.notices import Notice
from ..storage.contract import Store
from . import output
from .completing import complete_files
from .context import keep
from .inputs import read_bytes
from .options import combine
from .store_options import INBOX, LEDGER, adopts, is_missing

_HOST, _PORT, _URL, _SECRET_FILE = (f"skymms.inbox.{name}" for name in ("host", "port", "url", "secret"))
#: The address of `skymms inbox serve`, in which only the last segment matters.
DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8026
_PATH = "/mms"


#: The longest file of passwords, in bytes.
_MAX_PASSWORDS = 10_000


def _read_passwords(context: click.Context, option: click.Parameter, value: str | None) -> tuple[tuple[str, str], ...]:
    """Read pairs of user and password from a file. No message quotes a line, because it may be a password."""
    if value is None:
        return ()
    try:
        lines = read_bytes(value, _MAX_PASSWORDS).decode().splitlines()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{value} is not a text file in UTF-8: write user:password in each line") from None
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(lines, 1):
        user, colon, password = line.strip().partition(":")
        if not line.strip():
            continue
        if not (user and colon and password):
            raise ConfigurationError(f"{value}, line {number}: write user:password, and neither of them empty")
        pairs.append((user, password))
    if not pairs:
        raise ConfigurationError(f"{value} is empty: write user:password in each line")
    return tuple(pairs)


#: ``--store`` and ``--adopt``.
store_options: Final = INBOX.options
#: ``--host``, ``--port``, ``--url`` and ``--secret-file``.
address_options: Final = combine(
    click.option(
        "--host",
        default=DEFAULT_HOST,
        show_default=True,
        metavar="ADDRESS",
        expose_value=False,
        callback=keep(_HOST),
        help="The address to listen on; 0.0.0.0 lets other machines connect.",
    ),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=DEFAULT_PORT,
        show_default=True,
        metavar="PORT",
        expose_value=False,
        callback=keep(_PORT),
        help="The port to listen on; 0 is a free port.",
    ),
    click.option(
        "--url",
        metavar="URL",
        expose_value=False,
        callback=keep(_URL),
        help="The public address of the proxy in front, such as https://www.example.com/mms. It is printed instead of host and "
        "port.",
    ),
    click.option(
        "--secret-file",
        envvar=f"{VARIABLE}_FILE",
        metavar="FILE",
        shell_complete=complete_files,
        expose_value=False,
        callback=keep(_SECRET_FILE),
        help=f"The file with the secret. Default: {VARIABLE}_FILE. Without a file, the secret is in {VARIABLE}.",
    ),
)


since_option: Final = click.option("--since", metavar="TIME", help="Only what was received since then, in ISO 8601.")
#: ``--basic-auth-file``.
basic_auth_option: Final = click.option(
    "--basic-auth-file",
    "basic",
    envvar="SKYMMS_INBOX_BASIC_AUTH_FILE",
    metavar="FILE",
    callback=_read_passwords,
    shell_complete=complete_files,
    help="A file with a user:password in each line, one of which is required of who posts (Basic authentication). The address "
    "then contains the first. Default: SKYMMS_INBOX_BASIC_AUTH_FILE.",
)


# ------------------------------------------------------------------------------------------------ the store


def open_chosen_store(*, new: bool = False) -> Store:
    """Open the store of the command. Without ``new``, one that does not exist is an error and is not created."""
    return open_inbox(INBOX.chosen(new=new), adopt=adopts())


def open_store_beside(ledger: Ledger, where: str) -> Store:
    """Open the store of the command. It is the ledger's if ``where``, the name of the ledger, is the same file or database."""
    chosen = INBOX.chosen(new=True)
    is_same = chosen == where or (not is_missing(chosen) and "://" not in chosen + where and Path(chosen).samefile(where))
    return open_inbox(ledger.store) if is_same else open_inbox(chosen, adopt=adopts())


def open_chosen_ledger(where: str) -> Ledger:
    """Open the ledger that an inbox tells what it receives. One that does not exist is an error and is not created."""
    if is_missing(where):
        raise ConfigurationError(f"there is no ledger {where}: {LEDGER.creator}")
    return Ledger(where, adopt=adopts())


def connect_ledger(inbox: Inbox, ledger: Ledger) -> None:
    """Write opt-outs into a ledger before their posts are answered, and give it every notice."""
    inbox.note_opt_outs(ledger)
    inbox.on(Notice, name="ledger of broadcasts")(ledger.note)


@contextmanager
def open_stored() -> Generator[Handling, None, None]:
    """Open what the inbox of the command has stored. It needs no secret."""
    with closing(open_chosen_store()) as store:
        yield Handling(store)


# ------------------------------------------------------------------------------------------------ the address


class Address(NamedTuple):
    """Where the inbox listens, and the address to register at the gateway."""

    host: str
    port: int
    url: str | None

    @classmethod
    def chosen(cls) -> Address:
        """Return the address that the options name."""
        meta = click.get_current_context().meta
        url: str | None = meta[_URL]
        if url is not None:
            _check_url(url)
        return cls(meta[_HOST], meta[_PORT], url)

    def with_secret(self, secret: Secret, basic: Sequence[tuple[str, str]] = ()) -> str:
        """Return the address with the secret as its last segment, and with the first user and password if there are some."""
        base = f"http://{_bracketed(self.host)}:{self.port}{_PATH}" if self.url is None else self.url.rstrip("/")
        if basic:
            scheme, _, rest = base.partition("://")
            user, password = (quote(text, safe="") for text in basic[0])
            base = f"{scheme}://{user}:{password}@{rest}"
        return f"{base}/{secret.reveal()}"


def _check_url(url: str) -> None:
    parts = parse_http_url(url)
    if parts is None or parts.query or parts.fragment:
        raise click.BadParameter("--url must be an http or https URL without ? and #, such as https://www.example.com/mms")
    if parts.scheme == "http" and not is_private_host(parts.hostname or ""):
        output.print_message(
            f"warning: http://{parts.hostname} is not encrypted, so others on the way can read the secret and the postbacks; "
            "use https"
        )


def _bracketed(host: str) -> str:
    """Return a host as a URL has it."""
    try:
        return f"[{host}]" if ip_address(host).version == 6 else host
    except ValueError:
        return host


# ------------------------------------------------------------------------------------------------ the secret


def read_secret() -> Secret:
    """Return the secret, from the file or from the environment."""
    file: str | None = click.get_current_context().meta[_SECRET_FILE]
    if file:
        return Secret.from_file(file)
    if not os.environ.get(VARIABLE, "").strip():
        raise ConfigurationError(
            "the inbox has no secret. Create one with `skymms inbox secret -o inbox.secret`, then add --secret-file "
            f"inbox.secret, or set {VARIABLE}_FILE=inbox.secret"
        )
    # Without the variable of the file: it was looked at above, and may be empty.
    return Secret.from_env({VARIABLE: os.environ[VARIABLE]})
