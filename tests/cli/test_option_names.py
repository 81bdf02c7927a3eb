"""Errors name the options of the command, instead of the arguments of Python."""

from __future__ import annotations

import pytest
from cli_process import COUPON

NUMBER = "15551234888"


@pytest.mark.parametrize(
    ("argv", "advice"),
    [
        (
            ("send", "f", "--to", NUMBER, "--from", "60856", "--dialect", "sinch"),
            "give --service-id, SKYMMS_SERVICE_ID or the profile's service_id",
        ),
        (("send", "f", "--to", NUMBER, "--from", "Shop", "--dialect", "skycore"), "give a name as --sender-mask"),
    ],
    ids=["service_id", "sender"],
)
def test_a_problem_of_a_field_names_its_option(run, argv, advice):
    result = run(*argv, "--dry-run", "--json", f=COUPON)
    assert result.status == 4
    assert advice in result.err
    error = result.json["error"]
    assert advice in error["problems"][0]["message"]
    assert advice in error["message"]
    assert advice in error["info"]
    assert "pass " not in result.err


def test_a_field_without_an_option_keeps_its_name(run):
    result = run("check", "f", "--dialect", "sinch", f='name = "n"\nsubject = "Hi"\n[[slide]]\ntext = "Hi!"\n')
    assert "pass fallback_text" in result.out
