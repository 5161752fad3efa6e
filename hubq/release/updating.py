"""Cards brought up to date: what was measured since they were made is taken, nothing is started."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hubq.cards.family import NOT_RUN, Family
from hubq.cards.gathering import report_facts
from hubq.cards.rendering import marked_card, marked_text, render_card, render_report
from hubq.cards.updating import Changes, Made, changes
from hubq.errors import BadInput, Refused
from hubq.model.card import CARD_FILE, EVIDENCE_FILE, CellState, Evidence
from hubq.model.codec import digest, read_json
from hubq.model.gap import Gap
from hubq.model.result import Result
from hubq.model.stage import Kind, Plan, Stage
from hubq.release.carding import family_of
from hubq.release.run import local_executor
from hubq.release.session import Release, Session
from hubq.release.workshop import ReleaseWorkshop
from hubq.runner import Event, Outcome, Runner, View
from hubq.store import RESULT_FILE, Store

REPORT_TEXT = "report.md"
RUNNING = Gap(state=CellState.RUNNING, reason="Being measured while this card was written.")
_PASSING = (CellState.RUNNING, CellState.PENDING)
"""States that are looked up anew; the others stay until there is a result."""
_SHOWN = 12


class CardUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What an update does to one card.

    Attributes:
        stage: of the card: `card/GPTQ-Int4`, `report`.
        changes: what is new on it; none when it had never been made, or cannot be made.
        problem: why it cannot be made; empty when it can.
    """

    stage: str
    changes: Changes | None
    problem: str = ""


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """What an update came to.

    Attributes:
        cards: each card and the report.
        running: the stages that another process is at.
        written: whether the new cards are in the store; false for a dry run.
    """

    cards: tuple[CardUpdate, ...]
    running: tuple[str, ...]
    written: bool

    @property
    def changed(self) -> tuple[CardUpdate, ...]:
        """The cards on which a reader would see a difference, and those made for the first time."""
        return tuple(
            card
            for card in self.cards
            if not card.problem and (card.changes is None or card.changes)
        )


def update_cards(session: Session, *, anyway: bool = False, dry_run: bool = False) -> Update:
    """Make a release's cards again from the results that are there.

    No stage but the cards' own is run. What another process is measuring at this moment is
    `running` on them.

    Args:
        session: the release, opened for its cards.
        anyway: take differences that do not follow from what was measured.
        dry_run: write nothing.

    Raises:
        BadInput: no card of the release was ever made here.
        Refused: something else than cells would change; names it.
    """
    with _beside_others(session) as others:
        last = {stage.id: _last(session, stage) for stage in _cards(session)}
        if not any(last.values()):
            raise BadInput(
                f"{session.name}: no card was made in {session.store.root} yet",
                remedy=f"Make them first: hubq card render {session.options.source}",
            )
        known = _gaps(session, [result for result in last.values() if result], others=others)
        beneath = _run(session, _without_cards(session.plan), known)
        view = _view(session.store, beneath)
        cards = tuple(_card(session, stage, view, last[stage.id]) for stage in _cards(session))
        if not anyway:
            _refuse(session, cards)
        if not dry_run:
            outcome = _run(session, session.plan, known)
            settled = {name: g for name, g in outcome.gaps.items() if g.state not in _PASSING}
            session.save_index(outcome.keys, settled)
    running = sorted(name for name, gap in known.items() if gap is RUNNING)
    return Update(cards=cards, running=tuple(running), written=not dry_run)


class _HeldError(Exception):
    """The runs folder is held by another run."""


@contextlib.contextmanager
def _beside_others(session: Session) -> Iterator[bool]:
    """Hold the runs folder where nobody does; say whether somebody else does."""

    def give_up(_told: str) -> None:
        raise _HeldError

    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(session.store.locked(f"the cards of {session.name}", give_up))
        except _HeldError:
            yield True
            return
        yield False


def _cards(session: Session) -> tuple[Stage, ...]:
    return tuple(stage for stage in session.plan.stages if _is_rendered(stage))


def _is_rendered(stage: Stage) -> bool:
    """Say whether a stage writes a card; running a card's snippets is a worker's."""
    return stage.kind is Kind.CARD and stage.backend == "hubq"


def _without_cards(plan: Plan) -> Plan:
    kept = tuple(stage for stage in plan.stages if not _is_rendered(stage))
    return msgspec.structs.replace(plan, stages=kept)


class _Taking(Runner):
    """A run in which what is missing stays missing, for reasons known before.

    Args:
        gaps: stage id -> why it has no result.
    """

    def __init__(self, session: Session, plan: Plan, gaps: dict[str, Gap]) -> None:
        workshop = ReleaseWorkshop(session)
        super().__init__(plan, session.store, workshop, local_executor(session), _ignore)
        for stage_id, gap in gaps.items():
            self._mark(plan.stage(stage_id), gap)


def _ignore(event: Event) -> None:
    del event


def _run(session: Session, plan: Plan, gaps: dict[str, Gap]) -> Outcome:
    return _Taking(session, plan, gaps).run()


