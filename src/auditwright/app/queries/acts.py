"""The audit log: what people did, and the proof that each act is in the signed log as it was."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from auditwright.app.acting import LEAF_KIND, vouched
from auditwright.app.queries.lists import Filter, ListForm, QuestionError
from auditwright.app.queries.view import View
from auditwright.core.act import Act
from auditwright.core.ids import Digest
from auditwright.core.log import iso, leaf_hash
from auditwright.core.question import Answer, AnyOf, Before, Condition, Is, Question, Since
from auditwright.core.run import Checkpoint
from auditwright.sign.checkpoint import CheckpointError
from auditwright.sign.merkle import InvalidProofError, inclusion_proof
from auditwright.sign.note import NoteError
from auditwright.sign.proof import TlogProof


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was verified just now."""

    what: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActPage:
    """One act, its leaf, and what vouches for both."""

    act: Act
    leaf: bytes
    """The exact bytes."""
    leaf_hash: bytes
    recomputed: Digest
    """From the record as it is now."""
    checkpoint: Checkpoint | None
    """The newest one that holds the leaf; None where none was signed since."""
    proof: TlogProof | None
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """True where everything that could be verified is as it should be."""
        return all(check.holds for check in self.checks)


def acts_form(view: View) -> ListForm:
    """What the audit log can be asked; it is about what has happened so far."""
    return ListForm(
        sorts=("seq",),
        order=("-seq",),
        filters=(
            Filter(name="about", title="About", field="about", values=tuple(sorted(_by_group(view)))),
            Filter(name="verb", title="Act", field="verb"),
            Filter(name="actor", title="Who", field="actor"),
            Filter(name="since", title="Since", field="since"),
            Filter(name="until", title="Until", field="until"),
        ),
        searched=("actor_name", "verb", "subject", "detail"),
    )


def _by_group(view: View) -> dict[str, list[str]]:
    """The verbs that occur, by what they are about: the first part of each."""
    found: dict[str, list[str]] = {}
    for (verb,) in view.workspace.stores.records.tally(Act, ["verb"]):
        found.setdefault(str(verb).partition(".")[0], []).append(str(verb))
    return found


def acts(view: View, question: Question) -> Answer[Act]:
    """What people did up to the view's time, the newest first; raises QuestionError."""
    asked: list[Condition] = [Before("at", view.as_of + timedelta.resolution)]
    for condition in question.where:
        match condition:
            case AnyOf("about", values):
                groups = _by_group(view)
                asked.append(AnyOf("verb", tuple(verb for group in values for verb in groups.get(group, ()))))
            case AnyOf("since", values):
                asked += [Since("at", _day(value)) for value in values]
            case AnyOf("until", values):
                asked += [Before("at", _day(value) + timedelta(days=1)) for value in values]
            case _:
                asked.append(condition)
    wanted = Question(where=tuple(asked), order=question.order, offset=question.offset, limit=question.limit)
    return view.workspace.stores.records.answer(Act, wanted)


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise QuestionError(f"{text[:40]!r} is no day; write one as 2026-11-23.") from None


def act_page(view: View, seq: int) -> ActPage | None:
    """One act with its proof; None where no act has this leaf. Nothing is taken for granted: all is verified anew."""
    records = view.workspace.stores.records
    found = records.kept(Act, Is("seq", seq))
    if not found or found[0].at > view.as_of:
        return None
    act = found[0]
    leaf = next(iter(records.leaves(seq, seq + 1)))
    recomputed = vouched(act)
    newest = Question(where=(Since("size", seq + 1),), order=("-size",), limit=1)
    checkpoint = next(iter(records.answer(Checkpoint, newest).rows), None)
    proof, included = _proved(view, seq, leaf, checkpoint)
    return ActPage(
        act=act,
        leaf=leaf,
        leaf_hash=leaf_hash(leaf),
        recomputed=recomputed,
        checkpoint=checkpoint,
        proof=proof,
        checks=(*_leaf_checks(act, leaf, recomputed), *included),
    )


def _leaf_checks(act: Act, leaf: bytes, recomputed: Digest) -> Iterable[Check]:
    """Whether the leaf says what the record says."""
    try:
        held = json.loads(leaf)
    except ValueError:
        held = None
    said = held if isinstance(held, dict) else {}
    same = said.get("sha256") == recomputed
    yield Check(
        what="The record is the one that the leaf vouches for",
        holds=same,
        detail="The salted record hashes to the digest in the leaf."
        if same
        else f"The record hashes to {recomputed}, and the leaf holds {str(said.get('sha256'))[:64]}: the record was changed.",
    )
    named = {"actor": act.actor, "verb": act.verb, "seq": act.seq, "kind": LEAF_KIND, "at": iso(act.at)}
    other = [name for name, value in named.items() if said.get(name) != value]
    yield Check(
        what="The leaf names the same act",
        holds=not other,
        detail="Actor, act, time and place are those of the record."
        if not other
        else f"The leaf has another {', '.join(other)} than the record.",
    )


def _proved(
    view: View, seq: int, leaf: bytes, checkpoint: Checkpoint | None
) -> tuple[TlogProof | None, tuple[Check, ...]]:
    """The proof that the leaf is in the newest signed tree, verified with the log's public key."""
    if checkpoint is None:
        return None, ()
    what = f"The leaf is in the log of {checkpoint.size:,} leaves that was signed"
    try:
        path = inclusion_proof(view.workspace.stores.records, seq, checkpoint.size)
        proof = TlogProof(index=seq, path=path, checkpoint=checkpoint.note)
        proof.verify(leaf_hash(leaf), view.workspace.verifier_key)
    except (CheckpointError, InvalidProofError, NoteError, LookupError, ValueError) as error:
        return None, (Check(what=what, holds=False, detail=f"It does not match: {error}."),)
    detail = f"{len(path)} hashes lead from the leaf to the signed root."
    return proof, (Check(what=what, holds=True, detail=detail),)
