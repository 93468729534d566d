"""The clean rooms: every check runs against built wheels, in an environment of its own.

`nox` runs what a change must pass, `nox -l` lists it all. Packages are found under packages/; a new
one needs no edit here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nox
from nox.project import dependency_groups, load_toml, python_versions
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from python_discovery import get_interpreter

sys.path.insert(0, str(Path(__file__).parent))

from tools import doc_pages, readme_commands, wheel_contents
from tools.lowest_versions import all_of, lowest_groups, lowest_versions
from tools.workspace import CORE, ROOT, Package, closure, is_huge, packages

if TYPE_CHECKING:
    from collections.abc import Iterable

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False

PACKAGES = packages()
PLUGINS = [name for name in PACKAGES if name != CORE]
LOWEST = {group[0].name: group for group in lowest_groups(PACKAGES.values())}
PYTHONS = python_versions(PACKAGES[CORE].pyproject)
HERE = [version for version in PYTHONS if get_interpreter(version)] or PYTHONS
OLDEST, NEWEST = HERE[0], HERE[-1]
# What a constraints.txt fixes is downloaded for one Python only.
HUGE = {name for name in PACKAGES if is_huge([Requirement(name)])}
EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/pyproject.toml"))
WHEELHOUSE = ROOT / ".nox" / "wheelhouse"
CORE_COVERAGE = 95
DEPENDABOT = ".github/dependabot.yml"

# Only what a package declares takes part in its tests.
CLEAN_ROOM = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

# Hypothesis then tries the same examples each time: a change fails by what it changed.
REPEATABLE = {"CI": "true"}

# Most tests wait for a process or a socket. A file stays together, for what its fixtures share.
SIDE_BY_SIDE = ("-p", "xdist.plugin", "--numprocesses=auto", "--dist=loadfile")
NO_CRASHES = ("--ignore-glob=*/jobs/crashes/*",)


@nox.session(default=False, reuse_venv=True)
def build(session: nox.Session) -> None:
    """Build every package once; the sessions that need wheels ask for this one."""
    session.install(*group("release"))
    shutil.rmtree(WHEELHOUSE, ignore_errors=True)
    session.run("hatch", "build", "--all", str(WHEELHOUSE))
    ours = (f"{name} @ {wheel(package).as_uri()}" for name, package in PACKAGES.items())
    (WHEELHOUSE / "ours.txt").write_text("\n".join(ours), encoding="utf-8")


@nox.session(reuse_venv=True)
def lint(session: nox.Session) -> None:
    """Check style, formatting, who imports whom, each package's files, and the workflows."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("python", "-m", "tools.import_contracts")
    session.run("python", "-m", "tools.package_files")
    for package in PACKAGES.values():
        session.run(*towncrier(package), "--draft", silent=True)
    workflows = sorted(map(str, Path(".github", "workflows").glob("*.yml")))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    session.run("check-jsonschema", "--builtin-schema", "vendor.dependabot", DEPENDABOT)
    session.run("zizmor", "--offline", "--quiet", *workflows, DEPENDABOT)


@nox.session(reuse_venv=True)
def api(session: nox.Session) -> None:
    """Check that no public name or signature changed untold; with `-- --write`, write them down."""
    session.install(*group("api"))
    session.run("python", "-m", "tools.api_changes", *session.posargs)


@nox.session(name="tools", reuse_venv=True)
def test_tools(session: nox.Session) -> None:
    """Test what the sessions and a release run."""
    session.install(*group("test"), *group("release"), "pyyaml>=6.0.2")
    session.run("python", "-m", "pytest", "tools/tests", *session.posargs, env=CLEAN_ROOM)


@nox.session(reuse_venv=True)
def types(session: nox.Session) -> None:
    """Check the types of all packages and of the tools, strictly."""
    left_out = {*PACKAGES, *not_looked_into()}
    needed = {
        str(requirement)
        for package in PACKAGES.values()
        for requirement in package.requirements(*package.extras)
        if canonicalize_name(requirement.name) not in left_out
    }
    # Only read, never run.
    session.install(*group("lint"), *group("types"), *sorted(needed), "--no-compile")
    session.run("mypy")


@nox.session(python=PYTHONS, requires=["build"])
def core(session: nox.Session) -> None:
    """Test the core's wheel, with all of its extras, on every supported Python."""
    package = PACKAGES[CORE]
    if session.python != OLDEST:
        install(session, package, *group("parallel"), extras=package.extras)
        # What becomes of a killed process is seen on the oldest Python and on the newest.
        test(session, package, *(() if session.python == NEWEST else NO_CRASHES))
        return
    install(session, package, *group("coverage"), extras=package.extras)
    session.env["COVERAGE_FILE"] = str(Path(session.create_tmp(), "coverage"))
    test(session, package, "-p", "pytest_cov.plugin", "--cov", "--cov-report=")
    session.run("coverage", "report", f"--fail-under={CORE_COVERAGE}")


