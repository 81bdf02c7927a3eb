"""`skymms preview`: a message as a phone shows it, in a terminal or in a file."""

from __future__ import annotations

import io
import sys
from io import BytesIO

import pytest
from cli_messages import OPERATIONS, SLIDESHOW, encode
from cli_process import COUPON
from PIL import Image

from skymms import DeleteMMS, SendMMS, SendSavedMMS, Slideshow

PERSONAL = COUPON.replace("Good to have you", "Good to have you, {name|friend},")
LOCAL = COUPON.replace("http://media.example/welcome.jpg", "a.png")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def in_terminal(run, monkeypatch):
    """Runs a command whose stdout is a terminal, and returns its status and what the terminal gets."""

    def call(*arguments: str, colours: bool = True, **files: str) -> tuple[int, str]:
        terminal = Terminal()
        with monkeypatch.context() as patch:
            patch.setenv("TERM", "xterm-256color" if colours else "dumb")
            patch.setenv("COLORTERM", "truecolor")
            patch.setattr(sys, "stdout", terminal)
            status = run(*arguments, **files).status
        return status, terminal.getvalue()

    return call


@pytest.fixture
def picture(tmp_path):
    """A red picture in the directory of the slideshow."""
    written = BytesIO()
    Image.new("RGB", (40, 40), "red").save(written, "PNG")
    (tmp_path / "a.png").write_bytes(written.getvalue())
    return written.getvalue()


class TestText:
    def test_a_slideshow_is_printed_as_text_where_there_is_no_terminal(self, run):
        result = run("preview", "f", f=PERSONAL)
        assert (result.status, result.err) == (0, "")
        lines = result.out.splitlines()
        assert lines[:4] == ["Welcome", "1 slide, 5 seconds, 1 file", "", f"+- Slide 1, 5 seconds {'-' * 29}+"]
        assert "Merge fields that are not filled in: name" in result.out
        assert "\x1b" not in result.out

    def test_merge_fields_are_filled_in(self, run):
        assert "Good to have you, Ada," in run("preview", "f", "--data", "name=Ada", f=PERSONAL).out

    def test_problems_are_exit_status_4(self, run):
        result = run("preview", "f", f=COUPON.replace("duration = 5", "duration = 0"))
        assert result.status == 4
        assert "E230 slide 1, duration" in result.out

    def test_a_request_is_shown_with_its_ends(self, run):
        operation = SendMMS(SLIDESHOW, to="15551234888", sender="60856")
        assert "from 60856 to 15551234888" in run("preview", "f", f=encode("skycore", operation)).out
        saved = SendSavedMMS("5", custom_text={1: "Hi"}, to="15551234888", sender="60856")
        assert "| Hi " in run("preview", "f", f=encode("skycore", saved)).out

    def test_carriers_are_listed_with_media(self, run, picture):
        assert "att (toll-free): fits, " in run("preview", "f", "--media", "--carrier", "att", f=LOCAL).out

    def test_stdin_is_read(self, run):
        assert "Good to have you" in run("preview", "-", stdin=COUPON.encode()).out


class TestTerminal:
    def test_slides_are_in_frames(self, in_terminal):
        status, text = in_terminal("preview", "f", f=COUPON)
        assert status == 0
        assert "Slide 1, 5 seconds" in text
        assert "[picture: welcome.jpg]" in text
        assert "▀" not in text

    @pytest.mark.parametrize(
        ("options", "colours", "blocks"),
        [
            ([], True, True),
            ([], False, False),
            (["--images", "none"], True, False),
            (["--images", "blocks"], False, True),
        ],
    )
    def test_pictures_are_blocks_where_there_are_colours(self, in_terminal, picture, options, colours, blocks):
        status, text = in_terminal("preview", "f", "--media", *options, colours=colours, f=LOCAL)
        assert status == 4, "a path is not an address"
        assert ("▀" in text) is blocks
        assert ("[picture: a.png]" in text) is not blocks

    @pytest.mark.parametrize("images", ["blocks", "none"])
    def test_how_the_terminal_shows_pictures_is_refused_for_a_file(self, run, tmp_path, images):
        result = run("preview", "f", "--media", "--images", images, "-o", "a.html", f=COUPON)
        assert (result.status, "--images is for the terminal" in result.err) == (2, True)
        assert not (tmp_path / "a.html").exists()

    def test_blocks_can_be_piped(self, run, picture):
        assert "▀" in run("preview", "f", "--media", "--images", "blocks", f=LOCAL).out


