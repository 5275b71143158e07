"""Tell the log of what nobody foresaw by its kind and its place: its words may name somebody."""

from traceback import extract_tb


def place_of(error: BaseException) -> str:
    """Return what kind of error it is and where it came from, without a word of what it says.

    An adapter's may repeat what a registry said, a database's the whole row that it refused.
    """
    places = " > ".join(
        f"{frame.filename}:{frame.lineno}" for frame in extract_tb(error.__traceback__)
    )
    return f"{type(error).__name__} at {places}"
