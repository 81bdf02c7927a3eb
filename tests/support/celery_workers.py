"""The app of Celery workers in tests. ``SKYMMS_ENGINE`` is JSON: see :mod:`engine_scene`."""

from __future__ import annotations

import json
import os

from broadcast_worker import patch
from celery import Celery

from skymms.broadcast.celery import Slices

settings = json.loads(os.environ["SKYMMS_ENGINE"])
patch(settings["patch"])
app = Celery("workers", broker=settings["broker"])
app.conf.update(
    task_default_queue=settings["queue"],
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options=settings["transport"],
    worker_cancel_long_running_tasks_on_connection_loss=False,
)
slices = Slices(app, seconds=settings["seconds"])