class TestFiles:
    @pytest.mark.parametrize(("name", "beginning"), [("a.html", "<!doctype html>"), ("a.txt", "Welcome\n")])
    def test_a_file_is_written_as_named(self, run, tmp_path, name, beginning):
        result = run("preview", "f", "-o", name, f=COUPON)
        assert (result.status, result.out, result.err) == (0, "", f"{name} written\n")
        assert (tmp_path / name).read_text().startswith(beginning)

    def test_the_contact_sheet_is_a_picture(self, run, tmp_path):
        assert run("preview", "f", "-o", "sheet.png", f=COUPON).status == 0
        with Image.open(tmp_path / "sheet.png") as sheet:
            assert sheet.format == "PNG"

    def test_problems_are_printed_beside_the_file(self, run):
        result = run("preview", "f", "-o", "a.html", f=COUPON.replace("duration = 5", "duration = 0"))
        assert result.status == 4
        assert result.err.startswith("E230 slide 1, duration")
        assert result.err.endswith("a.html written\n")

    def test_stacked_slides_are_the_view_at_first(self, run, tmp_path):
        run("preview", "f", "--stacked", "-o", "a.html", f=COUPON + '\n[[slide]]\ntext = "Again"\n')
        assert 'id="stacked" checked' in (tmp_path / "a.html").read_text()

    def test_local_pictures_are_in_the_page_with_media_only(self, run, tmp_path, picture):
        run("preview", "f", "-o", "a.html", f=LOCAL)
        assert "data:image/png" not in (tmp_path / "a.html").read_text()
        run("preview", "f", "-o", "a.html", "--media")
        assert "data:image/png" in (tmp_path / "a.html").read_text()

    def test_media_says_what_the_gateway_would_say_of_the_files(self, run, gateway):
        missing = f"{gateway.url}/missing.jpg"
        at_sandbox = COUPON.replace("http://media.example/welcome.jpg", missing)
        assert "E351 slide 1, image" in run("preview", "f", "--media", f=at_sandbox).out
        result = run("preview", "f", "--media", "--private", f=at_sandbox)
        assert "E351 slide 1, image: its server returned status" in result.out
        assert result.status == 4


class TestWrongUse:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["-o", "a.pdf"], "name a file that ends in .html"),
            (["-o", "no/a.html"], "cannot write no/a.html: No such file"),
            (["--data", "name"], "'name' is not of the form NAME=VALUE"),
            (["--images", "blocks"], "--images blocks needs --media"),
            (["--private"], "--private needs --media"),
            (["--stacked"], "--stacked is for a page: add -o with a name that ends in .html"),
            (["--stacked", "-o", "a.txt"], "--stacked is for a page"),
            (["--carrier", "att"], "--carrier needs --media"),
            (["--images", "sixel"], "'sixel' is not one of"),
            (["--data", "a=1", "--data", "a=2"], "a is given twice"),
        ],
    )
    def test_it_is_exit_status_2_and_says_what_to_do(self, run, options, message):
        result = run("preview", "f", *options, f=COUPON)
        assert (result.status, result.out) == (2, "")
        assert message in result.err

    def test_a_malformed_merge_field_is_named(self, run):
        result = run("preview", "f", "--data", "a=1", f=COUPON.replace("Good", "{ Good"))
        assert result.status == 2
        assert "slide 1, text: '{ Good" in result.err

    def test_an_unknown_field_of_a_request_is_named(self, run):
        request = encode("skycore", SendMMS(SLIDESHOW, to="15551234888", sender="60856"))
        result = run("preview", "f", f=request.replace(b"<TO>", b"<TWO>2</TWO><TO>"))
        assert result.status == 2
        assert "TWO: unknown field in this dialect" in result.err

    def test_a_request_without_a_message_is_named(self, run):
        result = run("preview", "f", f=encode("skycore", DeleteMMS("1")))
        assert result.status == 2
        assert "got a DeleteMMS" in result.err

    def test_pillow_is_asked_for_where_it_is_needed(self, in_terminal, run, picture, monkeypatch):
        for name in [name for name in sys.modules if name.partition(".")[0] == "PIL"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "PIL", None)
        result = run("preview", "f", "--media", "--images", "blocks", f=LOCAL)
        assert (result.status, result.err) == (2, "drawing pictures in a terminal needs Pillow: pip install 'skymms[media]'\n")
        status, text = in_terminal("preview", "f", "--media")
        assert (status, "[picture: a.png]" in text) == (4, True)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: type(operation).__name__)
def test_every_request_is_shown_or_is_named(run, operation):
    result = run("preview", "f", f=encode("skycore", operation))
    assert result.status in {0, 2, 4}
    assert result.out or "preview() takes" in result.err


def test_hostile_text_sends_nothing_to_the_terminal(in_terminal):
    show = Slideshow("x", subject="\x1b]0;title\x07").slide("\u202e\x9b31m <b>")
    _, text = in_terminal("preview", "f", colours=False, f=encode("skycore", SendMMS(show.replace(subject="s"))))
    assert "\x1b]" not in text
    assert "\u202e" not in text
    assert r"\u202e\x9b31m <b>" in text
