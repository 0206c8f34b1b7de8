"""What a CVSS vector says that a decision table asks.

CISA's assessment (SSVC) is the better source; where it has none, the vector tells how far an attack can be
automated and whether it gives total control, as the SSVC documents relate the two.
"""

from functools import lru_cache


@lru_cache(maxsize=16_384)
def metrics(vector: str) -> dict[str, str]:
    """The metrics of a vector by name; empty for what is no vector."""
    parts = (part.partition(":") for part in vector.split("/"))
    return {name: value for name, colon, value in parts if colon and name != "CVSS"}


def attack_automatable(vector: str) -> bool | None:
    """True where it takes no rights, no person's help and no special state, over the network; None for what is no vector.

    Version 2 does not say whether a person has to help; its vector then counts as automatable.
    """
    said = metrics(vector)
    if {"AV", "AC", "Au"} <= said.keys():
        return said["AV"] == "N" and said["AC"] == "L" and said["Au"] == "N"
    if not {"AV", "AC", "PR", "UI"} <= said.keys():
        return None
    easy = said["AV"] == "N" and said["AC"] == "L" and said["PR"] == "N" and said["UI"] == "N"
    return easy and said.get("AT", "N") == "N"


def total_impact(vector: str) -> bool | None:
    """True where confidentiality, integrity and availability are all lost in whole; None for what is no vector."""
    said = metrics(vector)
    if {"VC", "VI", "VA"} <= said.keys():
        return said["VC"] == said["VI"] == said["VA"] == "H"
    if {"C", "I", "A"} <= said.keys():
        return said["C"] == said["I"] == said["A"] == ("C" if "Au" in said else "H")
    return None
