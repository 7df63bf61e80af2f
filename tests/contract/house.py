"""The product with everything around it, and a tenant that has a little of everything."""

import contextlib
import http.cookiejar
import http.server
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE = 120
# What Intuit's notifications are signed with.
VERIFIER = "verifier-token-of-the-contract-0123456789"
# The vendor's identity provider has one key: that of RFC 8037, appendix A.
KEYS = {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "first", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}


class Keys(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(KEYS).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def identity_provider():
    """The settings that name it, while it stands."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {
            "TILLPOST_IDP_ISSUER": "https://login.example.com/",
            "TILLPOST_IDP_AUDIENCE": "tillpost",
            "TILLPOST_IDP_JWKS_URL": f"http://127.0.0.1:{server.server_port}/keys",
            "TILLPOST_IDP_ALGORITHM": "EdDSA",
        }
    finally:
        server.shutdown()


@contextlib.contextmanager
def standing(binary, folder):
    """The API's address, what the environment of its server was given, and all of it while everything stands."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    with identity_provider() as provider, served(binary, folder, base, provider) as given:
        yield base, given


@contextlib.contextmanager
def served(binary, folder, base, provider):
    environment = folder / "sandbox.env"
    with open(environment, "w") as printed, open(folder / "sandbox.log", "w") as log:
        sandbox = subprocess.Popen(
            [binary, "sandbox", "--servers", "--listen", "127.0.0.1:0", "--api", f"{base}/"], stdout=printed, stderr=log
        )
    server = None
    try:
        until(lambda: "Ctrl-C ends it" in (folder / "sandbox.log").read_text(), sandbox, folder / "sandbox.log")
        given = dict(line.split("=", 1) for line in environment.read_text().splitlines())
        given |= provider | {
            "TILLPOST_LISTEN": base.removeprefix("http://"),
            "TILLPOST_WEBHOOK_LOOPBACK": "allow",
            "QUICKBOOKS_WEBHOOK_VERIFIER": VERIFIER,
            # As many as one who asks can ask, and still counted, so that every answer tells its limits.
            "TILLPOST_KEY_REQUESTS_PER_MINUTE": "1000000",
            "TILLPOST_TENANT_REQUESTS_PER_MINUTE": "1000000",
            "TILLPOST_ADDRESS_REQUESTS_PER_MINUTE": "1000000",
            "TILLPOST_LINK_REQUESTS_PER_MINUTE": "1000000",
        }
        with open(folder / "serve.log", "w") as log:
            server = subprocess.Popen([binary, "serve"], stderr=log, env=os.environ | given)
        until(lambda: is_well(base), server, folder / "serve.log")
        yield given
    finally:
        for process in (server, sandbox):
            if process:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE)


def complaints(folder):
    """What the server's log says of mistakes of its own."""
    lines = (folder / "serve.log").read_text().splitlines()
    # What is no HTTP at all, the library that reads it calls an error.
    ours = [line for line in lines if '"target":"actix_http' not in line]
    return [line for line in ours if "panicked" in line or '"level":"ERROR"' in line]


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


def made(platform, name):
    """A new tenant's id, its path, and a caller with a key of every scope."""
    tenant_id = platform.post("/v1/tenants", {"name": name})["id"]
    at = f"/v1/tenants/{tenant_id}"
    return tenant_id, at, Caller(platform.base, platform.post(f"{at}/api-keys", {"name": "contract"})["secret"])


def connect(tenant, at, simulator, company):
    simulator.post("/sandbox/consent", {"realm_id": company, "deny": False})
    link = tenant.post(f"{at}/connection/authorization-requests")["authorization_url"]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    assert b"is connected" in browser.open(link, timeout=30).read()
    wait(lambda: tenant.get(f"{at}/connection")["state"] == "connected", "the connection")


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def consent(tenant, at):
    """What a browser comes back from Intuit with, and its cookie."""
    def led(url):
        try:
            urllib.request.build_opener(Stay).open(url, timeout=30)
        except urllib.error.HTTPError as answer:
            return answer.headers

    begun = led(tenant.post(f"{at}/connection/authorization-requests")["authorization_url"])
    back = urllib.parse.urlsplit(led(begun["Location"])["Location"])
    return {"query": dict(urllib.parse.parse_qsl(back.query)), "cookie": begun["Set-Cookie"].split(";")[0]}


def last_part(url):
    return url.rsplit("/", 1)[1]


