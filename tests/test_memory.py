"""The memory that reading takes: at its peak, as a multiple of the input; and what stays after 400 hostile bodies.

Each measurement runs in a process of its own and counts the memory of C libraries too.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.unmeasured,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not report a process's memory"),
]

CHILD = """
import json, sys
from contextlib import suppress
from pathlib import Path
from skymms import Account, HttpResponse, SkymmsError, SendMMS, Slide, Slideshow, from_dict, read_postbacks, read_report
from skymms.cellcast import CellcastAccount, CellcastSend, read_cellcast_webhook
from skymms.files import read_file
from skymms.wire.codecs import xml_parser

def memory(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024

def names(at, count):
    return b"".join(b"<A%d-%d/>" % (at, n) for n in range(count))

def read(reader, *args, **more):
    with suppress(SkymmsError):
        reader(*args, **more)
"""


def measured(program: str) -> float:
    """Run a program after the lines above, and return the number that it prints."""
    source = CHILD + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=300, check=True)
    return float(done.stdout)


# ------------------------------------------------------------------------------------------------ the peak

#: Inputs of about a megabyte, what reads them, and the most memory that this may take, in bytes per byte.
PEAKS = {
    "percent signs in a form": ('b"a=" + b"%" * 800_000', "read_postbacks", 8),
    "escapes in a form": ('b"a=" + b"%3C" * 260_000', "read_postbacks", 8),
    "ampersands in a form": ('b"a=" + b"&" * 750_000', "read_postbacks", 8),
    "words and escapes in a form": ('b"xml=%3C" + b"ab%41" * 300_000', "read_postbacks", 12),
    "surrogates in a postback": (
        'b"<POSTBACK><CODE>N401</CODE><A>" + b"ab&#55357;" * 52_000 + b"</A></POSTBACK>"',
        "read_postbacks",
        30,
    ),
    "wrong bytes in a postback": (
        'b"<POSTBACK><CODE>N401</CODE><A>" + b"ab" * 100 + b"\\xff" * 520_000 + b"</A></POSTBACK>"',
        "read_postbacks",
        50,
    ),
    "elements in a report": ("b\"<RESPONSE>\" + b'<A x=\"\"/>' * 115_000 + b'</RESPONSE>'", "read_report", 16),
    "messages in a report": ("b'<RESPONSE><G>' + b'<CONTENT/>' * 105_000 + b'</G></RESPONSE>'", "read_report", 16),
    "statuses in a report": (
        "b'<RESPONSE><G>' + (b'<CONTENT>' + b'<A time=\"1\"/>' * 990 + b'</CONTENT>') * 80 + b'</G></RESPONSE>'",
        "read_report",
        16,
    ),
    "elements in a message of a report": (
        "b'<RESPONSE><G><CONTENT>' + b'<A time=\"1\"/>' * 80_000 + b'</CONTENT></G></RESPONSE>'",
        "read_report",
        16,
    ),
    "groups in a report": ("b'<RESPONSE>' + b'<G><A/></G>' * 100_000 + b'</RESPONSE>'", "read_report", 16),
}


@pytest.mark.parametrize("name", PEAKS)
def test_the_peak_is_a_small_multiple_of_the_input(name):
    body, reader, most = PEAKS[name]
    program = f"""
    body = {body}
    small = body[:2000]
    read({reader}, small)
    before = memory("VmHWM")
    read({reader}, body)
    print((memory("VmHWM") - before) / len(body))
    """
    assert measured(program) < most


# ------------------------------------------------------------------------------------------------ what stays

#: Reads the body number ``at``; all of them are different.
HOSTILE = {
    "JSON names in postbacks": 'read(read_postbacks, json.dumps({f"{at}" + "n" * 60_000: 1, "code": "N102"}).encode())',
    "names of roots": "read(read_postbacks, b'<A%d%b/>' % (at, b'n' * 40_000))",
    "many JSON names": """
        read(read_postbacks, json.dumps({"code": "", **{f"a{at}-{n}": 1 for n in range(250)}}).encode())""",
    "element names": "read(read_postbacks, b'<POSTBACK>%b</POSTBACK>' % names(at, 400))",
    "attribute names": """
        attributes = names(at, 400).replace(b"<", b" ").replace(b"/>", b'=""')
        read(read_postbacks, b"<POSTBACK%b/>" % attributes)""",
    "names behind quotes and in namespaces": """
        hidden = b'<!-- " -->%b<!-- " --><A x=">"%b=""/>' % (names(at, 300), b"n" * at)
        read(read_postbacks, b'<POSTBACK xmlns:n="%d%b">%b</POSTBACK>' % (at, b"u" * 9000, hidden))""",
    "names in small bodies": "read(read_postbacks, b'<POSTBACK>%b</POSTBACK>' % names(at, 300))",
    "names in responses": "read(account.decode, send, HttpResponse(200, {}, b'<RESPONSE>%b</RESPONSE>' % names(at, 400)))",
    "names in JSON responses": """
        body = json.dumps({f"a{at}-{n}": 1 for n in range(250)}).encode()
        read(cellcast.decode, CellcastSend(Slide("a"), to="61491570156"), HttpResponse(400, {}, body))""",
    "names in reports": "read(read_report, b'<RESPONSE>%b</RESPONSE>' % names(at, 400))",
    "keys in TOML": "read(read_file, ''.join(f'a{at}-{n}=1\\n' for n in range(150)).encode())",
    "names in values": 'read(from_dict, {"skymms": 1, "type": "SendMMS", **{f"a{at}-{n}": 1 for n in range(250)}})',
    "webhooks": 'read(read_cellcast_webhook, json.dumps({f"a{at}-{n}": 1 for n in range(250)}).encode())',
}


#: Megabytes by which the memory may grow while 400 bodies are read.
MOST_KEPT = 6


@pytest.mark.parametrize("name", HOSTILE)
def test_little_stays_after_many_hostile_bodies(name):
    program = textwrap.dedent("""
    xml_parser.MAX_NEW_MARKUP = 200_000
    account = Account("some-long-key", max_response=10**6)
    cellcast = CellcastAccount("some-long-key", generation="v3", max_response=10**6)
    send = SendMMS(Slideshow("a", subject="a", slides=(Slide("a"),)), to="15551234888", sender="60856")
    for at in range(100):
        hostile(at)
    for first in (100, 500, 900):
        before = memory("VmRSS")
        for at in range(first, first + 400):
            hostile(at)
        grown = (memory("VmRSS") - before) / 1e6
        # What the allocator keeps grows once; what is never given back grows each time.
        if grown < most:
            break
    print(grown)
    """)
    hostile = textwrap.indent(textwrap.dedent(HOSTILE[name]).strip(), "    ")
    assert measured(f"most = {MOST_KEPT}\ndef hostile(at):\n{hostile}\n{program}") < MOST_KEPT
