"""The metrics of CVSS 2.0, 3.x and 4.0: how a vector spells them, and how the JSON properties do. Source: first.org/cvss."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric: the property that says it in words, and its values by the vector's letters."""

    property: str
    words: Mapping[str, str]
    optional: bool


def _table(text: str) -> Mapping[str, Metric]:
    """A metric a line: letters, property, and its values as letter=WORD; one that can be not defined is optional."""
    table = {}
    for line in text.strip().splitlines():
        letters, name, *values = line.split()
        words = dict(value.split("=", 1) for value in values)
        table[letters] = Metric(property=name, words=words, optional="NOT_DEFINED" in words.values())
    return table


V2 = _table(
    """
    AV accessVector L=LOCAL A=ADJACENT_NETWORK N=NETWORK
    AC accessComplexity H=HIGH M=MEDIUM L=LOW
    Au authentication M=MULTIPLE S=SINGLE N=NONE
    C confidentialityImpact N=NONE P=PARTIAL C=COMPLETE
    I integrityImpact N=NONE P=PARTIAL C=COMPLETE
    A availabilityImpact N=NONE P=PARTIAL C=COMPLETE
    E exploitability U=UNPROVEN POC=PROOF_OF_CONCEPT F=FUNCTIONAL H=HIGH ND=NOT_DEFINED
    RL remediationLevel OF=OFFICIAL_FIX TF=TEMPORARY_FIX W=WORKAROUND U=UNAVAILABLE ND=NOT_DEFINED
    RC reportConfidence UC=UNCONFIRMED UR=UNCORROBORATED C=CONFIRMED ND=NOT_DEFINED
    CDP collateralDamagePotential N=NONE L=LOW LM=LOW_MEDIUM MH=MEDIUM_HIGH H=HIGH ND=NOT_DEFINED
    TD targetDistribution N=NONE L=LOW M=MEDIUM H=HIGH ND=NOT_DEFINED
    CR confidentialityRequirement L=LOW M=MEDIUM H=HIGH ND=NOT_DEFINED
    IR integrityRequirement L=LOW M=MEDIUM H=HIGH ND=NOT_DEFINED
    AR availabilityRequirement L=LOW M=MEDIUM H=HIGH ND=NOT_DEFINED
    """
)

V3 = _table(
    """
    AV attackVector N=NETWORK A=ADJACENT_NETWORK L=LOCAL P=PHYSICAL
    AC attackComplexity L=LOW H=HIGH
    PR privilegesRequired N=NONE L=LOW H=HIGH
    UI userInteraction N=NONE R=REQUIRED
    S scope U=UNCHANGED C=CHANGED
    C confidentialityImpact N=NONE L=LOW H=HIGH
    I integrityImpact N=NONE L=LOW H=HIGH
    A availabilityImpact N=NONE L=LOW H=HIGH
    E exploitCodeMaturity X=NOT_DEFINED U=UNPROVEN P=PROOF_OF_CONCEPT F=FUNCTIONAL H=HIGH
    RL remediationLevel X=NOT_DEFINED O=OFFICIAL_FIX T=TEMPORARY_FIX W=WORKAROUND U=UNAVAILABLE
    RC reportConfidence X=NOT_DEFINED U=UNKNOWN R=REASONABLE C=CONFIRMED
    CR confidentialityRequirement X=NOT_DEFINED L=LOW M=MEDIUM H=HIGH
    IR integrityRequirement X=NOT_DEFINED L=LOW M=MEDIUM H=HIGH
    AR availabilityRequirement X=NOT_DEFINED L=LOW M=MEDIUM H=HIGH
    MAV modifiedAttackVector X=NOT_DEFINED N=NETWORK A=ADJACENT_NETWORK L=LOCAL P=PHYSICAL
    MAC modifiedAttackComplexity X=NOT_DEFINED L=LOW H=HIGH
    MPR modifiedPrivilegesRequired X=NOT_DEFINED N=NONE L=LOW H=HIGH
    MUI modifiedUserInteraction X=NOT_DEFINED N=NONE R=REQUIRED
    MS modifiedScope X=NOT_DEFINED U=UNCHANGED C=CHANGED
    MC modifiedConfidentialityImpact X=NOT_DEFINED N=NONE L=LOW H=HIGH
    MI modifiedIntegrityImpact X=NOT_DEFINED N=NONE L=LOW H=HIGH
    MA modifiedAvailabilityImpact X=NOT_DEFINED N=NONE L=LOW H=HIGH
    """
)

