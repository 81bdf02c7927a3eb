"""Engines: broadcasts that the workers of procrastinate and Celery send, which are killed, cut off and told things twice."""

from __future__ import annotations

import pytest
from engine_scene import ENGINES, engine_scene

from skymms.broadcast import Phase


@pytest.mark.parametrize("engine", ENGINES)
def test_workers_send_to_everybody_once_in_many_slices(postgres_where, engine):
    with engine_scene(postgres_where, engine, 400, seconds=0.5, rate=200) as work:
        for _ in range(2):
            work.add_worker()
        work.start(workers=3)
        work.wait_until(Phase.DONE)
        assert work.scene.check_done() == {"accepted": 400}
        print(work.output())
