"""Keeps a worker as the engine does, but one that is there in a moment."""

from __future__ import annotations

import sys
from pathlib import Path

from ttv_diffusers import process
from ttv_diffusers.kept.__main__ import main

process.COMMAND = (sys.executable, str(Path(__file__).parent / "worker.py"))
sys.exit(main())
