"""Running streams against an emulator, as the application does it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.integration import Captured, Stream, Target
from auditwright.core.resource import Resource
from auditwright.integrations.aws import INTEGRATION
from tests.integrations.aws.plain import plain_client

EMULATED_ACCOUNT = "123456789012"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run captured, and what was derived from it."""

    targets: tuple[Target, ...]
    evidence: tuple[Evidence, ...]
    gaps: tuple[Gap, ...]
    resources: tuple[Resource, ...] = field(default=())

    def of(self, *operations: str) -> tuple[Gap, ...]:
        return tuple(gap for gap in self.gaps if gap.operation in operations)


def prepare(url: str, service: str, method: str, **parameters: object) -> Mapping[str, object]:
    """One call with which a test prepares the emulator, such as `prepare(url, "iam", "create_user", UserName="ada")`."""
    call: Callable[..., Mapping[str, object]] = getattr(plain_client(url, service, "us-east-1"), method)
    return call(**parameters)


def settings(url: str, **more: object) -> dict[str, object]:
    """Settings that ask one region of an emulator, with one attempt for each call."""
    return {"endpoint_url": url, "regions": ["us-east-1"], "attempts": 1, **more}


def stream(name: str) -> Stream:
    return next(stream for stream in INTEGRATION.streams if stream.id == name)


def run(config: Mapping[str, object], *names: str) -> Run:
    """Collect and normalize; every stream unless some are named."""
    found = list(INTEGRATION.targets(config))
    targets = tuple(
        item for item in found if isinstance(item, Target) and (not names or item.stream in names)
    )
    captured: list[Captured] = [item for item in found if not isinstance(item, Target)]
    resources: list[Resource] = []
    own = [item for item in captured if item.stream == "aws.account"]
    resources += _normalized("aws.account", own)
    for target in targets:
        seen = list(stream(target.stream).collect(target))
        resources += _normalized(target.stream, seen)
        captured += seen
    return Run(
        targets=targets,
        evidence=tuple(item for item in captured if isinstance(item, Evidence)),
        gaps=tuple(item for item in captured if isinstance(item, Gap)),
        resources=tuple(resources),
    )


def _normalized(name: str, captured: Iterable[Captured]) -> list[Resource]:
    held = list(captured)
    return list(
        stream(name).normalize(
            [item for item in held if isinstance(item, Evidence)],
            [item for item in held if isinstance(item, Gap)],
        )
    )
