"""The one error of the local cloud that is meant for the person at the keyboard."""


class LocalCloudError(Exception):
    """Something that the user can act on; shown as text, never as a stack trace.

    Attributes:
        what: What went wrong, in one sentence.
        hint: The next step: a command to run, a file to read, a thing to free.
        detail: Evidence, such as the last lines of a log. May be empty.
    """

    def __init__(self, what: str, hint: str, detail: str = "") -> None:
        self.what = what
        self.hint = hint
        self.detail = detail
        super().__init__("\n".join(part for part in (what, detail, hint) if part))
