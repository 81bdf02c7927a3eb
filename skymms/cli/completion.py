"""`skymms completion` prints the script that completes commands and options in a shell.

The scripts call skymms at each completion, with ``_SKYMMS_COMPLETE`` set. All shells pass the line up to the cursor in
``COMP_LINE``, because the words of bash are cut at ``=`` and ``:``, as in ``--dialect=sin``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import click
from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

from ..errors import SkymmsError
from .exit_status import Status
from .repeated import command

_BASH = """\
# Completion of skymms for bash 4.4 or newer.
# Keep it in ~/.local/share/bash-completion/completions/skymms (needs the package bash-completion),
# or in any file that ~/.bashrc sources.
%(complete_func)s() {
    local line="${COMP_LINE:0:COMP_POINT}" kind value
    COMPREPLY=()
    while IFS= read -r kind && IFS= read -r value; do
        case $kind in
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
            open) compopt -o nospace; COMPREPLY+=("$value") ;;
            *) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_LINE="$line" %(complete_var)s=bash_complete "${1/#\\~\\//$HOME/}" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_ZSH = """\
#compdef %(prog_name)s
# Completion of skymms for zsh. Keep it as _skymms in a directory of $fpath, or in any file that ~/.zshrc sources after
# `autoload -Uz compinit && compinit`.
%(complete_func)s() {
    local line="${(j: :)words[1,CURRENT-1]} $PREFIX" kind value help
    local -a described opened
    [[ $PREFIX == --*=* ]] && compset -P '--*='
    while IFS= read -r kind && IFS= read -r value && IFS= read -r help; do
        value="${value//:/\\\\:}${help:+:$help}"
        case $kind in
            file) _files ;;
            dir) _files -/ ;;
            open) opened+=("$value") ;;
            *) described+=("$value") ;;
        esac
    done < <(COMP_LINE="$line" %(complete_var)s=zsh_complete "${words[1]/#\\~\\//$HOME/}" 2>/dev/null)
    (( $#described )) && _describe -V unsorted described
    (( $#opened )) && _describe -V unsorted opened -S ''
    return 0
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""
_FISH = """\
# Completion of skymms for fish. Keep it in ~/.config/fish/completions/skymms.fish.
function %(complete_func)s
    set -l command (commandline -opc)[1]
    for line in (COMP_LINE=(commandline -cp | string collect) %(complete_var)s=fish_complete $command 2>/dev/null)
        switch $line
            case file dir
                __fish_complete_path (commandline -ct)
            case '*'
                echo $line
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class _Shell(ShellComplete):
    """Reads the line that is completed. A completion that does not end its word, such as ``E106:times=``, is ``open``."""

    def get_completion_args(self) -> tuple[list[str], str]:
        # With a letter at its end, a line that ends with a blank has an empty last word.
        words = split_arg_string(os.environ.get("COMP_LINE", "") + "x")
        return words[1:-1], words[-1][:-1]

    def complete(self) -> str:
        arguments, incomplete = self.get_completion_args()
        items = self.get_completions(arguments, incomplete)
        return "\n".join(self.format_completion(self._in_word(item, incomplete)) for item in items)

    def _in_word(self, item: CompletionItem[str], word: str) -> CompletionItem[str]:
        """Return a completion as the shell needs it, which may be different in a word such as ``--dialect=sin``."""
        return item


def _kind(item: CompletionItem[str]) -> str:
    return "open" if item.type == "plain" and item.value.endswith(("=", ":")) else str(item.type)


def _prefix(word: str) -> str:
    """Return the name of the option in ``--dialect=sin``, with its ``=``; empty for other words."""
    option, equals, _ = word.partition("=")
    return option + equals if equals and option.startswith("--") else ""


class _Bash(_Shell):
    name = "bash"
    source_template = _BASH

    def _in_word(self, item: CompletionItem[str], word: str) -> CompletionItem[str]:
        # bash replaces what follows the last = or : of the word.
        cut = max(word.rfind("="), word.rfind(":")) + 1
        whole = _prefix(word) + str(item.value)
        return item if item.type != "plain" else CompletionItem(whole[cut:])

    def format_completion(self, item: CompletionItem[str]) -> str:
        return f"{_kind(item)}\n{item.value}"


class _Zsh(_Shell):
    name = "zsh"
    source_template = _ZSH

    def format_completion(self, item: CompletionItem[str]) -> str:
        return f"{_kind(item)}\n{item.value}\n{_one_line(item.help)}"


class _Fish(_Shell):
    name = "fish"
    source_template = _FISH

    def _in_word(self, item: CompletionItem[str], word: str) -> CompletionItem[str]:
        if item.type != "plain":
            return item
        return CompletionItem(_prefix(word) + str(item.value), help=item.help)

    def format_completion(self, item: CompletionItem[str]) -> str:
        if item.type != "plain":
            return str(item.type)
        return f"{item.value}\t{_one_line(item.help)}" if item.help else str(item.value)


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


_SHELLS: Mapping[str, type[_Shell]] = {one.name: one for one in (_Bash, _Zsh, _Fish)}


#: How to keep the script of each shell.
_HOW: Mapping[str, str] = {
    "bash": "mkdir -p ~/.local/share/bash-completion/completions\n"
    "skymms completion bash > ~/.local/share/bash-completion/completions/skymms",
    "zsh": "mkdir -p ~/.zfunc && skymms completion zsh > ~/.zfunc/_skymms\n"
    "# in ~/.zshrc: fpath+=~/.zfunc; autoload -Uz compinit && compinit",
    "fish": "skymms completion fish > ~/.config/fish/completions/skymms.fish",
}


def complete(group: click.Command, instruction: str) -> int:
    """Print a completion script, or what completes a line; ``instruction`` is the value of ``_SKYMMS_COMPLETE``."""
    name, _, what = instruction.partition("_")
    if name not in _SHELLS:  # the older order of click
        name, what = what, name
    if name not in _SHELLS or what not in {"source", "complete"}:
        print(f"_SKYMMS_COMPLETE={instruction!r:.80} must be bash, zsh or fish, with _source or _complete", file=sys.stderr)
        return Status.USAGE
    shell = _SHELLS[name](group, {}, "skymms", "_SKYMMS_COMPLETE")
    if what == "source":
        sys.stdout.write(shell.source())
        return Status.DONE
    try:
        sys.stdout.write(shell.complete() + "\n")
    except (SkymmsError, OSError, ValueError):
        # A file that is wrong, such as the configuration. The command itself says so.
        return Status.USAGE
    return Status.DONE


@command()
@click.argument("shell", type=click.Choice(list(_SHELLS)))
def completion(shell: str) -> int:
    """Print the script that completes commands and options in your shell.

    \b
    bash: mkdir -p ~/.local/share/bash-completion/completions
          skymms completion bash > ~/.local/share/bash-completion/completions/skymms
    zsh:  mkdir -p ~/.zfunc; skymms completion zsh > ~/.zfunc/_skymms
          in ~/.zshrc, before compinit: fpath+=~/.zfunc
    fish: skymms completion fish > ~/.config/fish/completions/skymms.fish

    Then open a new terminal.
    """
    sys.stdout.write(_SHELLS[shell](click.Command("skymms"), {}, "skymms", "_SKYMMS_COMPLETE").source())
    if sys.stdout.isatty():
        from .output import print_message

        print_message(f"To keep it:\n{_HOW[shell]}\nThen open a new terminal.")
    return Status.DONE
