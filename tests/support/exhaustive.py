"""Whether tests that try very many cases try all of them, as `make test-all` does, or a fixed sample, as `make test` does."""

from __future__ import annotations

import os

EXHAUSTIVE = os.environ.get("SKYMMS_EXHAUSTIVE") == "1"
