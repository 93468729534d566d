"""The engine of ttv for local models: pipelines of diffusers in a warm worker process.

A backend over a family of models derives from `PipelineGenerator` and brings its `Recipe`s as
data; the backend `diffusers` here is one. Names are imported when they are used; torch is imported
by the worker process alone.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ttv_diffusers.checkpoint import Checkpoint, read_checkpoint
    from ttv_diffusers.generator import DiffusersGenerator, PipelineGenerator
    from ttv_diffusers.recipes import Need, Recipe, recipes_from
    from ttv_diffusers.settings import EngineOptions, EngineSettings, ModelEntry
    from ttv_diffusers.sizes import size_of_picture

_MODULE_OF = {
    "Checkpoint": "checkpoint",
    "DiffusersGenerator": "generator",
    "EngineOptions": "settings",
    "EngineSettings": "settings",
    "ModelEntry": "settings",
    "Need": "recipes",
    "PipelineGenerator": "generator",
    "Recipe": "recipes",
    "read_checkpoint": "checkpoint",
    "recipes_from": "recipes",
    "size_of_picture": "sizes",
}

__all__ = [
    "Checkpoint",
    "DiffusersGenerator",
    "EngineOptions",
    "EngineSettings",
    "ModelEntry",
    "Need",
    "PipelineGenerator",
    "Recipe",
    "read_checkpoint",
    "recipes_from",
    "size_of_picture",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in _MODULE_OF:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
