"""`skymms preview` shows a message as a phone does. It sends nothing and needs no API key."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import ConfigurationError
from ..files import FileContent
from ..limits import DOCUMENTED
from ..preview import Preview
from ..preview import preview as make_preview
from ..preview.previewing import check_name
from . import output
from .completing import complete_files
from .exit_status import Status
from .media_options import carrier_option, look_at_files, private_option, refuse_without_look, route_option
from .operations import read_content
from .options import file_argument, parse_pairs
from .repeated import command


@command()
@file_argument
@click.option(
    "-o",
    "--output",
    "path",
    metavar="NAME",
    shell_complete=complete_files,
    help="Write a page (.html), plain text (.txt) or one picture (.png).",
)
@click.option("--media", is_flag=True, help="Look at the files as the gateway does, and show the pictures.")
@private_option
@carrier_option
@route_option
@click.option("--stacked", is_flag=True, help="Show all slides below each other at first, instead of playing them (.html).")
@click.option(
    "--images",
    type=click.Choice(["auto", "blocks", "none"]),
    default="auto",
    help="How a terminal shows pictures: in coloured blocks or by name. Default: blocks if there are colours.",
)
@click.option(
    "--data", metavar="NAME=VALUE", multiple=True, callback=parse_pairs, help="The value of a merge field. May be repeated."
)
def preview(
    file: str,
    path: str | None,
    media: bool,
    private: bool,
    carriers: tuple[str, ...],
    route: str | None,
    stacked: bool,
    images: str,
    data: dict[str, str],
) -> int:
    """Show a message as a phone does, before it is sent.

    FILE is a slideshow or a request that sends or stores one. Pictures that FILE names by a path are read from FILE's folder.
    The exit status is 4 if gateways refuse the message. Nothing is sent.
    """
    if not media:
        refuse_without_look("--media", private=private, carrier=carriers, route=route, **{"images blocks": images == "blocks"})
    # Before anything is fetched.
    ending = "" if path is None else check_name(path)
    if images != "auto" and path is not None:
        raise click.UsageError("--images is for the terminal: leave it out with -o")
    if stacked and not ending.startswith(".htm"):
        raise click.UsageError("--stacked is for a page: add -o with a name that ends in .html")
    content = read_content(file)
    message = _message(content)
    base = None if file == "-" else Path(file).parent
    look = media and content.slideshow is not None
    found = look_at_files(message, DOCUMENTED, file, private, carriers, route) if look else None
    shown = make_preview(message, data=data or None, media=media, stacked=stacked, preflight=found, private=private, base=base)
    if path is not None:
        shown.save(path)
        for problem in shown.view.problems:
            output.print_message(problem)
        output.print_message(f"{path} written")
    else:
        _print(shown, images)
    return Status.PROBLEMS if shown.view.problems else Status.DONE


def _message(content: FileContent) -> object:
    if content.unread:
        raise ConfigurationError(f"{content.unread[0]}: unknown field in this dialect; check its spelling")
    return content.operation if content.operation is not None else content.slideshow


def _print(shown: Preview, images: str) -> None:
    console = output.result_console()
    if not console.is_terminal and images != "blocks":
        output.print_line(shown.text.rstrip("\n"))
        return
    from ..preview.terminal import draw
    from ..preview.thumbnails import has_pillow, require_pillow

    in_blocks = images == "blocks" or (images == "auto" and console.color_system is not None and has_pillow())
    if in_blocks and shown.pictures:
        require_pillow("drawing pictures in a terminal")
    # The reasons why pictures are not there are printed in any case.
    kept = {name: found for name, found in shown.pictures.items() if in_blocks or isinstance(found, str)}
    draw(console, shown.view, kept)
