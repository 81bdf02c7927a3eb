"""`skymms new` writes a starter slideshow that passes `skymms check`, and overwrites nothing."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import pytest
from cli_process import TO_AND_FROM

from skymms.broadcast import Ledger
from skymms.files import read_file
from skymms.slide import FILES


@pytest.mark.parametrize("dialect", ["skycore", "skycore-get", "sinch"])
@pytest.mark.parametrize("options", [(), ("--recipients", "people.csv")])
def test_the_starter_passes_check_and_can_be_sent(run, gateway, dialect, options):
    assert run("new", "coupon.toml", *options).status == 0
    checked = run("check", "coupon.toml", "--dialect", dialect)
    assert (checked.status, checked.out, checked.err) == (0, "No problems in the slideshow.\n", "")
    assert run("send", "coupon.toml", *TO_AND_FROM).status == 0
    assert len(gateway.sent[-1].slideshow.slides) == 2


def test_it_says_what_it_wrote_and_what_to_do_next(run):
    assert run("new", "coupon.toml").err == "coupon.toml written. To check the slideshow: skymms check coupon.toml\n"
    assert run("new", "a.toml", "--recipients", "b.csv").err.startswith("a.toml and b.csv written. ")


def test_standard_output_gets_the_same_file(run):
    printed = run("new", "-")
    run("new", "coupon.toml")
    assert printed.out == Path("coupon.toml").read_text(encoding="utf-8")
    assert printed.err == ""


def test_a_comment_names_every_kind_of_file_and_they_are_keys(run):
    text = run("new", "-").out
    assert {kind for kind in FILES if not re.search(rf"^(# )?{kind} = ", text, re.MULTILINE)} == set()
    # Each commented key is valid at its place: a slideshow with one of them more is read.
    for line in re.findall(r"^# (\w+ = .*)$", text, re.MULTILINE):
        table = f"[[slide]]\n{line}\n" if line.split()[0] in FILES else f"{line}\n[[slide]]\ntext = 'x'\n"
        assert read_file(f'name = "x"\n{table}'.encode()).problems == ()


@pytest.mark.parametrize("existing", ["coupon.toml", "people.csv"])
def test_nothing_is_overwritten_and_nothing_is_written_beside_what_exists(run, existing):
    Path(existing).write_text("mine")
    refused = run("new", "coupon.toml", "--recipients", "people.csv")
    assert refused.status == 2
    assert refused.err == f"{existing}: exists already; choose another name, or overwrite with --force\n"
    assert os.listdir() == [existing]
    assert Path(existing).read_text() == "mine"
    assert run("new", "coupon.toml", "--recipients", "people.csv", "--force").status == 0
    assert "mine" not in Path(existing).read_text(encoding="utf-8")


def test_a_first_broadcast_is_planned_from_both_files(run, gateway):
    run("new", "coupon.toml", "--recipients", "people.csv")
    planned = run("broadcast", "create", "spring", "coupon.toml", "--recipients", "people.csv", "--from", "60856")
    assert planned.status == 0
    with open("people.csv", newline="", encoding="utf-8") as file, Ledger("skymms.db") as ledger:
        people = list(csv.DictReader(file))
        # The last line is there to show how a number that is given twice is reported.
        assert sum(ledger["spring"].status().counts.values()) == len(people) - 1
    assert "{first_name|you}" in Path("coupon.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("coupon.toml", "--recipients", "coupon.toml"), "a file of its own"),
        (("coupon.toml", "--recipients", "./coupon.toml"), "a file of its own"),
        (("coupon.toml", "--recipients", "-"), "a file of its own"),
        (("missing/coupon.toml",), "cannot write missing/coupon.toml: No such file or directory"),
        ((".", "--force"), "cannot write .: Is a directory"),
        (("a\0b",), "cannot write"),
        ((), "Missing argument"),
    ],
)
def test_a_file_that_cannot_be_written_is_a_wrong_use(run, arguments, message):
    refused = run("new", *arguments)
    assert refused.status == 2
    assert message in refused.err
    assert os.listdir() == []
