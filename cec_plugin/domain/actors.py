"""Who does something by hand: for the record, and for the question whether they may."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who acts on this site.

    ``name`` is the user name that the record keeps, ``subject`` the id of the account, and
    ``everywhere`` says that they answer for every organization .
    """

    name: str
    subject: str
    everywhere: bool = False
