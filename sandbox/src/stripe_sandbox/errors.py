"""Stripe's refusals, word for word in shape and close to it in text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stripe_sandbox.json_types import JsonObject

DOC_URL = "https://stripe.com/docs/error-codes/"


class Refusal(Exception):  # noqa: N818 - an answer, not a mistake of ours
    """An answer in Stripe's error shape.

    `code` and `param` are left out of the body when they are `None`, as Stripe leaves them out.
    """

    def __init__(  # noqa: PLR0913 - the fields of Stripe's error
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind
        self.headers = headers or {}

    def body(self, request_id: str) -> JsonObject:
        """The JSON that Stripe sends."""
        log_url = f"https://dashboard.stripe.com/test/logs/{request_id}"
        error: JsonObject = {
            "code": self.code,
            "doc_url": self.code and DOC_URL + self.code.replace("_", "-"),
            "message": self.message,
            "param": self.param,
            "request_log_url": log_url if self.status != 401 else None,
            "type": self.kind,
        }
        return {"error": {name: value for name, value in error.items() if value is not None}}


def no_such(kind: str, identity: str, *, status: int = 404, param: str = "id") -> Refusal:
    """An id that Stripe does not know."""
    name = kind.rsplit(".", maxsplit=1)[-1].replace("_", " ")
    message = f"No such {name}: '{identity}'"
    return Refusal(status, message, code="resource_missing", param=param)


def unrecognized_url(method: str, path: str) -> Refusal:
    """A path that the API does not have."""
    return Refusal(
        404,
        f"Unrecognized request URL ({method}: {path}). "
        "Please see https://stripe.com/docs or we can help at https://support.stripe.com/.",
    )


def unknown_parameter(name: str) -> Refusal:
    """A parameter that the endpoint does not take."""
    message = f"Received unknown parameter: {name}"
    return Refusal(400, message, code="parameter_unknown", param=name)


def missing_parameter(name: str) -> Refusal:
    """A parameter that the endpoint cannot do without."""
    message = f"Missing required param: {name}."
    return Refusal(400, message, code="parameter_missing", param=name)


def invalid_integer(name: str, value: str) -> Refusal:
    """A parameter that is no number."""
    message = f"Invalid integer: {value}"
    return Refusal(400, message, code="parameter_invalid_integer", param=name)
