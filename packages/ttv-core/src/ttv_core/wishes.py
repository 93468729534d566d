"""Settle the wishes that stand alone: prompt, negative prompt, seed, and those of yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttv_core.capabilities import Support
    from ttv_core.draft import Draft

__all__ = ["settle_negative_prompt", "settle_prompt", "settle_seed", "settle_switch"]


def settle_prompt(draft: Draft) -> str:
    """Return the prompt. One that is too long is refused and never cut."""
    prompt, limit, model = draft.request.prompt, draft.model.prompt, draft.model
    if limit.required and not prompt.strip():
        draft.refuse("prompt", "missing", f"{model.id} needs a prompt; it is empty")
    count = limit.count(prompt)
    if limit.maximum is None or count <= limit.maximum:
        return prompt
    said, allowed = f"{count:,} {limit.unit} long", f"at most {limit.maximum:,} {limit.unit}"
    if limit.unit == "tokens":
        draft.warn(f"prompt is about {said}; {model.id} reads {allowed}, and may ignore the rest")
    else:
        message = f"prompt is {said}; {model.id} takes {allowed}"
        draft.refuse("prompt", "too_long", message, allowed)
    return prompt


def settle_negative_prompt(draft: Draft) -> str | None:
    """Return the negative prompt, or None where there is none or the model takes none."""
    text, model = draft.request.negative_prompt, draft.model
    if not text:
        return None
    if model.negative_prompt is False:
        draft.drop("negative_prompt", text, f"{model.id} takes no negative prompt")
        return None
    if model.negative_prompt == "unknown":
        draft.warn(f"whether {model.id} takes a negative prompt is unknown; it is sent")
    return text


def settle_seed(draft: Draft) -> int | None:
    """Return the seed, the nearest legal one, or None where the model takes none."""
    seed, model = draft.request.seed, draft.model
    if seed is None:
        return None
    if model.seed is None and not model.seed_unknown:
        draft.drop("seed", seed, f"{model.id} takes no seed")
        return None
    if model.seed is None:
        draft.warn(f"whether {model.id} takes a seed is unknown; {seed} is sent")
        return seed
    used = model.seed.nearest(seed)
    if not model.seed.allows(seed):
        draft.change("seed", seed, int(used), model.seed.describe())
    return int(used)


def settle_switch(draft: Draft, name: str, *, asked: bool | None, support: Support) -> bool | None:
    """Return a wish of yes or no, audio or prompt rewriting; None leaves it to the model."""
    if support in {"always", "never"}:
        fixed = support == "always"
        draft.exempt.add(name)
        if asked is not None and asked is not fixed:
            draft.change(name, asked, fixed, str(fixed), code="unsupported")
        return fixed
    if asked is not None and support == "unknown":
        draft.warn(f"whether {draft.model.id} takes {name} is unknown; {asked} is passed on")
    return asked
