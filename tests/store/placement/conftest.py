"""Every table of placement; the database and the time are those of all store tests."""

from __future__ import annotations

import cumulet.placement.operations.claims
import cumulet.placement.operations.hosts  # noqa: F401
