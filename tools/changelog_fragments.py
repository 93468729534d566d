"""Ask for a changelog fragment with every staged change of a package's source.

`python -m tools.changelog_fragments` is a commit hook. A change that users do not see needs no
fragment: skip the hook for it with SKIP=changelog-fragments.
"""

from __future__ import annotations

import subprocess
import sys

from tools.workspace import ROOT, packages


def main() -> int:
    """Print the packages that lack a fragment and return the exit status."""
    command = ["git", "diff", "--cached", "--name-only", "-z"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    staged = listing.split("\0")
    missing = 0
    for package in packages().values():
        folder = package.folder.relative_to(ROOT).as_posix()
        changed = any(path.startswith(f"{folder}/src/") for path in staged)
        notes = (f"{folder}/changes/", f"{folder}/CHANGELOG.md")
        told = any(path.startswith(notes) for path in staged)
        if changed and not told:
            missing += 1
            print(f"{package.name}: say what changed in {folder}/changes/+what-changed.added.md")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
