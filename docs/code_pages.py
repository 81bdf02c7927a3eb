"""A page for each code of the gateways, with the same parts as `skymms explain`, and a list of all codes."""

from __future__ import annotations

from md_tables import escaped, table_of

from skymms.cli.explaining import CODES, Meaning, explain

_LABELS = {
    "class": "Class",
    "what to do": "What to do",
    "where": "Where",
    "rule": "Rule",
    "note": "Note",
}


def _fact(name: str, text: str) -> str:
    if name == "class":
        return f"`{text}`"
    lines = [escaped(line) for line in text.splitlines()]
    return lines[0] if len(lines) == 1 else "".join(f"\n  - {line}" for line in lines)


def _part(code: str, meaning: Meaning, *, alone: bool) -> str:
    facts = "\n".join(f"- **{_LABELS[name]}:** {_fact(name, text)}" for name, text in meaning.facts)
    heading = "" if alone else f"## {meaning.occasion[0].upper()}{meaning.occasion[1:]}: {escaped(meaning.meaning)}\n\n"
    return f"""{heading}{facts}

{meaning.introduction}

```python
{meaning.example.program}```
"""


def code_page(code: str) -> str:
    """Return the page of a code."""
    meanings = explain(code)
    places = " and ".join(meaning.occasion for meaning in meanings)
    # Two meanings have headings of their own.
    title = f": {escaped(meanings[0].meaning)}" if len(meanings) == 1 else ""
    body = "\n".join(_part(code, meaning, alone=len(meanings) == 1) for meaning in meanings)
    return f"""---
orphan: true
---

<span id="code-{code}"></span>

# {code}{title}

*Reference.* What {code} means, {places}, and what to do. `skymms explain {code}` prints this page.

{body}
[All codes](index.md)
"""


#: The tables of the list: the place of a meaning, and the heading.
PLACES = {
    "a response": "In responses of Skycore 1.3 and Sinch MMS",
    "Cellcast's response": "In responses of Cellcast",
    "a postback": "In postbacks",
}


def index_page() -> str:
    """Return the list of all codes."""
    tables = []
    for place, heading in PLACES.items():
        listed = [
            (f"[{code}]({code}.md)", escaped(meaning.meaning), f"`{meaning.fact('class')}`")
            for code in CODES
            for meaning in explain(code)
            if meaning.place == place
        ]
        tables.append(f"## {heading}\n\n{table_of(['code', 'meaning', 'class'], listed)}")
    return f"""# Codes

*Reference.* After this page you find the page of each code: what it means, what to do, and a program that gets it.

In a terminal, `skymms explain E226` prints the same. [Errors and codes](../errors.md) has all codes with their remedies on
one page.

{chr(10).join(tables)}"""


def pages() -> dict[str, str]:
    """Return all pages by the names of their files."""
    return {"index.md": index_page(), **{f"{code}.md": code_page(code) for code in CODES}}
