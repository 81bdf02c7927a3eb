"""`skymms check --media`, `send --check-media`, `fit` and `publish`."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cli_process import TO_AND_FROM
from media_files import jpeg, png, served
from misbehaving_server import Faulty
from pictures import camera_exif, opened, photo, saved
from storage_server import BUCKET, SETTINGS, storage_server

from skymms import Slide, Slideshow
from skymms.export.toml_text import toml_text
from skymms.files import read_file

SHOW = 'name = "n"\nsubject = "s"\nfallback_text = "f"\n[[slide]]\ntext = "Hi!"\n[[slide]]\nimage = "%s"\n'


@pytest.fixture
def good():
    with Faulty(served("image")) as server:
        yield SHOW % f"http://127.0.0.1:{server.port}/a.png", server


@pytest.fixture
def bad():
    with Faulty(served("image", status="404 Not Found")) as server:
        yield SHOW % f"http://127.0.0.1:{server.port}/a.png", server


class TestCheck:
    def test_check_makes_no_request_by_itself(self, run, bad):
        show, server = bad
        assert run("check", "f", f=show).status == 0
        assert server.requests == []

    def test_media_prints_a_table_of_the_files(self, run, good):
        result = run("check", "f", "--media", "--private", f=good[0])
        assert (result.status, result.err) == (0, "")
        row = next(line for line in result.out.splitlines() if "a.png" in line)
        assert row.split()[:8] == ["2", "image", "image/png", "image/jpeg", f"{len(png()):,}", "1", "×", "1"]

    def test_a_file_that_cannot_be_fetched_is_a_problem_with_its_line(self, run, bad):
        result = run("check", "f", "--media", "--private", "--json", f=bad[0])
        assert result.status == 4
        (problem,) = result.json["problems"]
        assert (problem["code"], problem["slide"], problem["field"], problem["line"]) == ("E351", 2, "image", 7)

    def test_an_address_that_may_not_be_looked_at_is_a_problem(self, run, good):
        show, server = good
        result = run("check", "f", "--media", f=show)
        assert (result.status, "only 80 and 443" in result.out, server.requests) == (4, True, [])
        result = run("check", "f", "--media", f=SHOW % "http://127.0.0.1/a.png")
        assert (result.status, "not a public address" in result.out) == (4, True)

    def test_a_carrier_has_a_warning(self, run):
        large = saved(photo(800, 600), "PNG")
        with Faulty(served("image", large)) as server:
            show = SHOW % f"http://127.0.0.1:{server.port}/a.png"
            result = run("check", "f", "--media", "--private", "--carrier", "att", f=show)
        assert (result.status, "att delivers 600,000" in result.out) == (0, True)
        assert "att (toll-free): too large, 1," in result.out
        assert result.out.endswith("\nNo problems in the slideshow, but 3 warnings.\n")

    def test_a_local_file_is_looked_at_beside_the_slideshow(self, run, tmp_path):
        (tmp_path / "a.png").write_bytes(png()[:-1])
        out = run("check", "f", "--media", f=SHOW % "a.png").out
        assert "E341" in out

    def test_a_route_has_its_own_figures(self, run):
        large = saved(photo(), "JPEG", quality=95).ljust(500_000, b"\0")
        look = ("check", "f", "--media", "--private", "--carrier", "att", "--json", "--route")
        with Faulty(served("image", large, Content_Type="image/jpeg")) as server:
            show = SHOW % f"http://127.0.0.1:{server.port}/a.png"
            found = [run(*look, route, f=show).json["warnings"][1:] for route in ("toll-free", "long-code")]
        assert ["from a toll-free number" in one["message"] for one in found[0]] == [True]
        assert found[1] == []

    def test_the_whole_file_is_read_if_asked(self, run):
        damaged = jpeg(b"\x3f" * 100_000)[:-1]
        with Faulty(served("image", damaged, Content_Type="image/jpeg")) as server:
            show = SHOW % f"http://127.0.0.1:{server.port}/a.jpg"
            assert run("check", "f", "--media", "--private", f=show).status == 0
            result = run("check", "f", "--media", "--private", "--whole", f=show)
        assert (result.status, "E341" in result.out) == (4, True)

    def test_a_file_that_is_too_large_is_named_as_not_read(self, run):
        with Faulty(served("image", b"", Content_Length="60000000")) as server:
            out = run("check", "f", "--media", "--private", f=SHOW % f"http://127.0.0.1:{server.port}/a.png").out
        assert "not read: too large" in out

    def test_private_addresses_are_reported_once(self, run):
        with Faulty(served("image")) as server:
            slides = "".join(f'[[slide]]\nimage = "http://127.0.0.1:{server.port}/{at}.png"\n' for at in range(8))
            show = 'name = "n"\nsubject = "s"\nfallback_text = "f"\n' + slides
            refused = run("check", "f", "--media", "--json", f=show).json
            allowed = run("check", "f", "--media", "--private", "--json", f=show).json
        assert ([one["code"] for one in refused["problems"]], refused["warnings"]) == (["E351"] * 8, [])
        (warning,) = [one for one in allowed["warnings"] if "private network" in one["message"]]
        assert allowed["problems"] == []
        assert "8 files" in warning["message"]

    @pytest.mark.parametrize("option", [("--private",), ("--carrier", "att"), ("--route", "toll-free"), ("--whole",)])
    def test_options_about_files_need_media(self, run, option):
        assert run("check", "f", *option, f=SHOW % "http://media.example/a.png").status == 2


class TestSend:
    def test_nothing_is_sent_if_a_file_is_wrong(self, run, bad, gateway):
        before = len(gateway.sent)
        result = run("send", "f", *TO_AND_FROM, "--check-media", "--private", f=bad[0])
        assert (result.status, "E351 slide 2, image" in result.err) == (4, True)
        assert len(gateway.sent) == before

    def test_a_message_with_good_files_is_sent(self, run, good, gateway):
        before = len(gateway.sent)
        assert run("send", "f", *TO_AND_FROM, "--check-media", "--private", f=good[0]).status == 0
        assert len(gateway.sent) == before + 1

    @pytest.mark.parametrize("option", ["--private", "--whole"])
    def test_options_about_files_need_check_media(self, run, good, gateway, option):
        assert run("send", "f", *TO_AND_FROM, option, f=good[0]).status == 2

    @pytest.mark.parametrize(("local", "options"), [(True, []), (False, ["--private", "--whole"])])
    def test_a_picture_that_is_cut_off_late_is_not_sent(self, run, gateway, tmp_path, local, options):
        damaged = jpeg(b"\x3f" * 100_000)[:-1]
        (tmp_path / "a.jpg").write_bytes(damaged)
        before = len(gateway.sent)
        with Faulty(served("image", damaged, Content_Type="image/jpeg")) as server:
            address = f"http://127.0.0.1:{server.port}/a.jpg"
            result = run("send", "f", *TO_AND_FROM, "--check-media", *options, f=SHOW % ("a.jpg" if local else address))
        assert (result.status, len(gateway.sent)) == (4, before)
        assert ("E351" if local else "E341") in result.err


class TestFit:
    @pytest.fixture
    def picture(self, tmp_path):
        path = tmp_path / "photo.jpg"
        path.write_bytes(saved(photo(), "JPEG", quality=95, exif=camera_exif(6)))
        return path

    def test_fit_writes_a_file_beside_the_original(self, run, picture, tmp_path):
        before = picture.stat().st_size
        result = run("fit", "photo.jpg", "--most", "60k")
        fitted = tmp_path / "photo-fitted.jpg"
        assert (result.status, fitted.stat().st_size <= 60_000) == (0, True)
        assert f"{before:,} bytes, 480 × 640 pixels" in result.out
        assert f"{fitted.stat().st_size:,} bytes" in result.out
        assert "turned upright" in result.out
        # A second run does not overwrite it.
        assert run("fit", "photo.jpg").status == 2

    def test_the_output_is_written_exactly_as_named(self, run, picture, tmp_path):
        for name in ("out", "out.png", "out.jpg.tmp"):
            result = run("fit", "photo.jpg", "-o", name, "--most", "60000")
            assert (result.status, opened((tmp_path / name).read_bytes()).format) == (0, "JPEG")
            assert "its name does not end in .jpg" in result.err

    def test_fit_writes_to_stdout(self, picture):
        command = [sys.executable, "-m", "skymms", "fit", "photo.jpg", "-o", "-", "--most", "60k"]
        ran = subprocess.run(command, capture_output=True, check=True)
        assert opened(ran.stdout).size == (480, 640)
        assert b"after: " in ran.stderr

    def test_the_json_has_the_sizes(self, run, picture):
        found = run("fit", "photo.jpg", "--most", "60k", "-o", "o.jpg", "--json").json
        assert (found["file"], found["original_pixels"], found["size"] <= 60_000) == ("o.jpg", [480, 640], True)

    @pytest.mark.parametrize(
        ("size", "most"),
        [("600k", 600_000), ("600kB", 600_000), ("1.5M", 1_500_000), ("1K", 1000), ("250", 250), ("90 k", 90_000)],
    )
    def test_k_is_a_thousand(self, size, most):
        from skymms.cli.media_options import parse_size

        assert parse_size(None, None, size) == most  # type: ignore[arg-type]

    @pytest.mark.parametrize("size", ["", "k", "0", "-1", "600KiB", "1e6", "10G", "٣"])
    def test_a_size_of_another_form_is_refused(self, run, picture, size):
        assert run("fit", "photo.jpg", f"--most={size}").status == 2

    def test_a_damaged_file_is_a_problem(self, run, tmp_path):
        (tmp_path / "a.png").write_bytes(png()[:-4])
        result = run("fit", "a.png")
        assert (result.status, "E341" in result.err) == (4, True)

    def test_a_missing_file_is_wrong_usage(self, run):
        result = run("fit", "nowhere.png")
        assert (result.status, "cannot read nowhere.png" in result.err) == (2, True)

    def test_a_wrong_colour_is_wrong_usage(self, run, tmp_path):
        (tmp_path / "a.png").write_bytes(saved(photo(64, 48), "PNG"))
        result = run("fit", str(tmp_path / "a.png"), "--background", "redd")
        assert (result.status, "'redd' is not a colour: give a name, such as white, or #rrggbb" in result.err) == (2, True)

    @pytest.mark.parametrize("options", [("--to", "s3://["), ("--to", "s3://b", "--url", "x y")])
    def test_a_wrong_address_of_a_bucket_is_wrong_usage(self, run, options):
        assert run("publish", "f", *options, f=SHOW % "a.png").status == 2

    def test_the_file_and_the_json_cannot_both_be_written_to_stdout(self, run, picture):
        result = run("fit", "photo.jpg", "--json", "-o", "-")
        assert (result.status, result.out, "both write to stdout" in result.err) == (2, "", True)

    def test_stdin_needs_a_name_for_the_output(self, run):
        assert run("fit", "-").status == 2


class TestPublish:
    def test_the_slideshow_is_written_with_public_addresses(self, run, tmp_path, monkeypatch):
        with storage_server() as client:
            base = client.meta.endpoint_url
            for name, value in {**SETTINGS, "AWS_ENDPOINT_URL": base}.items():
                monkeypatch.setenv(name, value)
            (tmp_path / "a.png").write_bytes(png())
            result = run("publish", "f", "--to", f"s3://{BUCKET}/mms", "--private", "-o", "out.toml", f=SHOW % "a.png")
            assert (result.status, result.out) == (0, "")
            assert "canary-secret" not in result.err
            written = (tmp_path / "out.toml").read_text()
            assert run("check", "f", "--media", "--private", f=written).status == 0
            found = read_file(written.encode()).slideshow
            assert found is not None
            assert found.slides[0].text == "Hi!"
            assert str(found.slides[1].image).startswith(f"{base}/{BUCKET}/mms/")
            # Without --private nothing is fetched back from this machine.
            result = run("publish", "f", "--to", f"s3://{BUCKET}/mms", f=SHOW % "a.png")
            assert (result.status, "E351" in result.err) == (4, True)


def test_a_slideshow_is_written_in_toml_without_loss():
    text = 'quotes " \\ \x7f \x00 line\nbreak, tab\t, ü, \U0001f600'
    show = Slideshow(
        text, subject=text, disable_fallback=True, slides=(Slide(text, duration=3), Slide(image="https://a.example/b"))
    )
    assert read_file(toml_text(show).encode()).slideshow == show
