"""ttv: one interface over every video generator that is installed.

```python
import ttv_core as ttv

plan = ttv.plan("a red fox runs through snow", backend="animatic", duration=5)
video = ttv.generate("a red fox runs through snow", backend="animatic", output="fox.mp4")
```

Names are imported when they are used, so that importing this package costs next to nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ttv_core.batch import BatchItem, generate_many, plan_many
    from ttv_core.capabilities import (
        Canvas,
        Capabilities,
        InputLimit,
        Licence,
        ModelCapabilities,
        Numbers,
        Price,
        PromptLimit,
        RemoteFacts,
        Rule,
        Size,
        SizeRange,
    )
    from ttv_core.config import Config, extract_backend_config, load_config
    from ttv_core.errors import (
        AllBackendsFailedError,
        AuthenticationError,
        BackendUnavailableError,
        ConfigurationError,
        ContentRejectedError,
        CostLimitError,
        DownloadError,
        GenerationCancelledError,
        GenerationFailedError,
        GenerationTimeoutError,
        InvalidInputError,
        JobExpiredError,
        JobNotFoundError,
        ModelNotFoundError,
        OutputError,
        PluginError,
        QuotaExceededError,
        SubmissionUncertainError,
        VideoGenerationError,
    )
    from ttv_core.events import JobEvent
    from ttv_core.executors import Executor, Needs
    from ttv_core.factory import (
        agenerate,
        create_video_generator,
        generate,
        plan,
        plan_all,
        resume,
        start,
    )
    from ttv_core.hookspecs import BackendSpec, hookimpl
    from ttv_core.inputs import MediaInput
    from ttv_core.interface import VideoGenerator, VideoGeneratorInterface
    from ttv_core.job import Job, JobContext
    from ttv_core.line import Line
    from ttv_core.local import LocalVideoGenerator
    from ttv_core.planning import Plan
    from ttv_core.registry import GENERATOR_REGISTRY
    from ttv_core.remote import (
        Poll,
        RemoteFile,
        RemoteRef,
        RemoteSettings,
        RemoteVideoGenerator,
        SubmitSemantics,
    )
    from ttv_core.request import VideoRequest
    from ttv_core.resolved import ResolvedRequest
    from ttv_core.results import (
        Adjustment,
        Attempt,
        Availability,
        CostEstimate,
        ExpectedVideo,
        MediaInfo,
        VideoFile,
        VideoResult,
        Violation,
    )
    from ttv_core.settings import BackendSettings
    from ttv_core.tables import models_from

_HOME = {
    "batch": ("BatchItem", "generate_many", "plan_many"),
    "capabilities": (
        "Canvas",
        "Capabilities",
        "InputLimit",
        "Licence",
        "ModelCapabilities",
        "Numbers",
        "Price",
        "PromptLimit",
        "RemoteFacts",
        "Rule",
        "Size",
        "SizeRange",
    ),
    "config": ("Config", "extract_backend_config", "load_config"),
    "errors": (
        "AllBackendsFailedError",
        "AuthenticationError",
        "BackendUnavailableError",
        "ConfigurationError",
        "ContentRejectedError",
        "CostLimitError",
        "DownloadError",
        "GenerationCancelledError",
        "GenerationFailedError",
        "GenerationTimeoutError",
        "InvalidInputError",
        "JobExpiredError",
        "JobNotFoundError",
        "ModelNotFoundError",
        "OutputError",
        "PluginError",
        "QuotaExceededError",
        "SubmissionUncertainError",
        "VideoGenerationError",
    ),
    "events": ("JobEvent",),
    "executors": ("Executor", "Needs"),
    "factory": (
        "agenerate",
        "create_video_generator",
        "generate",
        "plan",
        "plan_all",
        "resume",
        "start",
    ),
    "hookspecs": ("BackendSpec", "hookimpl"),
    "inputs": ("MediaInput",),
    "interface": ("VideoGenerator", "VideoGeneratorInterface"),
    "job": ("Job", "JobContext"),
    "line": ("Line",),
    "local": ("LocalVideoGenerator",),
    "planning": ("Plan",),
    "registry": ("GENERATOR_REGISTRY",),
    "remote": (
        "Poll",
        "RemoteFile",
        "RemoteRef",
        "RemoteSettings",
        "RemoteVideoGenerator",
        "SubmitSemantics",
    ),
    "request": ("VideoRequest",),
    "resolved": ("ResolvedRequest",),
    "results": (
        "Adjustment",
        "Attempt",
        "Availability",
        "CostEstimate",
        "ExpectedVideo",
        "MediaInfo",
        "VideoFile",
        "VideoResult",
        "Violation",
    ),
    "settings": ("BackendSettings",),
    "tables": ("models_from",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "GENERATOR_REGISTRY",
    "Adjustment",
    "AllBackendsFailedError",
    "Attempt",
    "AuthenticationError",
    "Availability",
    "BackendSettings",
    "BackendSpec",
    "BackendUnavailableError",
    "BatchItem",
    "Canvas",
    "Capabilities",
    "Config",
    "ConfigurationError",
    "ContentRejectedError",
    "CostEstimate",
    "CostLimitError",
    "DownloadError",
    "Executor",
    "ExpectedVideo",
    "GenerationCancelledError",
    "GenerationFailedError",
    "GenerationTimeoutError",
    "InputLimit",
    "InvalidInputError",
    "Job",
    "JobContext",
    "JobEvent",
    "JobExpiredError",
    "JobNotFoundError",
    "Licence",
    "Line",
    "LocalVideoGenerator",
    "MediaInfo",
    "MediaInput",
    "ModelCapabilities",
    "ModelNotFoundError",
    "Needs",
    "Numbers",
    "OutputError",
    "Plan",
    "PluginError",
    "Poll",
    "Price",
    "PromptLimit",
    "QuotaExceededError",
    "RemoteFacts",
    "RemoteFile",
    "RemoteRef",
    "RemoteSettings",
    "RemoteVideoGenerator",
    "ResolvedRequest",
    "Rule",
    "Size",
    "SizeRange",
    "SubmissionUncertainError",
    "SubmitSemantics",
    "VideoFile",
    "VideoGenerationError",
    "VideoGenerator",
    "VideoGeneratorInterface",
    "VideoRequest",
    "VideoResult",
    "Violation",
    "agenerate",
    "create_video_generator",
    "extract_backend_config",
    "generate",
    "generate_many",
    "hookimpl",
    "load_config",
    "models_from",
    "plan",
    "plan_all",
    "plan_many",
    "resume",
    "start",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name == "__version__":
        from importlib.metadata import version

        return version("ttv-core")
    from importlib import import_module

    if name in {"jobs", "testing"}:
        return import_module(f"{__name__}.{name}")
    module = _MODULE_OF.get(name)
    if module is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names without importing them."""
    return sorted({*globals(), *__all__})
