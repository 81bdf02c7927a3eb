"""Measures `fit` against Pillow: the time it takes for a photograph of 12 megapixels, and how its pictures look.

``python tests/bench/fitting.py`` prints both tables; ``--write`` also writes the times to docs/explanation/performance.md
and the similarities to docs/how-to/media.md.
"""

from __future__ import annotations

import argparse
from functools import partial
from io import BytesIO

import page
import PIL
from pictures import by_default, flat, line_art, opened, photo, saved, screenshot, similarity
from PIL import Image
from run import compared

from skymms.media import fit

#: What the photograph must fit into, and the bound of the ratio, if it has one.
MOST = {600_000: "1.5", 100_000: ""}
PICTURES = {
    "photograph, 1600 × 1200, JPEG": lambda: saved(photo(1600, 1200), "JPEG", quality=95),
    "screenshot, 1280 × 1600, PNG": lambda: saved(screenshot(1280, 1600), "PNG"),
    "line art, 1500 × 1500, PNG": lambda: saved(line_art(1500), "PNG"),
}
SIZES = (30_000, 100_000, 400_000)


def times() -> str:
    original = saved(photo(4000, 3000), "JPEG", quality=92)
    rows = [
        "| a JPEG of 12 megapixels to | result | against | ours / theirs | ratio | bound |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for most, bound in MOST.items():
        fitted = fit(original, most=most)
        size = fitted.pixels or (0, 0)

        def plain(size: tuple[int, int] = size) -> None:
            Image.open(BytesIO(original)).resize(size).save(BytesIO(), "JPEG")

        ours, theirs, ratio = compared(partial(fit, original, most=most), plain, number=1, rounds=15)
        rows.append(
            f"| {most:,} bytes | {fitted.size:,} bytes, {size[0]:,} × {size[1]:,} | open, resize to that size, save |"
            f" {ours / 1000:.0f} / {theirs / 1000:.0f} ms | **{ratio:.2f}** | {bound} |"
        )
    measured = f"Measured on {page.machine()}, Pillow {PIL.__version__}; the JPEG has {len(original):,} bytes."
    return "\n".join(rows) + f"\n\n{measured}\n"


def similarities() -> str:
    rows = ["| picture | most | `fit` | Pillow's defaults, same format |\n| --- | --- | --- | --- |"]
    for name, make in PICTURES.items():
        original = make()
        shown, row = flat(opened(original)), name
        for most in SIZES:
            fitted = fit(original, most=most)
            if fitted.data == original:
                break
            theirs = by_default(shown, fitted.content_type, fitted.size)
            kind = fitted.content_type.removeprefix("image/").upper()
            as_kind = "" if name.endswith(kind) else f" ({kind})"
            ours = similarity(shown, fitted.data)
            rows.append(f"| {row} | {most // 1000} kB{as_kind} | {ours:.3f} | {similarity(shown, theirs):.3f} |")
            row = ""
    return "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the tables to the pages")
    chosen = parser.parse_args()
    for name, table, path in (
        ("media", times(), page.PAGE),
        ("similarity", similarities(), page.DOCS / "how-to" / "media.md"),
    ):
        print(table)
        if chosen.write:
            page.put(name, table, path)


if __name__ == "__main__":
    main()
