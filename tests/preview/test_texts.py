"""How texts are split into runs, and how hidden characters are made visible."""

from __future__ import annotations

import pytest

from skymms import ConfigurationError
from skymms.preview.plain_text import cells
from skymms.preview.texts import MergeValues, Run, direction_marks, label, plain, printable, readable, wrap


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        (None, ()),
        ("", ()),
        ("Hi!", (Run("Hi!"),)),
        ("Hi {name}!", (Run("Hi "), Run("{name}", "name"), Run("!"))),
        ("{ name |you}", (Run("{name|you}", "name"),)),
        ("{$name|you}", (Run("{$name|you}", "$name"),)),
        ("{name}{$name}", (Run("{name}", "name"), Run("{$name}", "$name"))),
        # Braces are ordinary characters unless a broadcast fills them in.
        ("{{name}}", (Run("{{name}}"),)),
        ("{", (Run("{"),)),
        ("a {b", (Run("a {b"),)),
        ('{"json": 1}', (Run('{"json": 1}', '"json": 1'),)),
        (5, (Run("5"),)),
    ],
)
def test_without_values_merge_fields_are_marked_as_written(text, runs):
    assert MergeValues(None).split(text, "text") == runs


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("Hi {name}!", (Run("Hi "), Run("Ada", "name", "value"), Run("!"))),
        ("Hi {name|you}", (Run("Hi "), Run("Ada", "name", "value"))),
        ("Hi {other|you}", (Run("Hi "), Run("you", "other", "default"))),
        ("Hi {other|}", (Run("Hi "), Run("", "other", "default"))),
        ("Hi {blank|you}", (Run("Hi "), Run("you", "blank", "default"))),
        ("Hi {other}", (Run("Hi "), Run("{other}", "other", "missing"))),
        ("{{x}", (Run("{"), Run("x}"))),
        ("{number}", (Run("7", "number", "value"),)),
        ("{$NAME|you}", (Run("Ada", "$NAME", "value"),)),
        ("{$other|you}", (Run("you", "$other", "default"),)),
        ("{$other}", (Run("{$other}", "$other", "missing"),)),
    ],
)
def test_with_values_merge_fields_are_filled_in(text, runs):
    assert MergeValues({"name": "Ada", "blank": " ", "number": 7}).split(text, "text") == runs


def test_a_stored_message_has_values_for_the_gateways_fields_only():
    values = MergeValues(None, {"Name": "Ada"})
    assert plain(values.split("{$name} {name}", "text")) == "Ada {name}"


def test_a_value_is_not_looked_at_again():
    assert plain(MergeValues({"name": "{$name} {other}"}).split("{name}", "text")) == "{$name} {other}"


@pytest.mark.parametrize("text", ["{", "{}", "{|you}", "a {b"])
def test_with_values_a_malformed_merge_field_is_an_error_as_in_a_broadcast(text):
    with pytest.raises(ConfigurationError, match=r"slide 2, text: .* is not a merge field"):
        MergeValues({}).split(text, "slide 2, text")


def test_text_for_a_page_shows_controls_and_keeps_lines_and_directions():
    assert readable("a\r\nb\rc\n\td") == "a\nb\nc\n\td"
    assert readable("\x00\x1b[31m\x7f\x85\ud800\u2028") == "\u2400\u241b[31m\u2421\ufffd\ufffd\n"
    assert readable("\u202eabc") == "\u202eabc"


def test_a_label_has_one_line_and_no_controls():
    assert label("a\nb\x1b\u202e\ud800\x00") == r"a\nb\x1b\u202e\ud800\x00"


def test_text_for_a_terminal_keeps_its_lines():
    assert printable("a\r\nb\tc\x1b[31m\u202e") == "a\nb    c\\x1b[31m\\u202e"


def test_marks_of_direction_are_found_once():
    assert direction_marks("a\u202eb\u202ec\u2066") == ["\u202e", "\u2066"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two three", ["one two", "three"]),
        ("one\n\ntwo", ["one", "", "two"]),
        ("abcdefghij", ["abcdefgh", "ij"]),
        ("a abcdefghij", ["a", "abcdefgh", "ij"]),
        ("  a", ["  a"]),
        ("日本語日本語", ["日本語日", "本語"]),
        ("☕☕☕☕☕", ["☕☕☕☕", "☕"]),
        ("12345678 9", ["12345678", "9"]),
    ],
)
def test_a_text_is_wrapped_at_spaces_and_by_the_width_of_its_characters(text, lines):
    assert list(wrap(text, 8, cells)) == lines


def test_a_mark_on_another_character_takes_no_column():
    assert (cells("e\u0301"), cells("日"), cells("ab")) == (1, 2, 2)
