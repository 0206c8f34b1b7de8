"""The settings of the Kubernetes integration: which clusters, and how each is read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from auditwright.core.definition import closest_ids
from auditwright.core.evidence import Scope
from auditwright.core.ids import IntegrationId, StreamId
from auditwright.core.integration import Config, ConfigError, Target

KUBERNETES: Final = IntegrationId("kubernetes")
ACCESS_STREAM: Final = StreamId("kubernetes.access")
WORKLOADS_STREAM: Final = StreamId("kubernetes.workloads")

TIMEOUT_S: Final = 20.0
"""An API server answers a page of 500 objects in well under a second."""

ATTEMPTS: Final = 3
"""Attempts of one page, with growing pauses, while the API server asks to slow down or breaks."""

MAX_SETTING: Final = 1_000
"""Seconds or attempts beyond this are a slip of the pen."""

MAX_NAME: Final = 100
"""EKS allows 100 characters in a cluster's name."""

DEFAULT_NAME: Final = "default"
"""What the one cluster is called where the settings name none: that of the credentials in use."""

_KEYS: Final = ("name", "context", "kubeconfig", "folder", "eks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One cluster of the settings: read from its API, or from a folder of saved answers."""

    name: str
    context: str = ""
    kubeconfig: str = ""
    folder: str = ""
    eks: str = ""
    """The ARN of the cluster where it is one of EKS."""


def targets(config: Config) -> Iterator[Target]:
    """Two targets for each cluster of the settings; raises ConfigError."""
    _only(config, ("clusters", "timeout_s", "attempts", "program_folder"), where="kubernetes")
    folder = config.get("program_folder", ".")
    assert isinstance(folder, str), "the caller passes the program folder as a str"
    timeout_s = _positive(config, "timeout_s", TIMEOUT_S)
    attempts = int(_positive(config, "attempts", ATTEMPTS))
    given = config.get("clusters")
    clusters = (
        [Cluster(name=DEFAULT_NAME)] if given is None else [_cluster(entry) for entry in _listed(given)]
    )
    names = [cluster.name for cluster in clusters]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"kubernetes: clusters names {twice[0]!r} twice; give each cluster a name of its own"
        )
    for cluster in clusters:
        for stream in (ACCESS_STREAM, WORKLOADS_STREAM):
            yield Target(
                stream=stream,
                scope=Scope(source=KUBERNETES, account=cluster.name),
                settings={
                    "program_folder": folder,
                    "context": cluster.context,
                    "kubeconfig": cluster.kubeconfig,
                    "folder": cluster.folder,
                    "eks": cluster.eks,
                    "timeout_s": str(timeout_s),
                    "attempts": str(attempts),
                },
            )


def _listed(value: object) -> Sequence[object]:
    if isinstance(value, list | tuple) and value:
        return tuple[object, ...](value)
    raise ConfigError(
        'kubernetes: clusters must be a list of tables such as [{ name = "prod", context = "prod" }], '
        + ("and it lists none" if value in ("", [], ()) else f"not a {type(value).__name__}")
    )


def _cluster(entry: object) -> Cluster:
    if not isinstance(entry, dict):
        raise ConfigError(
            'kubernetes: each of clusters must be a table such as { name = "prod", context = "prod" }'
        )
    given = cast("dict[str, object]", entry)
    name = _text(given, "name", where="kubernetes.clusters").strip()
    if not name or len(name) > MAX_NAME or not name.isprintable() or "@" in name:
        raise ConfigError(
            f"kubernetes: each of clusters needs a name of at most {MAX_NAME} characters, without an @"
        )
    where = f"kubernetes.clusters, {name}"
    _only(given, _KEYS, where=where)
    found = Cluster(
        name=name,
        context=_text(given, "context", where=where),
        kubeconfig=_text(given, "kubeconfig", where=where),
        folder=_text(given, "folder", where=where),
        eks=_text(given, "eks", where=where),
    )
    if found.folder and (found.context or found.kubeconfig):
        raise ConfigError(
            f"{where}: a folder of saved answers is read instead of the API; name only one of the two"
        )
    if found.eks and not (found.eks.startswith("arn:") and ":cluster/" in found.eks):
        raise ConfigError(
            f"{where}: eks must be the cluster's ARN, such as arn:aws:eks:eu-west-1:123456789012:cluster/prod"
        )
    return found


def _only(given: Mapping[str, object], known: Sequence[str], *, where: str) -> None:
    for name in given:
        if name not in known:
            near = closest_ids(name, known)
            hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(known)}"
            raise ConfigError(f"{where}: unknown key {name!r}; {hint}")


def _text(given: Mapping[str, object], name: str, *, where: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or "\0" in value:
        raise ConfigError(f"{where}: {name} must be a text, not {value!r}")
    return value


def _positive(config: Config, name: str, default: float) -> float:
    value = config.get(name) or default
    try:
        found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0.0
    except ValueError:
        found = 0.0
    if not 0 < found < MAX_SETTING:
        raise ConfigError(
            f"kubernetes: {name} must be a number above 0 and below {MAX_SETTING}, not {value!r}"
        )
    return found
