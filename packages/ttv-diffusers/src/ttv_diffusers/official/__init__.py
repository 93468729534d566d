"""The official repository of a model as the engine: its own script, in its own environment.

What the authors publish is a script for their own, pinned set of packages, which says little while
it runs and leaves a file. This runs such a script as processes of its own, one for each GPU, tells
its progress, and never leaves one of them behind.
"""

from ttv_diffusers.official.checkout import Checkout
from ttv_diffusers.official.command import Command, flags
from ttv_diffusers.official.repository import Repository, Script
from ttv_diffusers.official.running import run

__all__ = ["Checkout", "Command", "Repository", "Script", "flags", "run"]
