"""What may be concluded from something not being in an answer."""

from typing import Final

from auditwright.core.outcome import Unknown
from auditwright.integrations.aws.reading import Answers, Question, Row

_NO_GAPS: Final = Answers(())
"""What it says of a question is the general reason, that nobody asked."""


def unseen(answers: Answers, question: Question) -> Unknown | None:
    """Why not everything under a question was seen; None where it was, so that absence from it means "no".

    A listing that was refused on its second page has both evidence and a gap: what it lists is known, but
    what it does not list is not known to be absent.
    """
    return answers.gap(question) if answers.collected(question) else answers.why_unknown(question)


def whole(answers: Answers, question: Question, **parameters: str) -> Row | Unknown:
    """The answer about one item with all its pages; Unknown where any of them was not seen.

    For operations that list something about an item, and have no code that means "there is none".
    """
    answer = answers.detail(question, **parameters)
    if answer is None:
        return Unknown(f"{question.name} was answered with a code that is not an answer")
    if isinstance(answer, Unknown):
        return answer
    why = answers.why_unknown(question, *parameters.values())
    # A gap that names no item speaks for those that were not asked; this one was.
    if why in {_NO_GAPS.why_unknown(question, *parameters.values()), answers.why_unknown(question)}:
        return answer
    return why
