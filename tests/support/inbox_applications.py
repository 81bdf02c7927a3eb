"""Real applications with an inbox, under real servers: ``inbox_applications.py SERVER FD`` serves on an inherited socket.

The environment has the rest: INBOX_STORE, SKYMMS_INBOX_SECRET, and in INBOX_OPTIONS the arguments of the Inbox as JSON.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from typing import Any

from skymms import Notice, read_postbacks
from skymms.inbox import Inbox, Secret


def read(body: bytes, content_type: str | None) -> tuple[Notice, ...]:
    """Read a body, and fail for one as a defect would."""
    if body == b"defect":
        raise ZeroDivisionError("a defect")
    return read_postbacks(body, content_type)


def make_inbox() -> Inbox:
    """Make the inbox that the environment describes, in a program that logs everything."""
    logging.basicConfig(level=logging.DEBUG)
    options = json.loads(os.environ.get("INBOX_OPTIONS", "{}"))
    options["basic"] = [tuple(pair) for pair in options.get("basic", ())]
    return Inbox(os.environ["INBOX_STORE"], secret=Secret.from_env(), read=read, **options)


# ------------------------------------------------------------------------------------------------ applications


def plain_asgi() -> Any:
    return make_inbox().asgi


def fastapi() -> Any:
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/")
    def home() -> str:
        return "home"

    app.mount("/mms", make_inbox().asgi)
    return app


def plain_wsgi() -> Any:
    return make_inbox().wsgi


def flask() -> Any:
    from flask import Flask
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    app = Flask(__name__)

    @app.get("/")
    def home() -> str:
        return "home"

    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/mms": make_inbox().wsgi})  # type: ignore[method-assign]
    return app


def _configure_django() -> None:
    from types import ModuleType

    import django
    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import path

    urls = ModuleType("urls")
    urls.urlpatterns = [path("", lambda request: HttpResponse("home")), path("mms/<token>", make_inbox().django)]  # type: ignore[attr-defined]
    settings.configure(
        SECRET_KEY="not a secret",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=urls,
        MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
        USE_TZ=True,
    )
    django.setup()


def django_wsgi() -> Any:
    _configure_django()
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def django_asgi() -> Any:
    _configure_django()
    from django.core.asgi import get_asgi_application

    return get_asgi_application()


# ------------------------------------------------------------------------------------------------ servers


def uvicorn(app: str, descriptor: int) -> None:
    import uvicorn

    config = uvicorn.Config(globals()[app], factory=True, log_level="trace")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


def gunicorn(app: str, descriptor: int) -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"fd://{descriptor}",
        "--workers",
        "2",
        "--threads",
        "8",
        "--preload",
    ]
    command += ["--access-logfile", "-", "--log-level", "debug", "--pythonpath", here, "--no-control-socket"]
    os.execv(sys.executable, [*command, f"inbox_applications:{app}()"])


def werkzeug(app: str, descriptor: int) -> None:
    from werkzeug.serving import make_server

    make_server("127.0.0.1", 0, globals()[app](), threaded=True, fd=descriptor).serve_forever()


def main(server: str, app: str, descriptor: str) -> None:
    globals()[server](app, int(descriptor))


if __name__ == "__main__":
    main(*sys.argv[1:])
