"""Verifies messages that Tillpost has sent, one a line, with the standardwebhooks library (v1) and with cryptography (v1a)."""

import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError


def symmetric(line, body, secret=None):
    try:
        Webhook(secret or line["secret"]).verify(body, line["headers"])
        return True
    except WebhookVerificationError:
        return False


def asymmetric(line, body):
    headers = line["headers"]
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(line["public_key"].removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    for signature in headers["webhook-signature"].split(" "):
        version, code = signature.split(",")
        if version != "v1a":
            continue
        try:
            public.verify(base64.b64decode(code), signed)
            return True
        except InvalidSignature:
            pass
    return False


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    if len(lines) < 4:
        sys.exit(f"only {len(lines)} messages were written down")
    for number, line in enumerate(lines, 1):
        body, altered = line["body"], line["body"].replace('"number":', '"number": ')
        other = "whsec_" + base64.b64encode(bytes(32)).decode()
        checks = {
            "v1 verifies": symmetric(line, body),
            "v1a verifies": asymmetric(line, body),
            "an altered body does not (v1)": altered != body and not symmetric(line, altered),
            "an altered body does not (v1a)": not asymmetric(line, altered),
            "another secret does not": not symmetric(line, body, other),
        }
        wrong = [what for what, holds in checks.items() if not holds]
        if wrong:
            sys.exit(f"message {number}, {line['headers']['webhook-id']}: not so: {', '.join(wrong)}")
    secrets = {line["secret"] for line in lines}
    print(f"{len(lines)} messages with {len(secrets)} secrets verify, as v1 and as v1a; altered ones do not")


main()
