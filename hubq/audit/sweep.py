"""Sweeps: many repos, folders and cards audited in one go.

First everything is looked up, several repos at a time, and kept on disk by commit; then one after
the other is read from there, held against its kin, and let go. So a sweep needs little memory
whatever its size, what was broken off goes on where it was, and what is there when somebody stops
it is still reported.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from hubq.audit.auditing import audit
from hubq.audit.crashes import Crashes
from hubq.audit.garbage import looked_for_rarely
from hubq.audit.gathering import deepened, gather_folder, gather_readme
from hubq.audit.kin import Kin, alone, looked_up, nearest, project_of, projects_linked
from hubq.audit.library import Library
from hubq.audit.naming import read_name
from hubq.audit.rule import Rule
from hubq.audit.subject import Gathered, Subject
from hubq.audit.targets import STDIN, Target
from hubq.audit.web import Links, addresses_of
from hubq.errors import BadInput, HubProblem, UserError
from hubq.hub.port import MAIN
from hubq.hub.publication.telling import Silence, Tell
from hubq.model.audit import Audited
from hubq.verify.place import FolderPlace, Place, RepoPlace

_HELD = 64
"""Repos whose parsed cards are held in memory for those that are akin to them."""
_BESIDE = 16
"""Siblings that one is held against."""


See = Callable[[Audited, Subject], Audited]
"""Given what was found and what it was found in; returns what is kept of it."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to audit.

    Attributes:
        target: a repo, folder or README.
        commit: of a repo, where a listing said it; empty otherwise.
    """

    target: Target
    commit: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked up.

    Attributes:
        item: what it is.
        name, repo, commit: as `Gathered` has them.
        kin: who is akin to it.
        evidence: whether it was published by hubq.
        links: addresses of the web that its card links to; only where those are asked for.
        problem: what could not be looked up beside it, in words; empty for nothing.
    """

    item: Item
    name: str
    repo: str
    commit: str
    kin: Kin
    evidence: bool = False
    links: tuple[str, ...] = ()
    problem: str = ""


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a sweep.

    Attributes:
        audited: in the order of the items.
        missed: (name, why) of what could not be looked at.
        errors: why, where that is no fault of hubq.
        interrupted: whether somebody stopped it; left: how many were not looked at then.
        crashes: files with what went wrong in hubq itself.
    """

    audited: tuple[Audited, ...]
    missed: tuple[tuple[str, str], ...] = ()
    errors: tuple[UserError, ...] = ()
    interrupted: bool = False
    left: int = 0
    crashes: tuple[str, ...] = ()

    @property
    def away(self) -> bool:
        """Whether something is missed for a hub that does not answer."""
        return any(isinstance(one, HubProblem) for one in self.errors)


class Sweep:
    """A sweep over some items.

    Args:
        library: looks repos up.
        items: what to audit.
        rules: those to apply.
        jobs: how many are looked up at a time.
        lookup: whether the kin of folders and READMEs is looked up on the hub, too.
        deep: whether weights are fetched and hashed.
        web: asks whether links to other sites lead somewhere; none to leave them.
        crashes: where it is written what goes wrong in hubq itself.
        tell: told how far it is.
    """

    def __init__(
        self,
        library: Library,
        items: Sequence[Item],
        rules: Sequence[Rule],
        *,
        jobs: int = 8,
        lookup: bool = False,
        deep: bool = False,
        web: Links | None = None,
        crashes: Crashes | None = None,
        tell: Tell | None = None,
    ) -> None:
        self.library, self.items, self.jobs = library, tuple(items), jobs
        self.lookup, self.deep, self.web = lookup, deep, web
        self.crashes = crashes or Crashes()
        self.rules = tuple(self.crashes.guarded(rule) for rule in rules)
        self.tell = tell or Silence()
        self._known = frozenset(item.target.name for item in items if item.target.kind == "repo")
        self._stdin: Gathered | None = None
        self._found: dict[int, Found] = {}
        self._missed: list[tuple[str, str]] = []
        self._errors: list[UserError] = []
        self._here: dict[str, Found] = {}
        self._families: dict[str, list[str]] = {}
        self._projects: dict[str, str] = {}
        self._subject = lru_cache(maxsize=_HELD)(self._plain)

    def run(self, see: See = lambda one, _: one) -> Swept:
        """Look everything up and audit it.

        Args:
            see: given each as it is done, with what it was read from; returns what is kept of it.

        Ctrl-C ends the looking up, and what is there is audited; a second one ends that, too.
        """
        stopped = False
        try:
            self._look_up()
            if self.web is not None:
                links = (one for found in self._found.values() for one in found.links)
                self.web.look_up(links, self.tell)
        except KeyboardInterrupt:
            stopped = True
        done: dict[int, Audited] = {}
        try:
            with looked_for_rarely():
                for number, at in enumerate(self._order()):
                    self.tell.count(number, len(self._found), "audited")
                    self._finish(at, see, done)
        except KeyboardInterrupt:
            stopped = True
        return Swept(
            audited=tuple(done[at] for at in sorted(done)),
            missed=tuple(self._missed),
            errors=tuple(self._errors),
            interrupted=stopped,
            left=len(self.items) - len(done) - len(self._missed) if stopped else 0,
            crashes=tuple(self.crashes.files),
        )

    def _finish(self, at: int, see: See, done: dict[int, Audited]) -> None:
        """Audit one item."""
        try:
            done[at] = see(*self._audited(self._found[at]))
        except UserError as error:
            self._miss(self._found[at].name, error)

    # -- looking up --------------------------------------------------------------------------

    def _look_up(self) -> None:
        """Look up every item, those on this machine first."""
        todo: queue.SimpleQueue[tuple[int, Item]] = queue.SimpleQueue()
        for at, item in enumerate(self.items):
            todo.put((at, item))
        answers: queue.SimpleQueue[tuple[int, Found | BaseException]] = queue.SimpleQueue()
        stop = threading.Event()
        count = min(self.jobs, len(self.items))
        # Threads of a pool keep the process until the last wait is over; these go with it.
        for _ in range(count):
            threading.Thread(target=self._work, args=(todo, answers, stop), daemon=True).start()
        try:
            for number in range(len(self.items)):
                self.tell.count(number, len(self.items), "looked up")
                self._note(*_next(answers))
        finally:
            stop.set()

    def _work(
        self,
        todo: queue.SimpleQueue[tuple[int, Item]],
        answers: queue.SimpleQueue[tuple[int, Found | BaseException]],
        stop: threading.Event,
    ) -> None:
        """Look items up until there is none left."""
        while not stop.is_set():
            try:
                at, item = todo.get_nowait()
            except queue.Empty:
                return
            try:
                answers.put((at, self._look(item)))
            except BaseException as error:  # noqa: BLE001 - the main thread raises what is a bug
                answers.put((at, error))

    def _note(self, at: int, answer: Found | BaseException) -> None:
        """Keep what came of looking up an item."""
        if isinstance(answer, Found):
            self._found[at] = answer
        elif isinstance(answer, UserError):
            self._miss(self.items[at].target.name, answer)
        else:
            path = self.crashes.note(answer, f"looking up {self.items[at].target.name}")
            self._missed.append((self.items[at].target.name, f"a fault of hubq: see {path}"))

    def _miss(self, name: str, error: UserError) -> None:
        self._errors.append(error)
        self._missed.append((name, error.message))

    def _look(self, item: Item) -> Found:
        """Look one item up."""
        gathered = self._gathered(item)
        ask = item.target.kind == "repo" or (self.lookup and bool(gathered.repo))
        kin, problem = alone(gathered), ""
        if ask and self.library.hub is not None:
            try:
                kin = looked_up(self.library, gathered, self._known)
            except HubProblem as error:
                problem = f"its base model and siblings were not looked up: {error.message}"
        return Found(
            item=item,
            name=gathered.name,
            repo=gathered.repo,
            commit=gathered.commit,
            kin=kin,
            evidence="hubq.json" in gathered.texts,
            links=addresses_of(gathered) if self.web is not None else (),
            problem=problem,
        )

    def _gathered(self, item: Item, commit: str = "") -> Gathered:
        """Return what is known of an item, at a commit where one is given."""
        target = item.target
        if target.kind == "repo":
            return self._repo(target, commit or item.commit)
        if target.kind == "folder":
            return gather_folder(Path(target.name), target.repo)
        if target.name != STDIN:
            return gather_readme(target.name, target.repo)
        if self._stdin is None:
            self._stdin = gather_readme(STDIN, target.repo)
        return self._stdin

    def _repo(self, target: Target, commit: str) -> Gathered:
        """Return what is known of a repo, with its weights' hashes where those are asked for."""
        gathered = self.library.repo(target.name, target.revision, commit=commit)
        hub = self.library.hub
        if not self.deep or gathered.hashes or hub is None:
            return gathered
        deep = deepened(hub, gathered)
        self.library.cache.keep(deep, target.revision or MAIN)
        return deep

    def _order(self) -> list[int]:
        """Note who is akin to whom; return families together, so that each card is parsed once."""
        for at in sorted(self._found):
            one = self._found[at]
            self._here[one.repo or one.name] = one
            if project := project_of(one.name) if one.item.target.kind == "readme" else "":
                self._projects[project] = one.repo or one.name
            if one.kin.family and read_name(one.repo.rpartition("/")[2]).quantized:
                self._families.setdefault(one.kin.family, []).append(one.repo)
        return sorted(self._found, key=lambda at: (self._found[at].kin.family, at))

    # -- auditing ----------------------------------------------------------------------------

    def _audited(self, found: Found) -> tuple[Audited, Subject]:
        """Audit one item beside its kin, and return what it was read from, too."""
        gathered = self._gathered(found.item, found.commit)
        problems = (*gathered.problems, *((found.problem,) if found.problem else ()))
        web = self.web.found(found.links) if self.web is not None else {}
        gathered = msgspec.structs.replace(
            gathered, gone=found.kin.gone, web=web, problems=problems
        )
        subject = Subject(
            gathered,
            base=self._base(found),
            siblings=tuple(self._siblings(found)),
            place=self._place(found),
        )
        about = self.crashes.about(found.name)
        with about:
            one = audit(subject, self.rules)
            return msgspec.structs.replace(one, problems=(*one.problems, *about.said)), subject
        failed = Audited(
            name=gathered.name,
            repo=gathered.repo,
            commit=gathered.commit,
            url=gathered.url,
            problems=(*problems, *about.said),
        )
        return failed, subject

    def _base(self, found: Found) -> Subject | None:
        """Return the model that something was made from, where it is known."""
        for repo in (found.kin.base, *found.kin.bases):
            if repo in self._here and repo != found.repo:
                return self._subject(repo)
        return self._subject(found.kin.base) if found.kin.base else None

    def _siblings(self, found: Found) -> Iterator[Subject]:
        """Yield the owner's other quantized repos of the family, and the projects it links to."""
        family = self._families.get(found.kin.family, ())
        beside = [repo for repo in family if repo != found.repo and repo not in found.kin.bases]
        near = nearest(found.repo, beside)[:_BESIDE]
        for repo in dict.fromkeys((*near, *found.kin.siblings, *self._linked(found))):
            subject = self._subject(repo)
            if subject is not None:
                yield subject

    def _linked(self, found: Found) -> list[str]:
        """Return the READMEs of projects that a card links to, of those that are audited too."""
        if not self._projects:
            return []
        card = self._gathered(found.item, found.commit).card or ""
        linked = [self._projects.get(project, "") for project in projects_linked(card)]
        return [one for one in linked if one and one != (found.repo or found.name)]

    def _plain(self, repo: str) -> Subject | None:
        """Return a repo as another's kin."""
        found = self._here.get(repo)
        try:
            if found is not None:
                return Subject(self._gathered(found.item, found.commit))
            gathered = self.library.kin(repo)
        except (BadInput, HubProblem):
            return None
        return Subject(gathered) if gathered is not None else None

    def _place(self, found: Found) -> Place | None:
        """Return where the evidence of something lies; none where there is none."""
        if not found.evidence:
            return None
        if found.item.target.kind == "folder":
            return FolderPlace(Path(found.item.target.name))
        hub = self.library.hub
        return RepoPlace(hub, found.repo, found.commit) if hub is not None else None


def _next(
    answers: queue.SimpleQueue[tuple[int, Found | BaseException]],
) -> tuple[int, Found | BaseException]:
    """Wait for an answer; in slices, so that Ctrl-C is heard on every system."""
    while True:
        try:
            return answers.get(timeout=0.5)
        except queue.Empty:
            continue
