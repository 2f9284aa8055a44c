"""Compares what a load tool measured with what the server says that its machine took.

usage: load.py STREAMS FOLDER METRICS-ADDRESS
"""

import json
import pathlib
import sys
import urllib.request


def served_means(address):
    """The means in milliseconds of the machine's histograms, by the load tool's names."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    page = opener.open(address, timeout=10).read().decode()
    names = {
        "time_to_first_token": "vllm:time_to_first_token_seconds",
        "inter_token_latency": "vllm:request_time_per_output_token_seconds",
        "request_latency": "vllm:e2e_request_latency_seconds",
    }

    def total(name):
        lines = [line for line in page.splitlines() if line.startswith(name + "{")]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    return {
        tool: 1000 * total(name + "_sum") / total(name + "_count") for tool, name in names.items()
    }


def main():
    streams, folder, address = sys.argv[1:]
    [export] = pathlib.Path(folder).rglob("profile_export_aiperf.json")
    measured = json.loads(export.read_text())
    agrees = True
    for name, modelled in served_means(address).items():
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
