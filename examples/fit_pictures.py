"""Make a picture fit, put it on a server, and look at it as the gateway will before anything is sent."""

import tempfile
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread

from PIL import Image

from skymms import Slide, Slideshow
from skymms.media import fit_slideshow, preflight

folder = Path(tempfile.mkdtemp())
Image.effect_mandelbrot((3000, 2000), (-2.5, -1.2, 1.1, 1.2), 100).convert("RGB").save(folder / "large.png")


class Handler(SimpleHTTPRequestHandler):
    """Serves the folder, as a server of yours would."""

    def __init__(self, *args, **options):
        super().__init__(*args, directory=folder, **options)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
Thread(target=server.serve_forever, daemon=True).start()


def put(name: str, data: bytes, content_type: str) -> str:
    (folder / name).write_bytes(data)
    return f"http://127.0.0.1:{server.server_port}/{name}"


# slide() refuses a path, because a gateway cannot fetch it. A slideshow that is not ready may hold one.
coupon = Slideshow("coupon", subject="Free coupon!", slides=(Slide("Please enjoy!", image="large.png"),))
ready = fit_slideshow(coupon, put=put, most=100_000, base=folder)

# private=True, because this server is not on the internet.
found = preflight(ready, private=True, audience=("att", "tmobile", "verizon"))
for file in found.files:
    print(file.field, file.found, file.bytes, "bytes", file.pixels)
for verdict in found.carriers:
    print(verdict.limit.carrier, "delivers it" if verdict.fits else "does not deliver it")
print("problems:", len(found.problems))
server.shutdown()
