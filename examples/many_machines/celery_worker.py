"""Workers of Celery that send broadcasts: docs/how-to/many-machines.md."""

import os

from celery import Celery

from skymms.broadcast.celery import Slices

app = Celery("celery_worker", broker=os.environ["CELERY_BROKER_URL"])
# A worker takes no slice that another worker could run at once.
app.conf.worker_prefetch_multiplier = 1
slices = Slices(app)
