"""The built packages hold every file of the plugin, and nothing that is somebody else's."""

import configparser
import fnmatch
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from cec_plugin.apps import CecPluginConfig

PACKAGE = "cec_plugin"
TASKS = "tasks"
"""The folder of the Celery tasks in the repository; installed as ``cec_plugin.tasks``."""

PROBE = """
import importlib.util, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
assert importlib.util.find_spec("tasks") is None, "a top-level tasks was installed"
import cec_plugin
print(cec_plugin.__file__)
"""


@dataclass(frozen=True, slots=True)
class Built:
    """The two archives and the names in them; the sdist's without its top folder."""

    wheel: Path
    wheel_names: frozenset[str]
    sdist_names: frozenset[str]


@pytest.fixture(scope="session")
def built(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the sdist, and the wheel from it, as they are built for a release."""
    out = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--outdir", str(out), str(repository))
    (wheel,) = out.glob("*.whl")
    (sdist,) = out.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        wheel_names = frozenset(archive.namelist())
    with tarfile.open(sdist) as archive:
        members = [member.name for member in archive.getmembers() if not member.isdir()]
    return Built(wheel, wheel_names, frozenset(name.partition("/")[2] for name in members))


def _run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _files(folder: Path, installed_as: str) -> set[str]:
    """Return the folder's files by the names they are to have once installed."""
    return {
        str(PurePosixPath(installed_as, *path.relative_to(folder).parts))
        for path in folder.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and path.suffix not in {".pyc", ".po", ".pot"}
        and TASKS not in path.relative_to(folder).parts[:1]
    }


def _installed_files(repository: Path) -> set[str]:
    return _files(repository / PACKAGE, PACKAGE) | _files(repository / TASKS, f"{PACKAGE}/{TASKS}")


def test_setup_cfg_names_every_package_on_disk_and_no_other(repository: Path) -> None:
    parser = configparser.ConfigParser()
    parser.read(repository / "setup.cfg")
    named = parser["options"]["packages"].split()
    on_disk = {
        str(PurePosixPath(name).parent).replace("/", ".")
        for name in _installed_files(repository)
        if name.endswith("/__init__.py")
    }
    assert sorted(named) == sorted(on_disk)


def test_the_wheel_holds_every_file_of_the_plugin_and_no_other(
    built: Built, repository: Path
) -> None:
    packed = {name for name in built.wheel_names if ".dist-info/" not in name}
    packed = {name for name in packed if not name.endswith((".po", ".pot"))}
    assert packed == _installed_files(repository)


@pytest.mark.parametrize(
    "pattern",
    [
        "cec_plugin/tasks/*.py",
        "cec_plugin/migrations/0001_*.py",
        "cec_plugin/sandbox/__main__.py",
        "cec_plugin/templates/*.html",
        "cec_plugin/static/*.css",
        "cec_plugin/*.toml",
        "cec_plugin/locale/fr/LC_MESSAGES/django.mo",
    ],
)
def test_the_wheel_holds_each_kind_of_file(built: Built, pattern: str) -> None:
    assert fnmatch.filter(built.wheel_names, pattern)  # its * passes through folders


def test_everything_in_the_wheel_lies_below_the_package(built: Built) -> None:
    tops = {name.partition("/")[0] for name in built.wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {PACKAGE}


def test_the_wheel_tells_the_lms_of_the_plugin(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (name for name in built.wheel_names if name.endswith("/entry_points.txt"))
        text = archive.read(name).decode()
    parser = configparser.ConfigParser()
    parser.read_string(text)
    target = f"{CecPluginConfig.__module__}:{CecPluginConfig.__name__}"
    assert dict(parser["lms.djangoapp"]) == {PACKAGE: target}


def test_the_sdist_holds_what_the_wheel_is_built_from(built: Built, repository: Path) -> None:
    sources = _files(repository / PACKAGE, PACKAGE) | _files(repository / TASKS, TASKS)
    missing = sources | {"pyproject.toml", "setup.cfg", "README.md", "LICENSE"}
    missing -= built.sdist_names
    assert not missing


def test_the_installed_wheel_is_imported_from_where_it_was_installed(
    built: Built, repository: Path, tmp_path: Path
) -> None:
    _run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    python = tmp_path / "venv" / "bin" / "python"
    _run(str(python), "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(built.wheel))
    # Those that stand alone: nothing that they import is there.
    alone = [f"{PACKAGE}.exceptions", *_modules(repository, "domain"), f"{PACKAGE}.sandbox"]
    # -I: neither this folder nor the environment helps out.
    where = _run(str(python), "-I", "-c", PROBE, *alone).strip()
    assert Path(where).is_relative_to(tmp_path / "venv")


def _modules(repository: Path, package: str) -> list[str]:
    folder = repository / PACKAGE / package
    return sorted(
        f"{PACKAGE}.{package}.{path.stem}" for path in folder.glob("*.py") if path.stem[0] != "_"
    )
