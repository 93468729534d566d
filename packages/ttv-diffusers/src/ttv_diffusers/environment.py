"""What a process that runs a model's code gets of this one's environment: what it needs, no keys.

It gets the variables listed here, which say where things are, which language is spoken, and how
the libraries of such a process are to work. A variable that is not listed does not pass, for
nobody can tell what it holds; nor does a listed one whose name looks like that of a secret. The
setting `pass_environment` names further ones.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ttv_core.settings import looks_secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["child_environment", "engine_variables", "worker_environment"]

_SESSION = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "LANG", "LANGUAGE", "LC_*"),
    *("TMP", "TEMP", "TMPDIR", "XDG_*", "PYTHON*", "VIRTUAL_ENV", "CONDA_*", "COVERAGE_*", "TTV_*"),
    # Windows starts nothing without these.
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS"),
    *("USERNAME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA"),
    *("PROGRAMDATA", "PROGRAMFILES*"),
)
_ENGINE = (
    *("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_*", "MALLOC_*", "CC", "CXX", "CPATH", "LIBRARY_PATH"),
    *("CUDA_*", "NVIDIA_*", "NCCL_*", "CUBLAS_*", "CUDNN_*", "NVTE_*", "GLOO_*"),
    *("ROCM_*", "ROCR_*", "HIP_*", "HSA_*", "MIOPEN_*", "AMD_*", "ZE_*", "SYCL_*", "ONEAPI_*"),
    *("OMP_*", "KMP_*", "GOMP_*", "MKL_*", "OPENBLAS_*", "BLIS_*", "NUMEXPR_*", "VECLIB_*"),
    *("TORCH*", "PYTORCH_*", "TRITON_*", "ATEN_*", "XFORMERS_*", "FLASH_*", "BNB_*"),
    *("HF_*", "HUGGINGFACE_*", "HUGGING_FACE_*", "TRANSFORMERS_*", "DIFFUSERS_*"),
    *("ACCELERATE_*", "TOKENIZERS_*", "SAFETENSORS_*"),
)
"""Those on which it depends what comes out, or where the weights are."""
_TO_DOWNLOAD = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
"""The hub's own keys, which only a download needs."""


def child_environment(
    environ: Mapping[str, str] | None = None,
    *,
    downloads: bool = False,
    also: Sequence[str] = (),
) -> dict[str, str]:
    """Return what passes.

    Args:
        environ: The environment; this process's own when left out.
        downloads: Whether weights may be fetched, for which proxies and the hub's key pass too.
        also: Further names that pass, whatever they look like; "ACME_*" for all that begin so.

    Example:
        >>> given = {"PATH": "/bin", "HF_HOME": "/hf", "HF_TOKEN": "t", "ACME_API_KEY": "k"}
        >>> child_environment(given)
        {'PATH': '/bin', 'HF_HOME': '/hf'}
        >>> sorted(child_environment(given, downloads=True, also=["ACME_*"]))
        ['ACME_API_KEY', 'HF_HOME', 'HF_TOKEN', 'PATH']
    """
    listed = (*_SESSION, *_ENGINE, *(_TO_DOWNLOAD if downloads else ()))
    named = (*also, *(_TOKENS if downloads else ()))
    return {
        name: value
        for name, value in (os.environ if environ is None else environ).items()
        if _is_one(name, named) or (_is_one(name, listed) and not looks_secret(name))
    }


def worker_environment(given: Mapping[str, str], *, offline: bool) -> dict[str, str]:
    """Return the environment of a worker.

    Args:
        given: What it is to have.
        offline: Whether it must not ask the hub for anything.
    """
    ours = {"TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1"}
    if offline:
        ours |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    return {**given, **ours}


def engine_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables on which the work of a process depends: where two of them must agree.

    Args:
        environ: Its environment.
    """
    return {name: value for name, value in environ.items() if _is_one(name, _ENGINE)}


def _is_one(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name.upper(), pattern.upper()) for pattern in patterns)
