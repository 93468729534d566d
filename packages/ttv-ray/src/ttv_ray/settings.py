"""What can be set about the executor, below `executors.ray` of the configuration."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from ttv_core.settings import BackendSettings

__all__ = ["RaySettings"]


class RaySettings(BackendSettings):
    """Settings of the executor.

    Attributes:
        address: The cluster: "host:port"; "auto" for the one of this machine; "local", as when left
            out, for one that lives on this machine for the batch.
        workers: How many engines of one backend there may be; as many as the cluster has room for
            when left out. Say it where the cluster grows by itself.
        cpus: Processors for each engine, instead of what its backend says.
        gpus: GPUs for each engine, likewise.
        memory: GB of main memory for each engine, likewise.
        tries: How often a video is begun whose engine dies.
    """

    environment: ClassVar = {"address": ("RAY_ADDRESS",)}

    address: str | None = Field(default=None, min_length=1)
    workers: int | None = Field(default=None, ge=1)
    cpus: float | None = Field(default=None, ge=0)
    gpus: float | None = Field(default=None, ge=0)
    memory: float | None = Field(default=None, ge=0)
    tries: int = Field(default=3, ge=1, le=100)

    @field_validator("address")
    @classmethod
    def _is_no_client(cls, value: str | None) -> str | None:
        if value is not None and "://" in value:
            msg = "give host:port, and run ttv on a machine of the cluster; Ray Client will not do"
            raise ValueError(msg)
        return value

    @property
    def is_local(self) -> bool:
        """Whether a cluster is started for the batch."""
        return self.address in {None, "local"}
