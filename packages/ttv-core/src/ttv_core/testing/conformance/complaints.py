"""Every error is ours, names the value and what is allowed, and crosses process boundaries."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from ttv_core.errors import ConfigurationError, InvalidInputError, VideoGenerationError
from ttv_core.testing.conformance.base import Conformance
from ttv_core.testing.conformance.verdict import all_hold, broken, holds

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Complaints", "crosses"]

_NO_MODEL = "no-such-model-as-this"
_ERRORS = "ttv_core.errors"


class Complaints(Conformance):
    """Tests of what a caller hears who did something wrong."""

    def test_an_unknown_model_is_told(self) -> None:
        """Ask for a model that there is not: the message names it, and those that there are."""
        backend = self.made()
        try:
            plan = backend.plan(**self.asks | {"model": _NO_MODEL})
        except VideoGenerationError as error:
            told, known = error.message, backend.capabilities.default.id
        else:  # it tries what it does not know, and warns; or it takes no model at all
            told = " ".join([*plan.warnings, *(item.message for item in plan.violations)])
            known = ""
        holds(
            _NO_MODEL in told and known in told,
            f"a plan with the model {_NO_MODEL!r} says {told!r}: not what was asked, and what "
            "there is",
            mend="let ttv_core find the model, or raise ModelNotFoundError with both",
            see="ttv_core.ModelNotFoundError",
        )

    def test_a_wrong_setting_is_told(self) -> None:
        """Give a setting that there is not: the message quotes its full key path."""
        if self.five_methods:
            pytest.skip("a class of five methods takes the settings that it likes")
        error = raised_by(lambda: self.made(no_such_setting=1))
        path = f"backends.{self.name}.no_such_setting"
        holds(
            isinstance(error, ConfigurationError) and path in str(error),
            f"a setting that there is not says {error!r}",
            mend=f"derive `Settings` from BackendSettings; the message then quotes {path}",
            see="ttv_core.settings.BackendSettings",
        )

    def test_a_field_that_is_none_is_told(self) -> None:
        """Ask with a field that no request has, and with a value of another kind."""
        backend = self.made()
        problems = []
        for name, value in (("colour", "red"), ("duration", "long"), ("seed", -1)):
            error = raised_by(lambda: backend.plan(**self.asks | {name: value}))  # noqa: B023
            if not isinstance(error, InvalidInputError) or name not in str(error):
                problems.append(f"{name}={value!r} says {error!r}")
        all_hold(
            problems,
            mend="let `plan` of ttv_core read the fields",
            see="ttv_core.VideoGenerator.plan",
        )

    def test_errors_cross_process_boundaries(self) -> None:
        """Pickle the errors of wrong requests, and read them back."""
        backend = self.made()
        calls: list[Callable[[], object]] = [
            lambda: backend.plan(**self.asks | {"colour": "red"}),
            lambda: backend.plan(**self.asks | {"model": _NO_MODEL}).check(),
            lambda: backend.plan(**self.asks | {"options": {self.name: {"x": 1}}}).check(),
        ]
        errors = [error for call in calls if (error := _error_of(call)) is not None]
        all_hold(
            [problem for error in errors if (problem := crosses(error))],
            mend="raise errors of ttv_core with plain values in them: no response, no lock",
            see=_ERRORS,
        )


def _error_of(call: Callable[[], object]) -> VideoGenerationError | None:
    """Return what a call raises that may also be well."""
    try:
        call()
    except VideoGenerationError as error:
        return error
    return None


def raised_by(call: Callable[[], object]) -> VideoGenerationError:
    """Return what a call raises, which must be one of ours."""
    __tracebackhide__ = True
    try:
        call()
    except VideoGenerationError as error:
        return error
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        broken(
            f"{type(error).__module__}.{type(error).__name__} came out: {error}",
            mend="raise one of ttv_core.errors, with the other as its cause",
            see=_ERRORS,
        )
    return broken("nothing was raised", mend="raise one of ttv_core.errors", see=_ERRORS)


def crosses(error: VideoGenerationError) -> str:
    """Return what is wrong with an error after it was pickled; "" if nothing is."""
    name = type(error).__name__
    try:
        found = pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled here
    except Exception as problem:  # noqa: BLE001 - whatever the error holds
        return f"{name} cannot be pickled: {problem}"
    if type(found) is not type(error) or found.to_dict() != error.to_dict():
        return f"{name} is another one when it is read back: {found!r}"
    return ""