def _view(store: Store, outcome: Outcome) -> View:
    return View(
        results={name: store.load(key) for name, key in outcome.keys.items()},
        folders={name: store.folder(key) for name, key in outcome.keys.items()},
        gaps=outcome.gaps,
    )


def _gaps(session: Session, cards: list[Result], *, others: bool) -> dict[str, Gap]:
    """Return why stages have no result, for each that is missing by itself.

    What only waits for another one is left out: the runner says of it what it says of that one.
    """
    earlier, found = _earlier(session, cards), dict[str, Gap]()
    keys = session.plan.keys()
    idle: set[str] = set()
    for stage in _without_cards(session.plan).stages:
        if any(need.required and need.stage in idle for need in stage.needs):
            idle.add(stage.id)
        elif not session.store.has(keys[stage.id]):
            idle.add(stage.id)
            at_work = others and (session.store.root / "work" / keys[stage.id]).is_dir()
            found[stage.id] = RUNNING if at_work else earlier.get(stage.id, NOT_RUN)
            # What does without the result, as a sitting does, has another key for it.
            told = {name: f"{gap.state.value}: {gap.reason}" for name, gap in found.items()}
            keys = session.plan.keys(told)
    return found


def _earlier(session: Session, cards: list[Result]) -> dict[str, Gap]:
    """Return the gaps that the last cards and the last run knew, each of the stage it began in."""
    stages = {stage.id for stage in session.plan.stages}
    found: dict[str, Gap] = {}
    for card in sorted(cards, key=lambda result: result.ended):
        for stage_id, told in card.inputs.items():
            state, _, reason = told.removeprefix("missing:").partition(": ")
            if not told.startswith("missing:") or state == CellState.RUNNING.value:
                continue
            first, _, rest = reason.partition(": ")
            root, said = (first, rest) if first in stages else (stage_id, reason)
            found[root] = Gap(state=CellState(state), reason=said)
    index = _index(session)
    told_last = index.gaps if index else {}
    return found | {
        stage_id: gap
        for stage_id, gap in told_last.items()
        if not gap.because and gap.state not in _PASSING
    }


def _index(session: Session) -> Release | None:
    path = session.store.index(session.name)
    return read_json(path, Release) if path.is_file() else None


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a result that says which stage left it."""

    key: str
    stage: Stage


def _last(session: Session, stage: Stage) -> Result | None:
    """Return the card as it was made last.

    The index names it, but for runs that were not asked for cards: they name the card that is to
    come. Then it is the newest in the store that was made with the same settings, templates aside.
    """
    store, index = session.store, _index(session)
    key = index.keys.get(stage.id, "") if index else ""
    if key and store.has(key):
        return store.load(key)
    made = sorted((_when(path), head.key) for path, head in _results(store) if _alike(head, stage))
    return store.load(made[-1][1]) if made else None


def _results(store: Store) -> Iterator[tuple[Path, _Head]]:
    for path in (store.root / "results").glob(f"*/*/{RESULT_FILE}"):
        yield path, msgspec.json.decode(path.read_bytes(), type=_Head)


def _when(path: Path) -> int:
    return path.stat().st_mtime_ns


def _alike(head: _Head, stage: Stage) -> bool:
    """Say whether a result is the same card, whatever it rests on."""
    return head.stage.id == stage.id and _about(head.stage) == _about(stage)


def _about(stage: Stage) -> str:
    return digest({name: said for name, said in stage.settings.items() if name != "templates"})


def _card(session: Session, stage: Stage, view: View, last: Result | None) -> CardUpdate:
    """Return what is new on a card."""
    family = family_of(session, view)
    gap = view.gaps.get(f"quantize/{stage.variant}")
    if gap is not None:
        return CardUpdate(stage=stage.id, changes=None, problem=gap.reason)
    new = _made(session, stage, family)
    if last is None:
        return CardUpdate(stage=stage.id, changes=None)
    folder = session.store.folder(last.key)
    name = CARD_FILE if stage.variant else REPORT_TEXT
    text = (folder / name).read_text(encoding="utf-8")
    old = Made(text=text, evidence=read_json(folder / EVIDENCE_FILE, Evidence))
    return CardUpdate(stage=stage.id, changes=changes(old, new))


def _made(session: Session, stage: Stage, family: Family) -> Made:
    templates = session.options.template_folders
    if stage.variant:
        files = render_card(family, stage.variant, templates, charts=False)
        text = marked_card(family, stage.variant, templates)
    else:
        files = render_report(family, templates, charts=False)
        text = marked_text(report_facts(family), templates, "report.md.j2")
    return Made(text=text, evidence=msgspec.json.decode(files[EVIDENCE_FILE], type=Evidence))


def _refuse(session: Session, cards: tuple[CardUpdate, ...]) -> None:
    """Refuse an update that would change more than cells and what follows from them.

    Raises:
        Refused: names what.
    """
    told = [
        f"{card.stage}: {line}"
        for card in cards
        if card.changes
        for line in card.changes.unexplained
    ]
    if not told:
        return
    more = f"\n... and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    raise Refused(
        f"{session.name}: more would change than cells that were measured since:\n"
        + "\n".join(told[:_SHOWN])
        + more,
        remedy=f"To make the cards anew: hubq card render {session.options.source}, or say --all.",
    )
