"""A report on a terminal: by repo, rule and file, the worst first, each line quoted."""

from __future__ import annotations

from collections.abc import Sequence

from hubq.audit.formats import words
from hubq.audit.formats.places import Group, grouped, quotable, span_of, title_of
from hubq.audit.formats.widths import around, clipped, padded, visible, width_of, wrapped
from hubq.model.audit import Audited, Report, Statement
from hubq.model.finding import Finding

_RESET = "\x1b[0m"
_STYLES = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "info": "\x1b[36m",
    "strong": "\x1b[1m",
    "soft": "\x1b[2m",
}
_NARROWEST, _WIDEST = 60, 120
_ROWS = 24
"""Lines of the table of scores when there is one repo; a sweep gets one line a repo."""
_SHOWN = 20
"""Findings of one rule in one file."""
_NAMED = 60
"""Repos without findings that are still named."""
_LONGEST = 160
"""Columns of what a file says, where that is not under a caret."""


def render(report: Report, *, colour: bool = False, width: int = 80) -> str:
    """Return a report as lines of text.

    Args:
        report: what was found.
        colour: whether the terminal shows colours.
        width: its columns.
    """
    page = _Page(colour=colour, width=max(_NARROWEST, min(width, _WIDEST)))
    alone = len(report.audited) == 1
    for audited in report.audited:
        if alone or not _clean(audited):
            page.repo(audited, alone=alone)
    page.blank()
    if not alone:
        page.rest(report.audited)
    for target, why in report.missed:
        page.text(f"{target}: not looked at: {why}", style="warning")
    page.blank()
    page.text(words.summary(report), style="strong")
    return "\n".join(page.lines) + "\n"


