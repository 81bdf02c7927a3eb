"""`skymms inbox work`, `dead`, `replay`, `handlers` and `remove-handler`: what becomes of what was received."""

from __future__ import annotations

import click

from ..cellcast import read_cellcast_webhook
from ..errors import ConfigurationError
from ..postbacks import read_postbacks
from . import output
from .broadcast_options import parse_time
from .exit_status import Status
from .inbox_load import load_inbox
from .inbox_options import open_stored, since_option, store_options
from .inbox_output import counted, dead_json, print_dead, time_text
from .inbox_run import work
from .options import ROW_ID, json_option
from .repeated import command

_handler_option = click.option("--handler", metavar="NAME", help="Only for this handler: see `skymms inbox handlers`.")


@command("work")
@click.argument("target", metavar="MODULE:NAME")
@click.option("--until-idle", is_flag=True, help="End when no notice waits, for cron. What failed waits for another attempt.")
def work_(target: str, until_idle: bool) -> int:
    """Call the handlers of the inbox in your program, until Ctrl-C or SIGTERM.

    MODULE:NAME names the inbox, such as shop.postbacks:inbox for the variable inbox in shop/postbacks.py. The first signal
    waits for the calls that are running, a second one does not; with --until-idle the first ends at once. Several workers may
    run at once.
    """
    loaded = load_inbox(target)
    if not loaded.handler_names:
        name = target.rpartition(":")[2]
        raise ConfigurationError(
            f"{target} has no handlers, so there is nothing to call: register a function with @{name}.on(…). "
            "note_opt_outs() is not a handler: it writes opt-outs in the process that receives. For the delivery reports of "
            f"broadcasts, add {name}.on(Notice)(ledger.note)"
        )
    if missing := loaded.find_unconnected():
        output.print_message(f"warning: {loaded.store_name} is also a ledger with broadcasts, and {missing}")
    if not until_idle:
        output.print_message(f"Calls {', '.join(loaded.handler_names)}. Press Ctrl-C to stop.")
    return work(loaded, until_idle=until_idle)


@command()
@store_options
@_handler_option
@json_option
def dead(handler: str | None, as_json: bool) -> int:
    """List the notices that a handler failed with for the last time. `skymms inbox replay --dead` tries again."""
    with open_stored() as stored:
        found = stored.dead(handler=handler)
        if as_json:
            output.print_json_list("dead", map(dead_json, found))
            return Status.DONE
        count = print_dead(found)
    output.print_message(f"{count} listed" + ("; `skymms inbox show ID` prints a traceback" if count else ""))
    return Status.DONE


@command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=ROW_ID)
@click.option("--dead", "is_dead", is_flag=True, help="Those that a handler failed with for the last time.")
@click.option(
    "--quarantined",
    is_flag=True,
    help="Read the posts in quarantine again, for example after an upgrade. The worker gets what is new in them.",
)
@click.option("--cellcast", is_flag=True, help="With --quarantined: the posts are webhooks of Cellcast.")
@since_option
@click.option("--until", metavar="TIME", help="Only what was received before.")
@_handler_option
@store_options
def replay(
    ids: tuple[int, ...],
    is_dead: bool,
    quarantined: bool,
    cellcast: bool,
    since: str | None,
    until: str | None,
    handler: str | None,
) -> int:
    """Hand notices over to their handlers again: those with an ID, those of a time, or those that are dead.

    A handler that is new gets what was received before it in the same way. The worker calls it. With --quarantined, posts that
    could not be read are read again.
    """
    if quarantined:
        if ids or is_dead or since or until or handler:
            raise click.UsageError("--quarantined reads all posts in quarantine: leave out IDs and the other options")
        return _reread(cellcast)
    if cellcast:
        raise click.UsageError("--cellcast needs --quarantined")
    if not (ids or is_dead or since or until):
        raise click.UsageError("say which notices: an ID, --since, --until, --dead or --quarantined")
    begin, end = parse_time(since, None, "--since"), parse_time(until, None, "--until")
    with open_stored() as stored:
        count = sum(stored.replay(since=begin, until=end, handler=handler, id=id, dead=is_dead) for id in (ids or (None,)))
    output.print_line(f"{counted(count, 'call')} of handlers will be made")
    return Status.DONE


def _reread(cellcast: bool) -> int:
    with open_stored() as stored:
        found = stored.reread(read=read_cellcast_webhook if cellcast else read_postbacks)
    output.print_line(f"{counted(found.posts, 'post')} read, with {counted(found.notices, 'new notice')}")
    if found.unread:
        output.print_message(f"{counted(found.unread, 'post')} still cannot be read: `skymms inbox quarantine` lists them")
    return Status.DONE


@command()
@store_options
@json_option
def handlers(as_json: bool) -> int:
    """List the handlers that the inbox knows, and how many notices each has in each state."""
    with open_stored() as stored:
        found = stored.handlers()
    if as_json:
        output.print_json({"handlers": [one._asdict() for one in found]})
        return Status.DONE
    states = ("ready", "working", "done", "dead")
    rows = [
        (one.name, ", ".join(one.kinds), *(f"{one.counts.get(state, 0):,}" for state in states), time_text(one.seen_at))
        for one in found
    ]
    output.print_list(("Handler", "Kinds", *(state.capitalize() for state in states), "Seen"), rows)
    return Status.DONE


@command("remove-handler")
@click.argument("name")
@store_options
def remove_handler(name: str) -> int:
    """Forget a handler that your program does not have any more, and what waits for it."""
    with open_stored() as stored:
        count = stored.remove_handler(name)
    output.print_line(f"{name} is removed; {counted(count, 'notice')} waited for it")
    return Status.DONE


HANDLING_COMMANDS = (work_, dead, replay, handlers, remove_handler)
