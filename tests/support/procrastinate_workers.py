"""The app of procrastinate workers in tests. ``SKYMMS_ENGINE`` is JSON: see :mod:`engine_scene`."""

from __future__ import annotations

import json
import os

from broadcast_worker import patch
from procrastinate import App, PsycopgConnector

from skymms.broadcast.procrastinate import Slices

settings = json.loads(os.environ["SKYMMS_ENGINE"])
patch(settings["patch"])
app = App(
    connector=PsycopgConnector(conninfo=os.environ["SKYMMS_LEDGER"]),
    worker_defaults={"shutdown_graceful_timeout": 0.2, "fetch_job_polling_interval": 0.5},
)
slices = Slices(app, seconds=settings["seconds"])
