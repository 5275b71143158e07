"""Take people's names out of a registry's own words, as far as their looks give them away.

Nobody tells the adapter a name, so it goes by capitals: a capitalized word that is not among those
of which errors are made is taken for a name. Some words of the trade are lost with them. The
registry's own error code is not looked at, and what has an underscore or a digit is no name. A name
in small letters, or one that is an English word, is not seen.
"""

import re
from collections.abc import Iterator

ACRONYM = 4
"""Up to how many letters a word all in capitals is an abbreviation: API, JSON, HTTP."""

_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?:['’-][^\W\d_]+)*(?!\w)")  # noqa: RUF001
_BESIDE = re.compile(r"[\s,.]{1,3}")

# Of which errors are made, in English and French: they open a sentence, or name a record.
_COMMON = frozenset(
    """
    a about access account accepted activity already amount an and any api are as at authentication
    authorization bad batch be been bearer before body both but by call can cannot category
    certification check city client closed code conflict connection contact content could
    course credential credentials credit credits custom data database date dates day description did
    do does down due duplicate earned either email empty end entity entry error errors event every
    exceeded exception exists expected expired external failed failure field fields file first for
    forbidden found from gateway group has have header held hour hours however id if in incorrect
    differing integer
    integrity internal invalid is it item its json key last late length licence license limit link
    locked log login lapsed maintenance malformed mandatory many maximum may member members
    membership message method minimum missing more must name names need no none not nothing null
    number of on once one only operation or order organization other our out page parameter parse
    password path payload permission person please post posted previous provider query quota rate
    read record records reference refused registration registry reject rejected request requests
    required resource response retry reversed role row save second see server service session
    should some something sorry start statement statements
    state status still string success such syntax system table temporary
    text that the their there these they this time timeout title to token too try type unable
    unauthorized unavailable unexpected unique unit unknown unprocessable unsupported update upload
    user value values version wait was we were what when where which while who will window with
    without write wrong year yes you your
    au aucun aucune avec ce cet cette champ dans date de des donnée données du délai el en erreur
    est et existe il inconnu inconnue interdit introuvable invalide jeton la le les manquant
    membre numéro obligatoire ou pas pour requis requête service session un une valeur
    votre échec
    monday tuesday wednesday thursday friday saturday sunday january february march april june july
    august september october november december
    """.split()  # noqa: SIM905 - as readable as it gets
)


def without_names(words: str) -> str:
    """Return a text in which each word that may be a name is ``#``; several in a row are one."""
    parts, end = [], 0
    for begin, stop in _names(words):
        parts += [words[end:begin], "#"]
        end = stop
    return "".join([*parts, words[end:]])


def _names(words: str) -> Iterator[tuple[int, int]]:
    """Yield where each run of words that may be a name begins and ends."""
    run: list[re.Match[str]] = []
    for word in [*filter(_stands_out, _WORD.finditer(words)), None]:
        if run and (word is None or not _BESIDE.fullmatch(words, run[-1].end(), word.start())):
            # All in capitals it may be a code; beside another it is not.
            if len(run) > 1 or run[0].group().istitle():
                yield run[0].start(), run[-1].end()
            run = []
        if word is not None:
            run.append(word)


def _stands_out(word: re.Match[str]) -> bool:
    text = word.group()
    if not text[0].isupper() or text.lower() in _COMMON:
        return False
    return not (text.isupper() and len(text) <= ACRONYM)
