"""Previews: a message as a phone shows it, before it is sent, without a gateway and without a script.

::

    preview(coupon, data={"first_name": "Ada"}).save("coupon.html")

The phone is also that of the sandbox's page. ``phone.css`` is its style, ``icons.svg`` are its icons, and ``phone.js`` is
the class ``Phone``, which draws the same elements in a page with a script. None of them turns texts of a message into markup.

In reading order:

- ``texts``: splits texts into runs, marks merge fields, and makes hidden characters visible
- ``message``: what a phone shows of a message, as plain values
- ``thumbnails``: decodes pictures at a small size
- ``pictures``: gets the pictures of a message
- ``parts``: the style, the script and the icons, for pages
- ``markup``: makes HTML from texts, which it escapes
- ``phone``: the phone in HTML, and the style that plays the slides
- ``plain_text``: the preview as plain text
- ``page``: the page of a preview
- ``terminal``: the preview in a terminal
- ``contact_sheet``: all slides on one picture
- ``previewing``: ``preview()`` and its result
"""

from .parts import icons_svg, phone_css, phone_js
from .previewing import Preview, preview

__all__ = ["Preview", "icons_svg", "phone_css", "phone_js", "preview"]
