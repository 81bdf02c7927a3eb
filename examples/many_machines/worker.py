"""Workers of procrastinate that send broadcasts: docs/how-to/many-machines.md."""

import os

from procrastinate import App, PsycopgConnector

from skymms.broadcast.procrastinate import Slices

app = App(
    connector=PsycopgConnector(conninfo=os.environ["SKYMMS_LEDGER"]),
    # After SIGTERM a slice ends early. Jobs that are done are deleted.
    worker_defaults={"shutdown_graceful_timeout": 1, "delete_jobs": "successful"},
)
slices = Slices(app)