@nox.session(requires=["build"])
@nox.parametrize(
    "python,name", [(OLDEST if name in HUGE else NEWEST, name) for name in PLUGINS], ids=PLUGINS
)
def plugin(session: nox.Session, name: str) -> None:
    """Test each package's wheel alone with what it declares; `lowest` does on the oldest Python."""
    install(session, PACKAGES[name], *group("parallel"))
    test(session, PACKAGES[name])


@nox.session(python=PYTHONS[0], requires=["build"])  # old wheels end there
@nox.parametrize("name", [*LOWEST], ids=[*LOWEST])
def lowest(session: nox.Session, name: str) -> None:
    """Test with the lowest versions that are declared; packages that agree on them together."""
    for package in LOWEST[name]:
        target = all_of(package)
        pins = Path(session.create_tmp(), f"{package.name}.txt")
        pins.write_text("\n".join(lowest_versions([target])), encoding="utf-8")
        more = [*group("parallel"), "-c", str(pins)]
        install(session, package, *more, extras=target.extras, alone=False)
        test(session, package, *NO_CRASHES)


@nox.session(default=False, python=NEWEST, requires=["build"])
@nox.parametrize("name", [*PACKAGES], ids=[*PACKAGES])
def newest(session: nox.Session, name: str) -> None:
    """Test each package with the newest there is of all it needs, releases to come included."""
    package = PACKAGES[name]
    extras = all_of(package).extras
    install(session, package, *group("parallel"), "--pre", extras=extras)
    session.run("python", "-m", "pip", "list")
    test(session, package, *NO_CRASHES)


@nox.session(python=PYTHONS, requires=["build"])
def alone(session: nox.Session) -> None:
    """Use each wheel in an environment with nothing else in it, on every supported Python."""
    for name in PACKAGES:
        empty = Path(session.create_tmp(), name).resolve()
        session.run("python", "-m", "venv", "--clear", "--without-pip", str(empty))
        python = str(empty / "bin" / "python")
        pip = ["python", "-m", "pip", "-qq", "--python", python]
        add = [*pip, "install", "--no-compile", "-c", str(WHEELHOUSE / "ours.txt")]
        if name in HUGE:  # it is found, and says what it lacks, without its engine
            session.run(*add, CORE)
            session.run(*add, "--no-deps", *closure([Requirement(name)]))
        else:
            session.run(*add, name)
            session.run(*pip, "check")
        session.run(python, "-P", "-W", "error", "tools/first_steps.py", name, external=True)
        shutil.rmtree(empty)


@nox.session(python=OLDEST, requires=["build"])
def wheels(session: nox.Session) -> None:
    """Check what the wheels hold, then use all of them together."""
    problems = [
        f"{wheel(package).name}: {problem}"
        for package in PACKAGES.values()
        for problem in wheel_contents.problems(package, wheel(package))
    ]
    if problems:
        session.error("\n".join(problems))

    every_wheel = [str(wheel(package)) for package in PACKAGES.values()]
    session.install(*every_wheel, *constraints(), "--no-compile")
    session.run("python", "-m", "pip", "check")
    present = installed(session)
    if "pytest" in present:
        session.error("pytest came with the packages")
    session.run("ttv", "--version")
    session.run("ttv", "backends")
    keys = {"RUNWAY_KEY": "-", "GOOGLE_PROJECT": "-"}
    for config in (PACKAGES[CORE].tests / "compat" / "configs").glob("*.yaml"):
        session.run("ttv", "config", "check", "--config", str(config), env=keys)


@nox.session(python=OLDEST, requires=["build"])
def examples(session: nox.Session) -> None:
    """Install the packages under examples/ with the core's wheel alone, and run their checks."""
    for folder in EXAMPLES:
        check_as_its_author(session, folder)
    others = (installed(session) & PACKAGES.keys()) - {CORE}
    if others:
        session.error(f"{', '.join(sorted(others))} came with the examples")


