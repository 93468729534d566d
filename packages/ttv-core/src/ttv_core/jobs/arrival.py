"""Bring a finished video home: fetch it, see that it is whole, and only then give it its name.

The video exists and is paid for. Whatever goes wrong here, it is asked for again and never made
again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttv_core.errors import (
    ContentRejectedError,
    DownloadError,
    GenerationFailedError,
    JobExpiredError,
    JobNotFoundError,
    OutputError,
    VideoGenerationError,
)
from ttv_core.jobs.retry import backoff
from ttv_core.output import PendingFile, sidecar_path, storage_error, sync
from ttv_core.results import Attempt, CostEstimate, VideoFile, VideoResult
from ttv_core.sidecar import write_sidecar
from ttv_core.transfer import Arrived, RemoteFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttv_core.jobs.record import JobRecord
    from ttv_core.jobs.work import Work
    from ttv_core.planning import Plan
    from ttv_core.results import MediaInfo

__all__ = ["bring_home", "remove_parts"]

_TRIES = 8
_FETCH_TRIES = 8
_LONGEST_FETCH = 300.0
_EXPIRED_LINK = frozenset({401, 403, 404, 410})


async def bring_home(work: Work) -> VideoResult:
    """Fetch, check and publish the videos of a job that the vendor has finished.

    Raises:
        DownloadError: If a video could not be fetched whole; it can be tried again.
        JobExpiredError: If the vendor has it no more.
        OutputError: If it cannot be written where it was asked for.
    """
    started = work.clock
    infos = await _published_before(work)
    if infos is None:
        work.tell("downloading")
        files = await _found(work)
        await _begin(work, len(files))
        infos = [await _one(work, files, i) for i in range(len(files))]
        for i in range(len(files)):
            await _publish(work, i)
    result = _result(work, infos, round(work.clock - started, 3))
    await work.outside.on_disk(_tidy, work.record, result, work.plan)
    await work.save(state="completed", result=result.to_dict(), charged=result.charged, owner=None)
    return result


def _tidy(record: JobRecord, result: VideoResult, plan: Plan) -> None:
    """Leave the provenance beside the video, and nothing else."""
    if result.sidecar is not None:
        with contextlib.suppress(OutputError):  # the video is there all the same
            write_sidecar(result, plan, part=_beside(record.parts[0]))
    remove_parts(record)


def remove_parts(record: JobRecord, *, but: JobRecord | None = None) -> None:
    """Remove what is left of files under way: before a job is over, for then nobody takes it up.

    Args:
        record: The job.
        but: The same job, as somebody else may take it up; what it names is left.
    """
    known = {part.get("part") for part in but.parts} if but is not None else set()
    for part in record.parts:
        if part.get("part") and part["part"] not in known:
            Path(part["part"]).unlink(missing_ok=True)
            _beside(part).unlink(missing_ok=True)


def _beside(part: dict[str, Any]) -> Path:
    """Return where a sidecar is under way: a name that the journal knows, so that none is left."""
    return Path(f"{part['part']}.json")


async def _published_before(work: Work) -> list[MediaInfo | None] | None:
    """Return what the files are if an earlier process gave them their names and then ended."""
    parts = work.record.parts
    if not parts or not all([await work.outside.on_disk(_is_there, part) for part in parts]):
        return None
    return [await work.outside.inspect(Path(part["target"])) for part in parts]


def _is_there(part: dict[str, Any]) -> bool:
    path, wanted = Path(part["target"]), str(part.get("sha256", ""))
    if not wanted or not path.is_file() or path.stat().st_size != part.get("size"):
        return False
    if _digest(path) != wanted:
        return False
    try:
        sync(path.parent)  # who gave it its name may have ended before that was durable
    except OSError as error:
        raise storage_error(error, path) from error
    return True


async def _found(work: Work) -> Sequence[RemoteFile]:
    """Return where the videos are now."""
    files, work.files = work.files, ()
    failures = 0
    gone_at: float | None = None
    while not files:
        try:
            async with work.turn("question"), asyncio.timeout(_LONGEST_FETCH):
                files = tuple(await work.vendor.fetch(work.ref))
        except Exception as error:  # noqa: BLE001 - any backend, any error
            found = work.problem(error, "say where the video is")
        else:
            msg = f"{work.vendor.name} is done with job {work.record.id} but names no video"
            found = DownloadError(msg, code="no_result", job_id=work.record.id)
        if not files:
            failures += 1
            if isinstance(found, JobNotFoundError):  # it may be a delay of the vendor's
                gone_at = work.clock if gone_at is None else gone_at
                if work.clock - gone_at < work.vendor.semantics.not_found_grace:
                    await work.pause(backoff(failures, work.outside.random))
                    continue
                found = _expired(work, found)
            await _if_over(work, found)
            if failures >= _FETCH_TRIES or not _passes(found):
                raise await _given_up(work, found) from found.__cause__
            await work.pause(found.retry_after or backoff(failures, work.outside.random))
    return files


def _expired(work: Work, error: VideoGenerationError) -> JobExpiredError:
    record = work.record
    msg = f"{record.backend} has the video of job {record.remote_id} no more: {error.message}"
    return JobExpiredError(msg, backend=record.backend, model=record.model, job_id=record.id)


def _passes(error: VideoGenerationError) -> bool:
    """Tell whether a question that failed may go well a little later."""
    return error.retryable or error.code == "backend_error"


async def _if_over(work: Work, error: VideoGenerationError) -> None:
    """End the job if the vendor says that there is no video, or no more.

    Raises:
        VideoGenerationError: The error, if it is the end.
    """
    if isinstance(error, JobExpiredError):
        remove_parts(work.record)
        await work.save(state="expired", error=error.to_dict(), owner=None)
    elif isinstance(error, GenerationFailedError | ContentRejectedError) and not _passes(error):
        remove_parts(work.record)
        await work.save(state="failed", error=error.to_dict(), charged=error.charged, owner=None)
    else:
        return
    raise error


async def _given_up(work: Work, error: VideoGenerationError) -> VideoGenerationError:
    """Write down why it is not here yet; the job stays as it is, and can be taken up again."""
    error.remedy = error.remedy or f"ttv resume {work.record.id}"
    await work.save(note=error.message)
    return error


async def _begin(work: Work, count: int) -> None:
    """Make sure that there is a part file for each video, and that it is known."""
    parts = [dict(part) for part in work.record.parts]
    target = Path(work.record.target)
    if len(parts) != count:
        names = [target, *(target.with_stem(f"{target.stem}-{i}") for i in range(2, count + 1))]
        parts = [{"target": str(name)} for name in names]
    made: list[PendingFile] = []
    for part in parts:
        if not part.get("part") or not Path(part["part"]).is_file():
            pending = PendingFile(Path(part["target"]), overwrite=False)
            part.pop("arrived", None)
            part["part"] = str(pending.path)
            made.append(pending)
    if made:
        await work.save(parts=parts)  # known before it is there, so that none is left behind
        try:
            for pending in made:
                pending.create()
        except OutputError as error:
            raise await _given_up(work, work.problem(error, "write the video")) from error


async def _one(work: Work, files: Sequence[RemoteFile], index: int) -> MediaInfo | None:
    """Fetch one video and see that it is whole; a damaged one is fetched once more."""
    for last in (False, True):
        files = await _downloaded(work, files, index)
        part = work.record.parts[index]
        path = Path(part["part"])
        work.tell("measuring")
        try:
            info = await work.outside.inspect(path)
            size = path.stat().st_size
        except OSError as error:
            found = storage_error(error, Path(part["target"]))
            raise await _given_up(work, work.problem(found, "write the video")) from error
        except VideoGenerationError as error:
            if not last:
                os.truncate(path, 0)
                continue
            rejected = Path(part["target"]).with_suffix(f".{work.record.id.lower()}.rejected")
            path.replace(rejected)
            msg = f"{work.vendor.name} gave no whole video: {error.message}"
            bad = DownloadError(msg, code="bad_video", remedy=f"what came is {rejected}")
            raise await _given_up(work, work.problem(bad, "give the video")) from error
        sha256 = info.sha256 if info is not None else await work.outside.on_disk(_digest, path)
        await _note(work, index, sha256=sha256, size=size)
        return info
    raise AssertionError


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _downloaded(work: Work, files: Sequence[RemoteFile], index: int) -> Sequence[RemoteFile]:
    """Fetch one video into its part file, with as many tries as bring it further."""
    failures = 0
    while True:
        part = work.record.parts[index]
        path = Path(part["part"])
        before = path.stat().st_size if path.is_file() else 0

        def progress(done: int, total: int | None) -> None:
            fraction = min(done / total, 1.0) if total else None
            work.tell("downloading", fraction=fraction, step=done, total=total)

        async def note(arrived: Arrived) -> None:
            await _note(work, index, arrived=[arrived.validator, arrived.total])

        try:
            await work.outside.download(
                files[index],
                path,
                work.vendor.guard,
                arrived=Arrived(*part.get("arrived", ())),
                progress=progress,
                note=note,
                on_disk=work.outside.on_disk,
            )
        except DownloadError as error:
            found = work.problem(error, "give the video")
            further = path.is_file() and path.stat().st_size > before
            failures = 1 if further else failures + 1
            if failures >= _TRIES or not error.retryable:
                raise await _given_up(work, found) from None
            await work.pause(error.retry_after or backoff(failures, work.outside.random))
            if error.status_code in _EXPIRED_LINK or failures > 1:
                work.files = ()
                files = await _found(work)
        except OutputError as error:
            raise await _given_up(work, work.problem(error, "write the video")) from error
        else:
            return files


async def _note(work: Work, index: int, **facts: Any) -> None:
    parts = [dict(part) for part in work.record.parts]
    parts[index] |= facts
    await work.save(parts=parts)


async def _publish(work: Work, index: int) -> None:
    """Give a whole video its name; one that somebody has taken meanwhile is not taken away."""
    part, overwrite = work.record.parts[index], work.plan.request.overwrite
    try:
        await work.outside.on_disk(partial(_give_name, overwrite=overwrite), part)
    except OutputError as error:
        if error.code != "exists":
            raise await _given_up(work, work.problem(error, "write the video")) from error
        target = Path(part["target"])
        other = target.with_stem(f"{target.stem}-{work.record.id.lower()}")
        work.warnings.append(f"{target} has come up meanwhile; the video is {other}")
        await _note(work, index, target=str(other))
        await work.outside.on_disk(partial(_give_name, overwrite=False), work.record.parts[index])


def _give_name(part: dict[str, Any], *, overwrite: bool) -> None:
    if not _is_there(part):
        path = Path(part["part"])
        PendingFile(Path(part["target"]), overwrite=overwrite, path=path).publish()


def _result(work: Work, infos: Sequence[MediaInfo | None], seconds: float) -> VideoResult:
    plan, record = work.plan, work.record
    paths = [Path(part["target"]) for part in record.parts]
    notes = [] if infos[0] is None else list(infos[0].deviations(plan.expected))
    if infos[0] is None:
        notes.append('the file was not measured: pip install "ttv-core[media]"')
    if plan.request.n not in {None, len(paths)}:
        notes.append(f"{plan.request.n} videos were asked for, {len(paths)} came")
    cost = CostEstimate(
        **{
            name: getattr(plan.cost, name)
            for name in ("amount", "currency", "basis", "source", "as_of")
        },
        actual=record.actual,
    )
    timings = {"download": seconds}
    if record.took is not None:
        timings["vendor"] = round(record.took, 3)
    if record.accepted_at and record.created_at:
        timings["submit"] = round(max(record.accepted_at - record.created_at, 0.0), 3)
    seed = plan.native.get("seed", plan.request.seed)
    return VideoResult(
        path=paths[0],
        info=infos[0],
        backend=record.backend,
        model=record.model,
        mode=plan.mode,
        seed=seed if isinstance(seed, int) else None,
        adjustments=plan.adjustments,
        warnings=(*plan.warnings, *work.warnings, *notes),
        cost=cost,
        charged=record.charged,
        timings=timings,
        attempts=(Attempt(record.backend, "used", "asked for", model=record.model),),
        job_id=record.id,
        sidecar=sidecar_path(paths[0]) if plan.request.sidecar else None,
        more=tuple(VideoFile(path, info) for path, info in zip(paths[1:], infos[1:], strict=True)),
    )
