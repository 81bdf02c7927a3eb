"""`skymms new` writes a starter slideshow, and a list of recipients for a first broadcast."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import ConfigurationError
from . import output
from .completing import complete_files
from .exit_status import Status
from .repeated import command

#: ``{greeting}`` is replaced; other braces are merge fields.
_SLIDESHOW = """\
# An MMS is a slideshow. Change this one; lines that begin with # are comments.
# All keys except [[slide]] and what is in it are about the whole message.

name = "Membership coupon"                      # for you and the gateway; recipients do not see it
subject = "Welcome"                             # the title on the phone, at most 80 characters
fallback_text = "Your coupon is waiting."       # the SMS for a phone that cannot show an MMS

# disable_fallback = true                       # send no SMS to such a phone
# disable_fallback_link = true                  # send that SMS without a link to the message
# link_expires = 2030-12-31                     # the last day of that link

# One section for each slide, at most eight. They are shown in this order.
[[slide]]
text = "{greeting}"   # at most 5,000 characters
image = "https://www.example.com/welcome.jpg"   # a public URL: the gateway downloads the file
duration = 5   # seconds on the screen

[[slide]]
text = \"\"\"
Show this coupon at the till.
It is yours until the end of the month.\"\"\"   # three quotes for a text of several lines
image = "https://www.example.com/coupon.png"
duration = 5

# A slide has a text, a file or both. An image may have a sound with it:
# audio = "https://www.example.com/jingle.mp3"
# A video stands without an image or a sound:
# video = "https://www.example.com/film.mp4"
# One of these stands without an image, a sound or a video:
# vcard = "https://www.example.com/shop.vcf"            # a contact
# ical = "https://www.example.com/opening.ics"          # a calendar entry
# pdf = "https://www.example.com/leaflet.pdf"
# passbook = "https://www.example.com/coupon.pkpass"    # a pass for the phone's wallet
"""
_GREETING = "Hi! Good to have you with us."
_PERSONAL_GREETING = "Hi {first_name|you}! Good to have you with us."

#: Fictional numbers. Two lines are there to show what `skymms broadcast create` says about them.
_RECIPIENTS = """\
mobile,first_name,id
15551230000,Ada,c0
15551230001,Grace,c1
15551230002,,c2
15551230003,Edith,c3
15551230004,Mary,c4
15551230005,Hedy,c5
15551230006,Joan,c6
15551230007,Katherine,c7
15551230008,,c8
15551230009,Radia,c9
+1 (555) 123-0000,Ada,c10
"""


@command("new")
@click.argument("file", metavar="FILE", shell_complete=complete_files)
@click.option(
    "--recipients",
    metavar="LIST",
    help="Also write a list of recipients (CSV) for a first broadcast, and greet them by name in the slideshow.",
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
def new_command(file: str, recipients: str | None, force: bool) -> int:
    """Write a starter slideshow, to be changed.

    FILE is a new file in TOML, such as coupon.toml; - is stdout. Comments in it explain the keys. It passes `skymms check` as
    it is.
    """
    if recipients is not None and (recipients == "-" or Path(recipients) == Path(file)):
        raise click.BadParameter("must name a file of its own", param_hint="--recipients")
    slideshow = _SLIDESHOW.replace("{greeting}", _GREETING if recipients is None else _PERSONAL_GREETING)
    texts = {file: slideshow, **({} if recipients is None else {recipients: _RECIPIENTS})}
    # Looked at before the first is written, so that either both are written or none.
    existing = [name for name in texts if name != "-" and Path(name).exists() and not force]
    if existing:
        raise ConfigurationError(f"{' and '.join(existing)}: exists already; choose another name, or overwrite with --force")
    for name, text in texts.items():
        if name == "-":
            output.print_line(text.rstrip("\n"))
        else:
            _write(name, text, force)
    if file != "-":
        output.print_message(f"{' and '.join(texts)} written. To check the slideshow: skymms check {file}")
    return Status.DONE


def _write(name: str, text: str, force: bool) -> None:
    try:
        with open(name, "w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ConfigurationError(f"cannot write {name}: {getattr(error, 'strerror', None) or error}") from None
