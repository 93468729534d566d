"""A plugin that imports what it need not."""

from __future__ import annotations

import numpy as np
from zoo_plugin import ttv_backends

__all__ = ["np", "ttv_backends"]
