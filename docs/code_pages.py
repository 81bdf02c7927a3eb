"""A page for each code of the gateways, with the same parts as `skymms explain`, and a list of all codes."""

from __future__ import annotations

import re

from skymms.cli.explaining import CODES, Meaning, explain

#: Characters that Markdown would take for marks.
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|])")
_LABELS = {
    "class": "Class",
    "what to do": "What to do",
    "where": "Where",
    "found before sending": "Found before sending",
    "note": "Note",
}


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


def _fact(name: str, text: str) -> str:
    if name == "class":
        return f"`{text}`"
    lines = [_escaped(line) for line in text.splitlines()]
    return lines[0] if len(lines) == 1 else "".join(f"\n  - {line}" for line in lines)


def _part(code: str, meaning: Meaning, *, alone: bool) -> str:
    facts = "\n".join(f"- **{_LABELS[name]}:** {_fact(name, text)}" for name, text in meaning.facts)
    heading = "" if alone else f"## In {meaning.place}\n\n"
    text = _escaped(meaning.meaning)
    return f"""{heading}{text[0].upper()}{text[1:]}.

{facts}

{meaning.introduction}

```python
{meaning.example.program}```
"""


def code_page(code: str) -> str:
    """Return the page of a code."""
    meanings = explain(code)
    places = " and ".join(f"in {meaning.place}" for meaning in meanings)
    body = "\n".join(_part(code, meaning, alone=len(meanings) == 1) for meaning in meanings)
    return f"""---
orphan: true
---

<span id="code-{code}"></span>

# {code}

*Reference.* What {code} means {places}, and what to do. `skymms explain {code}` prints this page.

{body}
[All codes](index.md)
"""


def index_page() -> str:
    """Return the list of all codes."""
    rows = []
    for code in CODES:
        for meaning in explain(code):
            rows.append(f"| [{code}]({code}.md) | {meaning.place} | `{meaning.fact('class')}` | {_escaped(meaning.meaning)} |")
    return f"""# Codes

*Reference.* After this page you find the page of each code: what it means, what to do, and a program that gets it.

In a terminal, `skymms explain E226` prints the same. [Errors and codes](../errors.md) has all codes with their remedies on
one page.

| code | in | class | meaning |
| --- | --- | --- | --- |
{chr(10).join(rows)}
"""


def pages() -> dict[str, str]:
    """Return all pages by the names of their files."""
    return {"index.md": index_page(), **{f"{code}.md": code_page(code) for code in CODES}}
