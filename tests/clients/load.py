"""Runs a load tool, and compares what it measured with what the server says that its machine took.

usage: load.py STREAMS FOLDER METRICS-ADDRESS TOOL...

The tool warms up with one request of each stream, which it leaves out of its figures; so do we.
"""

import json
import pathlib
import subprocess
import sys
import time
import urllib.request

# By the load tool's names.
HISTOGRAMS = {
    "time_to_first_token": "vllm:time_to_first_token_seconds",
    "inter_token_latency": "vllm:request_time_per_output_token_seconds",
    "request_latency": "vllm:e2e_request_latency_seconds",
}


def totals(address):
    """Sum in seconds and count of each of the machine's histograms."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    page = opener.open(address, timeout=10).read().decode()

    def total(name):
        lines = [line for line in page.splitlines() if line.startswith(name + "{")]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    return {tool: (total(f"{name}_sum"), total(f"{name}_count")) for tool, name in HISTOGRAMS.items()}


def run(command, folder, address, warm_up):
    """Runs the tool, and returns the totals as they stood between its warm-up and its load."""
    pathlib.Path(folder).mkdir()
    with open(f"{folder}/log", "w") as log:
        tool = subprocess.Popen([*command, "--output-artifact-dir", folder], stdout=log, stderr=log)
        warm = None
        while tool.poll() is None:
            if warm is None:
                now = totals(address)
                if all(count == warm_up for _, count in now.values()):
                    warm = now
            time.sleep(0.02)
    if tool.returncode or warm is None:
        sys.exit("\n".join(pathlib.Path(folder, "log").read_text().splitlines()[-20:] + ["the tool failed"]))
    return warm


def main():
    streams, folder, address, *command = sys.argv[1:]
    warm = run(command, folder, address, int(streams))
    # The phases have reports of their own below.
    export = pathlib.Path(folder, "profile_export_aiperf.json")
    measured = json.loads(export.read_text())
    agrees = True
    for name, (total, count) in totals(address).items():
        modelled = 1000 * (total - warm[name][0]) / (count - warm[name][1])
        found = measured[name]["avg"]
        apart = abs(found - modelled)
        within = apart <= max(0.02 * modelled, 2.0)
        agrees = agrees and within
        sign = "✓" if within else "✗"
        print(
            f"{sign} {streams} streams, {name}: modelled {modelled:.3f} ms, "
            f"measured {found:.3f} ms, {100 * apart / modelled:.2f} % apart"
        )
    sys.exit(not agrees)


main()
