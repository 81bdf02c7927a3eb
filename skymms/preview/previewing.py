"""The function ``preview`` and its result."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from ..media import Preflight
from ..media.options import check_path
from .message import MessageView, has_message, pictures_in, view_message
from .page import iframe, page
from .phone import Pictures
from .pictures import get_pictures
from .plain_text import plain_text
from .thumbnails import require_pillow


def preview(
    message: Any,
    *,
    data: Mapping[str, object] | None = None,
    media: bool = False,
    stacked: bool = False,
    preflight: Preflight | None = None,
    private: bool = False,
    base: str | PathLike[str] | None = None,
) -> Preview:
    """Return a preview of a slideshow, or of an operation that sends or stores one. Nothing is sent.

    :param message: a :class:`~skymms.Slideshow`, or a SendMMS, SaveMMS, SendSavedMMS, SendSMS or CellcastSend.
    :param data: values for the merge fields, ``{name}`` and the gateway's ``{$name}``. Without it the fields are marked.
    :param media: True fetches the pictures, so that the preview contains them. Otherwise nothing is fetched.
    :param stacked: True shows all slides below each other at first, as most phones do, instead of playing them.
    :param preflight: the result of ``skymms.media.preflight``, whose problems, warnings and carriers are shown too.
    :param private: True also fetches pictures from addresses that are not public, such as a server on this machine.
    :param base: the directory of pictures that are named by a path instead of a URL. None reads no files, because the author of
        the message would choose which.

    Raises :class:`~skymms.ConfigurationError` for an operation without a message, and for a malformed merge field if there is
    ``data``. A picture that cannot be fetched is not an error: the preview says why it is not there.
    """
    check_path("base", base)
    if preflight is not None and not isinstance(preflight, Preflight):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"preflight={preflight!r:.40}: give the result of skymms.media.preflight")
    view = view_message(message, data, preflight)
    pictures = get_pictures(pictures_in(view), private=private, base=base) if media else {}
    return Preview(view, pictures, stacked=stacked)


class Preview:
    """A preview of one message: as a page, as plain text, or as a picture. A notebook shows the page."""

    def __init__(self, view: MessageView, pictures: Pictures, *, stacked: bool = False) -> None:
        #: The texts, files and problems of the message, as plain values.
        self.view = view
        #: The pictures by their addresses, or why one is not there.
        self.pictures = pictures
        self._stacked = stacked

    @property
    def html(self) -> str:
        """The page: one HTML document without a script, which loads nothing."""
        return page(self.view, self.pictures, stacked=self._stacked)

    @property
    def text(self) -> str:
        """The preview as plain text, without anything that a terminal would execute."""
        return plain_text(self.view, self.pictures)

    def contact_sheet(self) -> bytes:
        """Return all slides on one picture, a PNG. Needs Pillow: ``pip install 'skymms[media]'``."""
        from .contact_sheet import contact_sheet

        return contact_sheet(self.view, self.pictures)

    def save(self, path: str | PathLike[str]) -> None:
        """Write a file. The end of its name says what: ``.html`` the page, ``.txt`` the text, ``.png`` the contact sheet.

        Raises :class:`~skymms.ConfigurationError` for any other name, and for a file that cannot be written.
        """
        suffix = check_name(path)
        content = self.contact_sheet() if suffix == ".png" else (self.text if suffix == ".txt" else self.html).encode()
        try:
            Path(path).write_bytes(content)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise ConfigurationError(f"cannot write {fspath(path)}: {getattr(error, 'strerror', None) or error}") from None

    def __repr__(self) -> str:
        return f"<Preview of {self.view.title!r:.60}: {self.view.summary}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Return what a notebook shows."""
        return {"text/html": iframe(self.html, self.view.title), "text/plain": self.text}


def check_name(path: str | PathLike[str]) -> str:
    """Return the end of a file's name, which says what is written.

    Raises :class:`~skymms.ConfigurationError` for an unknown one, and for a contact sheet without Pillow.
    """
    check_path("path", path, or_none=False)
    suffix = Path(path).suffix.lower()
    if suffix == ".png":
        require_pillow("the contact sheet")
    elif suffix not in {".html", ".htm", ".txt"}:
        raise ConfigurationError(
            f"{fspath(path)}: name a file that ends in .html (the page), .txt (plain text) or .png (one picture)"
        )
    return suffix


def notebook_view(message: Any) -> dict[str, str]:
    """Return what a notebook shows of a slideshow or an operation; empty for an operation without a message.

    Nothing is fetched. The text is the usual repr, so that a terminal shows what Python shows.
    """
    if not has_message(message):
        return {}
    shown = preview(message)
    return {"text/html": iframe(shown.html, shown.view.title), "text/plain": repr(message)}
