"""Secrets stay secret: in what a backend shows of itself, and in its complaints."""

from __future__ import annotations

import traceback

import pytest

from ttv_core.testing.conformance.base import Conformance
from ttv_core.testing.conformance.verdict import all_hold

__all__ = ["Shown"]


class Shown(Conformance):
    """Tests of what is shown before there is a job."""

    def test_a_backend_shows_no_secret_of_its_own(self) -> None:
        """Look at its repr, its settings, and the error of a wrong setting."""
        if not self.held_secrets:
            pytest.skip("it is made with no secret")
        backend = self.made()
        shown = {
            "repr(generator)": repr(backend),
            "its settings": f"{backend.settings!r} {backend.settings}",
            "its capabilities": str(backend.get_capabilities()),
            "availability()": repr(backend.availability()),
        }
        try:
            self.made(no_such_setting=self.held_secrets[0])
        except Exception:  # noqa: BLE001 - any error, to be looked at
            shown["the error of a wrong setting"] = traceback.format_exc()
        all_hold(
            self.leaking(shown),
            mend="declare keys and tokens as SecretStr, and put no header or settings into a repr",
            see="ttv_core.settings.BackendSettings",
        )
