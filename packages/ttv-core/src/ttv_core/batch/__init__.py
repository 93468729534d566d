"""Many videos: every request is made once, whatever ends the process on the way.

A batch has a folder. What is done is written down there, by the content of each request, so that a
batch that is started again goes on where it ended: nothing is made or paid for a second time.
"""

from ttv_core.batch.budget import Budget
from ttv_core.batch.item import BatchItem
from ttv_core.batch.lines import Format, Line, read_lines
from ttv_core.batch.many import generate_many, plan_many

__all__ = ["BatchItem", "Budget", "Format", "Line", "generate_many", "plan_many", "read_lines"]