class _Page:
    """The lines of a report.

    Args:
        colour: whether to use colours.
        width: columns.
    """

    def __init__(self, *, colour: bool, width: int) -> None:
        self.colour, self.width = colour, width
        self.lines: list[str] = []

    def styled(self, text: str, style: str) -> str:
        return f"{_STYLES[style]}{text}{_RESET}" if self.colour and style and text else text

    def blank(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def text(self, text: str, *, indent: int = 0, hanging: int = 0, style: str = "") -> None:
        """Add a paragraph, wrapped."""
        lines = wrapped(visible(text), self.width - indent, hanging)
        for line in lines:
            # At the start of a line it would be a command to GitHub's runner.
            safe = line.replace("::", ": :", 1) if line.lstrip().startswith("::") else line
            self.lines.append(" " * indent + self.styled(safe, style))

    def repo(self, audited: Audited, *, alone: bool) -> None:
        """Add all of one repo."""
        self.blank()
        commit = f"@{audited.commit[:7]}" if audited.commit else ""
        name = visible(audited.name)
        self.lines.append(
            f"{self.styled(name, 'strong')}{commit}  {words.severities(audited.findings)}"
        )
        for problem in audited.problems:
            self.text(f"could not be read: {problem}", indent=2, style="warning")
        for group in grouped(audited.findings):
            self.group(group, audited.name)
        self.scores(audited, alone=alone)
        self.statements(audited.statements)
        self.notes(audited, alone=alone)

    def rest(self, audited: Sequence[Audited]) -> None:
        """Add what is said once of all repos of a sweep."""
        clean = [repo.name for repo in audited if _clean(repo)]
        if clean:
            names = f": {', '.join(clean)}" if len(clean) <= _NAMED else ""
            self.text(f"nothing found in {words.counted(len(clean), 'repo')}{names}", hanging=2)
        reasons = words.reasons(audited)
        if reasons:
            self.text(f"rules not applied to some: {reasons}", hanging=2, style="soft")
        self.blank()

    def group(self, group: Group, name: str) -> None:
        """Add the findings of one rule in one file."""
        self.blank()
        kind = self.styled(group.worst, group.worst)
        title = title_of(group.rule)
        rule = self.styled(visible(group.rule), "strong")
        path = "" if group.path == name else self.styled(visible(group.path), "soft")
        self.lines.append(f"  {kind} {rule}  {path}".rstrip())
        if title:
            self.text(title, indent=4, style="soft")
        shown = group.findings[:_SHOWN]
        for one, after in zip(shown, [*shown[1:], None], strict=True):
            # What many lines have in common is said below the last of them.
            self.finding(one, group, fix=after is None or after.remedy != one.remedy)
        if len(group.findings) > len(shown):
            left = len(group.findings) - len(shown)
            self.text(f"and {left:,} more (--format json, html)", indent=4, style="soft")

    def finding(self, one: Finding, group: Group, *, fix: bool) -> None:
        """Add one finding: its line, what was found, how to mend it."""
        gutter = max(4, len(str(one.line))) if quotable(one) else 0
        if quotable(one):
            self.quoted(one, gutter)
        kind = "" if one.severity == group.worst else f"[{one.severity}] "
        where = "" if quotable(one) or not one.line else f"line {one.line}: "
        said = f'says "{clipped(one.said, _LONGEST)}": ' if one.said and not _seen(one) else ""
        indent = gutter + 5 if gutter else 4
        self.text(f"{kind}{where}{said}{one.found}", indent=indent)
        if one.remedy and fix:
            self.text(f"fix: {one.remedy}", indent=indent, hanging=5)
        for source in one.sources if one.severity == "error" else ():
            self.lines.append(" " * indent + self.styled(f"see {visible(source)}", "soft"))

    def quoted(self, one: Finding, gutter: int) -> None:
        """Add the line itself, and a caret under what it is about."""
        start, end = span_of(one) or (-1, 0)
        part, before, shown = around(one.quote, start + 1, end - start, self.width - gutter - 5)
        bar = self.styled("|", "soft")
        self.lines.append(f"  {self.styled(f'{one.line:>{gutter}}', 'soft')} {bar} {part}".rstrip())
        if shown:
            caret = self.styled("^" * shown, one.severity)
            self.lines.append(f"  {' ' * gutter} {bar} {' ' * before}{caret}")

    def scores(self, audited: Audited, *, alone: bool) -> None:
        """Add what printed scores still tell: a table, or one line in a sweep."""
        known = [one for one in audited.recovered if one.low is not None]
        if alone and known:
            self.blank()
            self.text(words.scores(audited), indent=2)
            self.table(words.rows(known))
            self.text(words.finest(known), indent=4, hanging=2, style="soft")
        elif words.deltas(known):
            self.blank()
            self.text(f"{len(known):,} intervals recovered; {words.deltas(known)}", indent=2)

    def table(self, rows: list[words.Row]) -> None:
        """Add the rows of a table, clipped to the width."""
        cells = [
            (row.variant, row.task, row.shown, row.interval, row.delta, _told(row))
            for row in rows[:_ROWS]
        ]
        heads = (
            "",
            "",
            "score",
            "95 %",
            "delta",
            "more than chance?" if any(row.delta for row in rows) else "",
        )
        seen = [tuple(map(visible, row)) for row in (heads, *cells)]
        natural = [max(map(width_of, column)) for column in zip(*seen, strict=True)]
        widths = _fitting(natural, self.width - 4)
        groups = ["", *(row.group for row in rows)]
        for index, row in enumerate(seen):
            if index and groups[index] != groups[index - 1]:
                self.text(groups[index], indent=4, style="strong")
            parts = [
                (_right if 2 <= place <= 4 else padded)(cell, size)
                for place, (cell, size) in enumerate(zip(row, widths, strict=True))
            ]
            line = "  ".join(parts).rstrip()
            self.lines.append(f"    {self.styled(line, '' if index else 'soft')}")
        if len(rows) > _ROWS:
            more = f"and {len(rows) - _ROWS:,} more (--format json, html)"
            self.text(more, indent=4, style="soft")

    def statements(self, statements: tuple[Statement, ...]) -> None:
        """Add sentences that were held against numbers."""
        held = [one for one in statements if one.told != "unknown"]
        if held:
            self.blank()
            self.text("What its prose says, held against its numbers", indent=2)
        for one in held:
            text = clipped(visible(one.text), 2 * self.width)
            self.text(f'line {one.line}: "{text}"', indent=4, hanging=2)
            self.text(f"{words.CARRIED[one.told]}: {one.why}", indent=6)

    def notes(self, audited: Audited, *, alone: bool) -> None:
        """Add what was not applied and what a baseline accepts, in a line each."""
        lines = []
        if audited.skipped and alone:
            count = words.counted(len(audited.skipped), "rule")
            lines.append(f"{count} not applied: {words.reasons([audited])}")
        if audited.accepted:
            lines.append(f"{words.severities(audited.accepted)} accepted by the baseline")
        if lines:
            self.blank()
        for line in lines:
            self.text(line, indent=2, style="soft")


def _clean(audited: Audited) -> bool:
    """Say whether there is nothing to tell of a repo."""
    return not (audited.findings or audited.problems or audited.accepted)


def _seen(one: Finding) -> bool:
    """Say whether what the file says stands over the carets."""
    start, end = span_of(one) or (0, 0)
    return quotable(one) and end > start


def _fitting(widths: list[int], room: int) -> list[int]:
    """Return columns' widths with the first, the second and the last cut until all fit."""
    over = sum(widths) + 2 * (len(widths) - 1) - room
    found = list(widths)
    for place, least in ((0, 14), (1, 10), (5, 12), (0, 4), (1, 4), (5, 0)):
        cut = min(max(over, 0), max(0, found[place] - least))
        found[place] -= cut
        over -= cut
    return found


def _told(row: words.Row) -> str:
    return row.told.replace("if under", "if <")


def _right(text: str, width: int) -> str:
    return " " * (width - width_of(text)) + text
