"""`python -m ttv_lantern` opens Lantern on this machine, until Ctrl-C."""

from __future__ import annotations

import contextlib
import threading

from ttv_lantern.lantern import KEY, Lantern

TRY = 'ttv generate "a red fox" --backend lantern --duration 2 -o fox.mp4'


def main() -> None:
    """Open Lantern, and say what to type in another terminal."""
    with Lantern() as lantern:
        print("Lantern is open. In another terminal:", flush=True)
        print(f"  export LANTERN_BASE_URL={lantern.url} LANTERN_API_KEY={KEY}", flush=True)
        print(f"  {TRY}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
