"""What can be wrong with a host's templates."""

from collections.abc import Sequence
from pathlib import Path

from insight_sessions import InsightSessionsError


class TemplatesError(InsightSessionsError, ValueError):
    """A folder of templates cannot be used; nothing was sent.

    Args:
        folder: which.
        problems: one ``file, line: reason`` each.
    """

    def __init__(self, folder: Path, problems: Sequence[str]) -> None:
        super().__init__(folder, problems)
        self.folder = folder
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n  ".join((f"the templates in {self.folder} cannot be used:", *self.problems))