V4 = _table(
    """
    AV attackVector N=NETWORK A=ADJACENT L=LOCAL P=PHYSICAL
    AC attackComplexity L=LOW H=HIGH
    AT attackRequirements N=NONE P=PRESENT
    PR privilegesRequired N=NONE L=LOW H=HIGH
    UI userInteraction N=NONE P=PASSIVE A=ACTIVE
    VC vulnConfidentialityImpact H=HIGH L=LOW N=NONE
    VI vulnIntegrityImpact H=HIGH L=LOW N=NONE
    VA vulnAvailabilityImpact H=HIGH L=LOW N=NONE
    SC subConfidentialityImpact H=HIGH L=LOW N=NONE
    SI subIntegrityImpact H=HIGH L=LOW N=NONE
    SA subAvailabilityImpact H=HIGH L=LOW N=NONE
    E exploitMaturity X=NOT_DEFINED A=ATTACKED P=PROOF_OF_CONCEPT U=UNREPORTED
    CR confidentialityRequirement X=NOT_DEFINED H=HIGH M=MEDIUM L=LOW
    IR integrityRequirement X=NOT_DEFINED H=HIGH M=MEDIUM L=LOW
    AR availabilityRequirement X=NOT_DEFINED H=HIGH M=MEDIUM L=LOW
    MAV modifiedAttackVector X=NOT_DEFINED N=NETWORK A=ADJACENT L=LOCAL P=PHYSICAL
    MAC modifiedAttackComplexity X=NOT_DEFINED L=LOW H=HIGH
    MAT modifiedAttackRequirements X=NOT_DEFINED N=NONE P=PRESENT
    MPR modifiedPrivilegesRequired X=NOT_DEFINED N=NONE L=LOW H=HIGH
    MUI modifiedUserInteraction X=NOT_DEFINED N=NONE P=PASSIVE A=ACTIVE
    MVC modifiedVulnConfidentialityImpact X=NOT_DEFINED H=HIGH L=LOW N=NONE
    MVI modifiedVulnIntegrityImpact X=NOT_DEFINED H=HIGH L=LOW N=NONE
    MVA modifiedVulnAvailabilityImpact X=NOT_DEFINED H=HIGH L=LOW N=NONE
    MSC modifiedSubConfidentialityImpact X=NOT_DEFINED H=HIGH L=LOW N=NEGLIGIBLE
    MSI modifiedSubIntegrityImpact X=NOT_DEFINED S=SAFETY H=HIGH L=LOW N=NEGLIGIBLE
    MSA modifiedSubAvailabilityImpact X=NOT_DEFINED S=SAFETY H=HIGH L=LOW N=NEGLIGIBLE
    S Safety X=NOT_DEFINED N=NEGLIGIBLE P=PRESENT
    AU Automatable X=NOT_DEFINED N=NO Y=YES
    R Recovery X=NOT_DEFINED A=AUTOMATIC U=USER I=IRRECOVERABLE
    V valueDensity X=NOT_DEFINED D=DIFFUSE C=CONCENTRATED
    RE vulnerabilityResponseEffort X=NOT_DEFINED L=LOW M=MODERATE H=HIGH
    U providerUrgency X=NOT_DEFINED Clear=CLEAR Green=GREEN Amber=AMBER Red=RED
    """
)

TABLES: Mapping[str, Mapping[str, Metric]] = {"cvss_v2": V2, "cvss_v3": V3, "cvss_v4": V4}
