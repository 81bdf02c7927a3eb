"""Options that only some dialects have: the help says which, and another dialect refuses them before anything is sent."""

from __future__ import annotations

import click
import pytest
from cli_process import COUPON, TO_AND_FROM

from skymms.cellcast import GENERATIONS
from skymms.cli.commands import command
from skymms.cli.dialect_options import CellcastOption, FieldOption
from skymms.wire.dialects import DIALECTS


def help_of(run, *names: str) -> dict[str, str]:
    """The help of each option of a command, on one line."""
    text = run(*names, "--help").out
    entries = text.split("\n  --")[1:]
    return {entry.split()[0]: " ".join(entry.split()) for entry in entries}


@pytest.mark.parametrize(
    ("names", "option", "ending"),
    [
        (("send",), "campaign-ref", "(Skycore 1.3 only)"),
        (("send",), "service-id", "(Sinch MMS only)"),
        (("send",), "client-reference", "(sinch-json only)"),
        (("send",), "display-to", "(sinch-json only)"),
        (("send",), "expires", "(sinch-json only)"),
        (("send",), "operator-id", "(not in sinch-json)"),
        (("send",), "to", "first."),
        (("save",), "client-reference", "(sinch-json only)"),
        (("send-saved",), "data", "(not in sinch-json)"),
        (("send-saved",), "text", "slide N."),
        (("list",), "page", "(sinch only)"),
        (("list",), "since", "(sinch only)"),
        (("show",), "campaign-ref", "(Skycore 1.3 only)"),
        (("broadcast", "create"), "service-id", "(Sinch MMS only)"),
        (("cellcast", "send"), "from", "(v1 only)"),
        (("cellcast", "send"), "allow-other-files", "(v3 only)"),
        (("cellcast", "responses"), "mark-read", "(v3 only)"),
    ],
)
def test_the_help_says_which_dialects_have_an_option(run, names, option, ending):
    assert help_of(run, *names)[option].endswith(ending)


OPTIONS = {
    "sender_mask": ("--sender-mask", "x"),
    "operator_id": ("--operator-id", "1"),
    "campaign_ref": ("--campaign-ref", "1"),
    "service_id": ("--service-id", "1"),
    "display_to": ("--display-to", "15551230001"),
    "client_reference": ("--client-reference", "c"),
    "expires": ("--expires", "2099-01-01"),
    "custom_text": ("--text", "1=a"),
    "custom_subject": ("--subject", "a"),
    "data": ("--data", "a=b"),
    "fallback_text": ("--fallback-text", "a"),
    "start_date": ("--since", "2026-01-01"),
    "page": ("--page", "1"),
    "per_page": ("--per-page", "1"),
}
BEFORE = {
    "send": ("send", "f", *TO_AND_FROM),
    "send-saved": ("send-saved", "1", *TO_AND_FROM),
    "save": ("save", "f"),
    "list": ("list",),
}
LACKING = [
    pytest.param(name, option, dialect, id=f"{name} {option.opts[0]} {dialect}")
    for name in BEFORE
    for option in command.commands[name].params
    if isinstance(option, FieldOption) and option.name in OPTIONS
    for dialect in DIALECTS
    if dialect not in {one.name for one in option.dialects}
]


@pytest.mark.parametrize(("name", "option", "dialect"), LACKING)
def test_an_option_is_refused_by_its_name_and_with_the_dialects_that_have_it(run, sandbox, name, option, dialect):
    before = len(sandbox.requests)
    address = sandbox.account(dialect).address
    result = run(*BEFORE[name], *OPTIONS[option.name], "--dialect", dialect, "--url", address, f=COUPON)
    assert (result.status, result.out, len(sandbox.requests)) == (2, "", before)
    if name == "list" and dialect == "sinch-json":
        assert "ListMMS: is not supported in sinch-json" in result.err
        return
    assert f"{option.opts[0]} is not supported by " in result.err
    assert all(one.name in result.err.partition("; ")[2] for one in option.dialects)


def test_every_option_of_a_field_is_tried_above():
    fields = {
        option.name
        for name in BEFORE
        for option in command.commands[name].params
        if isinstance(option, FieldOption) and len(option.dialects) < len(DIALECTS)
    }
    assert fields <= set(OPTIONS)
    assert len(LACKING) > 30


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("send", "f", "--to", "0491570156", "--from", "x"), "--from is not supported in Cellcast v3: leave it out; v1 has it"),
        (("check", "f", "--from", "x"), "--from is not supported in Cellcast v3: leave it out; v1 has it"),
    ],
)
def test_a_generation_of_cellcast_refuses_in_the_same_way(run, monkeypatch, argv, message):
    monkeypatch.setenv("SKYMMS_CELLCAST_GENERATION", "v3")
    monkeypatch.setenv("SKYMMS_CELLCAST_KEY", "a-key-of-cellcast")
    result = run("cellcast", *argv, f='name = "a"\n[[slide]]\ntext = "Hi"\n')
    assert (result.status, result.out, result.err) == (2, "", f"{message}\n")


def test_v1_refuses_what_only_v3_has(run, monkeypatch):
    monkeypatch.setenv("SKYMMS_CELLCAST_KEY", "a-key-of-cellcast")
    result = run("cellcast", "responses", "--mark-read", "--generation", "v1")
    assert result.err == "--mark-read is not supported in Cellcast v1: leave it out; v3 has it\n"
    cellcast = command.commands["cellcast"]
    assert isinstance(cellcast, click.Group)
    options = [one for each in cellcast.commands.values() for one in each.params if isinstance(one, CellcastOption)]
    assert {one.generations for one in options} == {("v3",), ("v1",)}
    assert {"v3", "v1"} == set(GENERATIONS)
