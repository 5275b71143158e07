"""Why something was refused, failed or waits: kept in English, said in the reader's language.

Adapters and services say it in English, and so it is written down. A registry's own words within it
stay as they are.
"""

import re
from collections.abc import Mapping
from functools import cache

from django.utils.translation import gettext, gettext_noop

CALLS = (
    gettext_noop("no connection"),
    gettext_noop("no connection in time"),
    gettext_noop("no answer in time"),
    gettext_noop("the connection broke"),
    gettext_noop("the encrypted connection broke"),
    gettext_noop("the registry's certificate is not trusted"),
    gettext_noop("the certificate is not trusted"),
    gettext_noop(
        "the registry's address is not a public one; if that is right, the setting "
        "CEC_ALLOW_ADDRESSES must name it"
    ),
    gettext_noop("our own rate limit"),
    gettext_noop("no time left for this call"),
    gettext_noop("no time left for it"),
    gettext_noop("no time is left for it"),
    gettext_noop("the answer is empty"),
    gettext_noop("the answer is not JSON"),
    gettext_noop("the answer broke off (%(kind)s)"),
    gettext_noop("the answer is larger than %(most)s bytes"),
    gettext_noop("a page of HTML where JSON was due"),
    gettext_noop("there is nothing at this address"),
    gettext_noop("an answer without statements, as no xAPI store gives"),
    gettext_noop("an answer without a list of values"),
    gettext_noop("no token: %(why)s"),
    gettext_noop("the token address does not answer"),
    gettext_noop("our adapter failed: %(kind)s"),
    gettext_noop("HTTP %(status)s: %(why)s"),
)
RECORDS = (
    gettext_noop("found in place"),
    gettext_noop("found reversed"),
    gettext_noop("answered, but not reversed"),
    gettext_noop("answered, but not taken back"),
    gettext_noop("answered, but not found under our reference"),
    gettext_noop("answered, but not read back: %(why)s"),
    gettext_noop("not read back: %(why)s"),
    gettext_noop("the registry has no such credit"),
    gettext_noop("the registry has it as reversed"),
    gettext_noop("the registry has another amount or member under our reference"),
    gettext_noop("the registry has another amount under our reference"),
    gettext_noop("the registry has another member under our reference"),
    gettext_noop("the registry has several records under our reference"),
    gettext_noop("%(count)s records stand under our reference"),
    gettext_noop("the registry took it and does not show it under our reference"),
    gettext_noop("the registry took it once and does not show it under our reference"),
    gettext_noop("the registry took it and has not confirmed it yet"),
    gettext_noop("the registry wrote a second record, without our reference"),
    gettext_noop("it may have been written, and cannot be looked up there"),
    gettext_noop("the batch was not answered by position"),
    gettext_noop("no contact has this number"),
    gettext_noop("several contacts have this number"),
    gettext_noop("no member number"),
    gettext_noop("the member number is empty"),
    gettext_noop("the member number was corrected meanwhile"),
    gettext_noop("taken, to be confirmed by a receipt"),
    gettext_noop("waits for the next roster file"),
    gettext_noop("in roster file %(number)s, its receipt is to come"),
    gettext_noop("accepted in roster file %(number)s"),
    gettext_noop("rejected in roster file %(number)s: %(why)s"),
    gettext_noop("rejected in roster file %(number)s"),
    gettext_noop("settled by hand by %(name)s"),
    gettext_noop("it keeps %(unit)s and no %(other)s"),
    gettext_noop("%(amount)s has more decimals than the %(most)s that it keeps"),
    gettext_noop("our reference has more than the %(most)s characters it keeps"),
)
REGISTRIES = (
    gettext_noop("paused by %(name)s"),
    gettext_noop("it does not say who we are"),
    gettext_noop("it does not show us %(what)s"),
    gettext_noop("it does not know who we are, and so shows us nothing"),
    gettext_noop("it answers without credentials: nothing proves ours"),
    gettext_noop("statements cannot be read: %(why)s"),
    gettext_noop("statements cannot be written: %(why)s"),
    gettext_noop("files are carried there by somebody; nobody is called"),
    gettext_noop("a learning record store knows no members"),
    gettext_noop("its next page is not under the registry's address"),
    gettext_noop("it shows records under another reference than it was asked for"),
    gettext_noop("this is no cursor of ours"),
    gettext_noop("a list that holds no records"),
    gettext_noop("a list that leads back to itself"),
    gettext_noop("the registry's list does not move on"),
    gettext_noop("the place to go on from is not the registry's"),
    gettext_noop("the registry has several statements under one id"),
    gettext_noop("the registry neither lists what it holds nor finds it by reference"),
    gettext_noop("it was cut off"),
    gettext_noop("the registry is paused: resume it first"),
    gettext_noop("registry %(name)s, %(why)s"),
    gettext_noop("base address: it names no host to call"),
    gettext_noop("base address: it must begin with https"),
    gettext_noop("base address: credentials belong in the setting CEC_SECRETS"),
    gettext_noop("base address: leave it empty, for nobody is called"),
    gettext_noop("secret: leave it empty, for nobody is called"),
    gettext_noop("secret: there is no %(name)s in the setting CEC_SECRETS"),
    gettext_noop("secret: it has no %(name)s, which %(kind)s needs"),
    gettext_noop("authentication: CiviCRM takes an API key, in a header"),
)
DECISIONS = (
    gettext_noop(
        "you do not answer for this organization: ask one of its officers, or be named one"
    ),
    gettext_noop("nobody decides on what is their own: ask somebody else to"),
    gettext_noop("this claim does not wait any more"),
    gettext_noop("this member number is linked to somebody else already"),
    gettext_noop(
        "this member number is linked to somebody else: decline the claim, or correct the other "
        "link first"
    ),
    gettext_noop("this person is linked to another number here: correct it at their membership"),
    gettext_noop("both accounts are one person's already"),
    gettext_noop(
        "each of the two has a member number of their own at %(names)s: unlink the one that is "
        "wrong, then merge"
    ),
    gettext_noop("person %(id)s was merged into another already"),
    gettext_noop("person %(id)s was merged into another since: undo that first"),
    gettext_noop("person %(id)s has no account: there is nothing to merge"),
    gettext_noop("this merge was undone already"),
    gettext_noop(
        "credit by hand waits for a second person there: approve or decline it, then merge"
    ),
    gettext_noop("two accounts of one person were merged"),
    gettext_noop("a merge of two accounts was undone"),
    gettext_noop("roster file %(number)s would not read as when it was closed"),
    gettext_noop(
        "%(count)s member numbers in roster file %(number)s are not known here any more, and no "
        "other is put in their place: %(references)s"
    ),
)

_PLACE = re.compile(r"%\((\w+)\)s")


def in_words(reason: object) -> str:
    """Say a reason in the reader's language, as it stands where it is none that we know."""
    template, told = _read(str(reason))
    if not told:
        return gettext(template) if template else ""
    return gettext(template) % {
        name: in_words(value) if name == "why" else value for name, value in told.items()
    }


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    every = (*CALLS, *RECORDS, *REGISTRIES, *DECISIONS)
    return {one: _pattern(one) for one in every if "%(" in one}


def _pattern(template: str) -> re.Pattern[str]:
    # Between the places stands the text, whose signs mean themselves.
    parts = _PLACE.split(template)
    return re.compile(
        "".join(
            f"(?P<{part}>.+?)" if number % 2 else re.escape(part)
            for number, part in enumerate(parts)
        )
    )


def _read(reason: str) -> tuple[str, Mapping[str, str]]:
    """Return the sentence that a reason is one of, and what stands in its places."""
    for template, pattern in _patterns().items():
        if found := pattern.fullmatch(reason):
            return template, found.groupdict()
    return reason, {}
