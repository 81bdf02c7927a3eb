"""See a message before it is sent: as a page, as text, and with the values of one recipient. This needs no gateway."""

import tempfile
from pathlib import Path

from skymms import SendMMS, Slideshow
from skymms.preview import preview

coupon = (
    Slideshow("Membership coupon", subject="Free coffee for you!", fallback_text="Your coupon is waiting:")
    .slide("Hi {first_name|there}! Your number is {member}.", image="http://www.yoursite.com/images/welcome.jpg", duration=5)
    .slide("Here's a free coupon from us!", passbook="http://www.yoursite.com/pass/coupon.pkpass", duration=5)
)

shown = preview(SendMMS(coupon, to="15551234888", sender="60856"), data={"first_name": "Ada"})
print(shown.text)

with tempfile.TemporaryDirectory() as folder:
    page = Path(folder, "coupon.html")
    shown.save(page)
    print(f"The page has {page.stat().st_size:,} bytes.")
