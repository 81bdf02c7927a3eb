"""Writes the pages of docs/ that are made from the code: rules.md, errors.md, dialects.md, and the tables of sandbox.md.

``make docs`` runs it.

A test compares the pages with what this writes, so they cannot fall behind.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path

from skymms import codes, errors, limits
from skymms.sandbox import FAULTS
from skymms.sandbox.outcomes import OUTCOMES
from skymms.validation import validator as rules
from skymms.validation import warnings
from skymms.wire import table
from skymms.wire.dialects import DIALECTS
from skymms.wire.notation import Row, accepted_names, is_required

HERE = Path(__file__).parent
MADE = "<!-- Made from the code by docs/generate.py: edit the code, then run `make docs`. -->\n"


def rows(*cells: Iterable[str]) -> Iterator[str]:
    for line in cells:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"


def table_of(head: list[str], body: Iterable[Iterable[str]]) -> str:
    return "\n".join(rows(head, ["---"] * len(head), *body)) + "\n"


# ------------------------------------------------------------------------------------------------ rules.md


def rules_page() -> str:
    refusals = [
        (rule.code or "", rule.field or "any text", rule.description, "at once" if rule.at_build else "before sending")
        for rule in sorted(rules.RULES, key=lambda rule: (rule.code or "", rule.field))
    ]
    advised = [(rule.field, rule.description) for rule in warnings.WARNINGS]
    documented = limits.DOCUMENTED
    return f"""# The rules
{MADE}
One list, in `skymms/validation/`. The builder, `problems()`, the client, `skymms check` and the sandbox judge by it; all problems of
a message are found in one pass. "At once" means that `Slideshow.slide(...)` itself refuses; the others can still become right
and are looked at before anything is sent.

{table_of(["code", "field", "rule", "enforced"], refusals)}
An account may insist on more with `Account(limits=Limits(required=frozenset({{"operator_id"}})))`, or have other figures:
`Limits(max_slides={documented.max_slides}, max_text={documented.max_text}, max_subject={documented.max_subject})` are the documented ones. \
What each dialect insists on is marked in [dialects.md](dialects.md).

The sizes of files are looked at by who fetches them: the gateway, and the sandbox when asked to. In bytes, each may be changed:
`Limits(max_image={documented.max_image}, max_gif={documented.max_gif}, max_audio={documented.max_audio}, \
max_video={documented.max_video}, max_object={documented.max_object})`. 1.3 publishes no figures ("see your API settings");
these are the ones Sinch, its successor, publishes for uploads that are transcoded.

## Advices

Never a reason not to send; `warnings()` gives them, and `skymms check` shows them apart.

{table_of(["field", "advice"], advised)}"""


# ------------------------------------------------------------------------------------------------ errors.md


def errors_page() -> str:
    tree = inspect.getdoc(errors) or ""
    drawn = inspect.cleandoc(tree.partition("::\n")[2].partition("\nAll of them")[0])
    listed = [
        (code, known.family, known.meaning, known.remedy + (f" *{known.note}*" if known.note else ""))
        for code, known in sorted(codes.ANSWERS.items())
    ]
    events = [(code, known.kind, known.meaning, known.remedy) for code, known in sorted(codes.EVENTS.items())]
    return f"""# Errors and codes
{MADE}
One code has one class, whoever found it: `except AudioWithVideoError` catches the builder's refusal (`foreseen` is true, nothing
left the machine) and the gateway's. `sent_maybe` is true where a message may have gone out: do not send it again.

```
{drawn}
```

`skymms explain E227` says on the command line what stands here. A code this list lacks is raised as `MMSError` with the code kept.

## In answers

{table_of(["code", "class", "meaning", "what to do"], listed)}
## In postbacks

A code means something only in its channel: E101, E102, E201 and E999 stand in both lists.

