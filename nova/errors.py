"""The one tree of errors that Nova raises. `nova.api.problems` turns each into its RFC 9457 answer."""

from typing import Any


class NovaError(Exception):
    """Something a caller should be told. `code` is stable, `data` joins the answer."""

    code = "internal_error"
    status = 500
    title = "Internal error"
    retry_after: int | None = None

    def __init__(self, detail: str = "", **data: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.data = data


class InvalidInputError(NovaError):
    code = "invalid_input"
    status = 400
    title = "The request is not valid"


class InvalidCursorError(NovaError):
    code = "invalid_cursor"
    status = 400
    title = "The cursor is not one of yours"


class CursorExpiredError(NovaError):
    code = "cursor_expired"
    status = 400
    title = "The cursor is older than an hour; start again without one"


class NotFoundError(NovaError):
    code = "not_found"
    status = 404
    title = "There is no such thing"


class VideoNotFoundError(NovaError):
    code = "video_not_found"
    status = 404
    title = "There is no such video"


class CreatorNotFoundError(NovaError):
    code = "creator_not_found"
    status = 404
    title = "There is no such creator"


class ErasedError(NovaError):
    """Something from before a person asked to be erased, or came back after that."""

    code = "erased"
    status = 409
    title = "This happened before you asked to be erased or came back; it is not taken any more"


class ConflictError(NovaError):
    code = "conflict"
    status = 409
    title = "Something this refers to has changed meanwhile; look again"


class EngineAwayError(NovaError):
    """An engine failed and nothing can stand in for it. Worth a retry."""

    code = "temporarily_unavailable"
    status = 503
    title = "A part of the service is away; try again soon"
    retry_after = 2


class BodyTooLargeError(NovaError):
    code = "body_too_large"
    status = 413
    title = "The body is larger than this endpoint takes"