@nox.session(python=OLDEST, requires=["build"])
def new_backend(session: nox.Session) -> None:
    """Write packages of new backends, and hold them to their own tests and checks at once."""
    session.install("ttv-cli", "-c", str(WHEELHOUSE / "ours.txt"))
    # Outside of the repository, whose settings they must not need.
    with tempfile.TemporaryDirectory() as home:
        for kind in ("remote", "local"):
            folder = Path(home, f"ttv-acme-{kind}")
            session.run("ttv", "new-backend", f"acme-{kind}", f"--{kind}", "-o", str(folder))
            check_as_its_author(session, folder)
            # However long a name is, its lines are as a formatter wants them.
            for name in ("ab", "abcdefgh-ijklmnop-qrstuv"):
                other = Path(home, f"ttv-{name}-{kind}")
                session.run("ttv", "new-backend", name, f"--{kind}", "-o", str(other), silent=True)
                with session.chdir(other):
                    session.run("ruff", "check")
                    session.run("ruff", "format", "--check")


@nox.session
def readme(session: nox.Session) -> None:
    """Run the README's first command in a clean copy and decode the video that it makes."""
    result = readme_commands.readme_block("first-result")
    name, size, duration, fps = (part.strip() for part in result.split("·"))
    clean = Path(session.create_tmp(), "clean").resolve()
    shutil.rmtree(clean, ignore_errors=True)
    for path in versioned_files():
        (clean / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, clean / path)
    with session.chdir(clean):
        command = readme_commands.readme_block("first-command")
        session.run("bash", "-euo", "pipefail", "-c", command, external=True)
        promised = size, duration.removesuffix(" s"), fps.removesuffix(" fps")
        python = str(clean / ".venv" / "bin" / "python")
        session.run(python, "tools/check_video.py", name, *promised, external=True)


@nox.session(python=OLDEST, requires=["build"])
def docs(session: nox.Session) -> None:
    """Build the documentation, run what it shows and check where it leads."""
    # The examples run through these; of the other packages only the data is read.
    whole = [package for name, package in PACKAGES.items() if name in shown_at_work()]
    session.install(
        *(str(wanted(package, package.extras)) for package in whole),
        *(need for package in whole for need in dependency_groups(package.pyproject, "test")),
        *group("docs"),
        *group("examples"),
        *group("parallel"),
        *("-c", str(WHEELHOUSE / "ours.txt")),
    )
    session.install("--no-deps", *(str(wheel(package)) for package in PACKAGES.values()))
    session.run("sphinx-build", "-n", "-W", "--keep-going", "-q", "docs", "docs/_build/html")
    # Each page is a test that takes its time: those of a file need not stay together.
    side_by_side = [word for word in SIDE_BY_SIDE if "loadfile" not in word]
    session.run("pytest", *side_by_side, "docs/tests", *session.posargs, env=CLEAN_ROOM)


@nox.session(default=False, python=OLDEST, requires=["build"])
def bench(session: nox.Session) -> None:
    """Run the benchmarks, or those named after `--`."""
    session.install(*(str(wheel(package)) for package in PACKAGES.values()), *constraints())
    for script in session.posargs or sorted(map(str, ROOT.glob("benchmarks/*.py"))):
        needed = load_toml(script, missing_ok=True).get("dependencies", [])
        if needed:
            session.install(*needed)
        session.run("python", script)


@nox.session(default=False, requires=["build"])
def torture(session: nox.Session) -> None:
    """Run the tests of jobs with all the crashes that the others take a sample of; count them."""
    package = PACKAGES[CORE]
    install(session, package, extras=package.extras)
    tests = session.posargs or [str(package.tests.relative_to(ROOT) / "jobs")]
    # One test may be thousands of processes, so none is taken for hanging.
    patience = ["-o", "faulthandler_timeout=0"]
    session.run("pytest", *tests, *patience, env=CLEAN_ROOM | {"TTV_TORTURE": "full"})


@nox.session(default=False, requires=["build"])
def mutation(session: nox.Session) -> None:
    """Break the core line by line and list the breaks that no test notices."""
    package = PACKAGES[CORE]
    install(session, package, *group("mutation"), extras=package.extras)
    copy = Path(session.create_tmp(), package.name)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(package.folder, copy)
    with session.chdir(copy):
        session.run("mutmut", "run", *session.posargs, env=CLEAN_ROOM)
        session.run("mutmut", "results")


@nox.session(default=False)
def release(session: nox.Session) -> None:
    """Make what a release publishes: `-- ttv-core-v0.2.0`, with --dry-run before there is a tag."""
    session.install(*group("release"))
    session.run("python", "-m", "tools.release", *session.posargs)


@nox.session(default=False)
def changelog(session: nox.Session) -> None:
    """Move the fragments of the packages named after `--` into their changelogs."""
    session.install(*group("release"))
    for name in session.posargs:
        session.run(*towncrier(PACKAGES[name]), "--yes")


def group(name: str) -> list[str]:
    """Return a dependency group of the workspace."""
    return list(dependency_groups(load_toml("pyproject.toml"), name))


