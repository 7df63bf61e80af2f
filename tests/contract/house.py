"""The product with everything around it, and a tenant that has a little of everything."""

import contextlib
import http.cookiejar
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

PATIENCE = 120


@contextlib.contextmanager
def standing(binary, folder):
    """The API's address and the platform's credential, while everything stands."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    environment = folder / "sandbox.env"
    with open(environment, "w") as printed, open(folder / "sandbox.log", "w") as log:
        sandbox = subprocess.Popen(
            [binary, "sandbox", "--servers", "--listen", "127.0.0.1:0", "--api", f"{base}/"], stdout=printed, stderr=log
        )
    server = None
    try:
        until(lambda: "Ctrl-C ends it" in (folder / "sandbox.log").read_text(), sandbox, folder / "sandbox.log")
        given = dict(line.split("=", 1) for line in environment.read_text().splitlines())
        with open(folder / "serve.log", "w") as log:
            server = subprocess.Popen(
                [binary, "serve"],
                stderr=log,
                env=os.environ | given | {"TILLPOST_LISTEN": f"127.0.0.1:{port}", "TILLPOST_WEBHOOK_LOOPBACK": "allow"},
            )
        until(lambda: is_well(base), server, folder / "serve.log")
        yield base, given["TILLPOST_PLATFORM_KEY"]
    finally:
        for process in (server, sandbox):
            if process:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE)
        for line in (folder / "serve.log").read_text().splitlines() if server else []:
            if "panicked" in line or "internal error" in line:
                print(f"the server's log: {line}")


def until(holds, process, log):
    began = time.monotonic()
    while not holds():
        if process.poll() is not None or time.monotonic() - began > PATIENCE:
            raise SystemExit(f"it did not start: {log.read_text()}")
        time.sleep(0.1)


def is_well(base):
    try:
        return urllib.request.urlopen(f"{base}/healthz", timeout=5).status == 200
    except OSError:
        return False


class Caller:
    """Calls the API with one credential; every answer must be good."""

    def __init__(self, base, credential):
        self.base, self.credential = base, credential

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.credential}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=30).read()
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()}")
        return json.loads(answer) if answer else None

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None):
        return self.call("POST", path, {} if body is None else body)

    def items(self, path):
        return self.get(path)["items"]


def furnish(base, platform_key):
    """A tenant that is connected, mapped and running, with events of which some failed, and what they led to."""
    platform = Caller(base, platform_key)
    tenant_id = platform.post("/v1/tenants", {"name": "Contract"})["id"]
    at = f"/v1/tenants/{tenant_id}"
    key = platform.post(f"{at}/api-keys", {"name": "contract"})["secret"]
    tenant = Caller(base, key)
    link = tenant.post(f"{at}/connection/authorization-requests")["authorization_url"]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    assert b"is connected" in browser.open(link, timeout=30).read()
    wait(lambda: tenant.items(f"{at}/accounts"), "the chart")
    imported = tenant.post(f"{at}/account-imports")["id"]
    dimensions = tenant.post(f"{at}/dimension-imports")["id"]
    created = tenant.post(f"{at}/account-creations", {"name": "Contract Clearing", "account_type": "Bank", "account_sub_type": "Checking"})["id"]
    tenant.post(f"{at}/sync/start")
    events = [ticket(n, "cash") for n in range(6)] + [ticket(6, "seashells")]
    events += [ticket(n, "cash", "2026-01-05T10:00:00Z") for n in range(7, 10)]
    taken = tenant.post(f"{at}/events", {"events": events})["results"]
    tenant.post(f"{at}/mapping-suggestions/apply", {"all": True})
    past = tenant.post(f"{at}/past-syncs", {"from_date": "2026-01-01", "to_date": "2026-01-31"})["id"]
    compared = tenant.post(f"{at}/reconciliations", {"from_date": "2026-01-01", "to_date": "2026-01-31"})["id"]
    endpoint = tenant.post(f"{at}/webhook-endpoints", {"url": "http://127.0.0.1:9/hook"})["id"]
    message = tenant.post(f"{at}/webhook-endpoints/{endpoint}/test")["message_id"]
    wait(lambda: tenant.items(f"{at}/alerts"), "an alert")
    wait(lambda: tenant.items(f"{at}/webhook-endpoints/{endpoint}/deliveries"), "a delivery")
    spare = [tenant.post(f"{at}/webhook-endpoints", {"url": f"http://127.0.0.1:9/{n}"})["id"] for n in range(8)]
    vouchers = [f"voucher-{n}" for n in range(8)]
    tenant.post(f"{at}/known-keys", {"keys": [{"kind": "payment_type", "key": key} for key in vouchers]})
    ids = {
        "event_id": [result["id"] for result in taken],
        "account_import_id": [imported],
        "dimension_import_id": [dimensions],
        "account_creation_id": [created],
        "account_id": [row["id"] for row in tenant.items(f"{at}/accounts")][:40],
        "mapping_id": [row["id"] for row in tenant.items(f"{at}/mappings")],
        "past_sync_id": [past],
        "reconciliation_id": [compared],
        "alert_id": [row["id"] for row in tenant.items(f"{at}/alerts")],
        "webhook_endpoint_id": [endpoint],
        "webhook_message_id": [message],
        # Not the one that is used: it would be revoked.
        "api_key_id": [tenant.post(f"{at}/api-keys", {"name": "to be revoked"})["id"]],
        # What may be disabled, deleted and forgotten.
        "spare_endpoint_id": spare,
        "voucher": vouchers,
    }
    # For what would end everything else: suspended, and without a connection.
    apart = platform.post("/v1/tenants", {"name": "Apart"})["id"]
    doomed = platform.post("/v1/tenants", {"name": "Doomed"})["id"]
    return {"tenant_id": tenant_id, "key": key, "apart": apart, "doomed": doomed, "ids": ids}


def wait(holds, what):
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > PATIENCE:
            raise SystemExit(f"{what} does not come")
        time.sleep(0.2)


def ticket(number, payment_type, occurred_at="2026-11-20T10:00:00Z"):
    return {
        "external_id": f"contract-{number}",
        "occurred_at": occurred_at,
        "transaction": {
            "type": "ticket",
            "lines": [{"kind": "item", "item_class": "apparel", "quantity": "1", "amount": "50.00", "unit_cost": "20.00"}],
            "payments": [{"payment_type": payment_type, "amount": "50.00"}],
        },
    }
