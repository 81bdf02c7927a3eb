"""Makes docs/images/sandbox.png and docs/images/preview.png, screenshots of pages in Chromium. ``make picture`` runs it.

The first page shows a sandbox that has just accepted and refused some messages, the second one the preview of a message. The Debian packages fonts-inter and
fonts-noto-color-emoji make the text look as on a desktop; pngquant, if it is installed, reduces the file to a third.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from browser import Browser, Tab

from skymms import Client, MMSError, SaveMMS, SendMMS, SendSavedMMS, Slideshow, TransportError
from skymms.preview import Preview, preview
from skymms.preview.pictures import make_picture
from skymms.sandbox import PostbackReceiver, Sandbox
from skymms.sandbox.listener import Listener, ServerResponse

HERE = Path(__file__).parent

#: A drawing of a cup of coffee, which is smaller than a photograph. Browsers go by the content type, not by the file name.
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


def send_messages(sandbox: Sandbox, media: str) -> None:
    """Send some messages; some are refused, lose their response, or are not delivered."""
    coffee = (
        Slideshow("Membership coupon", subject="Free coffee for you!", fallback_text="Your coupon:")
        .slide("Hi {$firstname|there}! ☕️ Thank you for joining us.", image=f"{media}/images/welcome.jpg")
        .slide("Here's a free coupon from us!\nPlease enjoy!", passbook="http://www.yoursite.com/pass/coupon.pkpass")
        .slide("Where we are", vcard="http://www.yoursite.com/shop.vcf")
    )
    tonight = Slideshow("tonight", subject="Tonight", fallback_text="Doors open at seven.").slide(
        "Doors open at seven tonight."
    )
    sandbox.outcome("E102", to="15551230199", status="Message Sent/Rejected")
    sandbox.outcome("N202", to="15551230162")
    sandbox.outcome("N101", to="15551230110")
    sandbox.block("15551230144")
    sandbox.fail("reset", to="15551230127")
    saved = None
    for dialect, to, more in (
        ("skycore", "15551230199", {}),
        ("skycore-get", "15551230144", {}),
        ("sinch-json", "15551230127", {"service_id": "12345"}),
        ("skycore", "15551230162", {"data": {"firstname": "Grace"}}),
        ("skycore-get", "15551230110", {}),
        ("skycore", "15551234888", {"data": {"firstname": "Ada"}}),
    ):
        with Client(sandbox.account(dialect), retries=0) as client, suppress(MMSError, TransportError):
            saved = saved or client.call(SaveMMS(coffee)).mms_id
            if "data" in more:
                client.call(SendSavedMMS(saved, to=to, sender="60856", **more))
            else:
                client.call(SendMMS(tonight, to=to, sender="60856", **more))
        sandbox.clock.advance(seconds=30)


def main(path: Path, size: tuple[int, int] = (1280, 800), scheme: str = "light", scale: float = 2, script: str = "") -> None:
    cup = Listener(lambda request: ServerResponse(200, CUP, "image/svg+xml"))
    with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url) as sandbox, Browser() as browser:
        send_messages(sandbox, cup.url)
        with Tab(browser, sandbox.url, size=size, scheme=scheme, scale=scale) as tab:
            tab.until("document.querySelectorAll('#list [role=option]').length > 6")
            if script:
                tab.run(script)
            tab.until("[...document.images].every(image => image.complete || !image.offsetParent)")
            tab.screenshot(path)
    cup.close()
    reduce(path)


def make_preview(path: Path, size: tuple[int, int] = (1180, 880), scheme: str = "light", scale: float = 1.5) -> None:
    """Make the picture of a preview, with the cup of coffee as the message's picture."""
    with TemporaryDirectory() as folder, Browser() as browser:
        with Tab(browser, f"data:image/svg+xml;base64,{base64.b64encode(CUP).decode()}", size=(640, 460)) as tab:
            tab.screenshot(Path(folder, "welcome.png"))
        coffee = (
            Slideshow("Membership coupon", subject="Free coffee for you!", fallback_text="Your coupon is waiting:")
            .slide("Hi {first_name|there}! Thank you for joining us.", image="http://www.yoursite.com/welcome.png", duration=5)
            .slide("Here's a free coupon from us!\nPlease enjoy!", passbook="http://www.yoursite.com/coupon.pkpass", duration=5)
            .slide("Where we are", vcard="http://www.yoursite.com/shop.vcf")
        )
        message = SendMMS(coffee, to="15551234888", sender="60856")
        cup = make_picture(Path(folder, "welcome.png").read_bytes())
        shown = Preview(preview(message, data={"first_name": "Ada"}).view, {"http://www.yoursite.com/welcome.png": cup})
        shown.save(Path(folder, "preview.html"))
        with Tab(browser, Path(folder, "preview.html").as_uri(), size=size, scheme=scheme, scale=scale) as tab:
            tab.resize(size, scheme, scale, motion="no-preference")
            tab.run("for (const one of document.getAnimations()) { one.pause(); one.currentTime = 3000; }")
            tab.screenshot(path)
    reduce(path)


def reduce(path: Path) -> None:
    """Reduce a picture to 256 colours, if pngquant is installed."""
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--skip-if-larger", "--output", path, "256", path], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "images" / "sandbox.png")
    make_preview(Path(sys.argv[2]) if len(sys.argv) > 2 else HERE / "images" / "preview.png")
