"""What sets the servers apart, as data.

Read in the servers' own code: vLLM-Omni 0.30.0, SGLang Diffusion 0.5.23 and FastVideo 0.2.1, as on
PyPI (2026-11-25). All of them keep their jobs in memory: a server that starts again knows
none of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from ttv_core import SubmitSemantics
from ttv_core.jobs import Lookup, Polling

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ANY", "COMMON", "DETECT", "DIALECTS", "Dialect"]

DETECT: Final = "detect"
"""Stands in a plan for the dialect that the server is asked for before anything is sent."""

COMMON: Final = frozenset(
    {"model", "prompt", "negative_prompt", "width", "height", "num_frames", "fps", "seconds"}
    | {"seed", "input_reference"}
)
"""What every server takes, by our names for it."""

# They answer a create only once its job is in their list; a request that is still on its way when
# the connection breaks shows up there moments later.
_LOOKUP: Final = Lookup(settle=20.0, absence_is_proof=False)


def _semantics(evidence: str, *, cancel: bool, lookup: bool) -> SubmitSemantics:
    return SubmitSemantics(
        lookup=_LOOKUP if lookup else None,
        # Whoever answers so has not begun: requests are checked before there is a job. A server in
        # trouble, or a gateway before it, that says 5xx may have begun.
        definite_reject=frozenset({400, 401, 403, 404, 405, 413, 415, 422, 429}),
        cancel=cancel,
        not_found_grace=30.0,
        polling=Polling(floor=1.0, ceiling=5.0),
        evidence=evidence,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one kind of server wants to be asked.

    Attributes:
        name: As it is set in the configuration.
        title: As its makers write it.
        owners: What it says as `owned_by` of its models.
        mark: A field of its create that no other has.
        encoding: How a create without a picture file is sent.
        size: Whether it takes `width` and `height`, or `size` as "832x480".
        seconds: How it takes whole seconds, which are sent only where frames are not known.
        whole_fps: Whether the frame rate must be a whole number.
        further: What it takes besides `COMMON`, by our names.
        picture: How a picture of ours is sent: as a file of a form, or as a data URI.
        picture_url: The field for the address of a picture, or for the data URI.
        wraps_url: Whether that field is an object in JSON.
        refuses_other_models: Whether it refuses a model other than the one that it serves; if not,
            it makes the video with that one.
        lists_prompts: Whether its list tells the prompts, so that a lost job can be known there.
        steps: Whether it tells progress while it works.
        states: Its words for the states of a job, in ours.
        semantics: What it promises about creates.
    """

    name: str
    title: str
    owners: frozenset[str]
    mark: str
    encoding: Literal["multipart", "json"]
    size: Literal["edges", "text"]
    seconds: Literal["text", "number"]
    whole_fps: bool
    further: frozenset[str]
    picture: Literal["file", "data_uri"]
    picture_url: str
    wraps_url: bool = False
    refuses_other_models: bool = False
    lists_prompts: bool = False
    steps: bool = False
    states: Mapping[str, Any] = field(default_factory=dict)
    semantics: SubmitSemantics

    @property
    def takes(self) -> frozenset[str]:
        """Everything that it takes, by our names."""
        return COMMON | self.further


_STATES: Final[Mapping[str, Any]] = {
    "queued": "queued",
    "in_progress": "running",
    "completed": "done",
    "failed": "failed",
}
_GUIDANCE: Final = frozenset(
    {"num_inference_steps", "guidance_scale", "guidance_scale_2", "true_cfg_scale"}
)

_VLLM_OMNI: Final = Dialect(
    name="vllm-omni",
    title="vLLM-Omni",
    owners=frozenset({"vllm", "vllm-omni"}),
    mark="boundary_ratio",
    encoding="multipart",
    size="edges",
    seconds="text",
    whole_fps=False,
    further=_GUIDANCE | {"boundary_ratio", "flow_shift", "generate_sound", "extra_params"},
    picture="file",
    picture_url="image_reference",
    wraps_url=True,
    refuses_other_models=True,
    lists_prompts=True,
    states=_STATES,
    semantics=_semantics(
        "vllm_omni/entrypoints/openai/api_server.py, vllm-omni 0.30.0", cancel=True, lookup=True
    ),
)

_SGLANG: Final = Dialect(
    name="sglang",
    title="SGLang Diffusion",
    owners=frozenset({"sglang"}),
    mark="generator_device",
    encoding="json",
    size="edges",
    seconds="number",
    whole_fps=True,
    further=_GUIDANCE | {"flow_shift", "enhance_prompt", "extra_params"},
    picture="file",
    picture_url="reference_url",
    steps=True,
    states=_STATES,
    semantics=_semantics(
        "sglang/multimodal_gen/runtime/entrypoints/openai/video_api.py, sglang 0.5.23",
        cancel=False,
        lookup=False,
    ),
)

_FASTVIDEO: Final = Dialect(
    name="fastvideo",
    title="FastVideo",
    owners=frozenset({"fastvideo"}),
    mark="extra_body",  # SGLang's has it too, and is known by its own mark before
    encoding="json",
    size="text",
    seconds="number",
    whole_fps=True,
    further=_GUIDANCE,
    # Its form has no place for all of `further`, and drops what it has no place for.
    picture="data_uri",
    picture_url="reference_url",
    # It has no other word until a job is over, and begins each at once.
    states={**_STATES, "queued": "running"},
    semantics=_semantics(
        "fastvideo/entrypoints/openai/video_api.py, fastvideo 0.2.1", cancel=False, lookup=False
    ),
)

DIALECTS: Final[Mapping[str, Dialect]] = {
    dialect.name: dialect for dialect in (_VLLM_OMNI, _SGLANG, _FASTVIDEO)
}
"""In the order in which a server is compared with them."""

ANY: Final = _VLLM_OMNI.semantics
"""While the dialect is not known: whether a job can be cancelled or found is seen in the asking."""
