"""What a check finds."""

import re
from dataclasses import dataclass

_COMMENT = re.compile(r'#.*|"(?:\\.|[^"\\])*"')


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        file: Path, relative to the repository where that is possible.
        line: From 1; 0 where no line is to blame.
        message: What is wrong and what is allowed.
    """

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        """``file:line: message``, as editors understand it."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}"


def line_of(text: str, *words: str) -> int:
    """The first line that has all these words outside comments; 0 for none.

    If no line has all of them, the first words alone are looked for: the last may be a default.
    """
    lines = [_without_comment(line) for line in text.splitlines()]
    for count in range(len(words), 0, -1):
        patterns = [re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])") for word in words[:count]]
        for number, line in enumerate(lines, start=1):
            if all(pattern.search(line) for pattern in patterns):
                return number
    return 0


def _without_comment(line: str) -> str:
    return _COMMENT.sub(lambda found: "" if found.group().startswith("#") else found.group(), line)
