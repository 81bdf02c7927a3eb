"""Reads an HTML page as a browser's tokenizer does, for tests that ask what elements a page has."""

from __future__ import annotations

from html.parser import HTMLParser


class PageParts(HTMLParser):
    """The elements of a page, each with its attributes, and its text outside of styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.styles: list[str] = []
        self._in_style = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles.append(data)
        else:
            self.text += data

    def with_tag(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of each element with a tag."""
        return [attributes for name, attributes in self.elements if name == tag]
