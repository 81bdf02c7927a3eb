"""XML bodies that a parser must refuse, and unusual bodies that are valid.

Each attack gets a function that writes a valid document, so that the same table serves postbacks, responses and requests.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

NUMBER = "15551234888"
KB = 1024


class Make(Protocol):
    """Writes a document that is valid except for what is inserted."""

    def __call__(self, *, before: str = "", to: str = NUMBER, more: str = "", attributes: str = "") -> bytes: ...


class Scene(NamedTuple):
    """What an attack tries to read: a file of this machine, and a server on it."""

    file: Path
    url: str


Body = Callable[[Make, Scene], bytes]


def doctype(inside: str, root: str = "POSTBACK") -> str:
    return f"<!DOCTYPE {root} [{inside}]>"


def laughs(levels: int, each: int) -> str:
    first = '<!ENTITY a0 "ha">'
    return first + "".join(f'<!ENTITY a{at} "' + f"&a{at - 1};" * each + '">' for at in range(1, levels))


def nested(name: str, depth: int, inside: str = "") -> str:
    return f"<{name}>" * depth + inside + f"</{name}>" * depth


def encoded(name: str, *, declared: str | None = None, mark: bytes = b"") -> Body:
    before = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return lambda make, scene: mark + make(before=before).decode().encode(name)


REFUSED: dict[str, Body] = {
    # Entities and document types.
    "a billion laughs": lambda make, scene: make(before=doctype(laughs(10, 10)), to="&a9;"),
    "a billion laughs nobody asks for": lambda make, scene: make(before=doctype(laughs(10, 10))),
    "a billion laughs in an attribute": lambda make, scene: make(before=doctype(laughs(10, 10)), attributes=' a="&a9;"'),
    "laughs by default": lambda make, scene: make(
        before=doctype(laughs(10, 10) + '<!ATTLIST POSTBACK a CDATA "&a9;"><!ATTLIST RESPONSE a CDATA "&a9;">')
    ),
    "quadratic blow-up": lambda make, scene: make(before=doctype(f'<!ENTITY a "{"x" * 20 * KB}">'), more="&a;" * 5000),
    "an entity that is itself": lambda make, scene: make(before=doctype('<!ENTITY a "&b;"><!ENTITY b "&a;">'), to="&a;"),
    "an entity amid a number": lambda make, scene: make(before=doctype('<!ENTITY x "5">'), to="1555&x;1234888"),
    "an empty entity amid a number": lambda make, scene: make(before=doctype('<!ENTITY x "">'), to="1555&x;1234888"),
    "an entity nobody declared amid a number": lambda make, scene: make(to="1555&x;1234888"),
    "an entity of HTML": lambda make, scene: make(to="1555&nbsp;1234888"),
    "an entity over lt": lambda make, scene: make(before=doctype('<!ENTITY lt "&#38;#60;">')),
    "an entity that makes elements": lambda make, scene: make(before=doctype('<!ENTITY x "<TO>666</TO>">'), more="&x;"),
    "a file": lambda make, scene: make(before=doctype(f'<!ENTITY x SYSTEM "{scene.file.as_uri()}">'), to="&x;"),
    "a file by its path": lambda make, scene: make(before=doctype(f'<!ENTITY x SYSTEM "{scene.file}">'), to="&x;"),
    "a file by a public name": lambda make, scene: make(before=doctype(f'<!ENTITY x PUBLIC "-//X" "{scene.file}">'), to="&x;"),
    "a file nobody asks for": lambda make, scene: make(before=doctype(f'<!ENTITY x SYSTEM "{scene.file}">')),
    "an address": lambda make, scene: make(before=doctype(f'<!ENTITY x SYSTEM "{scene.url}">'), to="&x;"),
    "a file in a parameter entity": lambda make, scene: make(before=doctype(f'<!ENTITY % x SYSTEM "{scene.file}"> %x;')),
    "an address in a parameter entity": lambda make, scene: make(before=doctype(f'<!ENTITY % x SYSTEM "{scene.url}"> %x;')),
    "a file sent to an address": lambda make, scene: make(
        before=doctype(
            f'<!ENTITY % f SYSTEM "{scene.file}"><!ENTITY % e "<!ENTITY &#37; s SYSTEM \'{scene.url}?%f;\'>"> %e; %s;'
        )
    ),
    "a DTD in a file": lambda make, scene: make(before=f'<!DOCTYPE POSTBACK SYSTEM "{scene.file.as_uri()}">'),
    "a DTD at an address": lambda make, scene: make(before=f'<!DOCTYPE POSTBACK SYSTEM "{scene.url}">'),
    "a DTD by a public name": lambda make, scene: make(before=f'<!DOCTYPE POSTBACK PUBLIC "-//X//X" "{scene.url}">'),
    "a bare DOCTYPE": lambda make, scene: make(before="<!DOCTYPE POSTBACK>"),
    "a DOCTYPE of HTML": lambda make, scene: make(before="<!DOCTYPE html>"),
    "a DOCTYPE after a comment": lambda make, scene: make(before="<!-- -->" + doctype('<!ENTITY x SYSTEM "x">')),
    "a DOCTYPE after an instruction": lambda make, scene: make(before="<?a b?>" + doctype("")),
    "a DOCTYPE after the declaration": lambda make, scene: make(before="<?xml version='1.0' standalone='yes'?>" + doctype("")),
    "a DOCTYPE within": lambda make, scene: make(more=doctype('<!ENTITY x "5">')),
    "an attribute by default": lambda make, scene: make(before=doctype('<!ATTLIST TO a CDATA "666">')),
    "a notation": lambda make, scene: make(
        before=doctype(f'<!NOTATION n SYSTEM "{scene.file}"><!ENTITY x SYSTEM "x" NDATA n>')
    ),
    # Sizes.
    "a hundred thousand levels": lambda make, scene: make(more=nested("a", 100_000)),
    "three thousand levels": lambda make, scene: make(more=nested("a", 3_000)),
    "two hundred levels": lambda make, scene: make(more=nested("a", 200)),
    "levels that are never closed": lambda make, scene: make(more="<a>" * 10_000),
    "a million siblings": lambda make, scene: make(more="<a/>" * 1_000_000),
    "a hundred thousand attributes": lambda make, scene: make(attributes="".join(f' a{at}=""' for at in range(100_000))),
    "ten megabytes of words": lambda make, scene: make(more=f"<a>{'x' * 10_000_000}</a>"),
    "ten megabytes of blanks": lambda make, scene: make(before=" " * 10_000_000),
    "ten megabytes of comment": lambda make, scene: make(before=f"<!--{'x' * 10_000_000}-->"),
    "a name of fifty thousand characters": lambda make, scene: make(more=f"<{'a' * 25_000}/><{'b' * 25_000}/>"),
    "a name of fifty thousand digits": lambda make, scene: make(more=f"<a{'1' * 49_000}x/>"),
    "long names around many nodes": lambda make, scene: make(more=nested("n" * 250, 100, "<a/>" * 1_000)),
    "long names around one another": lambda make, scene: make(more=nested("n" * 50, 10, "<a/>" * 10_000)),
    "a long namespace around many nodes": lambda make, scene: make(
        more=f'<x:a xmlns:x="{"n" * 30_000}">{"<x:a/>" * 4_000}</x:a>'
    ),
    # Encodings.
    "UTF-16": encoded("utf-16"),
    "UTF-16, little end first, without a mark": encoded("utf-16-le"),
    "UTF-16, big end first, without a mark": encoded("utf-16-be"),
    "UTF-16, declared": encoded("utf-16", declared="UTF-16"),
    "UTF-16 that says it is UTF-8": encoded("utf-16", declared="UTF-8"),
    "UTF-16 without a mark that says it is UTF-8": encoded("utf-16-le", declared="UTF-8"),
    "UTF-32": encoded("utf-32"),
    "UTF-32, declared": encoded("utf-32-be", declared="UTF-32"),
    "UTF-7 with hidden tags": lambda make, scene: b"+ADw-!DOCTYPE POSTBACK+AD4-" + make(),
    "EBCDIC": encoded("cp037", declared="IBM037"),
    "the mark of UTF-16 before UTF-8": encoded("utf-8", mark=b"\xff\xfe"),
    "two encodings in turn": lambda make, scene: make() + make().decode().encode("utf-16"),
    "a byte that is no UTF-8": lambda make, scene: make().replace(b"T1", b"T\xff1"),
    "an overlong less-than": lambda make, scene: make().replace(b"T1", b"\xc0\xbcTO>666\xc0\xbc/TO>"),
    "half a surrogate pair": lambda make, scene: make().replace(b"T1", b"\xed\xa0\x80"),
    "the half of a character at the end": lambda make, scene: make() + b"\xe2\x82",
    "a character beyond the last": lambda make, scene: make().replace(b"T1", b"\xf4\x90\x80\x80"),
    # Characters.
    "a NUL amid a number": lambda make, scene: make().replace(NUMBER.encode(), b"1555\x001234888"),
    "a NUL at the end": lambda make, scene: make() + b"\x00",
    "a NUL, and then another document": lambda make, scene: make() + b"\x00" + make(to="666"),
    "a NUL by reference": lambda make, scene: make(to="1555&#0;1234888"),
    "a surrogate by reference": lambda make, scene: make(to="1555&#xD800;1234888"),
    "no character by reference": lambda make, scene: make(to="1555&#xFFFF;1234888"),
    "a reference beyond Unicode": lambda make, scene: make(to="1555&#x110000;1234888"),
    "a reference that wraps around": lambda make, scene: make(to="1555&#4294967345;1234888"),
    "a bell": lambda make, scene: make(to="1555\a1234888"),
    "a bare ampersand": lambda make, scene: make(to="1555&1234888"),
    "the end of a CDATA section by itself": lambda make, scene: make(to="1555]]>1234888"),
    "a CDATA section that is never closed": lambda make, scene: make(more="<![CDATA[ "),
    "a CDATA section that is closed twice": lambda make, scene: make(to="<![CDATA[1555]]>]]>1234888"),
    "a comment that is never closed": lambda make, scene: make(more="<!-- "),
    "a comment with two dashes": lambda make, scene: make(more="<!-- -- -->"),
    # Structure.
    "two numbers": lambda make, scene: make(more="<TO>15550000666</TO>"),
    "two numbers in two spellings": lambda make, scene: make(more="<to>15550000666</to>"),
    "two tracking ids": lambda make, scene: make(more="<tracking-id>T1</tracking-id>"),
    "two tracking ids in an unknown spelling": lambda make, scene: make(more="<_Tracking_Id->T1</_Tracking_Id->"),
    "an element amid a number": lambda make, scene: make(to="1555<b/>1234888"),
    "a number within a number": lambda make, scene: make(to="1555<TO>1234888</TO>"),
    "a number around an element": lambda make, scene: make(to="<b>1555</b>1234888"),
    "XInclude amid a number": lambda make, scene: make(
        to=f'1555<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{scene.file.as_uri()}" parse="text"/>1234888'
    ),
    "a namespace of its own": lambda make, scene: make(attributes=' xmlns="http://evil.example/"'),
    "a prefix nobody declared": lambda make, scene: make(more="<x:a/>"),
    "an attribute twice": lambda make, scene: make(attributes=' a="1" a="2"'),
    "an attribute without quotes": lambda make, scene: make(attributes=" a=1"),
    "tags that cross": lambda make, scene: make(more="<a><b></a></b>"),
    "two roots": lambda make, scene: make() + make(),
    "words before the root": lambda make, scene: b"OK " + make(),
    "words after the root": lambda make, scene: make() + b"OK",
    "a declaration that comes late": lambda make, scene: make(before="<!-- --><?xml version='1.0'?>"),
    "a declaration within": lambda make, scene: make(more="<?xml version='1.0'?>"),
    "a root that is never closed": lambda make, scene: make()[:-3],
    "no root": lambda make, scene: b"<?xml version='1.0'?>",
    "a root of another kind": lambda make, scene: b"<html><body>" + make() + b"</body></html>",
    "a style sheet as the root": lambda make, scene: (
        b'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"/>'
    ),
    "the address of a file": lambda make, scene: scene.file.as_uri().encode(),
    "the path of a file": lambda make, scene: str(scene.file).encode(),
    "an address in place of a document": lambda make, scene: scene.url.encode(),
}

#: The attacks that a postback survives, because its characters are repaired. Nothing else is.
REPAIRED = frozenset(
    {
        "a byte that is no UTF-8",
        "an overlong less-than",
        "half a surrogate pair",
        "a character beyond the last",
        "a NUL amid a number",
        "a NUL by reference",
        "a surrogate by reference",
        "no character by reference",
        "a reference beyond Unicode",
        "a reference that wraps around",
        "a bell",
    }
)

HARMLESS: dict[str, Body] = {
    "nothing strange": lambda make, scene: make(),
    "a declaration": lambda make, scene: make(before="<?xml version='1.0' encoding='utf-8' standalone='yes'?>"),
    "the mark of UTF-8": encoded("utf-8-sig"),
    "ASCII, declared": encoded("ascii", declared="US-ASCII"),
    # Text in ASCII is the same text whatever encoding is declared.
    "ASCII that says it is UTF-16": encoded("ascii", declared="UTF-16"),
    "ASCII that says it is latin-1": encoded("latin-1", declared="ISO-8859-1"),
    "ASCII that says it is windows-1252": encoded("cp1252", declared="windows-1252"),
    "ASCII that says it is Shift-JIS": encoded("shift_jis", declared="Shift_JIS"),
    "ASCII that says it is HZ": encoded("ascii", declared="HZ-GB-2312"),
    "ASCII that says it is in an encoding that does not exist": encoded("ascii", declared="x-user-defined"),
    "UTF-7 without its escapes": encoded("utf-7", declared="UTF-7"),
    "white space before a declaration": lambda make, scene: b" \r\n\t" + make(before="<?xml version='1.0'?>"),
    "a mark and white space before a declaration": lambda make, scene: (
        b"\xef\xbb\xbf\n" + make(before="<?xml version='1.0' encoding='UTF-8'?>")
    ),
    "a comment amid a number": lambda make, scene: make(to="1555<!-- -->1234888"),
    "comments all over a number": lambda make, scene: make(to="<!-- a -->1<!---->555123<!-- b -->4888<!-- c -->"),
    "an instruction amid a number": lambda make, scene: make(to="1555<?cut here?>1234888"),
    "a CDATA section amid a number": lambda make, scene: make(to="1555<![CDATA[1234]]>888"),
    "a number in two CDATA sections": lambda make, scene: make(to="<![CDATA[1555]]><![CDATA[1234888]]>"),
    "an empty CDATA section amid a number": lambda make, scene: make(to="1555<![CDATA[]]>1234888"),
    "a CDATA section that holds tags": lambda make, scene: make(more="<a><![CDATA[</a><TO>666</TO>]]></a>"),
    "a comment that holds tags": lambda make, scene: make(more="<!-- <TO>666</TO> -->"),
    "a digit by reference": lambda make, scene: make(to="1555&#49;23&#x34;888"),
    "every digit by reference": lambda make, scene: make(to="".join(f"&#{ord(digit)};" for digit in NUMBER)),
    "blanks around a number": lambda make, scene: make(to=f"\n  {NUMBER}\t "),
    "a schema's address": lambda make, scene: make(
        attributes=f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x {scene.url}"'
    ),
    "a schema's file": lambda make, scene: make(
        attributes=' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:noNamespaceSchemaLocation="{scene.file.as_uri()}"'
    ),
    "a style sheet's address": lambda make, scene: make(before=f'<?xml-stylesheet type="text/xsl" href="{scene.url}"?>'),
    "XInclude of a file": lambda make, scene: make(
        more=f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{scene.file.as_uri()}" parse="text"/>'
    ),
    "XInclude of an address": lambda make, scene: make(
        more=f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{scene.url}"/>'
    ),
    "another base": lambda make, scene: make(attributes=f' xml:base="{scene.url}"'),
    "a number of somebody else's": lambda make, scene: make(more='<x:TO xmlns:x="urn:evil">15550000666</x:TO>'),
    "a number further down": lambda make, scene: make(more="<a><TO>15550000666</TO></a>"),
    "ten thousand siblings": lambda make, scene: make(more="<a/>" * 10_000),
    "four thousand attributes": lambda make, scene: make(attributes="".join(f' a{at}=""' for at in range(4_000))),
    "sixty kilobytes of words": lambda make, scene: make(more=f"<a>{'x' * 60 * KB}</a>"),
    "sixty kilobytes of references": lambda make, scene: make(more=f"<a>{'&amp;' * 12 * KB}</a>"),
    "nodes named like our fields": lambda make, scene: make(more="<raw>1</raw><self>2</self><slides>3</slides>"),
    "a node named like Python": lambda make, scene: make(more="<__class__>os</__class__><__init__>1</__init__>"),
}
