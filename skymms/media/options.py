"""Checks the values that callers pass: sizes, paths and seconds. A wrong one is a ConfigurationError that names it."""

from __future__ import annotations

from os import PathLike

from ..errors import ConfigurationError


def check_most(most: object) -> None:
    """Refuse a number of bytes that is not a whole number from 1 up."""
    if type(most) is not int or most < 1:
        raise ConfigurationError(f"most={most!r:.40}: give a whole number of bytes from 1 up")


def check_within(within: object) -> None:
    """Refuse a largest size that is not a width and a height in whole pixels from 1 up."""
    is_pair = isinstance(within, tuple) and len(within) == 2  # pyright: ignore[reportUnknownArgumentType]
    if not is_pair or not all(type(side) is int and side > 0 for side in within):  # type: ignore[attr-defined]  # pyright: ignore
        raise ConfigurationError(f"within={within!r:.40}: give the width and the height in pixels, such as (640, 1138)")


def check_background(background: object) -> None:
    """Refuse a background that is not the name or the code of a colour. Needs Pillow."""
    from PIL import ImageColor

    try:
        if isinstance(background, str):
            ImageColor.getrgb(background)
            return
    except ValueError:
        pass
    name = "" if isinstance(background, str) else "background="
    raise ConfigurationError(f"{name}{background!r:.40} is not a colour: give a name, such as white, or #rrggbb")


def check_path(name: str, path: object, *, or_none: bool = True) -> None:
    """Refuse a path that is neither text nor a path object; ``name`` is that of the parameter."""
    if not isinstance(path, (str, PathLike)) and not (path is None and or_none):
        raise ConfigurationError(f"{name}={path!r:.40}: give a path")


def check_timeout(timeout: object) -> None:
    """Refuse a timeout that is not a number of seconds above 0, and at most a day."""
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout <= 86_400:
        raise ConfigurationError(f"timeout={timeout!r:.40}: give seconds, above 0 and at most a day")
