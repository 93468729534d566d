"""Where a video goes, and how it gets there whole or not at all.

A video is written to a hidden name beside its target and gets its own name only when it is
complete and measured. What the user names is trusted; what is filled into a template is not.
"""

from __future__ import annotations

import datetime as dt
import errno
import glob
import os
import re
import secrets
import shutil
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ttv_core.errors import InvalidInputError, OutputError
from ttv_core.results import Violation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from ttv_core.planning import Plan

__all__ = [
    "PendingFile",
    "check_writable",
    "choose_target",
    "make_folder",
    "remove_parts",
    "sidecar_path",
    "slug",
    "storage_error",
    "sync",
]

DEFAULT_NAME = "{slug}-{id}.mp4"
_FIELD = re.compile(r"\{([A-Za-z_]+)\}")
_FIELDS = ("backend", "model", "slug", "seed", "date", "id")
_LONGEST_SLUG = 60
_LONGEST_NAME = 200
# What a file system says that has no files without a name (Linux: open(2), O_TMPFILE).
_HANDLES = Path("/proc/self/fd")
_NO_UNNAMED = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL})


def slug(text: str, *, longest: int = _LONGEST_SLUG) -> str:
    """Return text fit for a file name on every system: letters, digits, hyphens.

    Args:
        text: Anything, of anybody.
        longest: Bytes the result may have.
    """
    simple = unicodedata.normalize("NFKC", text).lower()
    words = re.sub(r"[^\w]+", "-", simple).strip("-_")
    cut = words.encode()[:longest].decode(errors="ignore").rstrip("-_")
    return cut or "video"


def choose_target(plan: Plan, job_id: str, folder: Path | None) -> Path:
    """Return the path the video goes to.

    Args:
        plan: What is made; its request says where to.
        job_id: For names.
        folder: The configured output folder, for requests that do not say; made when missing.

    Raises:
        InvalidInputError: If a template names an unknown field.
        OutputError: If the folder is missing, the name cannot be used or the file exists.
    """
    request = plan.request
    asked = request.output
    if asked is None:
        base = folder or Path()
        make_folder(base)
        target = base / _filled(DEFAULT_NAME, plan, job_id)
    else:
        asked = asked.expanduser()
        # os.path: pathlib raises on a name that is too long.
        named = asked / DEFAULT_NAME if os.path.isdir(asked) else asked  # noqa: PTH112
        target = Path(*(_filled(part, plan, job_id) for part in named.parts))
    _check_name(target, plan)
    for path in (target, *([sidecar_path(target)] if request.sidecar else [])):
        if os.path.lexists(path) and not request.overwrite:
            raise _exists(path, plan)
    return target