{table_of(["code", "kind", "meaning", "what to do"], events)}"""


# ------------------------------------------------------------------------------------------------ dialects.md


def spelling(row: Row, column: int) -> str:
    name, *older = accepted_names(row, column) or ("",)
    once = f" (once {', '.join(f'`{one}`' for one in older)})" if older else ""
    return f"`{name}`{' **!**' if is_required(row, column) else ''}{once}" if name else "–"


def actions_of(operation: type) -> str:
    """The values of its ACTION, each once, those of former times last."""
    now = dict.fromkeys(action for dialect in DIALECTS.values() if (action := dialect.action(operation)))
    once = dict.fromkeys(action for dialect in DIALECTS.values() for action in dialect.accepted_actions(operation)[1:])
    return ", ".join(f"`{action}`" for action in now) + (f"; once {', '.join(f'`{one}`' for one in once)}" if once else "")


def block(title: str, listed: Iterable[Row], names: list[str]) -> str:
    body = [(f"`{row.field}`", *(spelling(row, column) for column in range(len(names)))) for row in listed]
    return f"### {title}\n\n" + (table_of(["field", *names], body) if body else "No fields.\n")


def dialects_page() -> str:
    asked = [f"`{name}`" for name in DIALECTS]
    answered = ["1.3", "successor, XML", "successor, JSON"]
    operations = [
        block(f"{operation.__name__} ({actions_of(operation)})", table.ENVELOPE[1:] + listed, asked)
        for operation, (_, listed) in table.REQUESTS.items()
    ]
    replies = [block(reply.__name__, listed, answered) for reply, listed in table.REPLIES.items()]
    notices = [block(notice.__name__, listed, answered) for notice, listed in table.NOTICES.items()]
    spoken = [
        (f"`{one.name}`", one.title, f"`{one.url}`", one.placement, f"`{one.codec.__name__.rpartition('.')[2]}`")
        for one in DIALECTS.values()
    ]
    return f"""# The dialects
{MADE}
{table_of(["dialect", "what it is", "where it is spoken", "the document travels", "codec"], spoken)}
The tables below are `skymms/wire/table.py`, which writes requests and reads them. **!** marks what a dialect insists on; – means that it
has no word for the field, and a message that sets it is refused before anything is sent, naming the field and the slide.
`[]` is a repeated group, `#` the number of a slide (from 0) or the key of a mapping, `*` a name of yours, `@` an attribute.
What a thing was called *once* is understood and never written; so is 1.3's nesting until 2014-02 (`CONTENT/SEQUENCE/SLIDE`).

## Requests

{chr(10).join(operations)}
## Answers

{chr(10).join(replies)}
## Postbacks

Names are compared without case, `-` and `_`, and both columns are read at once.

{chr(10).join(notices)}"""


# ------------------------------------------------------------------------------------------------ sandbox.md


def faults_table() -> str:
    listed = [(f"`{how}`", fault.description, "yes" if fault.accepted else "no") for how, fault in FAULTS.items()]
    return table_of(["how", "what the caller sees", "taken"], [*listed, ("a code", "that refusal", "no")])


def outcomes_table() -> str:
    listed = [
        (
            f"`{code}`",
            codes.EVENTS[code].meaning,
            ", ".join(f"{step.code} *{step.status}*{' as SMS' * (step.sent_as == 'SMS')}" for step in steps),
        )
        for code, steps in OUTCOMES.items()
    ]
    return table_of(["outcome", "meaning", "reports"], listed)


def sandbox_page() -> str:
    """The page as it stands, with its tables made anew."""
    page = (HERE / "sandbox.md").read_text(encoding="utf-8")
    for name, made in (("faults", faults_table), ("outcomes", outcomes_table)):
        before, mark, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        page = f"{before}{mark}{made()}{end}{after}"
    return page


PAGES = {"rules.md": rules_page, "errors.md": errors_page, "dialects.md": dialects_page, "sandbox.md": sandbox_page}


def main() -> None:
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
        print("written:", name)


if __name__ == "__main__":
    main()
