"""`skymms fit` makes a file fit, and `skymms publish` makes the local files of a slideshow fit and stores them."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import click

from ..errors import ConfigurationError
from ..export.toml_text import toml_text
from ..media import FILE_BUDGET, MESSAGE_BUDGET, Fitted, S3Bucket, fit, publish
from ..media.fitting import MAX_ORIGINAL, MAX_SIDE
from ..slide import FILES
from . import output
from .completing import complete_files
from .inputs import read_bytes
from .media_options import parse_size, private_option
from .operations import read_content, slideshow_in
from .options import file_argument, json_option
from .repeated import command


@command("fit")
@file_argument
@click.option(
    "--most",
    default=str(FILE_BUDGET),
    callback=parse_size,
    metavar="SIZE",
    help=f"The most bytes; k is 1,000. Default: {FILE_BUDGET:,}.",
)
@click.option(
    "-o",
    "--output",
    "target",
    metavar="OUT",
    shell_complete=complete_files,
    help="Write the file under exactly this name; - is stdout.",
)
@click.option("--kind", type=click.Choice(FILES), help="The slide's field that the file is for. Default: by its content.")
@click.option(
    "--side", type=click.IntRange(1), default=MAX_SIDE, metavar="PIXELS", help=f"The longer side at most. Default: {MAX_SIDE}."
)
@click.option("--background", default="white", metavar="COLOUR", help="Replaces transparency in a JPEG. Default: white.")
@json_option
def fit_command(file: str, most: int, target: str | None, kind: str | None, side: int, background: str, as_json: bool) -> int:
    """Make a picture, a sound or a video smaller, so that gateways and carriers accept it.

    FILE is a file of any of these kinds; - is stdin. Without -o the result is written beside it, with -fitted in its name.
    """
    if target is None and file == "-":
        raise click.UsageError("-o is required if the file comes from stdin")
    if as_json and target == "-":
        raise click.UsageError("--json and -o - both write to stdout: give -o the name of a file")
    data = read_bytes(file, MAX_ORIGINAL)
    console = output.error_console()
    with console.status("Making it fit …") if output.is_screen(console) else nullcontext():
        fitted = fit(data, most=most, kind=kind, within=(side, side), background=background)
    name = target or _beside(file, fitted)
    _write(name, fitted.data)
    if name != "-" and target is not None and fitted.ending and Path(name).suffix.lower() not in _endings(fitted):
        output.print_message(f"warning: {name} contains {fitted.content_type}; its name does not end in {fitted.ending}")
    if as_json:
        sizes = {"original_pixels": fitted.original_pixels, "pixels": fitted.pixels}
        found = {"file": name, "content_type": fitted.content_type, "original_size": fitted.original_size}
        output.print_json({**found, "size": fitted.size, **sizes, "changes": list(fitted.changes)})
    else:
        _print(name, fitted)
    return 0


def _beside(file: str, fitted: Fitted) -> str:
    path = Path(file)
    target = path.with_name(f"{path.stem}-fitted{fitted.ending or path.suffix}")
    if target.exists():
        raise ConfigurationError(f"{target} exists already: choose a name with -o")
    return str(target)


def _endings(fitted: Fitted) -> set[str]:
    return {fitted.ending, *({".jpeg", ".jpe"} if fitted.ending == ".jpg" else ())}


def _write(name: str, data: bytes) -> None:
    if name == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        Path(name).write_bytes(data)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot write {name}: {getattr(error, 'strerror', None) or error}") from None


def _print(name: str, fitted: Fitted) -> None:
    def measure(size: int, pixels: tuple[int, int] | None) -> str:
        return f"{size:,} bytes" + (f", {pixels[0]:,} × {pixels[1]:,} pixels" if pixels else "")

    pairs = [
        ("before", measure(fitted.original_size, fitted.original_pixels)),
        ("after", measure(fitted.size, fitted.pixels)),
        ("changes", "; ".join(fitted.changes) or "none: it fits as it is"),
    ]
    if name == "-":
        output.print_message("\n".join(f"{label}: {text}" for label, text in pairs))
    else:
        output.print_fields(name, pairs)


@command("publish")
@file_argument
@click.option("--to", "bucket", metavar="S3-ADDRESS", required=True, help="The bucket, and a prefix: s3://bucket/prefix.")
@click.option("--url", "public_url", metavar="URL", help="The URL of the prefix for the public, such as a CDN's.")
@click.option(
    "--most",
    default=str(MESSAGE_BUDGET),
    callback=parse_size,
    metavar="SIZE",
    help=f"Bytes of the message. Default: {MESSAGE_BUDGET:,}.",
)
@click.option(
    "-o",
    "--output",
    "target",
    metavar="OUT",
    shell_complete=complete_files,
    help="Write the slideshow to this file. Default: stdout.",
)
@private_option
def publish_command(file: str, bucket: str, public_url: str | None, most: int, target: str | None, private: bool) -> int:
    """Store the local files of a slideshow in a bucket, and write the slideshow with their public addresses.

    Each file is made to fit, stored under a name that is a hash of its content, and fetched as the gateway will fetch it. An
    access key for the bucket comes from where boto3 looks for it, such as AWS_ACCESS_KEY_ID.
    """
    slideshow = slideshow_in(read_content(file))
    store = S3Bucket(bucket, public_url=public_url)

    def report(address: str, fitted: Fitted) -> None:
        output.print_message(f"{address}: {fitted.original_size:,} to {fitted.size:,} bytes", "dim")

    published = publish(
        slideshow, store.put, most=most, base=Path(file).parent if file != "-" else Path(), private=private, on_file=report
    )
    text = toml_text(published)
    if target is None or target == "-":
        output.print_line(text.rstrip("\n"))
    else:
        _write(target, text.encode())
    return 0
