"""What schemathesis is told of this API: whose credential an operation takes, how lines of JSON are written and read, which
refusals of a well-formed request are sound; and it notes every answer."""

import base64
import hashlib
import hmac
import itertools
import json
import os
import re
import threading

import jsonschema_rs
import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

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
    # Which scopes a key has, only the key says.
    "invalid_scope",
    "invalid_url",
    "invalid_window",
    "nothing_chosen",
    # One stands for the other.
    "role_and_scopes",
    "scope_beyond_own",
    "text_too_short",
    "two_filters",
    "unexpected_key",
    "unknown_account",
}
NOTES = open(os.environ["CONTRACT_ANSWERS"], "a", encoding="utf-8")
LOCK = threading.Lock()
# Operations that were asked by somebody without a credential that holds.
ASKED_BY_STRANGERS = set()
TURNS = itertools.count()
# Ids and secrets that are there, by the parameters that take them.
KNOWN = json.loads(os.environ["KNOWN_IDS"])
CONSENTS = json.loads(os.environ["CONSENTS"])
# What is disabled, deleted or forgotten is none of what others are asked about.
SPARE = {
    ("update_webhook_endpoint", "webhook_endpoint_id"): "spare_endpoint_id",
    ("delete_webhook_endpoint", "webhook_endpoint_id"): "spare_endpoint_id",
    ("remove_member", "member_id"): "spare_member_id",
    ("revoke_api_key", "api_key_id"): "api_key_id",
    ("rotate_api_key", "api_key_id"): "api_key_id",
}
# Ids of what was made on the way: what follows a link to them is about them.
MADE = set()
IN_BODY = {"account_id": "account_id", "mapping_id": "mapping_id", "quickbooks_location_id": "dimension_id"}


def operation_id(case):
    return case.operation.definition.raw.get("operationId")


def note(operation, response):
    problem = "problem+json" in str(response.headers.get("content-type"))
    code = json.loads(response.content)["code"] if problem and response.content else None
    with LOCK:
        NOTES.write(json.dumps({"operation": operation, "status": response.status_code, "code": code}) + "\n")
        NOTES.flush()


def is_guarded(case):
    return bool(case.operation.definition.raw.get("security"))


@schemathesis.auth(refresh_interval=None)
class Credential:
    def get(self, case, context):
        operation = operation_id(case)
        if not is_guarded(case):
            return None
        if operation == "disconnect":
            return os.environ["PARTED_KEY"]
        return os.environ["PLATFORM_KEY" if operation in OF_PLATFORM else "TENANT_KEY"]

    def set(self, case, data, context):
        if data is not None:
            case.headers = case.headers or {}
            case.headers["Authorization"] = f"Bearer {data}"


def notification(turn):
    """What Intuit sends, in either of its forms."""
    if turn % 2:
        return [{"specversion": "1.0", "id": f"n{turn}", "source": "intuit.x=", "type": "qbo.account.updated.v1",
                 "time": "2026-11-26T18:00:00Z", "intuitentityid": "1", "intuitaccountid": os.environ["COMPANY"], "data": {}}]
    changed = {"name": "Account", "id": "1", "operation": "Update", "lastUpdated": "2026-11-26T18:00:00.000Z"}
    return {"eventNotifications": [{"realmId": os.environ["COMPANY"], "dataChangeEvent": {"entities": [changed]}}]}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Puts in what no schema can say of a sound request, where it is not this part of it that is to be wrong."""
    operation, turn, meta = operation_id(case), next(TURNS), case.meta
    if meta is None:
        return
    if not meta.is_negative_at(ParameterLocation.HEADER):
        # A key is one request's: another under it would be refused before it is looked at.
        put(case.headers, "Idempotency-Key", f"contract-{turn}")
        stale = meta.generation.mode.is_positive and turn % 3 == 0
        put(case.headers, "If-Match", '"of-another-version"' if stale else "*")
    if not meta.is_negative_at(ParameterLocation.PATH):
        for name, given in (case.path_parameters or {}).items():
            if given in MADE:
                continue
            values = KNOWN.get(SPARE.get((operation, name), name))
            # One in five is as it was drawn, except where that might be what others are asked about.
            if values and (turn % 5 or (operation, name) in SPARE):
                case.path_parameters[name] = values[turn % len(values)]
    if not meta.is_negative_at(ParameterLocation.QUERY) and turn % 5:
        (case.query or {}).pop("cursor", None)
        if operation == "forget_known_key":
            case.query |= {"kind": "payment_type", "key": KNOWN["voucher"][turn % len(KNOWN["voucher"])]}
    if not meta.is_negative_at(ParameterLocation.BODY) and turn % 5:
        example = example_of(case) if meta.phase.name == TestPhase.STATEFUL else None
        # A body that is left out stays left out.
        if example and isinstance(case.body, dict):
            case.body = example
        fill(case.body, turn)
        if operation == "issue_token":
            case.body |= {"client_id": os.environ["CLIENT_ID"], "client_secret": os.environ["CLIENT_SECRET"]}
    if operation == "finish_authorization" and meta.generation.mode.is_positive and CONSENTS:
        come_back = CONSENTS.pop()
        case.query, case.headers["Cookie"] = come_back["query"], come_back["cookie"]
    if operation == "receive_notifications" and meta.generation.mode.is_positive:
        kwargs["data"] = json.dumps(notification(turn)).encode()
        signature = hmac.new(os.environ["VERIFIER"].encode(), kwargs["data"], hashlib.sha256).digest()
        case.headers["intuit-signature"] = base64.b64encode(signature).decode()


def example_of(case):
    """The document's own body: something is made of it, so that there is something to follow a link to."""
    content = case.operation.definition.raw.get("requestBody", {}).get("content", {}).get(case.media_type, {})
    examples = [example["value"] for example in content.get("examples", {}).values()]
    is_one = case.operation.method == "post" and case.media_type == "application/json"
    return json.loads(json.dumps(examples[0])) if examples and is_one else None


