"""The learner's own word that an activity relates to their work: shown in full, asked for once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core import signing
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.selectors.own_words import given
from cec_plugin.selectors.refusals import NotCredited
from cec_plugin.wording import words

SALT = "cec_plugin.own_word"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWord:
    """The sentence that somebody is asked to agree to, or (``given`` on a day) has agreed to.

    ``signed`` brings the sentence back as it was shown, whatever changed meanwhile: the title,
    the translation, the reader's language.
    """

    participation_id: int
    sentence: str
    signed: str
    given: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence as somebody read it, and the code of its language."""

    wording: str
    language: str


def own_words(person_id: int, refusals: Iterable[NotCredited]) -> Mapping[int, OwnWord]:
    """Return what to ask for by participation: once for each activity, whoever asks for it.

    An activity on which the word was given stays until it is settled.
    """
    first: dict[int, NotCredited] = {}
    for one in refusals:
        if one.code is RefusalCode.NEEDS_WORD and one.activity_id is not None:
            first.setdefault(one.activity_id, one)
    before = given(person_id, first)
    return {
        one.participation_id: _own_word(
            one,
            words.day(timezone.localdate(before[activity_id])) if activity_id in before else "",
        )
        for activity_id, one in first.items()
    }


def read(signed: str, participation_id: int) -> Said | None:
    """Return what the page showed for a participation; None where it did not show this."""
    try:
        about, language, wording = signing.loads(signed, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return Said(wording=wording, language=language) if about == participation_id else None


def _own_word(one: NotCredited, on: str) -> OwnWord:
    sentence = _("I declare that “%(title)s” relates to the work that I do or pursue.") % {
        "title": one.title
    }
    said = (one.participation_id, get_language() or "", sentence)
    return OwnWord(
        participation_id=one.participation_id,
        sentence=sentence,
        signed=signing.dumps(said, salt=SALT),
        given=on,
    )
