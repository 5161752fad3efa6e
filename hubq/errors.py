"""The errors that hubq shows to people, and the exit code of each.

A `UserError` is something the reader can mend: it says what is wrong, where, and the next command.
Any other exception is a bug and keeps its traceback.

    HubqError
      UserError               exit 2   wrong use or bad input; nothing was done
        BadInput              exit 2
        EnvironmentProblem    exit 1   an environment could not be built or used
        StageFailed           exit 1   a stage or a check failed
        Infeasible            exit 0   cannot be done on this device or engine; the rest goes on
        Refused               exit 3   a guard said no (certificate, missing numbers, an edit)
        HubProblem            exit 4   the Hub or the network; try again
        RemoteMoved           exit 5   the remote changed since the plan; plan again
"""

from __future__ import annotations


class HubqError(Exception):
    """The root of hubq's own errors."""

    exit_code = 1


class UserError(HubqError):
    """Something the reader can mend.

    Args:
        message: what is wrong and where, in one line.
        remedy: the next command or action, in one line; empty when there is none.
    """

    exit_code = 2

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class BadInput(UserError):  # noqa: N818 - reads as a sentence where it is raised
    """The command, a recipe, a source or a data file is not usable."""


class EnvironmentProblem(UserError):  # noqa: N818
    """An isolated environment could not be built, found or used."""

    exit_code = 1


class StageFailed(UserError):  # noqa: N818
    """A stage ended without a result."""

    exit_code = 1


class Infeasible(UserError):  # noqa: N818
    """A stage cannot be done on this device or engine; its cells say so and the rest goes on."""

    exit_code = 0


class Refused(UserError):  # noqa: N818
    """A guard refused to go on."""

    exit_code = 3


class HubProblem(UserError):  # noqa: N818
    """The Hub or the network did not answer as needed; trying again may help."""

    exit_code = 4


class RemoteMoved(UserError):  # noqa: N818
    """The remote repo changed since the plan was made."""

    exit_code = 5
