"""What a folder of weights says of itself: JSON and the headers of its files, without torch."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttv_core.errors import ModelNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Checkpoint", "read_checkpoint"]

_INDEX = "model_index.json"
_PICKLED = (".bin", ".pt", ".pth", ".ckpt")
_LONGEST_HEADER = 100_000_000  # safetensors' own limit
_NO_WEIGHTS = ("scheduler", "tokenizer", "processor", "extractor", "guider")


@dataclass(frozen=True)
class Checkpoint:
    """A pipeline's folder, in the layout of diffusers.

    Attributes:
        folder: Where it is; None for an id on the hub, of which nothing is known yet.
        source: The folder or the id, as diffusers takes it.
        pipeline: The class that its `model_index.json` names.
        index: All of `model_index.json`.
        configs: Component to its `config.json`.
    """

    folder: Path | None
    source: str
    pipeline: str
    index: dict[str, Any] = field(default_factory=dict, repr=False)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)

    def value(self, path: str) -> Any:
        """Return what the folder says.

        Args:
            path: "transformer.in_channels" is that key of `transformer/config.json`;
                "boundary_ratio" that of `model_index.json`, and "image_encoder" whether there is
                such a component.
        """
        head, dot, key = path.partition(".")
        if dot:
            return self.configs.get(head, {}).get(key)
        found = self.index.get(path)
        return any(found or ()) if _is_component(found) else found

    @cached_property
    def weights(self) -> int:
        """Bytes of weights on disk."""
        return 0 if self.folder is None else sum(size for _, size in _files(self.folder))

    @cached_property
    def parameters(self) -> int:
        """Numbers in all the weights; a rough count where the files do not say."""
        if self.folder is None:
            return 0
        return sum(_count(file) for file, _ in _files(self.folder))


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a pipeline's folder, and check that its weights are whole as far as headers tell.

    Raises:
        ModelNotFoundError: If there is none, or weights are missing, cut off or pickled.
    """
    index = _read_index(folder)
    names = [name for name, found in index.items() if _is_component(found) and any(found)]
    configs = {}
    for name in names:
        where = folder / name
        if not where.is_dir():
            raise _broken(folder, f"the component {name!r} is not there", "missing_component")
        if (config := where / "config.json").is_file():
            configs[name] = _json(config)
        if not any(word in name for word in _NO_WEIGHTS):
            _check_weights(where)
    return Checkpoint(folder, str(folder), str(index["_class_name"]), index, configs)


def _is_component(found: Any) -> bool:
    return isinstance(found, list) and len(found) == 2


def _read_index(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise _broken(folder, "there is no such folder", "weights_missing")
    if not (folder / _INDEX).is_file():
        what = _other_layout(folder) or f"it has no {_INDEX}, so it is no pipeline of diffusers"
        raise _broken(folder, what, "wrong_layout")
    index = _json(folder / _INDEX)
    if not isinstance(index.get("_class_name"), str):
        raise _broken(folder, f"its {_INDEX} names no pipeline", "wrong_layout")
    return index


def _other_layout(folder: Path) -> str | None:
    """Recognise what is not in the layout of diffusers but of a model's own repository."""
    names = {path.name for path in folder.iterdir()}
    official = {
        "Wan": any("models_t5_umt5" in name for name in names),
        "HunyuanVideo": bool(names & {"hunyuan-video-t2v-720p", "hunyuan-video-i2v-720p"}),
        "HunyuanVideo 1.5": "transformer" in names and "vae" in names,
    }
    for model, found in official.items():
        if found:
            return (
                f"it has the layout of {model}'s own repository, not that of diffusers: use it "
                "with engine: official, or get the folder whose name ends in -Diffusers"
            )
    return None


def _json(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _broken(file, f"it cannot be read as JSON: {error}", "broken_file") from error
    if not isinstance(data, dict):
        raise _broken(file, "it holds no JSON object", "broken_file")
    return data


def _check_weights(where: Path) -> None:
    names = sorted(path.name for path in where.iterdir())
    shards = [name for name in names if name.endswith(".safetensors")]
    if not shards:
        pickled = [name for name in names if name.endswith(_PICKLED)]
        if pickled:
            said = f"{pickled[0]} is pickled, and can run any code when it is read"
            raise _broken(where, f"{said}; only safetensors are read", "pickled_weights")
        raise _broken(where, "there are no weights (*.safetensors)", "weights_missing")
    for name in names:
        if name.endswith(".safetensors.index.json"):
            wanted = set(_json(where / name).get("weight_map", {}).values())
            for missing in sorted(wanted - set(shards)):
                raise _broken(where, f"{missing} is missing", "weights_missing")
    for name in shards:
        _check_length(where / name)


def _check_length(file: Path) -> None:
    """Hold a file's length against what its header promises."""
    ends = [spec["data_offsets"][1] for spec in _header(file).values() if "data_offsets" in spec]
    with file.open("rb") as data:
        length = int.from_bytes(data.read(8), "little")
    promised, found = 8 + length + max(ends, default=0), file.stat().st_size
    if found != promised:
        said = f"it has {found:,} bytes, and its header tells of {promised:,}"
        raise _broken(file, said, "truncated_weights")


def _header(file: Path) -> dict[str, Any]:
    """Return the header of a safetensors file."""
    with file.open("rb") as data:
        length = int.from_bytes(data.read(8), "little")
        if length > min(_LONGEST_HEADER, file.stat().st_size):
            raise _broken(file, "its header is cut off", "truncated_weights")
        try:
            header: dict[str, Any] = json.loads(data.read(length))
        except ValueError:
            raise _broken(file, "its header is damaged", "truncated_weights") from None
    return header


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    for where, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".safetensors"):
                file = Path(where, name)
                yield file, file.stat().st_size


def _count(file: Path) -> int:
    total = 0
    for spec in _header(file).values():
        count = 1
        for edge in spec.get("shape", (0,)):
            count *= edge
        total += count
    return total


def _broken(where: Path, what: str, code: str) -> ModelNotFoundError:
    remedy = {
        "weights_missing": "set model_dir to where the weights are, or download them",
        "truncated_weights": "download the file again",
        "pickled_weights": "get the weights as safetensors",
    }.get(code)
    return ModelNotFoundError(f"{where}: {what}", code=code, charged="no", remedy=remedy)
