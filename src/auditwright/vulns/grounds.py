"""What an asset line itself says about a deadline, exposure and criticality, and on what that rests."""

from enum import StrEnum

import msgspec

UNKNOWN = "unknown"


class Origin(StrEnum):
    """Who says it."""

    SETTINGS = "settings"
    """The program's settings, which go before what was collected."""
    INVENTORY = "inventory"
    """What was collected."""
    NOBODY = "nobody"
    """It is unknown; a table takes the worst."""


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """One fact about an asset line: its value, who says so, why, and by which evidence."""

    point: str
    """`exposed` or `criticality`, as a decision table asks it."""
    value: str
    """`yes`, `no`, `high`, `medium`, `low`, or `unknown`."""
    origin: Origin
    because: str
    evidence: tuple[str, ...] = ()
    """SHA-256 of each piece of evidence that it was derived from."""
    otherwise: str = ""
    """What was collected says, where settings go before it: `yes: it has …`."""

    @property
    def known(self) -> str:
        """The value as a table takes it; empty where it is unknown."""
        return "" if self.value == UNKNOWN else self.value

    def sentence(self) -> str:
        """One line: `exposed: no, by settings (behind the gateway); collected: yes: …`."""
        by = {Origin.SETTINGS: ", set by the program", Origin.INVENTORY: ", by the inventory"}.get(
            self.origin, ""
        )
        otherwise = f"; what was collected says {self.otherwise}" if self.otherwise else ""
        return f"{self.point}: {self.value}{by}: {self.because}{otherwise}"


def unknown(point: str, why: str, evidence: tuple[str, ...] = ()) -> Ground:
    """That nobody knows it, and why."""
    return Ground(point=point, value=UNKNOWN, origin=Origin.NOBODY, because=why, evidence=evidence)


def collected(point: str, value: str, because: str, evidence: tuple[str, ...]) -> Ground:
    """What was collected says it."""
    return Ground(
        point=point,
        value=value,
        origin=Origin.INVENTORY,
        because=because,
        evidence=tuple(dict.fromkeys(evidence)),
    )


def overridden(derived: Ground, value: str, because: str) -> Ground:
    """What the settings say, beside what was derived."""
    otherwise = "" if derived.value in {value, UNKNOWN} else f"{derived.value}: {derived.because}"
    return Ground(
        point=derived.point,
        value=value,
        origin=Origin.SETTINGS,
        because=because,
        evidence=derived.evidence if otherwise else (),
        otherwise=otherwise,
    )
