"""How outcomes come to a conclusion, as the sentence reads: the oracle for `engine.evaluate.conclude`.

Exceptions if any deviation; else inconclusive if any gap or undetermined; else did not occur if nothing was
examined or satisfied; else no exceptions.
"""

from collections.abc import Sequence

from auditwright.core.outcome import Conclusion, Deviation, Outcome, Satisfied, Undetermined


def conclude(outcomes: Sequence[Outcome], gaps: int) -> Conclusion:
    if any(isinstance(outcome, Deviation) for outcome in outcomes):
        return Conclusion.EXCEPTIONS
    if gaps > 0 or any(isinstance(outcome, Undetermined) for outcome in outcomes):
        return Conclusion.INCONCLUSIVE
    if not any(isinstance(outcome, Satisfied) for outcome in outcomes):
        return Conclusion.DID_NOT_OCCUR
    return Conclusion.NO_EXCEPTIONS
