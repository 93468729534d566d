"""The hooks that are asked across backends."""

from ttv_core import Violation
from ttv_core.hookspecs import hookimpl

heard = []


@hookimpl
def ttv_rank(request, candidates):
    by_cost = sorted(candidates, key=lambda plan: (plan.cost.amount is None, plan.cost.amount))
    return [plan.backend for plan in by_cost]


@hookimpl
def ttv_review(plan):
    if "logo" in plan.request.prompt.lower():
        return [Violation("prompt", "policy", "no logos, says the house style")]
    return None


@hookimpl
def ttv_job_event(event):
    heard.append((event.backend, event.job_id, event.state, event.fraction))
