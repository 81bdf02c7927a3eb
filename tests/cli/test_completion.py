"""Completion in real shells: bash and zsh in a terminal, and fish by its own `complete -C`.

Debian's packages are `zsh` and `fish`. Tests of a shell that is not installed are skipped, and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cli_process import PYTHONPATH, environ, run_process
from terminal import Terminal

from skymms.cli import main
from skymms.codes import ANSWERS, EVENTS
from skymms.sandbox import FAULTS
from skymms.wire.dialects import DIALECTS

SHELLS = ("bash", "zsh", "fish")


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@pytest.fixture
def complete(monkeypatch, capsys):
    """Completes a line in this process, as a shell asks for it, and returns the values."""

    def ask(line: str, shell: str = "bash") -> list[str]:
        with monkeypatch.context() as patch:
            patch.setenv("COMP_LINE", f"skymms {line}")
            patch.setenv("_SKYMMS_COMPLETE", f"{shell}_complete")
            status = main([])
        out, err = capsys.readouterr()
        assert (status, err) == (0, "")
        lines = out.split("\n")[:-1]
        return lines if shell == "fish" else lines[1 :: 2 if shell == "bash" else 3]

    return ask


# ------------------------------------------------------------------------------------------------ what is offered


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("se", ["send", "send-saved"]),
        ("broadcast st", ["status"]),
        ("inbox qu", ["quarantine"]),
        ("completion ", list(SHELLS)),
        ("send --dr", ["--dry-run"]),
        ("send f --dialect si", ["sinch", "sinch-json"]),
        ("send f --dialect ", list(DIALECTS)),
        ("send --dialect=sk", ["skycore", "skycore-get"]),
        ("cellcast send --generation ", ["v3", "v1"]),
        ("explain e22", sorted(code for code in ANSWERS if code.startswith("E22"))),
        ("explain E226 N10", sorted(code for code in EVENTS if code.startswith("N10"))),
        ("sandbox --fail dr", ["drop"]),
        ("sandbox --fail E10", sorted(code for code in ANSWERS if code.startswith("E10"))),
        # bash replaces what follows the last colon.
        ("sandbox --fail E106:", ["times=", "every=", "seconds=", "to="]),
        ("sandbox --fail 503:every=2:ti", ["times="]),
        ("sandbox --waive su", ["subject", "subscriber_ref"]),
        ("send --waive su", ["subject", "subscriber_ref"]),
        # An option that the chosen dialect does not have is not offered.
        ("send f --dialect sinch --c", ["--check-media"]),
        ("send f --dialect skycore --c", ["--campaign-ref", "--check-media"]),
        ("send f --c", ["--campaign-ref", "--client-reference", "--check-media"]),
        ("cellcast send f --generation v3 --f", ["--file"]),
        ("cellcast send f --generation v1 --f", ["--from", "--file"]),
        ("nonsense x", []),
        ("send 'unfinished", ["unfinished"]),
    ],
)
def test_what_is_offered(complete, line, offered):
    assert complete(line) == offered


def test_the_dialect_of_the_environment_counts(complete, monkeypatch):
    monkeypatch.setenv("SKYMMS_DIALECT", "sinch-json")
    assert complete("send f --c") == ["--client-reference", "--check-media"]


def test_faults_are_offered_with_their_effects(complete):
    assert complete("sandbox --fail ", "fish")[0] == f"refuse\t{FAULTS['refuse'].description}"


def test_profiles_are_offered_by_name(complete, monkeypatch, tmp_path):
    config = tmp_path / "config.toml"
    monkeypatch.setenv("SKYMMS_CONFIG", str(config))
    assert complete("--profile ") == []
    config.write_text('[profiles.live]\napi_key = "not-a-key"\n[profiles.test]\n[profiles.late]\n')
    assert complete("--profile l") == ["late", "live"]
    assert complete("--profile=t") == ["test"]
    config.write_text("[profiles\n")
    assert complete("--profile ") == []


@pytest.mark.parametrize(
    "line",
    [
        "check co",
        "send co",
        "cellcast send f --file co",
        "broadcast create spring f --recipients co",
        "broadcast status spring --ledger co",
        "inbox list --store co",
        "inbox serve --secret-file co",
        "inbox serve --basic-auth-file co",
        "report co",
        "publish f -o co",
        "doctor --ledger co",
    ],
)
def test_files_are_left_to_the_shell(complete, line):
    for shell in SHELLS:
        assert complete(line, shell) == (["file"] if shell == "fish" else ["co"])


@pytest.mark.parametrize("instruction", ["bash", "bash_run", "tcsh_source", "source_", "complete_ksh"])
def test_an_instruction_that_is_not_known_is_an_error(monkeypatch, capsys, instruction):
    monkeypatch.setenv("_SKYMMS_COMPLETE", instruction)
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert (out, f"_SKYMMS_COMPLETE='{instruction}' must be bash, zsh or fish" in err) == ("", True)


def test_where_something_cannot_be_read_nothing_is_offered(monkeypatch, capsys):
    def fail() -> list[str]:
        raise PermissionError("the configuration file")

    monkeypatch.setattr("skymms.cli.profiles.list_profiles", fail)
    monkeypatch.setenv("_SKYMMS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_LINE", "skymms --profile ")
    assert (main([]), *capsys.readouterr()) == (2, "", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_the_script_that_clicks_variable_prints(run, monkeypatch, capsys, shell):
    printed = run("completion", shell)
    assert (printed.status, printed.err) == (0, "")
    for instruction in (f"{shell}_source", f"source_{shell}"):
        monkeypatch.setenv("_SKYMMS_COMPLETE", instruction)
        assert main([]) == 0
        assert capsys.readouterr().out == printed.out


def test_in_a_terminal_the_command_says_where_to_keep_the_script(run, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "skymms completion fish > ~/.config/fish/completions/skymms.fish" in run("completion", "fish").err
    assert run("completion", "tcsh").status == 2


def test_a_completion_takes_less_than_a_second_of_processor_time():
    # Commands are imported one by one. Everything at once takes three times as long.
    started = os.times()
    run_process(_SKYMMS_COMPLETE="bash_complete", COMP_LINE="skymms se")
    ended = os.times()
    assert ended.children_user + ended.children_system - started.children_user - started.children_system < 1


def test_completing_a_name_imports_no_command():
    script = (
        "import sys; from skymms.cli import main; main([]); heavy = {'requests', 'lxml', 'rich', 'skymms.broadcast'}; "
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=environ(PYTHONPATH=PYTHONPATH, _SKYMMS_COMPLETE="zsh_complete", COMP_LINE="skymms "),
        timeout=60,
    )
    assert "Send one message to a list of numbers" in done.stdout
    assert done.stderr.strip() == ""


# ------------------------------------------------------------------------------------------------ shells


@pytest.fixture
def place(tmp_path, monkeypatch) -> dict[str, str]:
    """A directory with a command `skymms`, the scripts, and a file; and the environment for a shell there."""
    command = tmp_path / "bin" / "skymms"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m skymms "$@"\n')
    command.chmod(0o755)
    (tmp_path / "coupon.toml").touch()
    for shell in SHELLS:
        (tmp_path / f"script.{shell}").write_text(run_process("completion", shell).out)
    environment = {
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "PYTHONPATH": PYTHONPATH,
        "HOME": str(tmp_path),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
        "PS1": "ready> ",
    }
    monkeypatch.chdir(tmp_path)
    return environment


LINES = [
    ("skymms se\t", ["send", "send-saved"]),
    ("skymms send --dialect si\t", ["sinch", "sinch-json"]),
    ("skymms send --dialect=si\t", ["sinch", "sinch-json"]),
    ("skymms sandbox --fail E106:ti\t", ["E106:times="]),
    ("skymms check cou\t", ["skymms check coupon.toml"]),
    ("skymms inbox quar\t", ["skymms inbox quarantine"]),
]


def type_and_read(argv: Sequence[str], environment: dict[str, str], setup: str, line: str, wanted: Sequence[str]) -> None:
    """Type a line into an interactive shell, and wait until all that completes it is on the screen."""
    with Terminal(argv, environment) as terminal:
        terminal.type(f"{setup}; echo set-$((40+2))\n")
        terminal.wait_for("set-42")
        at = len(terminal.screen)
        terminal.type(line)
        for text in wanted:
            terminal.wait_for(text, after=at)


@needs("bash")
@pytest.mark.parametrize(("line", "wanted"), LINES)
def test_bash(place, line, wanted):
    argv = ("bash", "--norc", "--noprofile", "-i")
    type_and_read(argv, place, "bind 'set show-all-if-ambiguous on'; source ./script.bash", line, wanted)


#: Lists what is ambiguous at the first key.
ZSH = "PS1='ready> '; unsetopt list_ambiguous; autoload -Uz compinit; compinit -u -D"


@needs("zsh")
@pytest.mark.parametrize(("line", "wanted"), LINES)
def test_zsh(place, line, wanted):
    type_and_read(("zsh", "-f", "-i"), place, f"{ZSH}; source ./script.zsh", line, wanted)


@needs("zsh")
def test_zsh_loads_the_script_from_fpath(place, tmp_path):
    (tmp_path / ".zfunc").mkdir()
    (tmp_path / "script.zsh").rename(tmp_path / ".zfunc" / "_skymms")
    type_and_read(("zsh", "-f", "-i"), place, f"fpath+=~/.zfunc; {ZSH}", "skymms se\t", ["send-saved"])


@needs("fish")
def test_fish(place):
    asked = ["skymms se", "skymms send --dialect si", "skymms send --dialect=si", "skymms sandbox --fail E106:ti"]
    asked += ["skymms check cou", "skymms explain E226"]
    script = "source script.fish; " + "; ".join(f'complete -C "{line}"; echo ===' for line in asked)
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], capture_output=True, text=True, env=place, timeout=60, check=True
    )
    found = [part.strip().splitlines() for part in done.stdout.split("===\n")[: len(asked)]]
    assert found == [
        ["send\tSend a slideshow to one phone number.", "send-saved\tSend a stored slideshow to one phone number."],
        ["sinch", "sinch-json"],
        ["--dialect=sinch", "--dialect=sinch-json"],
        ["E106:times="],
        ["coupon.toml"],
        [f"E226\t{ANSWERS['E226'].meaning}"],
    ]


def test_the_scripts_name_the_place_where_shells_look_for_them():
    page = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"
    for text in ("bash-completion/completions/skymms", "~/.zfunc/_skymms", ".config/fish/completions/skymms.fish"):
        assert text in page.read_text(encoding="utf-8")
