"""Every free value of the functions for files and previews: a wrong one is an error of skymms that names it."""

from __future__ import annotations

from typing import Any

import pytest
from media_files import png
from pictures import saved, transparent

from skymms import ConfigurationError, Slide, Slideshow
from skymms.media import S3Bucket, fit, fit_slideshow, preflight, publish
from skymms.preview import preview

PICTURE = saved(transparent(64), "PNG")
LOCAL = Slideshow("n", subject="s", slides=(Slide("Hi!", image="a.png"),))


def put(name: str, data: bytes, content_type: str) -> str:
    return f"http://media.example/{name}"


def cases(name: str, function: Any, *values: Any) -> list[Any]:
    return [pytest.param(name, function, value, id=f"{function.__name__} {name}={value!r:.20}") for value in values]


def fit_with(**options: Any) -> Any:
    return fit(PICTURE, **options)


def fit_slideshow_with(**options: Any) -> Any:
    return fit_slideshow(LOCAL, **{"put": put, **options})


def publish_with(**options: Any) -> Any:
    return publish(LOCAL, **{"put": put, **options})


def preflight_with(**options: Any) -> Any:
    return preflight(LOCAL, **options)


def preview_with(**options: Any) -> Any:
    return preview(LOCAL, media=True, **options)


def save_with(**options: Any) -> Any:
    return preview(LOCAL).save(**options)


def bucket_with(**options: Any) -> Any:
    return S3Bucket(**{"address": "s3://bucket", "client": object(), **options})


NO_SIZES = (None, "600k", 0, -1, 1.5, True)
NO_PATHS = (5, 1.5, ["a"])
CASES = [
    *cases("background", fit_with, "redd", "", "#12", "hsl(", "transparent", None, 5, (1, 2, 3)),
    *cases("within", fit_with, None, 5, (0, 0), (-1, 5), (1.5, 2), ("a", "b"), (1,), (1, 2, 3), (float("nan"), 1)),
    *cases("file", fit, None, 5, "a\0b", ""),
    *cases("most", fit_with, *NO_SIZES),
    *cases("most", fit_slideshow_with, *NO_SIZES),
    *cases("most", publish_with, *NO_SIZES),
    *cases("put", fit_slideshow_with, None, "x", lambda name, data, content_type: None, lambda name, data, content_type: "a b"),
    *cases("put", publish_with, None, 5, lambda name, data, content_type: 5),
    *cases("base", publish_with, *NO_PATHS),
    *cases("base", preflight_with, *NO_PATHS),
    *cases("base", preview_with, *NO_PATHS),
    *cases("timeout", preflight_with, None, "x", -1, 0, float("nan"), float("inf"), True),
    *cases("audience", preflight_with, None, 5, [None], "att"),
    *cases("route", preflight_with, 5, "satellite", ["long code"]),
    *cases("preflight", preview_with, 5, "x"),
    *cases("data", preview_with, {5: "x"}, [], "x"),
    *cases("path", save_with, 5, None, "", "a.gif"),
    *cases("address", bucket_with, 5, None, "", "s3://", "s3://[", "s3://a?b", "http://a"),
    *cases("public_url", bucket_with, 5, "x y", "ftp://cdn.example", "cdn.example"),
]


@pytest.mark.parametrize(("name", "function", "value"), CASES)
def test_a_wrong_value_is_refused_and_named(name, function, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(png())
    with pytest.raises(ConfigurationError) as raised:
        function(**{name: value})
    message = str(raised.value)
    shown = value if isinstance(value, str) else name
    assert name in message or repr(shown)[:20] in message or "cannot read" in message or "name a file" in message


def test_the_sentence_about_a_colour():
    with pytest.raises(ConfigurationError) as raised:
        fit(PICTURE, background="redd")
    assert str(raised.value) == "'redd' is not a colour: give a name, such as white, or #rrggbb"


def test_any_bytes_are_a_file():
    assert fit(bytearray(PICTURE)) == fit(memoryview(PICTURE)) == fit(PICTURE)  # type: ignore[arg-type]


def test_an_address_that_is_no_text_is_a_problem_of_its_slide():
    wrong = Slideshow("n", slides=(Slide("Hi!", image=5),))  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="slide 1, image"):
        fit_slideshow(wrong, put=put)
