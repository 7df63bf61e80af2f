"""What schemathesis is told of this API: whose credential an operation takes, how lines of JSON are written and read, which
refusals of a well-formed request are sound; and it notes every answer."""

import json
import os
import threading

import schemathesis

# The platform's own credential; everything else is the tenant's.
OF_PLATFORM = {"create_tenant", "list_tenants", "read_tenant", "update_tenant", "delete_tenant"}
# A request that a schema lets through may still not be met: no schema says which cursor was given out, which account is in
# the chart, what time it is, or that a window must not end before it begins. Whatever else is refused with 422 or 400
# although the document lets it through is a mistake of the document's.
SOUND_REFUSALS = {
    "account_type_refused",
    "all_events_refused",
    "inactive_account",
    "invalid_cursor",
    "invalid_expiry",
    # What an ETag looks like is HTTP's to say.
    "invalid_header",
    "invalid_key",
    "invalid_range",
    "invalid_return_url",
    "invalid_url",
    "invalid_window",
    "nothing_chosen",
    "scope_beyond_own",
    "text_too_short",
    "two_filters",
    "unexpected_key",
    "unknown_account",
}
NOTES = open(os.environ["CONTRACT_ANSWERS"], "a", encoding="utf-8")
LOCK = threading.Lock()


def operation_id(case):
    return case.operation.definition.raw.get("operationId")


@schemathesis.auth(refresh_interval=None)
class Credential:
    def get(self, case, context):
        platform = operation_id(case) in OF_PLATFORM
        return os.environ["PLATFORM_KEY" if platform else "TENANT_KEY"]

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.serializer("application/x-ndjson")
def to_lines(context, value):
    return json.dumps(value).encode() + b"\n"


@schemathesis.deserializer("application/x-ndjson")
def of_lines(context, response):
    # Each line is one of the schema's; the first stands for all.
    return json.loads((response.content.splitlines() or [b"null"])[0])


@schemathesis.check
def refused_for_a_reason(context, response, case):
    """A request that the document lets through is refused for what no schema can say, and for nothing else."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 422):
        return
    code = response.json().get("code")
    assert code in SOUND_REFUSALS, f"the document lets it through, and it is refused as `{code}`: {response.json().get('detail')}"


@schemathesis.hook
def after_call(context, case, response):
    with LOCK:
        NOTES.write(json.dumps({"operation": operation_id(case), "status": response.status_code}) + "\n")
        NOTES.flush()
