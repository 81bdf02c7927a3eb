"""`fit_slideshow` and `publish`: the files of a whole message fit, and are stored where a gateway can fetch them."""

from __future__ import annotations

import gzip
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from media_files import jpeg, png, served
from misbehaving_server import Faulty, http
from pictures import photo, saved
from storage_server import storage_server

from skymms import (
    Client,
    ConfigurationError,
    MediaCorruptedError,
    MediaError,
    MediaTooLargeError,
    MediaTypeError,
    MediaUnreachableError,
    SendMMS,
    Slide,
    Slideshow,
    TransportError,
)
from skymms.media import MESSAGE_BUDGET, S3Bucket, fit_slideshow, preflight, publish
from skymms.media.carriers import message_size
from skymms.sandbox import Sandbox


class Shelf:
    """Keeps what is put, and gives addresses that nobody can fetch."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, str]] = {}

    def put(self, name: str, data: bytes, content_type: str) -> str:
        self.files[name] = data, content_type
        return f"https://cdn.example/{name}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    large = photo(1200, 900)
    (tmp_path / "large.jpg").write_bytes(saved(large, "JPEG", quality=95))
    (tmp_path / "other.png").write_bytes(saved(large.crop((0, 0, 900, 700)), "PNG"))
    (tmp_path / "small.gif").write_bytes(saved(photo(40, 30), "GIF"))
    (tmp_path / "card.vcf").write_bytes(b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nEND:VCARD\r\n")
    return tmp_path


class TestFitSlideshow:
    def test_all_files_fit_into_one_message(self, folder):
        slides = (
            Slide("Hello", image="large.jpg"),
            Slide(image="other.png"),
            Slide(image="small.gif", duration=3),
            Slide(vcard="card.vcf"),
            Slide("the last", image="large.jpg"),
        )
        shelf, seen = Shelf(), []
        ready = fit_slideshow(
            Slideshow("n", slides=slides), put=shelf.put, base=folder, on_file=lambda address, _: seen.append(address)
        )
        sizes = [
            len(shelf.files[url.rpartition("/")[2]][0]) for slide in ready.slides for url in (slide.image, slide.vcard) if url
        ]
        assert message_size([*sizes, 5, 8]) <= MESSAGE_BUDGET
        # The two large pictures share what the others leave, and use most of it.
        assert message_size([*sizes, 5, 8]) > MESSAGE_BUDGET * 0.7
        assert ready.slides[0].image == ready.slides[4].image
        assert [slide.text for slide in ready.slides] == [slide.text for slide in slides]
        assert seen == ["large.jpg", "other.png", "small.gif", "card.vcf"]
        assert {kind for _, kind in shelf.files.values()} == {"image/jpeg", "image/gif", "text/vcard"}

    def test_a_url_whose_file_fits_stays(self):
        with Faulty(served("image")) as server:
            show = Slideshow("n", slides=(Slide(image=f"http://127.0.0.1:{server.port}/a.png"),))
            assert fit_slideshow(show, put=Shelf().put, private=True) == show

    def test_a_url_whose_file_is_too_large_is_put_elsewhere(self):
        large = saved(photo(1600, 1200), "JPEG", quality=95)
        shelf = Shelf()
        with Faulty(served("image", large, Content_Type="image/jpeg")) as server:
            show = Slideshow("n", slides=(Slide(image=f"http://127.0.0.1:{server.port}/a.jpg"),))
            ready = fit_slideshow(show, put=shelf.put, most=100_000, private=True)
        assert ready.slides[0].image == f"https://cdn.example/{next(iter(shelf.files))}"
        assert len(next(iter(shelf.files.values()))[0]) <= 100_000 / 1.37

    @pytest.mark.parametrize(
        ("slide", "error", "message"),
        [
            (Slide(image="missing.jpg"), MediaUnreachableError, "E351 slide 2, image: cannot read"),
            (Slide(audio="large.jpg"), MediaTypeError, "E629 slide 2, audio: it is a JPEG"),
            (Slide(image="http://127.0.0.1/a.jpg"), MediaUnreachableError, "slide 2, image: 127.0.0.1 is not a public address"),
        ],
    )
    def test_an_error_names_the_slide(self, slide, error, message, folder):
        with pytest.raises(error) as raised:
            fit_slideshow(Slideshow("n", slides=(Slide("Hi!"), slide)), put=Shelf().put, base=folder)
        assert message in str(raised.value)

    def test_a_damaged_file_names_the_slide(self, folder):
        (folder / "large.jpg").write_bytes(jpeg()[:-5])
        with pytest.raises(MediaCorruptedError, match="slide 1, image"):
            fit_slideshow(Slideshow("n", slides=(Slide(image="large.jpg"),)), put=Shelf().put, base=folder)

    def test_too_many_objects_for_one_message_are_refused(self, folder):
        card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nPHOTO:" + b"x" * 600_000 + b"\r\nEND:VCARD\r\n"
        (folder / "card.vcf").write_bytes(card)
        with pytest.raises(MediaTooLargeError, match="slide 1, vcard"):
            fit_slideshow(Slideshow("n", slides=(Slide(vcard="card.vcf"),)), put=Shelf().put, base=folder)

    def test_something_else_than_a_slideshow_is_refused(self):
        with pytest.raises(ConfigurationError, match="not a str"):
            fit_slideshow("a.png", put=Shelf().put)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ publish


@pytest.fixture(scope="module")
def storage() -> Iterator[Any]:
    with storage_server() as client:
        yield client


def stored(client: Any, name: str) -> tuple[bytes, str]:
    found = client.get_object(Bucket="coupons", Key=f"mms/{name}")
    return found["Body"].read(), found["ContentType"]


def chunked(data: bytes, content_type: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + f"{len(data):x}\r\n".encode() + data + b"\r\n0\r\n\r\n"


def without_length(data: bytes, content_type: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nConnection: close\r\n\r\n".encode() + data


def zipped(data: bytes, content_type: str) -> bytes:
    return http(gzip.compress(data), Content_Encoding="gzip", **{"Content-Type": content_type})


#: What a CDN in front of the bucket makes of a file, the error, and what it says.
NETWORKS: dict[str, tuple[Callable[[bytes, str], bytes], type[MediaError], str]] = {
    "sends it in chunks": (chunked, MediaUnreachableError, "in chunks"),
    "drops the length": (without_length, MediaUnreachableError, "no valid Content-Length"),
    "compresses it": (zipped, MediaUnreachableError, "compresses it"),
    "forgets the type": (lambda data, _: http(data, **{"Content-Type": "binary/octet-stream"}), MediaTypeError, "octet-stream"),
    "asks for a password": (lambda data, _: http(data, "403 Forbidden"), MediaUnreachableError, "status 403"),
    "redirects": (lambda data, _: http(b"", "301 Moved", Location="/b"), MediaUnreachableError, "a redirect"),
    "shows an error page": (lambda data, kind: http(b"<html>", **{"Content-Type": kind}), MediaCorruptedError, "damaged"),
    "has an older file": (
        lambda data, _: http(png(), **{"Content-Type": "image/png"}),
        MediaUnreachableError,
        "another content",
    ),
}


class TestPublish:
    SHOW = Slideshow("n", subject="s", slides=(Slide("Hi!", image="large.jpg"), Slide(image="small.gif")))

    def test_the_files_are_stored_under_a_hash_with_type_and_caching(self, storage, folder):
        bucket = S3Bucket("s3://coupons/mms", client=storage)
        ready = publish(self.SHOW, bucket.put, base=folder, private=True)
        for slide in ready.slides:
            assert slide.image is not None
            with urllib.request.urlopen(slide.image, timeout=10) as response:
                assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
                data, content_type = stored(storage, slide.image.rpartition("/")[2])
                assert (response.read(), response.headers["Content-Type"]) == (data, content_type)
        # The same again gives the same addresses.
        assert publish(self.SHOW, bucket.put, base=folder, private=True) == ready

    def test_the_sandbox_fetches_what_was_published(self, storage, folder):
        ready = publish(self.SHOW, S3Bucket("s3://coupons/mms/", client=storage).put, base=folder, private=True)
        assert preflight(ready, private=True, fetch="whole")
        with Sandbox(fetch_media=True) as sandbox, Client(sandbox.account()) as client:
            client.call(SendMMS(ready, to="15551234888", sender="60856"))
        assert len(sandbox.sent) == 1

    @pytest.mark.parametrize("network", NETWORKS)
    def test_a_cdn_that_a_gateway_refuses_is_named_before_anything_is_sent(self, network, storage, folder):
        change, error, message = NETWORKS[network]
        names: list[str] = []

        def respond(connection: socket.socket, closing: Any) -> None:
            connection.sendall(change(*stored(storage, names[-1])))

        with Faulty(respond) as cdn:
            bucket = S3Bucket("s3://coupons/mms", client=storage, public_url=f"http://127.0.0.1:{cdn.port}/mms/")

            def put(name: str, data: bytes, content_type: str) -> str:
                names.append(name)
                return bucket.put(name, data, content_type)

            with pytest.raises(error, match=message) as raised:
                publish(self.SHOW, put, base=folder, private=True)
        assert f"/mms/{names[-1]} was stored, but" in str(raised.value)
        assert [(one.slide, one.field) for one in raised.value.problems] == [(len(names), "image")]

    def test_nothing_is_stored_if_a_file_cannot_be_made_to_fit(self, folder, tmp_path):
        (tmp_path / "good.jpg").write_bytes((folder / "large.jpg").read_bytes())
        (tmp_path / "damaged.jpg").write_bytes((folder / "large.jpg").read_bytes()[:-2000])
        names: list[str] = []

        def put(name: str, data: bytes, content_type: str) -> str:
            names.append(name)
            return f"http://127.0.0.1/{name}"

        show = Slideshow("n", subject="s", slides=(Slide("Hi!", image="good.jpg"), Slide(image="damaged.jpg")))
        with pytest.raises(MediaCorruptedError, match="slide 2, image"):
            publish(show, put, base=tmp_path)
        assert names == []

    def test_a_bucket_that_is_missing_is_named(self, storage, folder):
        with pytest.raises(TransportError, match=r"s3://other/\w+\.jpg was not stored: NoSuchBucket"):
            publish(self.SHOW, S3Bucket("s3://other", client=storage).put, base=folder)

    @pytest.mark.parametrize("address", ["coupons", "https://coupons", "s3://", "s3:///prefix", "s3://a/b?c=1"])
    def test_an_address_of_another_form_is_refused(self, address):
        with pytest.raises(ConfigurationError, match="give s3://bucket/prefix"):
            S3Bucket(address, client=object())

    @pytest.mark.parametrize(
        ("bucket", "url"),
        [
            ("coupons", "https://coupons.s3.eu-west-1.amazonaws.com/mms/a.jpg"),
            ("my.coupons", "https://s3.eu-west-1.amazonaws.com/my.coupons/mms/a.jpg"),
        ],
    )
    def test_a_bucket_of_amazon_has_a_host_of_its_own(self, bucket, url):
        class Client:
            class meta:  # as in boto3
                endpoint_url = "https://s3.eu-west-1.amazonaws.com"

            def put_object(self, **given: Any) -> None:
                assert given["Key"] == "mms/a.jpg"

        assert S3Bucket(f"s3://{bucket}/mms", client=Client()).put("a.jpg", b"x", "image/jpeg") == url
