"""Every table of network; the database and the time are those of all store tests."""

from __future__ import annotations

import cumulet.network.operations.limits
import cumulet.network.operations.subnetpools
import cumulet.network.operations.sync  # noqa: F401