def shown_at_work() -> set[str]:
    """Return the packages through which examples of the documentation run."""
    vendors = {f"ttv-{vendor}" for page in doc_pages.pages() for vendor in page.vendors}
    return {CORE, "ttv-cli", "ttv-animatic", *vendors}


def not_looked_into() -> set[str]:
    """Return the packages that mypy is told not to look into."""
    overrides = load_toml("pyproject.toml")["tool"]["mypy"]["overrides"]
    modules = (name for each in overrides for name in each["module"] if "follow_imports" in each)
    return {canonicalize_name(module.partition(".")[0]) for module in modules}


def wheel(package: Package) -> Path:
    """Return the built wheel of a package."""
    return WHEELHOUSE / f"{package.module}-{package.version}-py3-none-any.whl"


def wanted(package: Package, extras: Iterable[str]) -> Requirement:
    """Return the requirement that installs a package with some extras."""
    return Requirement(f"{package.name}[{','.join(extras)}]")


def constraints(*used: Package) -> list[str]:
    """Return pip's options for the packages' own constraints; all packages if none is named."""
    files = [package.constraints for package in used or PACKAGES.values()]
    return [option for file in files if file for option in ("-c", str(file))]


def install(
    session: nox.Session,
    package: Package,
    *more: str,
    extras: Iterable[str] = (),
    alone: bool = True,
) -> None:
    """Install a wheel with what it and its tests declare.

    Args:
        session: where to install.
        package: the package whose wheel is installed.
        *more: further arguments for pip.
        extras: the package's extras to install.
        alone: whether to check that nothing else of ours is there.
    """
    tests_need = list(dependency_groups(package.pyproject, "test"))
    target = wanted(package, extras)
    declared = closure([target, *map(Requirement, tests_need)])
    fixed = constraints(*(PACKAGES[name] for name in declared))
    if fixed:
        more = (*more, "--no-compile")
    session.install(
        str(target),
        *tests_need,
        *more,
        # Ours come from the wheels just built, never from an index.
        *("-c", str(WHEELHOUSE / "ours.txt")),
        *fixed,
    )
    if fixed:
        # What is huge takes pip, which has but one process for it, half a minute.
        compile_all(session)
    session.run("python", "-m", "pip", "check")
    undeclared = (installed(session) & PACKAGES.keys()) - declared.keys()
    if alone and undeclared:
        session.error(f"{package.name} does not declare {', '.join(sorted(undeclared))}")


def compile_all(session: nox.Session) -> None:
    """Compile what is installed, with every processor; some of it is for other Pythons."""
    get_path = "import sysconfig; print(sysconfig.get_path('purelib'))"
    where = str(session.run("python", "-c", get_path, silent=True, log=False)).strip()
    how = ["-qq", "-j", "0", "-x", r"[/\\]tests[/\\]"]
    session.run("python", "-m", "compileall", *how, where, success_codes=[0, 1], silent=True)


def check_as_its_author(session: nox.Session, folder: Path) -> None:
    """Install a package that is not of this workspace, and run its tests, ruff and mypy in it."""
    checkers = [line for line in group("dev") if Requirement(line).name in {"mypy", "ruff"}]
    ours = ("-c", str(WHEELHOUSE / "ours.txt"))
    session.install(f"{folder}[dev]", *checkers, *ours)
    session.run("python", "-m", "pip", "check")
    with session.chdir(folder):
        session.run("ruff", "check")
        session.run("ruff", "format", "--check")
        session.run("mypy")
        session.run("pytest", *session.posargs, env=CLEAN_ROOM | REPEATABLE)


def installed(session: nox.Session) -> set[str]:
    """Return the names of the distributions in the session's environment."""
    listing = session.run("python", "-m", "pip", "list", "--format=json", silent=True, log=False)
    return {canonicalize_name(each["name"]) for each in json.loads(str(listing))}


def test(session: nox.Session, package: Package, *more: str) -> None:
    """Run a package's tests side by side, with further arguments for pytest."""
    tests = str(package.tests.relative_to(ROOT))
    arguments = [*SIDE_BY_SIDE, *more, tests, *session.posargs]
    session.run("pytest", *arguments, env=CLEAN_ROOM | REPEATABLE)


def towncrier(package: Package) -> list[str]:
    """Return the command that renders a package's changelog fragments."""
    where = ["--config", "pyproject.toml", "--dir", str(package.folder)]
    return ["towncrier", "build", *where, "--name", package.name, "--version", package.version]


def versioned_files() -> list[str]:
    """List the files that a clone would hold, those not yet added included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for path in listing.split("\0") if path and (ROOT / path).is_file()]
