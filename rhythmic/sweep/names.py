"""Names and words of a sweep: what xarray, zarr, NetCDF, CSV and disks of Unix can hold."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from rhythmic.checks import refuse

# A name is a folder on disk, of at most 255 bytes, with room for an ending.
MOST_BYTES = 200
# Control characters, line breaks of Unicode, and halves of a character.
UNSHOWN = ("Cc", "Cs", "Zl", "Zp")


def check_text(field: str, text: Any, *, empty: bool = True, lines: bool = False) -> None:
    """Raise a ValueError for what is no text, or what a file or a terminal cannot show.

    Args:
        field: what it is, for messages.
        text: a string.
        empty: whether it may be empty.
        lines: whether it may have several lines.
    """
    if not isinstance(text, str):
        refuse(field, text, "be a string")
    if not empty and not text.strip():
        raise ValueError(f"{field} is {text!r}; it must not be empty")
    shown = text.replace("\n", "").replace("\t", "") if lines else text
    if any(unicodedata.category(character) in UNSHOWN for character in shown):
        raise ValueError(f"{field} is {text!a}; it must hold no control characters")


def check_result_name(field: str, name: Any) -> None:
    """Raise a ValueError for a name that no result can have.

    A name of several parts, as in ``loss/train``, is one in memory alone: see ``check_storable``.
    """
    check_text(field, name, empty=False)
    for part in name.split("/"):
        if not part:
            raise ValueError(f"{field} is {name!r}; no part of it may be empty")
        check_label(field, part)


def check_label(field: str, name: Any) -> None:
    """Raise a ValueError for a name that results or their axes cannot have on disk."""
    check_text(field, name, empty=False)
    if unicodedata.normalize("NFC", name) != name:
        raise ValueError(f"{field} is {name!a}; it must be in the Unicode form NFC")
    if not (name[0].isalnum() or name[0] == "_" or name[0] > "\x7f") or name.startswith("__"):
        raise ValueError(f"{field} is {name!r}; it must begin with a letter, a digit or one _")
    if name != name.strip() or any(sign in name for sign in "/\\"):
        raise ValueError(f"{field} is {name!r}; it must hold no slash and no space at its ends")
    if name.casefold() == "zarr.json" or name.startswith("_nc4_non_coord_"):
        raise ValueError(f"{field} is {name!r}; it must be no name of zarr or NetCDF itself")
    if any(unicodedata.category(character) == "Cf" for character in name):
        raise ValueError(f"{field} is {name!a}; it must hold no invisible characters")
    if len(name.encode()) > MOST_BYTES:
        raise ValueError(f"{field} is {name[:20]!r}...; it must have at most {MOST_BYTES} bytes")


def check_apart(names: Iterable[str]) -> None:
    """Raise a ValueError for names that some disks do not distinguish, such as Gain and gain."""
    known: dict[str, str] = {}
    for name in names:
        folded = unicodedata.normalize("NFC", name.casefold())
        other = known.setdefault(folded, name)
        if other != name:
            raise ValueError(
                f"{other!r} and {name!r} differ in their case alone; some disks take them for one"
            )
