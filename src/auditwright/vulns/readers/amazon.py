"""How Amazon Inspector names packages, platforms and fixes, in its own findings and in those of Security Hub."""

import re

from auditwright.vulns.report import Distribution, Fix, FixState

_MANAGERS = {
    "BUNDLER": "gem",
    "CARGO": "cargo",
    "COMPOSER": "composer",
    "DOTNET_CORE": "nuget",
    "GEMSPEC": "gem",
    "GO": "golang",
    "GOBINARY": "golang",
    "GOMOD": "golang",
    "GRADLE": "maven",
    "JAR": "maven",
    "NODEPKG": "npm",
    "NPM": "npm",
    "NUGET": "nuget",
    "PIP": "pypi",
    "PIPENV": "pypi",
    "PNPM": "npm",
    "POETRY": "pypi",
    "POM": "maven",
    "PYTHON": "pypi",
    "PYTHONPKG": "pypi",
    "YARN": "npm",
    "GENERIC": "generic",
}
"""Package managers of the languages, by the type of a package URL."""

_SYSTEMS = {
    "ALMALINUX": ("alma", "rpm"),
    "ALPINE": ("alpine", "apk"),
    "AMAZON": ("amazon", "rpm"),
    "BOTTLEROCKET": ("bottlerocket", "rpm"),
    "CENTOS": ("centos", "rpm"),
    "CHAINGUARD": ("chainguard", "apk"),
    "DEBIAN": ("debian", "deb"),
    "FEDORA": ("fedora", "rpm"),
    "ORACLE": ("oracle", "rpm"),
    "REDHAT": ("redhat", "rpm"),
    "RHEL": ("redhat", "rpm"),
    "ROCKY": ("rocky", "rpm"),
    "SLES": ("suse", "rpm"),
    "SUSE": ("suse", "rpm"),
    "UBUNTU": ("ubuntu", "deb"),
    "WOLFI": ("wolfi", "apk"),
}


def distribution_of(platform: str | None) -> tuple[Distribution | None, str]:
    """The distribution of `DEBIAN_10`, `UBUNTU_22_04` or `AMAZON_LINUX_2`, and the type of its packages; None for what is not known."""
    said = (platform or "").strip().upper()
    name = next((known for known in sorted(_SYSTEMS, key=len, reverse=True) if said.startswith(known)), "")
    if not name:
        return None, ""
    version = re.search(r"\d[\d_.]*", said[len(name) :])
    distribution, ecosystem = _SYSTEMS[name]
    return Distribution(
        name=distribution, version=version[0].strip("_.").replace("_", ".") if version else ""
    ), ecosystem


def ecosystem_of(manager: str | None, system: str) -> str:
    """The type of package that a package manager installs; `OS` is that of the platform."""
    said = (manager or "").upper()
    return (
        system
        if said in {"OS", "APT", "DPKG", "RPM", "YUM", "DNF", "APK", "ZYPPER"}
        else _MANAGERS.get(said, said.lower())
    )


def version_of(epoch: str | int | None, version: str | None, release: str | None) -> str:
    """A version as the ecosystem prints it: epoch, version and release in one."""
    if not version:
        return ""
    said = str(epoch if epoch is not None else "").strip()
    front = f"{said}:" if said.isdigit() and int(said) and ":" not in version else ""
    back = f"-{release}" if release and release.strip().lower() not in {"", "null", "notavailable"} else ""
    return f"{front}{version}{back}"


_NO_VERSION = frozenset({"", "null", "none", "notavailable", "not available", "n/a"})


def fix_of(available: str | None, version: str | None) -> Fix:
    """Whether there is a fix: Inspector says YES, NO or PARTIAL, and a version with each package."""
    said = (version or "").strip()
    versions = () if said.lower() in _NO_VERSION else (said.removeprefix("0:"),)
    states: dict[str, FixState] = {"YES": "fixed", "NO": "not-fixed", "PARTIAL": "partial"}
    state = states.get((available or "").strip().upper(), "fixed" if versions else "unknown")
    if state == "partial":
        state = "fixed" if versions else "not-fixed"
    return Fix(state=state, versions=versions)


def flag(said: str | None) -> bool | None:
    """YES and NO, or true and false; None for anything else."""
    return {"YES": True, "TRUE": True, "NO": False, "FALSE": False}.get((said or "").strip().upper())
