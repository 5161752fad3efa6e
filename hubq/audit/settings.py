"""Settings: which rules are applied, where their findings are passed over, what fails an audit.

From `.hubq-audit.yaml`, looked for from the current folder upwards, and from the command line:

    select: [arithmetic, bits-name]     # groups and ids; everything without it
    ignore: [library-name]
    fail-on: warning                    # error, warning, info, never
    baseline: accepted.json             # beside this file
    overrides:
      - match: ["acme/*-GGUF", "drafts/*.md"]   # repos and paths
        ignore: [bits-name]
"""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from hubq.audit.rule import Rule, all_rules
from hubq.errors import BadInput
from hubq.model.audit import Audited
from hubq.model.finding import SEVERITIES, Finding

FILE = ".hubq-audit.yaml"
FailOn = Literal["error", "warning", "info", "never"]
_LARGEST = 1 << 20


class Override(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules whose findings are passed over in some places.

    Attributes:
        match: patterns of repos' ids, targets or files, of which one must fit.
        ignore: ids and groups.
    """

    match: tuple[str, ...]
    ignore: tuple[str, ...]


class Settings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """What an audit does.

    Attributes:
        select: ids and groups of the rules to apply; all without any.
        ignore: ids and groups of those to leave out.
        fail_on: the severity from which a finding fails the audit.
        baseline: the file of accepted findings; empty for none.
        overrides: more to leave out, by place.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: FailOn = "warning"
    baseline: str = ""
    overrides: tuple[Override, ...] = ()

    def rules(self) -> tuple[Rule, ...]:
        """Return the rules to apply.

        Raises:
            BadInput: there is no such rule or group, or none is left.
        """
        for names in (self.select, self.ignore, *(one.ignore for one in self.overrides)):
            require_known(names)
        chosen = tuple(
            rule
            for rule in all_rules()
            if (not self.select or {rule.id, rule.group} & {*self.select})
            and not {rule.id, rule.group} & {*self.ignore}
        )
        if not chosen:
            raise BadInput("no rule is left", remedy="See hubq audit --list-rules.")
        return chosen

    def applied(self, audited: Audited) -> Audited:
        """Return what was found without what the overrides pass over."""
        if not self.overrides:
            return audited
        kept = tuple(one for one in audited.findings if not self._passed_over(audited, one))
        return msgspec.structs.replace(audited, findings=kept)

    def _passed_over(self, audited: Audited, finding: Finding) -> bool:
        groups = {rule.id: rule.group for rule in all_rules()}
        names = {finding.rule, groups.get(finding.rule, "")}
        places = {audited.name, audited.repo, finding.path, f"{audited.repo}/{finding.path}"}
        return any(
            names & {*one.ignore}
            and any(
                fnmatch.fnmatchcase(place, pattern) for place in places for pattern in one.match
            )
            for one in self.overrides
        )


def require_known(names: Iterable[str]) -> None:
    """Make sure that rules or groups exist.

    Raises:
        BadInput: one does not; says which are like it.
    """
    known = [*(rule.id for rule in all_rules()), *dict.fromkeys(r.group for r in all_rules())]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            like = f"Did you mean {' or '.join(near)}? " if near else ""
            raise BadInput(
                f"{name}: no such rule or group", remedy=f"{like}See hubq audit --list-rules."
            )


def rule_named(name: str) -> Rule:
    """Return a rule.

    Raises:
        BadInput: there is none of that id; says which are like it.
    """
    found = next((rule for rule in all_rules() if rule.id == name), None)
    if found is None:
        near = difflib.get_close_matches(name, [rule.id for rule in all_rules()], n=3, cutoff=0.5)
        like = f"Did you mean {' or '.join(near)}? " if near else ""
        raise BadInput(f"{name}: no such rule", remedy=f"{like}See hubq audit --list-rules.")
    return found


def find_settings(folder: Path) -> Path | None:
    """Return the settings file of a folder, its own or that of the nearest folder above it."""
    here = folder.resolve()
    return next((one / FILE for one in (here, *here.parents) if (one / FILE).is_file()), None)


def read_settings(path: Path | None) -> Settings:
    """Return what a settings file says; what holds without any for none.

    Raises:
        BadInput: it cannot be read, or says something that is no setting.
    """
    if path is None:
        return Settings()
    try:
        raw = path.read_bytes()
        said: Any = yaml.safe_load(raw[:_LARGEST]) if raw.strip() else {}
        settings = msgspec.convert(said or {}, Settings)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        raise BadInput(f"{path}: cannot be read: {said}") from None
    except msgspec.ValidationError as error:
        raise BadInput(f"{path}: {error}", remedy="docs/audit.md shows every setting.") from None
    base = settings.baseline
    if base and not Path(base).is_absolute():
        settings = msgspec.structs.replace(settings, baseline=str(path.parent / base))
    return settings


def failing(findings: Iterable[Finding], fail_on: str) -> int:
    """Return how many findings are at least as bad as what fails an audit."""
    if fail_on not in SEVERITIES:
        return 0
    worst = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return sum(one.severity in worst for one in findings)
