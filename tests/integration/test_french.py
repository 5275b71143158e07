"""Every text that a learner can read is in the French catalogue, and the catalogue is compiled."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FRENCH = Path("cec_plugin/locale/fr/LC_MESSAGES")
ROOMS = ("wording/", "web/", "templates/")
LINE = re.compile(r'(?:(msgctxt|msgid_plural|msgid|msgstr)(?:\[\d\])? )?(".*")')


def _entries(text: str) -> Iterator[tuple[list[str], set[str], dict[str, list[str]]]]:
    """Yield the rooms' files, the flags and the texts by keyword of each entry."""
    for block in text.split("\n\n")[1:]:
        files: list[str] = []
        flags: set[str] = set()
        texts: dict[str, list[str]] = {}
        for line in block.splitlines():
            if line.startswith("#:"):
                files += line[2:].split()
            elif line.startswith("#,"):
                flags |= {flag.strip() for flag in line[2:].split(",")}
            elif found := LINE.fullmatch(line):
                keyword, value = found.groups()
                if keyword:
                    texts.setdefault(keyword, []).append("")
                texts[keyword or list(texts)[-1]][-1] += ast.literal_eval(value)
        if "msgid" in texts:
            yield files, flags, texts


@pytest.fixture(scope="module")
def catalogue(repository: Path) -> list[tuple[list[str], set[str], dict[str, list[str]]]]:
    return list(_entries((repository / FRENCH / "django.po").read_text(encoding="utf-8")))


def test_every_text_that_learners_read_is_in_french(
    catalogue: list[tuple[list[str], set[str], dict[str, list[str]]]],
) -> None:
    ours = [
        (flags, texts)
        for files, flags, texts in catalogue
        if any(name.startswith(ROOMS) for name in files)
    ]
    assert len(ours) > 150
    assert not [texts["msgid"] for flags, texts in ours if "fuzzy" in flags]
    assert not [texts["msgid"] for _, texts in ours if not all(texts["msgstr"])]


def test_a_text_keeps_its_placeholders_in_french(
    catalogue: list[tuple[list[str], set[str], dict[str, list[str]]]],
) -> None:
    def placeholders(text: str) -> set[str]:
        return set(re.findall(r"%\(\w+\)[sd]", text))

    for _, _, texts in catalogue:
        (said, *_) = texts.get("msgid_plural", texts["msgid"])
        for text in filter(None, texts["msgstr"]):
            assert placeholders(text) == placeholders(said), text


def test_the_catalogue_is_collected_and_compiled(
    repository: Path, catalogue: list[tuple[list[str], set[str], dict[str, list[str]]]]
) -> None:
    collected = {texts["msgid"][0] for _, _, texts in catalogue}
    missing = [
        text
        for room in ("wording", "web")
        for path in (repository / "cec_plugin" / room).glob("*.py")
        for text in _marked(path)
        if text not in collected
    ]
    missing += [
        text
        for path in (repository / "cec_plugin" / "templates").rglob("*.html")
        for text in re.findall(r'{% translate "([^"]+)"', path.read_text(encoding="utf-8"))
        if text not in collected
    ]
    assert not missing, "run: make messages"
    compiled = (repository / FRENCH / "django.mo").read_bytes().decode("utf-8", "replace")
    for files, _, texts in catalogue:
        if any(name.startswith(ROOMS) for name in files):
            assert texts["msgstr"][0] in compiled, "run: make messages"


def _marked(path: Path) -> Iterator[str]:
    """Yield what a module marks for translation."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in {
            "_",
            "gettext",
            "gettext_lazy",
            "gettext_noop",
            "ngettext",
        } and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)
