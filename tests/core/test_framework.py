import pytest

from auditwright.core.framework import Cadence
from auditwright.core.ids import CategoryId, CriterionId
from auditwright.frameworks import load_framework


@pytest.mark.parametrize("cadence", Cadence)
def test_every_cadence_can_be_said_in_words(cadence: Cadence) -> None:
    assert "_" not in cadence.words


def test_what_a_framework_lacks_is_none() -> None:
    soc2 = load_framework("soc2")
    assert soc2.criterion(CriterionId("CC9.9")) is None
    assert soc2.category(CategoryId("speed")) is None
    assert soc2.group("CC10") is None