def put(headers, name, value):
    if name in (headers or {}):
        headers[name] = value


def fill(body, turn):
    """Names accounts and locations in a body that are there."""
    parts = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in list(parts):
        if IN_BODY.get(name) and isinstance(value, str):
            values = KNOWN[IN_BODY[name]]
            body[name] = values[turn % len(values)]
        else:
            fill(value, turn)


@schemathesis.serializer("application/x-ndjson")
def to_lines(context, value):
    return json.dumps(value).encode() + b"\n"


@schemathesis.deserializer("application/x-ndjson")
def of_lines(context, response):
    # Each line is one of the schema's: `every_line_is_of_the_schema` looks at them all.
    return json.loads((response.content.splitlines() or [b"null"])[0])


@schemathesis.check
def every_line_is_of_the_schema(context, response, case):
    """A stream of lines has the schema of a line; of one that ends before its first line there is nothing to say."""
    if not str(response.headers.get("content-type", [""])[0]).startswith("application/x-ndjson"):
        return
    document = case.operation.schema.raw_schema
    declared = case.operation.definition.raw["responses"][str(response.status_code)]
    schema = {"components": document["components"], **declared["content"]["application/x-ndjson"]["schema"]}
    judge = jsonschema_rs.validator_for(schema)
    lines = response.content.splitlines()
    for number, line in enumerate(lines, 1):
        for error in judge.iter_errors(json.loads(line)):
            raise AssertionError(f"line {number} is not of the schema: {error.message}")


@schemathesis.check
def refused_for_a_reason(context, response, case):
    """A request that the document lets through is refused for what no schema can say, and for nothing else."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 422):
        return
    problem = response.json()
    # The token endpoint speaks as RFC 6749 does.
    code, why = problem.get("code", problem.get("error")), problem.get("detail", problem.get("error_description"))
    # To a schema 1.0 is a whole number; that it is spelt 1 here, the document says in words.
    if code == "wrong_type" and re.search(r"floating point `-?\d+\.0`, expected [iu]\d", why):
        return
    assert code in SOUND_REFUSALS, f"the document lets it through, and it is refused as `{code}`: {why}"


@schemathesis.check
def strangers_are_refused(context, response, case):
    """What is met with a credential is refused without one that holds, whoever else the caller may be."""
    operation = operation_id(case)
    if not is_guarded(case) or response.status_code >= 400 or operation in ASKED_BY_STRANGERS:
        return
    ASKED_BY_STRANGERS.add(operation)
    met = response.request
    headers = {**met.headers, "Authorization": "Bearer tp_test_of-nobody"}
    answer = requests.request(met.method, met.url, data=met.body, headers=headers, allow_redirects=False, timeout=20)
    note(operation, answer)
    assert answer.status_code == 401, f"a stranger is answered {answer.status_code}: {answer.text[:200]}"
    assert answer.json()["code"] == "unauthenticated", answer.text


@schemathesis.hook
def after_call(context, case, response):
    note(operation_id(case), response)
    if case.operation.method == "post" and response.status_code in (200, 201, 202):
        told = response.json() if "application/json" in str(response.headers.get("content-type")) else {}
        rows = told.get("results", [told]) if isinstance(told, dict) else []
        MADE.update(row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str))
