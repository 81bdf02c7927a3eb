"""Bodies that a stranger could make to cost much time: for each format, functions from a size in bytes to a body of that size.

A shape repeats one thing that a parser, a regular expression or a loop of ours could look at more than once.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
import zlib
from collections.abc import Callable, Iterable

Shape = Callable[[int], bytes]


def times(unit: str, size: int) -> str:
    """Repeat a text up to a size."""
    return unit * (size // len(unit))


def numbered(form: str, size: int) -> str:
    """Repeat a text with a number in the place of ``#``, so that the names differ."""
    return "".join(form.replace("#", str(at)) for at in range(size // (len(form) + 4)))


def nested(begin: str, end: str, size: int, inside: str = "") -> str:
    """Put a text into itself."""
    depth = size // (len(begin) + len(end))
    return begin * depth + inside + end * depth


# ------------------------------------------------------------------------------------------------ XML

#: Shapes of the attributes of an element, and of what is in it.
_XML_ATTRIBUTES: dict[str, Callable[[int], str]] = {
    "attributes": lambda size: numbered(' a#=""', size),
    "an attribute twice": lambda size: times(' a=""', size),
    "namespaces": lambda size: numbered(' xmlns:a#="b"', size),
    "namespaces of attributes": lambda size: ' xmlns:n="b"' + numbered(' n:a#=""', size),
    "a long attribute": lambda size: ' a="' + "b" * size + '"',
    "references in an attribute": lambda size: ' a="' + times("&#65;&lt;", size) + '"',
}
_XML_CONTENT: dict[str, Callable[[int], str]] = {
    "siblings": lambda size: times("<A/>", size),
    "siblings with a text": lambda size: times("<TO>1</TO>", size),
    "siblings with an attribute": lambda size: times('<A x=""/>', size),
    "siblings of different names": lambda size: numbered("<A#/>", size),
    "siblings of different names with a text": lambda size: numbered("<SLIDE_#>a</SLIDE_#>", size),
    "siblings with a text, and an open element": lambda size: numbered("<SLIDE_#>a</SLIDE_#>", size) + "<A>",
    "an element with a long text": lambda size: f"<TO>{'a' * size}</TO>",
    "names that end in digits": lambda size: times(f"<SLIDE_{'1' * 200}/>", size),
    "deep elements": lambda size: nested("<A>", "</A>", size),
    "elements of depth 20": lambda size: times("<A>" * 20 + "</A>" * 20, size),
    "slides and merge values": lambda size: (
        times("<SLIDE><TEXT>{$a|b}</TEXT></SLIDE>", size // 2) + f"<DATA>{numbered('<A#>b</A#>', size // 2)}</DATA>"
    ),
    "slides": lambda size: times("<SLIDE><TEXT>a</TEXT></SLIDE>", size),
    "slides in lower case": lambda size: times("<slide><message-text>a</message-text></slide>", size),
    "custom texts": lambda size: numbered("<CUSTOMTEXT><SLIDE>#</SLIDE><VALUE>a</VALUE></CUSTOMTEXT>", size),
    "notifications": lambda size: times("<NOTIFICATION><CODE>N102</CODE><ORIGIN>MMS_MT</ORIGIN></NOTIFICATION>", size),
    "notifications in notifications": lambda size: nested("<NOTIFICATION>", "</NOTIFICATION>", size),
    "attributes of a status": lambda size: "<STATUS" + numbered(' a#="b"', size) + "/>",
    "texts in a group": lambda size: "<G>" + times("a<CONTENT/>", size) + "</G>",
    "references and texts": lambda size: times("ab&#0;", size),
    "an open reference": lambda size: "&#" + "1" * size,
    "open references": lambda size: times("&#1", size),
    "open comments": lambda size: times("<!--", size),
    "open instructions": lambda size: times("<?a", size),
    "open values": lambda size: times('<A a="', size // 2) + times("<A a='", size // 2),
    "statuses": lambda size: "<NOTIFICATION>" + times('<STATUS text="a"/>', size) + "</NOTIFICATION>",
    "messages of a report": lambda size: "<G>" + times('<CONTENT to="1"><A time="1"/></CONTENT>', size) + "</G>",
    "messages in messages": lambda size: f"<G>{nested('<CONTENT>', '</CONTENT>', size)}</G>",
    "groups in groups": lambda size: nested("<G id=''>", "</G>", size, "<CONTENT/>"),
    "groups of attributes": lambda size: times("<G" + numbered(' a#=""', 500) + "><CONTENT/></G>", size),
    "attributes in a group": lambda size: "<G" + numbered(' a#=""', size) + "><CONTENT/></G>",
    "attributes in a message": lambda size: "<G><CONTENT" + numbered(' a#=""', size) + "/></G>",
    "references": lambda size: times("&amp;", size),
    "character references": lambda size: times("&#65;", size),
    "surrogate references": lambda size: times("&#55357;&#56832;", size),
    "entities": lambda size: times("&a;", size),
    "CDATA": lambda size: times("<![CDATA[a]]>", size),
    "open CDATA": lambda size: times("<![CDATA[", size),
    "texts between comments": lambda size: times("a<!---->", size),
    "texts between instructions": lambda size: times("a<?a?>", size),
    "texts between elements": lambda size: times("a<A/>", size),
    "an element with texts between comments": lambda size: f"<TO>{times('a<!---->', size)}</TO>",
    "prefixed elements": lambda size: times('<n:A xmlns:n="b"/>', size),
    "namespaces in namespaces": lambda size: times('<A xmlns="b">' * 50 + "</A>" * 50, size),
    "prefixes in prefixes": lambda size: (
        "".join(f'<A xmlns:n{at}="b">' for at in range(200)) + times("<A/>", size) + "</A>" * 200
    ),
    "a long name": lambda size: f"<{'A' * size}/>",
    "a long name of hyphens": lambda size: f"<A{'-' * size}/>",
    "blanks": lambda size: " " * size,
    "lines": lambda size: "\n" * size,
    "brackets": lambda size: "<" * size,
    "open elements": lambda size: times("<A>", size),
    **{f"{name} of an element": lambda size, make=make: f"<TO{make(size)}>1</TO>" for name, make in _XML_ATTRIBUTES.items()},
}
#: Texts for a field: numbers, dates, codes, addresses.
TEXTS: dict[str, Callable[[int], str]] = {
    "digits": lambda size: "1" * size,
    "zeros": lambda size: "0" * size,
    "signs": lambda size: "+" * size,
    "dots": lambda size: times("1.", size),
    "commas": lambda size: "," * size,
    "numbers with commas": lambda size: times("1,", size),
    "blanks": lambda size: "1" + " " * size + "1",
    "blanks and digits": lambda size: times("1 ", size),
    "brackets": lambda size: "(" * size,
    "lines": lambda size: "\n" * size,
    "returns": lambda size: "\r" * size,
    "a date and digits": lambda size: "2031-01-02T03:04:05." + "1" * size,
    "dashes": lambda size: "-" * size,
    "colons": lambda size: ":" * size,
    "refusals": lambda size: times("=FIELD_INVALID\n", size),
    "numbers and equals signs": lambda size: times("=5", size),
    "merge tags": lambda size: times("{$a", size),
    "whole merge tags": lambda size: times("{$a|b}", size),
    "braces": lambda size: "{" * size,
    "JSON in a text": lambda size: times('{"', size),
    "escapes": lambda size: times("%41", size),
    "percent signs": lambda size: "%" * size,
    "emoji": lambda size: times("😀", size // 4),
    "a URL of slashes": lambda size: "http://a" + "/" * size,
    "a URL of dots": lambda size: "http://" + times("a.", size),
    "a URL of signs": lambda size: "http://" + "@" * size,
}


def xml_shapes(root: str, head: str, field: str) -> dict[str, Shape]:
    """Return the shapes of documents with this root, which begin with ``head``; ``field`` has the hostile texts."""

    def whole(inside: str, attributes: str = "") -> bytes:
        return f"<{root}{attributes}>{head}{inside}</{root}>".encode()

    return {
        **{f"{name} of the root": lambda size, make=make: whole("", make(size)) for name, make in _XML_ATTRIBUTES.items()},
        **{name: lambda size, make=make: whole(make(size)) for name, make in _XML_CONTENT.items()},
        **{f"text: {name}": lambda size, make=make: whole(f"<{field}>{make(size)}</{field}>") for name, make in TEXTS.items()},
        "blanks before": lambda size: b" " * size + whole(""),
        "blanks after": lambda size: whole("") + b" " * size,
        "comments before": lambda size: times("<!---->", size).encode() + whole(""),
        "a DOCTYPE": lambda size: ("<!DOCTYPE a [" + numbered('<!ENTITY a# "b">', size) + "]>").encode() + whole(""),
        "a DOCTYPE of attributes": lambda size: (
            ("<!DOCTYPE a [<!ATTLIST a " + numbered('a# CDATA "b" ', size) + ">]>").encode() + whole("")
        ),
    }


# ------------------------------------------------------------------------------------------------ JSON


_DIGITS = "slide_" + "1" * 200


def _array(items: Iterable[str]) -> str:
    return f"[{','.join(items)}]"


def _member(name: str, value: str) -> str:
    return f"{json.dumps(name)}:{value}"


_JSON_VALUES: dict[str, Callable[[int], str]] = {
    "lists": lambda size: _array(["[]"] * (size // 3)),
    "objects": lambda size: _array(["{}"] * (size // 3)),
    "objects with members": lambda size: _array(['{"a":"b"}'] * (size // 10)),
    "rows": lambda size: _array(['{"to":"61491570156","message_id":"1"}'] * (size // 38)),
    "rows of different numbers": lambda size: _array(f'{{"to":"614915{at:05}","message_id":"1"}}' for at in range(size // 38)),
    "empty rows": lambda size: _array(['{"":""}'] * (size // 8)),
    "texts": lambda size: _array(['"a"'] * (size // 4)),
    "numbers": lambda size: _array(["1"] * (size // 2)),
    "nulls": lambda size: _array(["null"] * (size // 5)),
    "deep lists": lambda size: nested("[", "]", size),
    "deep objects": lambda size: nested('{"a":', "}", size, "1"),
    "lists of depth 30": lambda size: _array([("[" * 30 + "]" * 30)] * (size // 61)),
    "members": lambda size: "{" + ",".join(f'"a{at}":1' for at in range(size // 11)) + "}",
    "a member twice": lambda size: "{" + ",".join(['"a":1'] * (size // 6)) + "}",
    "a long name": lambda size: '{"' + "a" * size + '":1}',
    "a digit": lambda size: "1" * size,
    "a fraction": lambda size: "1." + "1" * size,
    "an exponent": lambda size: "1e" + "1" * size,
    "escapes": lambda size: '"' + times("\\u0041", size) + '"',
    "surrogates": lambda size: '"' + times("\\ud83d", size) + '"',
    "backslashes": lambda size: '"' + times("\\\\", size) + '"',
    "an open text": lambda size: '"' + "a" * size,
    "blanks": lambda size: " " * size + "1",
    "tagged values": lambda size: _array(['{"$date":"2031-01-02"}'] * (size // 23)),
    "pairs": lambda size: '{"$map":' + _array(['["a","b"]'] * (size // 10)) + "}",
    "different pairs": lambda size: '{"$map":' + _array(f'["a{at}","b"]' for at in range(size // 15)) + "}",
    "anything in anything": lambda size: nested('{"$any":', "}", size, "1"),
    "anything of depth 100": lambda size: _array([nested('{"$any":', "}", 900, "1")] * (size // 900)),
}


def json_shapes(head: str, fields: tuple[str, ...]) -> dict[str, Shape]:
    """Return the shapes of objects that begin with the members ``head``; each of the ``fields`` has the hostile values."""

    def whole(inside: str) -> bytes:
        return ("{" + ",".join(filter(None, (head, inside))) + "}").encode("utf-8", "surrogatepass")

    found: dict[str, Shape] = {
        "members of the object": lambda size: whole(",".join(f'"a{at}":1' for at in range(size // 11))),
        "names that end in digits": lambda size: whole(",".join(f'"{_DIGITS}{at}":1' for at in range(size // 215))),
        "lists around": lambda size: b"[" * size,
        "a list of objects": lambda size: b"[" + b",".join([whole("")] * (size // len(whole("") + b","))) + b"]",
        "blanks before": lambda size: b" " * size + whole(""),
    }
    for field in fields:
        for name, make in _JSON_VALUES.items():
            found[f"{field}: {name}"] = lambda size, make=make, field=field: whole(_member(field, make(size)))
        for name, make in TEXTS.items():
            found[f"{field}: text: {name}"] = lambda size, make=make, field=field: whole(_member(field, json.dumps(make(size))))
    return found


# ------------------------------------------------------------------------------------------------ forms and queries


def query_shapes(head: str, field: str) -> dict[str, Shape]:
    """Return the shapes of queries that begin with ``head``; ``field`` has the hostile texts."""
    from urllib.parse import quote_plus

    inside: dict[str, Callable[[int], str]] = {
        "ampersands": lambda size: "&" * size,
        "semicolons": lambda size: ";" * size,
        "equals signs": lambda size: "=" * size,
        "names": lambda size: times("&a", size),
        "fields": lambda size: times("&a=b", size),
        "different fields": lambda size: numbered("&a#=b", size),
        "slides": lambda size: numbered("&slide_text_value_#=b", size),
        "a number": lambda size: "&slide_text_value_" + "1" * size + "=b",
        "merge values": lambda size: numbered("&data_#=b", size),
        "a long name": lambda size: f"&{'a' * size}=b",
        "a name of underscores": lambda size: f"&{'_' * size}=b",
        "percent signs": lambda size: f"&a={'%' * size}",
        "percent signs in a name": lambda size: f"&{'%' * size}=b",
        "escapes": lambda size: f"&a={times('%41', size)}",
        "invalid escapes": lambda size: f"&a={times('%ff', size)}",
        "half escapes": lambda size: f"&a={times('%4', size)}",
        "plus signs": lambda size: f"&a={'+' * size}",
        "lines": lambda size: "\n" * size,
        "percent signs alone": lambda size: "%" * size,
    }
    return {
        **{name: lambda size, make=make: (head + make(size)).encode() for name, make in inside.items()},
        **{
            f"text: {name}": lambda size, make=make: f"{head}&{field}={quote_plus(make(size))}".encode()
            for name, make in TEXTS.items()
        },
        **{name + " only": lambda size, make=make: make(size).encode() for name, make in inside.items()},
    }


#: Forms with documents that are not escaped, or only in part.
FORM_SHAPES: dict[str, Shape] = {
    name: lambda size, make=make: make(size).encode()
    for name, make in {
        "a document": lambda size: "xml=<POSTBACK>" + times("&a=b", size) + "</POSTBACK>",
        "a document and fields": lambda size: "xml=<POSTBACK/>" + times("&a=b", size),
        "documents": lambda size: times("a=%3CA/%3E&", size),
        "documents that are not escaped": lambda size: times("a=<A/>&", size),
        "blanks before a document": lambda size: times("a=" + "+" * 4000 + "&", size),
        "entities": lambda size: "a=%3CA%3E" + times("&amp;", size),
        "references": lambda size: "a=%3CA%3E" + times("&#1;", size),
        "entities in fields": lambda size: times("a=%3CA%3E&amp;&", size),
        "words and escapes": lambda size: "xml=%3C" + times("ab%41", size),
        "marks": lambda size: "xml=" + times("%EF%BB%BF", size) + "%3CA/%3E",
    }.items()
}
#: Bytes that are not UTF-8, in an element, and surrogates of three bytes.
BYTES_SHAPES: dict[str, Shape] = {
    name: lambda size, make=make: b"<POSTBACK><ORIGIN>X</ORIGIN><CODE>X</CODE><A>" + make(size) + b"</A></POSTBACK>"
    for name, make in {
        "bytes": lambda size: b"\xff" * size,
        "bytes and texts": lambda size: b"ab\xff" * (size // 3),
        "controls": lambda size: b"\1" * size,
        "surrogates": lambda size: b"\xed\xa0\xbd" * (size // 3),
        "surrogate pairs": lambda size: b"\xed\xa0\xbd\xed\xb8\x80" * (size // 6),
        "NUL": bytes,
        "elements": lambda size: b"<A>\xff</A>" * (size // 8),
        "names": lambda size: b"<A\xff/>" * (size // 5),
        "CDATA": lambda size: b"<![CDATA[\1" * (size // 10),
        "comments": lambda size: b"<!--\1" * (size // 5),
    }.items()
}

# ------------------------------------------------------------------------------------------------ multipart forms

BOUNDARY = "AaB03x"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def _part(name: str, value: str, more: str = "") -> str:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n{more}\r\n{value}\r\n'


MULTIPART_SHAPES: dict[str, Shape] = {
    name: lambda size, make=make: make(size).encode()
    for name, make in {
        "parts": lambda size: numbered(_part("a#", "b"), size) + f"--{BOUNDARY}--\r\n",
        "parts of one name": lambda size: times(_part("a", "b"), size) + f"--{BOUNDARY}--\r\n",
        "boundaries": lambda size: times(f"--{BOUNDARY}\r\n", size),
        "ends": lambda size: times(f"--{BOUNDARY}--\r\n", size),
        "dashes": lambda size: "-" * size,
        "lines of dashes": lambda size: times("--\r\n", size),
        "lines": lambda size: "\r\n" * (size // 2),
        "headers": lambda size: _part("a", "b", numbered("X#: a\r\n", size)),
        "a long header": lambda size: _part("a", "b", f"X: {'a' * size}\r\n"),
        "folded headers": lambda size: _part("a", "b", "X: a" + times("\r\n a", size) + "\r\n"),
        "a long name": lambda size: _part("a" * size, "b"),
        "quotes in a name": lambda size: _part('\\"' * (size // 2), "b"),
        "parameters": lambda size: _part("a", "b").replace('name="a"', f'name="a"{times("; a=b", size)}'),
        "numbered parameters": lambda size: _part("a", "b").replace('name="a"', f'name="a"{numbered("; a*#=b", size)}'),
        "semicolons": lambda size: _part("a", "b").replace('name="a"', f'name="a"{";" * size}'),
        "encoded words": lambda size: _part("a", "b", f"X: {times('=?utf-8?q?a?= ', size)}\r\n"),
        "comments in a header": lambda size: _part("a", "b").replace("form-data", "form-data" + "(" * size),
        "multiparts in multiparts": lambda size: nested(
            _part("a", "", f"Content-Type: multipart/mixed; boundary={BOUNDARY}\r\n"), "", size
        ),
        "a long value": lambda size: _part("a", "b" * size),
        "a document": lambda size: _part("xml", f"<POSTBACK>{'a' * size}</POSTBACK>") + f"--{BOUNDARY}--\r\n",
        "documents": lambda size: numbered(_part("a#", "<A/>"), size) + f"--{BOUNDARY}--\r\n",
        "documents with a long head": lambda size: times(_part("a", "<A/>", f"X: {'a' * 3000}\r\n"), size),
        "boundaries in a document": lambda size: _part("xml", "<A>" + times(f"\r\n--{BOUNDARY[:-1]}", size)),
        "a long boundary": lambda size: "--" + "a" * size + "\r\n",
        "returns in a value": lambda size: _part("a", "\r" * size),
        "base64": lambda size: _part("a", base64.b64encode(b"a" * size).decode(), "Content-Transfer-Encoding: base64\r\n"),
        "quoted printable": lambda size: _part("a", times("=41", size), "Content-Transfer-Encoding: quoted-printable\r\n"),
    }.items()
}

# ------------------------------------------------------------------------------------------------ TOML

TOML_SHAPES: dict[str, Shape] = {
    name: lambda size, make=make: make(size).encode()
    for name, make in {
        "keys": lambda size: numbered("a#=1\n", size),
        "misspelled keys": lambda size: numbered("subjec#=1\n", size),
        "a key twice": lambda size: times("a=1\n", size),
        "a dotted key": lambda size: times("a.", size) + "a=1",
        "dotted keys": lambda size: numbered("a.b#=1\n", size),
        "dotted keys of depth 20": lambda size: numbered("a." * 20 + "b#=1\n", size),
        "tables": lambda size: numbered("[a#]\n", size),
        "a deep table": lambda size: "[" + times("a.", size) + "a]",
        "deep tables": lambda size: numbered("[" + "a." * 20 + "b#]\n", size),
        "slides": lambda size: times("[[slide]]\n", size),
        "slides with a text": lambda size: times('[[slide]]\ntext="a"\n', size),
        "slides with wrong keys": lambda size: times("[[slide]]\ntxt=1\n", size),
        "slides in slides": lambda size: "".join(f"[[{'.'.join(['a'] * at)}]]\n" for at in range(1, int(size**0.5))),
        "lists": lambda size: f"a={nested('[', ']', size)}",
        "inline tables": lambda size: f"a={nested('{a=', '}', size, '1')}",
        "inline tables of depth 100": lambda size: numbered(f"a#={nested('{a=', '}', 400, '1')}\n", size),
        "a list of numbers": lambda size: f"a=[{times('1,', size)}]",
        "an inline table of keys": lambda size: f"a={{{','.join(f'a{at}=1' for at in range(size // 9))}}}",
        "digits": lambda size: f"a={'1' * size}",
        "underscores": lambda size: f"a={times('1_', size)}1",
        "hexadecimal digits": lambda size: f"a=0x{'f' * size}",
        "a fraction": lambda size: f"a=1.{'1' * size}",
        "an exponent": lambda size: f"a=1e{'1' * size}",
        "a date": lambda size: f"a=2031-01-02T03:04:05.{'1' * size}",
        "a text": lambda size: 'a="' + "b" * size + '"',
        "an open text": lambda size: 'a="' + "b" * size,
        "a text of lines": lambda size: 'a="""' + "\n" * size + '"""',
        "quotes": lambda size: "a=" + '"' * size,
        "single quotes": lambda size: "a=" + "'" * size,
        "escapes": lambda size: 'a="' + times("\\u0041", size) + '"',
        "line continuations": lambda size: 'a="""' + times("\\\n  ", size) + '"""',
        "comments": lambda size: times("#a\n", size),
        "a comment": lambda size: "#" * size,
        "blanks": lambda size: " " * size + "a=1",
        "blanks in a list": lambda size: f"a=[{' ' * size}]",
        "lines in a list": lambda size: "a=[" + "\n" * size + "]",
        "returns": lambda size: "a=1" + "\r\n" * (size // 2),
        "a long key": lambda size: f"{'a' * size}=1",
        "a quoted key": lambda size: '"' + "a" * size + '"=1',
        "ampersands": lambda size: "a=b" + "&" * size,
        "words and ampersands": lambda size: times("a&", size),
        "words": lambda size: "a" * size,
        "equals signs": lambda size: "=" * size,
        "a word and blanks": lambda size: "a=" + " " * size + "&",
        "a text, then an error": lambda size: "name='" + times("a=b ", size) + "'\n=",
        "an address": lambda size: "http://a?" + "&" * size,
        "an address of lines": lambda size: "http://a?" + times("a=b\n", size),
        "bytes that are not UTF-8": lambda size: "\n" * size + "a='",
    }.items()
}

# ------------------------------------------------------------------------------------------------ compressed bodies

_EMPTY_MEMBER = gzip.compress(b"", mtime=0)


def _raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


GZIP_SHAPES: dict[str, Shape] = {
    "empty members": lambda size: _EMPTY_MEMBER * (size // len(_EMPTY_MEMBER)),
    "members of one byte": lambda size: gzip.compress(b"a", mtime=0) * (size // 21),
    "members with a name": lambda size: (b"\x1f\x8b\x08\x08\0\0\0\0\0\3aaaa\0" + _EMPTY_MEMBER[10:]) * (size // 25),
    "a member with a long name": lambda size: b"\x1f\x8b\x08\x08\0\0\0\0\0\3" + b"a" * size + b"\0" + _EMPTY_MEMBER[10:],
    "empty blocks": lambda size: b"\x1f\x8b\x08\0\0\0\0\0\0\3" + b"\0\0\0\xff\xff" * (size // 5) + b"\3\0" + bytes(8),
    "raw empty blocks": lambda size: b"\0\0\0\xff\xff" * (size // 5) + b"\3\0",
    "raw blocks": lambda size: _raw_deflate(b"")[:0] + b"\0\1\0\xfe\xffa" * (size // 6) + b"\3\0",
    "an open member": lambda size: b"\x1f\x8b\x08\0\0\0\0\0\0\3" + b"\0\0\0\xff\xff" * (size // 5),
    "zeros": bytes,
    "magic numbers": lambda size: b"\x1f\x8b" * (size // 2),
    "zeros after a member": lambda size: _EMPTY_MEMBER + bytes(size),
}

# ------------------------------------------------------------------------------------------------ HTTP requests


def _post(headers: str, body: bytes = b"") -> bytes:
    return f"POST /API/wxml/1.3/index.php HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n".encode() + body


HTTP_SHAPES: dict[str, Shape] = {
    "headers": lambda size: _post(numbered("A#: b\r\n", min(size, 90 * 10))),
    "a long header": lambda size: _post(f"A: {'b' * size}\r\n"),
    "a header of blanks": lambda size: _post(f"A:{' ' * size}\r\n"),
    "folded headers": lambda size: _post("A: b\r\n" + times(" b\r\n", size)),
    "lengths": lambda size: _post(f"Content-Length: {times('1,', size)}\r\n"),
    "a length of zeros": lambda size: _post(f"Content-Length: {'0' * size}\r\n"),
    "a long host": lambda size: _post(f"Host: {'a.' * (size // 2)}\r\n"),
    "lines before": lambda size: b"\r\n" * (size // 2) + _post("Content-Length: 0\r\n"),
    "a long address": lambda size: b"GET /" + b"/" * size + b" HTTP/1.1\r\n\r\n",
    "a body of blanks": lambda size: _post(f"Content-Length: {size}\r\n", b" " * size),
    "chunks of one byte": lambda size: _post("Transfer-Encoding: chunked\r\n", b"1\r\na\r\n" * (size // 6) + b"0\r\n\r\n"),
    "a chunk with a long extension": lambda size: _post(
        "Transfer-Encoding: chunked\r\n", b"1;" + b"a" * size + b"\r\na\r\n0\r\n\r\n"
    ),
    "trailers": lambda size: _post("Transfer-Encoding: chunked\r\n", b"0\r\n" + b"A: b\r\n" * (size // 6) + b"\r\n"),
}

# ------------------------------------------------------------------------------------------------ images


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


_PNG = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", bytes(13))
_GIF = b"GIF89a" + bytes(7)

IMAGE_SHAPES: dict[str, Shape] = {
    "PNG of empty chunks": lambda size: _PNG + _chunk(b"IDAT", b"") * (size // 12),
    "PNG of different chunks": lambda size: _PNG + b"".join(_chunk(struct.pack(">I", at), b"") for at in range(size // 12)),
    "PNG of one chunk": lambda size: _PNG + _chunk(b"IDAT", bytes(size)),
    "PNG of lengths": lambda size: _PNG + b"\xff" * size,
    "JPEG of markers": lambda size: b"\xff\xd8" + b"\xff\xe0\0\2" * (size // 4),
    "JPEG of fill bytes": lambda size: b"\xff\xd8" + b"\xff" * size,
    "JPEG of scans": lambda size: b"\xff\xd8" + b"\xff\xda\0\2" * (size // 4),
    "JPEG of a scan with restarts": lambda size: b"\xff\xd8\xff\xda\0\2" + b"\xff\xd0" * (size // 2),
    "JPEG of a scan with fill bytes": lambda size: b"\xff\xd8\xff\xda\0\2" + b"\xff" * size,
    "JPEG of a scan with zeros": lambda size: b"\xff\xd8\xff\xda\0\2" + b"\xff\0" * (size // 2),
    "GIF of empty extensions": lambda size: _GIF + b"\x21\xf9\0" * (size // 3),
    "GIF of blocks": lambda size: _GIF + b"\x21\xf9" + b"\1a" * (size // 2),
    "GIF of empty images": lambda size: _GIF + (b"\x2c" + bytes(10) + b"\0") * (size // 12),
    "GIF of blocks without end": lambda size: _GIF + b"\x2c" + bytes(10) + b"\1a" * (size // 2),
    "zeros": bytes,
}
