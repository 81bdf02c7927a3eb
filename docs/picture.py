"""Takes docs/sandbox.png, the README's picture: the sandbox's page in a real Chromium. ``make picture`` runs it.

What the page shows is made up here, times and all, so that the picture comes out the same each time. Debian's fonts-inter and
fonts-noto-color-emoji make it look as it does on a desk, and its pngquant, where it is installed, makes the file a third.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from browser import Browser, Tab
from scripted_journal import ScriptedJournal, Served, message

HERE = Path(__file__).parent

#: A cup of coffee, so that no photograph has to be carried about. A browser goes by the type and not by the name.
CUP = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 460"><defs>
<linearGradient id="a" x2="0" y2="1"><stop stop-color="#f7c98b"/><stop offset="1" stop-color="#e8875f"/></linearGradient>
<linearGradient id="b" x2="1" y2="0"><stop stop-color="#fffaf2"/><stop offset="1" stop-color="#eadfce"/></linearGradient></defs>
<rect width="640" height="460" fill="url(#a)"/><circle cx="500" cy="110" r="64" fill="#fff3d6" opacity=".85"/>
<path d="M0 330q160-70 320-20t320-30v180H0z" fill="#c7633f" opacity=".55"/><path d="M0 385q200-40 380-5t260-15v95H0z" fill="#8d3f2d"/>
<ellipse cx="300" cy="392" rx="190" ry="26" fill="#5d281e" opacity=".45"/><ellipse cx="300" cy="382" rx="168" ry="22" fill="url(#b)"/>
<path d="M410 245c95-28 108 92-12 92" fill="none" stroke="#eadfce" stroke-width="22"/>
<path d="M175 205h250c0 110-30 172-125 172s-125-62-125-172z" fill="url(#b)"/><ellipse cx="300" cy="205" rx="125" ry="25" fill="#fffaf2"/>
<ellipse cx="300" cy="208" rx="108" ry="18" fill="#5a2f1f"/><ellipse cx="292" cy="206" rx="60" ry="8" fill="#a36a43"/>
<g fill="none" stroke="#fffaf2" stroke-width="11" stroke-linecap="round" opacity=".8"><path d="M250 165c-25-35 25-45 0-85"/>
<path d="M302 155c-25-35 25-50 0-95"/><path d="M354 165c-25-35 25-45 0-85"/></g></svg>"""


def tell(journal: ScriptedJournal, home: str) -> None:
    coffee = message(
        {
            "text": "Hi Ada! ☕️ Thank you for joining us.",
            "duration": 5,
            "files": [{"kind": "image", "url": f"{home}/images/welcome.jpg"}],
        },
        {
            "text": "As a new member, here's a free coupon from us!\nPlease enjoy!",
            "duration": 5,
            "files": [{"kind": "passbook", "url": "http://www.yoursite.com/pass/coupon.pkpass"}],
        },
        {"text": "Where we are", "files": [{"kind": "vcard", "url": "http://www.yoursite.com/shop.vcf"}]},
        name="Membership coupon",
        subject="Free coffee for you!",
    )
    plain = message({"text": "Doors open at seven tonight."}, subject="Tonight")
    meanings = {"N003": "the MMS is stored and encoded; its id can be used", "N101": "the MMS is being sent"}
    delivered = {"meaning": "the MMS was delivered", "status": "Message Sent/Delivered"}
    ok = "answered 200"

    journal.request(coffee, action="SaveMMS", to=None, sender=None, mms_id="35674", tracking_id="MMS_35675")
    journal.report("N003", meaning=meanings["N003"], mms_id="35674", tracking_id="MMS_35675", to=None, posted=ok)
    journal.request(plain, to="15551230199", dialect="sinch", mms_id="35676", tracking_id="MMS_35677")
    journal.report("N101", meaning=meanings["N101"], tracking_id="MMS_35677", posted=ok)
    failed = {"meaning": "the MMS was not delivered", "status": "Message Sent/Rejected"}
    journal.report("E102", **failed, tracking_id="MMS_35677", posted=ok)
    journal.request(
        message({"text": "Watch and listen"}, subject="Our new song"),
        to="15551230144",
        outcome="refused",
        code="E226",
        info="slide 1: audio and video on one slide",
        dialect="skycore-get",
    )
    journal.request(
        message({"text": "See you soon"}, subject="Your order"),
        to="15551230127",
        dialect="sinch-json",
        outcome="broken",
        info="reset after sending",
        mms_id="35678",
        tracking_id="MMS_35679",
    )
    journal.report("N102", **delivered, tracking_id="MMS_35679", posted=ok)
    journal.request(None, to="15551230162", action="SendSavedMMS", mms_id="35674", tracking_id="MMS_35681")
    journal.report("N202", meaning="the SMS was delivered", status="Message Sent/Delivered", tracking_id="MMS_35681", posted=ok)
    journal.request(plain, to="15551230110", dialect="skycore-get", mms_id="35682", tracking_id="MMS_35683")
    journal.report("N101", meaning=meanings["N101"], tracking_id="MMS_35683", posted=ok)
    journal.request(coffee, mms_id="35684", tracking_id="MMS_35685")
    journal.report("N101", meaning=meanings["N101"], status="Message Sent", tracking_id="MMS_35685", posted=ok)
    journal.report("N102", **delivered, tracking_id="MMS_35685", posted="answered 200")
    journal.counts = {"requests": 1284, "accepted": 1251, "refused": 29, "broken": 4}


def main(path: Path, size: tuple[int, int] = (1280, 800), scheme: str = "light", scale: float = 2, before: str = "") -> None:
    journal = ScriptedJournal()
    with Served(journal) as served, Browser() as browser:
        served.files["/images/welcome.jpg"] = ("image/svg+xml", CUP)
        tell(journal, served.url)
        with Tab(browser, served.url, size=size, scheme=scheme, scale=scale) as tab:
            tab.until("document.querySelectorAll('#list [role=option]').length > 6")
            if before:
                tab.run(before)
            tab.until("[...document.images].every(image => image.complete || !image.offsetParent)")
            tab.picture(path)
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--skip-if-larger", "--output", path, "256", path], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "sandbox.png")
