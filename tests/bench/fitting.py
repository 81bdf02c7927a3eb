"""Measures `fit` against one plain resize and save with Pillow: a photograph of 12 megapixels to 600 kB.

``python tests/bench/fitting.py`` prints the row; ``--write`` also writes it to docs/explanation/performance.md.
"""

from __future__ import annotations

import argparse
from io import BytesIO

import page
import PIL
from pictures import photo, saved
from PIL import Image
from run import compared

from skymms.media import fit

MOST = 600_000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the row to docs/explanation/performance.md")
    chosen = parser.parse_args()
    original = saved(photo(4000, 3000), "JPEG", quality=92)
    fitted = fit(original, most=MOST)
    size = fitted.pixels or (0, 0)

    def plain() -> None:
        Image.open(BytesIO(original)).resize(size).save(BytesIO(), "JPEG")

    ours, theirs, ratio = compared(lambda: fit(original, most=MOST), plain, number=1, rounds=15)
    what = (
        f"a JPEG of 12 megapixels ({len(original):,} bytes) to {MOST:,} bytes: {fitted.size:,} bytes, {size[0]:,} × {size[1]:,}"
    )
    printed = (
        "| what | against | ours / theirs | ratio | bound |\n| --- | --- | --- | --- | --- |\n"
        f"| {what} | open, resize to that size, save | {ours / 1000:.0f} / {theirs / 1000:.0f} ms | **{ratio:.2f}** | 1.5 |\n\n"
        f"Measured on {page.machine()}, Pillow {PIL.__version__}.\n"
    )
    print(printed)
    if chosen.write:
        page.put("media", printed)


if __name__ == "__main__":
    main()