def furnish(base, given):
    """A tenant that is connected, mapped and running, with events of which some failed, and what they led to."""
    platform = Caller(base, given["TILLPOST_PLATFORM_KEY"])
    simulator = Caller(given["QUICKBOOKS_BASE_URL"].rstrip("/"), "nobody's")
    books = simulator.get("/sandbox/companies")[0]
    company = books["realm_id"]
    simulator.post(f"/sandbox/companies/{company}/names", {"kind": "department", "name": "Boston"})
    tenant_id, at, tenant = made(platform, "Contract")
    connect(tenant, at, simulator, company)
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
    for n in range(4):
        simulator.post(f"/sandbox/companies/{company}/journal-entries", of_somebody_else(n, books["accounts"]))
    compared = tenant.post(f"{at}/reconciliations", {"from_date": "2026-01-01", "to_date": "2026-01-31"})["id"]
    endpoint = tenant.post(f"{at}/webhook-endpoints", {"url": "http://127.0.0.1:9/hook"})["id"]
    message = tenant.post(f"{at}/webhook-endpoints/{endpoint}/test")["message_id"]
    wait(lambda: tenant.items(f"{at}/alerts"), "an alert")
    wait(lambda: tenant.items(f"{at}/findings"), "a finding")
    wait(lambda: tenant.items(f"{at}/webhook-endpoints/{endpoint}/deliveries"), "a delivery")
    spare = [tenant.post(f"{at}/webhook-endpoints", {"url": f"http://127.0.0.1:9/{n}"})["id"] for n in range(8)]
    vouchers = [f"voucher-{n}" for n in range(8)]
    tenant.post(f"{at}/known-keys", {"keys": [{"kind": "payment_type", "key": key} for key in vouchers]})
    wait(lambda: tenant.items(f"{at}/dimensions"), "a location of QuickBooks'")
    boston = tenant.items(f"{at}/dimensions")[0]["id"]
    shops = [{"location": f"shop-{n}", "quickbooks_location_id": boston} for n in range(8)]
    tenant.call("PUT", f"{at}/location-mappings", {"mappings": shops})
    people = [tenant.post(f"{at}/members", {"subject": f"person-{n}", "role": "owner"})["id"] for n in range(8)]
    client = tenant.post(f"{at}/api-keys", {"name": "client"})
    ids = {
        "event_id": [result["id"] for result in taken],
        "account_import_id": [imported],
        "dimension_import_id": [dimensions],
        "account_creation_id": [created],
        "account_id": [row["id"] for row in tenant.items(f"{at}/accounts")][:40],
        "dimension_id": [boston],
        "mapping_id": [row["id"] for row in tenant.items(f"{at}/mappings") if row["id"]],
        "location_mapping_id": [row["id"] for row in tenant.items(f"{at}/location-mappings") if row["id"]],
        "past_sync_id": [past],
        "reconciliation_id": [compared],
        "finding_id": [row["id"] for row in tenant.items(f"{at}/findings")],
        "alert_id": [row["id"] for row in tenant.items(f"{at}/alerts")],
        "webhook_endpoint_id": [endpoint],
        "webhook_message_id": [message],
        "member_id": people[:2],
        # Who may be removed.
        "spare_member_id": people[2:],
        # Not the one that is used: it would be revoked.
        "api_key_id": [tenant.post(f"{at}/api-keys", {"name": f"to be revoked {n}"})["id"] for n in range(8)],
        # Secrets of links, as a browser opens them.
        "start": [last_part(tenant.post(f"{at}/connection/authorization-requests")["authorization_url"]) for _ in range(8)],
        "link": [last_part(tenant.post(f"{at}/connection/links")["url"]) for _ in range(8)],
        # What may be disabled, deleted and forgotten.
        "spare_endpoint_id": spare,
        "voucher": vouchers,
    }
    # For what would end everything else: suspended, deleted, and without a connection.
    apart, _, _ = made(platform, "Apart")
    doomed, _, _ = made(platform, "Doomed")
    parted, parted_at, parting = made(platform, "Parted")
    connect(parting, parted_at, simulator, simulator.post("/sandbox/companies", {"name": "Parted"})["realm_id"])
    consents = [consent(parting, parted_at) for _ in range(2)]
    return {
        "CONSENTS": json.dumps(consents),
        "TENANT_ID": tenant_id,
        "TENANT_KEY": tenant.credential,
        "TENANT_APART": apart,
        "TENANT_DOOMED": doomed,
        "TENANT_PARTED": parted,
        "PARTED_KEY": parting.credential,
        "PLATFORM_KEY": platform.credential,
        "VERIFIER": VERIFIER,
        "COMPANY": company,
        "CLIENT_ID": client["id"],
        "CLIENT_SECRET": client["secret"],
    }, ids


def wait(holds, what):
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > PATIENCE:
            raise SystemExit(f"{what} does not come")
        time.sleep(0.2)


def of_somebody_else(number, accounts):
    """An entry that passes for ours, with the mark of an event that nobody knows."""
    sides = zip(accounts, ("debit", "credit"))
    lines = [{"account_id": account["id"], "posting_type": side, "amount": "10.00"} for account, side in sides]
    note = "[tillpost evt_01jd5zk8x9e3qr0v7m2c4n6p8t abcdefghijklmnop]"
    return {"doc_number": f"Z-{number}", "txn_date": "2026-01-10", "private_note": note, "lines": lines}


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
