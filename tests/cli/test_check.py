"""`skymms check`: every problem is reported, with its code, slide and field."""

from __future__ import annotations

import re

import pytest
from cli_messages import WRONG_SLIDESHOW, encode
from cli_process import COUPON, TO_AND_FROM

from skymms.codes import ANSWERS


class TestCheck:
    def test_check_finds_no_problems_in_a_valid_slideshow(self, run):
        assert run("check", "f", f=COUPON) == (0, "No problems in the slideshow.\n", "")

    def test_check_needs_no_api_key(self, run, monkeypatch):
        monkeypatch.delenv("SKYMMS_API_KEY")
        assert run("check", "f", f=COUPON).status == 0
        assert run("check", "f", f=encode("sinch")).status == 4

    def test_every_problem_is_printed_with_code_slide_field_and_remedy(self, run):
        result = run("check", "f", f=WRONG_SLIDESHOW)
        assert (result.status, result.err) == (4, "")
        rows = [re.split(r"\s{2,}", line.strip()) for line in result.out.splitlines()]
        missing_name = "a name is required: pass name, under which the account lists the slideshow"
        assert ["E311", "2", "name", missing_name] in rows
        assert ["E226", "5", "1", "audio/video"] in [row[:4] for row in rows]
        assert ["E353", "6", "1", "video"] in [row[:4] for row in rows]
        assert ["E313", "8", "2", "text"] in [row[:4] for row in rows]
        assert ["E226", ANSWERS["E226"].remedy] in rows

    def test_check_prints_warnings_after_the_problems(self, run):
        out = run("check", "f", f=WRONG_SLIDESHOW).out
        assert out.index("E313") < out.index("Warnings") < out.index("31 seconds")

    def test_warnings_alone_do_not_fail_the_check(self, run):
        result = run("check", "f", f=COUPON.replace("duration = 5", "duration = 31"))
        assert result.status == 0
        assert "31 seconds" in result.out
        assert "No problems" in result.out

    def test_the_json_of_check_is_one_document(self, run):
        found = run("check", "f", "--json", f=WRONG_SLIDESHOW).json
        assert set(found) == {
            "kind",
            "operation",
            "dialect",
            "problems",
            "unrecognised_fields",
            "schema",
            "warnings",
            "files",
            "carriers",
        }
        assert {(one["code"], one["slide"], one["field"]) for one in found["problems"]} >= {("E226", 1, "audio/video")}
        assert all(set(one) == {"code", "line", "slide", "field", "message", "remedy"} for one in found["problems"])
        assert [one["slide"] for one in found["warnings"]] == [1, 1]

    def test_check_with_a_dash_reads_stdin(self, run):
        assert run("check", "-", stdin=COUPON.encode()).status == 0
        assert run("check", "-", stdin=WRONG_SLIDESHOW.encode()).status == 4

    def test_an_unknown_key_in_a_slideshow_file_is_a_problem(self, run):
        result = run("check", "f", f=COUPON.replace("image", "imgae"))
        assert result.status == 4
        assert "did you mean image?" in result.out
        assert result.err == ""

    def test_wrong_keys_and_broken_rules_are_reported_together_with_their_lines(self, run):
        toml = """nmae = "Coupon"
subject = "s"
[[slides]]
txt = "Hello"
[[slides]]
audio = "http://media.example/a.mp3"
video = "http://media.example/a.mp4"
[[slides]]
image = 5
[[slides]]
duration = 0
"""
        found = run("check", "f", "--json", f=toml).json["problems"]
        assert [(one["line"], one["code"], one["slide"], one["field"]) for one in found] == [
            (1, None, None, "nmae"),
            (3, None, None, "slides"),
            (4, None, 1, "txt"),
            (6, "E226", 2, "audio/video"),
            (9, None, 3, "image"),
            (10, "E313", 4, "text"),
            (11, "E230", 4, "duration"),
        ]
        printed = run("check", "f", f=toml)
        assert re.search(r"E226 +6 +2 +audio/video", printed.out)
        assert (printed.status, printed.err) == (4, "")

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get", "sinch", "sinch-json"])
    def test_wrong_keys_are_reported_with_the_rules_of_the_chosen_dialect(self, run, dialect):
        toml = 'name = "n"\nfallback_txt = "f"\n[[slide]]\ntext = "t"\npasbook = "http://media.example/a.pkpass"\n'
        found = run("check", "f", "--json", "--dialect", dialect, f=toml).json["problems"]
        fields = [(one["line"], one["field"]) for one in found]
        assert {(2, "fallback_txt"), (5, "pasbook")} <= set(fields)
        # A misspelled key counts as the key that was meant.
        assert ((5, "passbook") in fields) == (dialect == "sinch-json")
        assert not any(field == "fallback_text" for _, field in fields)

    @pytest.mark.parametrize(
        ("toml", "codes"),
        [
            ('name = "n"\nsubject = "s"\nslide = "text"\n', [None]),  # one problem, and not E312 as well
            ('nmae = "n"\nsubject = "s"\n', [None, "E312"]),
            ('name = "n"\nsubject = "s"\n[[slide]]\nzzz = "x"\n', [None]),  # not E313: what zzz means is unknown
        ],
    )
    def test_a_problem_that_only_follows_from_a_wrong_key_is_not_reported(self, run, toml, codes):
        found = run("check", "f", "--json", f=toml).json["problems"]
        assert sorted(map(str, (one["code"] for one in found))) == sorted(map(str, codes))

    def test_a_slideshow_is_validated_by_common_rules_or_by_those_of_the_chosen_dialect(self, run, monkeypatch):
        plain = COUPON.replace("fallback_text", "#")
        assert run("check", "f", f=plain).status == 0
        result = run("check", "f", "--dialect", "sinch", "--json", f=plain)
        # Recipient, sender and service id are missing too, but are not the slideshow's problems.
        assert (result.status, [one["code"] for one in result.json["problems"]]) == (4, ["E622"])
        monkeypatch.setenv("SKYMMS_DIALECT", "sinch")
        assert run("check", "f", f=plain).status == 4

    def test_a_field_that_the_dialect_does_not_support_is_a_problem(self, run):
        (problem,) = run("check", "f", "--dialect", "skycore", "--json", f="disable_fallback = true" + COUPON).json["problems"]
        assert (problem["code"], problem["field"]) == (None, "disable_fallback")

    @pytest.mark.parametrize(("dialect", "status"), [("skycore", 0), ("skycore-get", 0), ("sinch", 4)])
    def test_a_request_is_validated_in_its_own_dialect(self, run, dialect, status):
        result = run("check", "f", "--json", f=encode(dialect))
        assert (result.status, result.json["dialect"], result.json["operation"]) == (status, dialect, "SendMMS")
        assert [one["code"] for one in result.json["problems"]] == ["E627"] * (dialect == "sinch")

    def test_attributes_and_words_that_are_not_read_are_problems(self, run):
        document = encode("skycore").replace(b"<REQUEST>", b'<REQUEST v="1">words').replace(b"<NAME>", b"<NAME kind='x'>")
        result = run("check", "f", "--json", f=document)
        assert result.status == 4
        assert result.json["unrecognised_fields"] == ["@v", "#text", "NAME/@kind"]
        assert {one["path"] for one in result.json["schema"]} == {"/REQUEST", "/REQUEST/NAME"}

    def test_schema_problems_are_printed_with_line_and_path(self, run):
        document = encode("skycore").replace(b"<SLIDE>", b"\n<SLIDE/>\n<SLIDE>").replace(b"<NAME>", b"<NMAE/><NAME>")
        result = run("check", "f", "--json", f=document)
        assert result.status == 4
        rows = {(one["code"], one["line"], one["path"]) for one in result.json["schema"]}
        assert rows == {("E313", 3, "/REQUEST/SLIDE[1]"), (None, 2, "/REQUEST/NMAE")}
        assert result.json["unrecognised_fields"] == ["NMAE"]
        out = run("check", "f").out
        assert "/REQUEST/SLIDE[1]" in out
        assert "Unrecognised fields" in out

    def test_an_unrecognised_parameter_is_a_problem(self, run):
        result = run("check", "f", f=encode("skycore-get") + b"&slide_txt_value_0=x")
        assert result.status == 4
        assert "slide_txt_value_0" in result.out
        assert "No problems" not in result.out

    def test_a_slideshow_file_without_slides_says_which_section_to_add(self, run):
        result = run("check", "f", f='name = "n"\nsubject = "s"\n')
        assert result.status == 4
        assert "no slides: add a [[slide]] section" in result.out
        result = run("send", "f", *TO_AND_FROM, "--json")
        assert result.status == 4
        assert "E312 slides: no slides: add a [[slide]] section" in result.err
