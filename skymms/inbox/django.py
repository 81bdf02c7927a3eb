"""The inbox as a Django view: ``path("mms/<token>", inbox.django)``. Django is imported when the first request arrives."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .intake import Answer
from .receiver import Receiver
from .wsgi import read_body, request_of


class DjangoView:
    """A Django view that stores posts. The last segment of the path is the secret, whatever the pattern calls it."""

    #: Django's CSRF middleware reads this: a gateway has no token of a form.
    csrf_exempt: bool = True

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def __call__(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer a request: a ``django.http.HttpRequest`` with a ``django.http.HttpResponse``."""
        deadline = self._receiver.deadline()
        judged = request_of(
            {**request.META, "REQUEST_METHOD": request.method or "", "SCRIPT_NAME": "", "PATH_INFO": request.path}
        )
        answer = self._receiver.intake.refuse(judged)
        if answer is None:
            body = self._read(request, deadline)
            answer = body if isinstance(body, Answer) else self._receiver.answer(judged, body, deadline)
        # Django has no types of its own.
        response: Any = import_module("django.http").HttpResponse
        return response(
            b"" if judged.method == "HEAD" else f"{answer.text}\n".encode(),
            status=answer.status,
            content_type="text/plain; charset=utf-8",
            headers=dict(answer.headers),
        )

    def _read(self, request: Any, deadline: float) -> bytes | Answer:
        is_read = hasattr(request, "_body")
        # Under WSGI, Django takes a body without a Content-Length for an empty one.
        if not is_read and "wsgi.input" in request.META:
            return read_body(request.META, self._receiver, deadline)
        try:
            # Under ASGI, Django has the whole body already, in memory or in a file.
            return bytes(request.body if is_read else request.read(self._receiver.intake.max_body + 1))
        except Exception:
            # The connection was broken.
            return self._receiver.intake.broken(0, request.META.get("CONTENT_LENGTH") or "")
