"""Starts the product with private servers and a simulated QuickBooks, makes a tenant with a little of everything, lets
schemathesis loose on it, and tells what every operation answered."""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import house

HERE = pathlib.Path(__file__).resolve().parent


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary")
    arguments.add_argument("--max-examples", type=int, default=8)
    arguments.add_argument("--time-max", type=int, default=0, help="seconds for the generated requests; 0: as long as they take")
    arguments.add_argument("--sequences", type=int, default=30, help="seconds for sequences of requests, along the document's links")
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--only", help="one operation's id")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="tillpost-contract-") as folder:
        folder = pathlib.Path(folder)
        with house.standing(pathlib.Path(asked.binary).resolve(), folder) as (base, given):
            known, ids = house.furnish(base, given)
            ended = ask(asked, base, known, ids, folder, "examples,coverage,fuzzing", asked.time_max)
            if asked.sequences and not asked.only:
                ended |= ask(asked, base, known, ids, folder, "stateful", asked.sequences)
            alive = house.is_well(base)
        complaints = house.complaints(folder)
        for line in complaints:
            print(f"the server's log: {line}")
        if not alive:
            print("the server does not live any more")
        reached = tell(folder / "answers.ndjson", asked.only)
    sys.exit(0 if ended == 0 and reached and alive and not complaints else 1)


def ask(asked, base, known, ids, folder, phases, time_max):
    command = [
        sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(HERE / "schemathesis.toml"), "run", f"{base}/openapi.json",
        "--phases", phases, "--max-examples", str(asked.max_examples), "--seed", str(asked.seed), "--workers", "1",
        "--generation-database", "none",
    ]
    if time_max:
        command += ["--max-time", str(time_max)]
    if asked.only:
        command += ["--include-operation-id", asked.only]
    environment = os.environ | known | {
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "CONTRACT_ANSWERS": str(folder / "answers.ndjson"),
        "KNOWN_IDS": json.dumps(ids),
    }
    return subprocess.run(command, cwd=folder, env=environment).returncode


# Which statuses each operation answered with, and whether each was met with success and with failure.
def tell(answers, only):
    seen = collections.defaultdict(collections.Counter)
    codes = collections.defaultdict(collections.Counter)
    for line in answers.read_text().splitlines():
        answer = json.loads(line)
        seen[answer["operation"]][answer["status"]] += 1
        codes[answer["operation"]][answer["code"] or answer["status"]] += 1
    document = json.loads((HERE / "../../openapi/openapi.json").read_text())
    every = [
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        # The document itself was read before anything was asked.
        if operation["operationId"] != "read_openapi" and only in (None, operation["operationId"])
    ]
    lacking = []
    for operation in every:
        counts = seen[operation]
        if not any(status < 400 for status in counts):
            lacking.append(f"{operation} was never met with success: {dict(codes[operation])}")
        if not any(status >= 400 for status in counts):
            lacking.append(f"{operation} was never refused: {dict(codes[operation])}")
    total = sum(sum(counts.values()) for counts in seen.values())
    statuses = collections.Counter()
    for counts in seen.values():
        statuses.update(counts)
    # Whether what the service stands on answers in time is what readiness is asked for; 503 is one of its answers.
    unready = seen["read_readiness"][503]
    server_errors = sum(count for status, count in statuses.items() if status >= 500) - unready
    print(f"{len(every)} operations, {total} requests, {server_errors} server errors; by status: "
          + ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items())))
    for line in lacking:
        print(line)
    return not lacking and server_errors == 0


if __name__ == "__main__":
    main()