def make_folder(folder: Path) -> None:
    """Make a folder for videos where it is missing.

    Raises:
        OutputError: If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, folder / "video") from error


def sidecar_path(video: Path) -> Path:
    """Return where the provenance of a video is kept: `fox.mp4` has `fox.mp4.json`."""
    return video.with_name(f"{video.name}.json")


def _filled(part: str, plan: Plan, job_id: str) -> str:
    if "{" not in part:  # most: with thousands of jobs, asking for the date counts
        return part
    values: Mapping[str, Any] = {
        "backend": plan.backend,
        "model": plan.model,
        "slug": plan.request.prompt or plan.mode,
        "seed": "random" if plan.request.seed is None else plan.request.seed,
        "date": dt.datetime.now().astimezone().date().isoformat(),
        "id": job_id.lower(),
    }

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            allowed = ", ".join(f"{{{name}}}" for name in _FIELDS)
            message = f"output has the unknown field {found[0]!r}; known: {allowed}"
            raise InvalidInputError(violations=[Violation("output", "invalid", message, allowed)])
        return slug(str(values[found[1]]))

    return _FIELD.sub(value, part)


def _check_name(target: Path, plan: Plan) -> None:
    def refuse(code: str, message: str, remedy: str | None = None) -> OutputError:
        return OutputError(message, code=code, remedy=remedy, backend=plan.backend)

    if "\0" in str(target):
        raise refuse("bad_name", f"output {str(target)!r} has a NUL character")
    if len(os.fsencode(target.name)) > _LONGEST_NAME:
        raise refuse("bad_name", f"the name of output {target.name[:40]}… is too long to be used")
    if target.suffix.lower() != ".mp4":
        better = target.with_name(f"{target.stem}.mp4")
        message = f"output {target} is no folder and does not end in .mp4"
        raise refuse("bad_name", message, f"name it {better}, or mkdir -p {target}")
    if target.is_dir():
        raise refuse("bad_name", f"output {target} is a folder", f"name it {target}/")
    folder = target.parent
    if not folder.is_dir():
        why = "is no folder" if folder.exists() else "does not exist"
        raise refuse("no_folder", f"the folder {folder} {why}", f"mkdir -p {folder}")


def _exists(path: Path, plan: Plan) -> OutputError:
    return OutputError(
        f"{path} exists and is not replaced",
        code="exists",
        backend=plan.backend,
        remedy="another output, or overwrite=True (--overwrite)",
    )


def check_writable(target: Path) -> None:
    """See that a file can be made where a video is to go, and leave none behind.

    Raises:
        OutputError: If it cannot.
    """
    unnamed = getattr(os, "O_TMPFILE", 0)
    if unnamed:  # a crash in between leaves nothing
        try:
            os.close(os.open(target.parent, unnamed | os.O_WRONLY, 0o600))
        except OSError as error:
            if error.errno not in _NO_UNNAMED:
                raise storage_error(error, target) from error
        else:
            return
    with PendingFile(target, overwrite=False):
        pass


def storage_error(error: OSError, path: Path) -> OutputError:
    """Return an `OutputError` for what the system said about writing a file.

    It names the folder where that says enough: the file may have a name for the meantime only.
    """
    folder = _real(path).parent.absolute()
    codes = {
        errno.ENOSPC: ("disk_full", f"no space left on the disk of {folder}"),
        errno.EDQUOT: ("disk_full", f"the disk quota is used up in {folder}"),
        errno.EACCES: ("not_writable", f"{folder} cannot be written to"),
        errno.EPERM: ("not_writable", f"{folder} cannot be written to"),
        errno.EROFS: ("not_writable", f"{folder} is on a read-only disk"),
    }
    reason = error.strerror or type(error).__name__
    where = folder if path.parent == _HANDLES else path  # a file without a name has no other
    code, message = codes.get(error.errno or 0, ("storage", f"{where} cannot be written: {reason}"))
    remedy = {"disk_full": "free some space, or write elsewhere"}.get(code, "write elsewhere")
    return OutputError(message, code=code, remedy=remedy)


def _part(target: Path, tag: str) -> Path:
    return target.with_name(f".{target.stem[:80]}.{tag}.part{target.suffix}")


def remove_parts(target: Path) -> None:
    """Remove what killed processes have left of a video; called where nobody else writes it."""
    for named in (target, sidecar_path(target)):
        pattern = glob.escape(_part(named, "TAG").name).replace("TAG", "*")
        for path in target.parent.glob(pattern):
            path.unlink(missing_ok=True)


def _real(path: Path) -> Path:
    """Return where a file without a name is, as far as the system says."""
    if path.parent != _HANDLES:
        return path
    try:
        return Path(os.readlink(path))  # noqa: PTH115 - "… (deleted)" is no path to go on with
    except OSError:
        return path


class PendingFile:
    """A file that gets its name when it is whole, and is gone when it is not.

    Args:
        target: The name it is to get.
        overwrite: Whether an existing file of that name is replaced.
        path: Where it is written meanwhile, if that was begun before.

    Attributes:
        path: Where to write meanwhile: hidden, beside the target, of an unguessable name; or the
            handle of a file that has no name.
    """

    def __init__(self, target: Path, *, overwrite: bool, path: Path | None = None) -> None:
        self.target = target
        self.overwrite = overwrite
        self.path = _part(target, secrets.token_hex(4)) if path is None else path
        self._published = False
        self._created = False
        self._handle: int | None = None

    def create(self, *, unnamed: bool = False) -> Self:
        """Make the empty file: nobody else's, and not through a planted link.

        Entering the context does this too; doing it before tells early that it can be done.

        Args:
            unnamed: Whether it shall have no name until it is published, where the system knows
                such files: then nothing is left of it even if this process is killed.
        """
        if unnamed and self._create_unnamed():
            return self
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
        try:
            os.close(os.open(self.path, flags, 0o666))
        except OSError as error:
            raise storage_error(error, self.target) from error
        self._created = True
        return self

    def _create_unnamed(self) -> bool:
        kind = getattr(os, "O_TMPFILE", 0)
        if not kind or not _HANDLES.is_dir():
            return False
        try:
            self._handle = os.open(self.target.parent, kind | os.O_RDWR, 0o666)
        except OSError as error:
            if error.errno in _NO_UNNAMED:
                return False
            raise storage_error(error, self.target) from error
        self.path = _HANDLES / str(self._handle)
        self._created = True
        return True

    def __enter__(self) -> Self:
        """Make the empty file, unless that is done."""
        return self if self._created else self.create()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the file unless it was published."""
        if self._handle is not None:
            os.close(self._handle)
        elif not self._published:
            self.path.unlink(missing_ok=True)

    def take(self, file: Path) -> None:
        """Put a whole file in place of the one that is being written, and remove it where it was.

        Raises:
            OutputError: If it cannot be written.
        """
        try:
            shutil.copyfile(file, self.path)  # not renamed: it may be on another disk
            file.unlink()
        except OSError as error:
            raise storage_error(error, self.target) from error

    def publish(self) -> None:
        """Give the file its name, durably and in one step.

        Raises:
            OutputError: If a file of that name has come up meanwhile and is not to be replaced.
        """
        try:
            sync(self.path)
            if self.overwrite and self._handle is not None:
                named = self.target.with_name(f".{secrets.token_hex(8)}.part")
                self._name(named)
                named.replace(self.target)
            elif self.overwrite:
                self.path.replace(self.target)
            else:
                self._link()
            self._published = True
            sync(self.target.parent)
        except FileExistsError as error:
            msg = f"{self.target} exists and is not replaced"
            remedy = "another output, or overwrite=True (--overwrite)"
            raise OutputError(msg, code="exists", remedy=remedy) from error
        except OSError as error:
            raise storage_error(error, self.target) from error

    def _name(self, target: Path) -> None:
        """Give the file without a name one that is not taken."""
        # Without a folder's handle Python does not follow the link, whatever it is told.
        os.link(self.path, target, src_dir_fd=self._handle)

    def _link(self) -> None:
        """Rename without replacing: a link fails where the name is taken."""
        if self._handle is not None:
            self._name(self.target)
            return
        try:
            os.link(self.path, self.target, follow_symlinks=False)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if os.path.lexists(self.target):
                raise FileExistsError(self.target) from None
            self.path.rename(self.target)
        else:
            self.path.unlink()


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, survive the power going out.

    Raises:
        OSError: If the system cannot.
    """
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folder; its names are durable with the file
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
