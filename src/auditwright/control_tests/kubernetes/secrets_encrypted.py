"""Encryption of what a cluster's API server stores."""

import re
from dataclasses import replace
from typing import assert_never

from auditwright.control_tests.kubernetes._clusters import (
    CLUSTER,
    EKS_ARN,
    MANAGED,
    NO_FLAGS,
    NOT_DESCRIBED,
)
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import KubernetesCluster, ManagedCluster

ENCRYPTED_SINCE = (1, 28)
"""Amazon EKS user guide: from Kubernetes 1.28 on, all data of the API is encrypted with a key of AWS's own."""

BY_THE_PROVIDER = "with a key of the provider's own"
NOT_ENCRYPTED = "the API server stores secrets without encrypting them"
ELSEWHERE = f"its provider describes it as {EKS_ARN}"


@control_test(
    id="kubernetes.secrets-encrypted",
    controls=(
        "CRY-02",
        "CRY-05",
    ),
    severity=Severity.HIGH,
    remediation=Remediation(
        console="Amazon EKS > Clusters > the cluster > Overview > Secrets encryption > Enable, with a key of AWS KMS.",
        command=(
            "aws eks associate-encryption-config --cluster-name <cluster> --encryption-config "
            '\'[{"resources":["secrets"],"provider":{"keyArn":"<key-arn>"}}]\'; then rewrite what is stored: '
            "kubectl get secrets --all-namespaces -o json | kubectl replace -f -"
        ),
        terraform=(
            'in resource "aws_eks_cluster": encryption_config { resources = ["secrets"], provider { key_arn = '
            "aws_kms_key.cluster.arn } }"
        ),
    ),
    examples=(
        Example(MANAGED, Satisfied()),
        Example(replace(MANAGED, encryption_key=None), Satisfied(BY_THE_PROVIDER)),
        Example(replace(MANAGED, encryption_key=None, version="1.27"), Deviation(NOT_ENCRYPTED)),
        Example(
            replace(MANAGED, encryption_key=None, version="next"),
            Undetermined("the version next cannot be read"),
        ),
        Example(
            replace(MANAGED, encryption_key=NOT_DESCRIBED, version=NOT_DESCRIBED),
            Undetermined(NOT_DESCRIBED.why),
        ),
        Example(CLUSTER, Satisfied()),
        Example(replace(CLUSTER, secrets_encrypted=False), Deviation(NOT_ENCRYPTED)),
        Example(replace(CLUSTER, managed_as=EKS_ARN, secrets_encrypted=NO_FLAGS), NotApplicable(ELSEWHERE)),
        Example(replace(CLUSTER, secrets_encrypted=NO_FLAGS), Undetermined(NO_FLAGS.why)),
    ),
)
def secrets_encrypted(cluster: ManagedCluster | KubernetesCluster) -> Outcome:
    """Every cluster encrypts secrets before it stores them.

    Secrets of a cluster are plain text to whoever reads its store or a backup of it, unless the API server
    encrypts them with a key that lies elsewhere.
    """
    match cluster:
        case ManagedCluster():
            return _managed(cluster)
        case KubernetesCluster() if cluster.managed_as:
            return NotApplicable(f"its provider describes it as {cluster.managed_as}")
        case KubernetesCluster():
            encrypted = cluster.secrets_encrypted
        case _:
            assert_never(cluster)
    if isinstance(encrypted, Unknown):
        return Undetermined(encrypted.why)
    return Satisfied() if encrypted else Deviation(NOT_ENCRYPTED)


def _managed(cluster: ManagedCluster) -> Outcome:
    if isinstance(cluster.encryption_key, str):
        return Satisfied()
    version = cluster.version if isinstance(cluster.version, Unknown) else _numbers(cluster.version)
    if isinstance(version, tuple) and version >= ENCRYPTED_SINCE:
        return Satisfied(BY_THE_PROVIDER)
    for fact in (cluster.encryption_key, version):
        if isinstance(fact, Unknown):
            return Undetermined(fact.why)
    return Deviation(NOT_ENCRYPTED)


def _numbers(version: str) -> tuple[int, int] | Unknown:
    found = re.match(r"(\d{1,4})\.(\d{1,4})(?!\d)", version, re.ASCII)
    return (int(found[1]), int(found[2])) if found else Unknown(f"the version {version} cannot be read")
