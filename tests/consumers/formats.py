"""Checks reports of verdicts: formats.py FOLDER JUNIT_XSD SARIF_SCHEMA.

Each check reads a report as its consumer does, and says what that consumer would not take.
"""

import json
import pathlib
import re
import sys

import jsonschema
import junitparser
from lxml import etree, html
from markdown_it import MarkdownIt

XS = "{http://www.w3.org/2001/XMLSchema}"

# What the markdown may become; no link, no picture, no script.
TAGS = set("h3 h4 p em strong code br table thead tbody tr th td details summary ul li div".split())


def junit_schema(path):
    """Jenkins's schema, with two things that it lacks and its own reader takes."""
    tree = etree.parse(path)
    case = tree.find(f"{XS}element[@name='testcase']/{XS}complexType/{XS}sequence")
    case.insert(0, etree.Element(f"{XS}element", ref="properties", minOccurs="0"))
    suites = tree.find(f"{XS}element[@name='testsuites']/{XS}complexType")
    suites.append(etree.Element(f"{XS}attribute", name="skipped", type="xs:string"))
    return etree.XMLSchema(tree)


def check_junit(path, schema):
    tree = etree.parse(path)
    if not schema.validate(tree):
        yield from (f"line {error.line}: {error.message}" for error in schema.error_log)
    report = junitparser.JUnitXml.fromfile(path)
    cases = [case for suite in report for case in suite]
    names = [(case.classname, case.name) for case in cases]
    if len(set(names)) != len(names) and "hostile" not in path:
        yield "two cases have one name"
    failures = sum(isinstance(r, junitparser.Failure) for case in cases for r in case.result)
    if (report.tests, report.failures) != (len(cases), failures):
        yield f"it counts {report.tests} cases and {report.failures} failures"


def check_sarif(path, schema):
    report = json.load(open(path, encoding="utf-8"))
    for error in jsonschema.Draft7Validator(schema).iter_errors(report):
        yield f"{error.json_path}: {error.message}"
    for run in report["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        prints = set()
        for result in run["results"]:
            if rules[result["ruleIndex"]] != result["ruleId"]:
                yield "a result names another rule than its index"
            prints.add((result["ruleId"], result["partialFingerprints"]["primaryLocationLineHash"]))
        if len(prints) != len(run["results"]) and "hostile" not in path:
            yield "two results have one fingerprint"


def check_markdown(path, _):
    text = open(path, encoding="utf-8").read()
    if len(text.encode()) >= 65536:
        yield "a comment does not take it"
    # GitHub allows some HTML and makes links of bare addresses.
    rendered = MarkdownIt("gfm-like", {"html": True}).render(text)
    page = html.fragment_fromstring(rendered, create_parent="div")
    for element in page.iter():
        if element.tag not in TAGS or set(element.attrib) - {"style"}:
            yield f"it holds {html.tostring(element, encoding='unicode')[:80]}"
        if element.tag == "table":
            cells = {len(row) for row in element.iter("tr")}
            if len(cells) != 1:
                yield f"rows of a table have {cells} cells"
    if re.search(r"[@#]\w", page.text_content()):
        yield "it mentions somebody, or an issue"


def command(line):
    """A line as the runner of GitHub Actions takes it: kind, properties and message, or nothing."""
    line = line.strip()
    if not line.startswith("::"):
        return ("old", {}, line) if re.search(r"##\[[^\]]*\]", line) else None
    end = line.find("::", 2)
    if end < 0:
        return None
    kind, _, properties = line[2:end].partition(" ")
    pairs = [pair.split("=", 1) for pair in properties.strip().split(",") if pair]
    return kind, {pair[0]: unescaped(pair[1]) for pair in pairs}, unescaped(line[end + 2 :])


def unescaped(text):
    for code, sign in [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]:
        text = text.replace(code, sign)
    return text


def check_annotations(path, _):
    kinds = {}
    for line in open(path, encoding="utf-8", newline=""):
        parsed = command(line)
        if parsed is None or parsed[0] not in ("error", "warning"):
            yield f"no annotation: {line[:80]}"
            continue
        kind, properties, message = parsed
        kinds[kind] = kinds.get(kind, 0) + 1
        if set(properties) not in ({"title"}, {"file", "line", "title"}) or not message:
            yield f"{sorted(properties)} beside {message[:40]!r}"
        if not properties.get("line", "1").isdigit():
            yield f"no line: {properties['line']}"
    if max(kinds.values(), default=0) > 10:
        yield "more than ten of a kind"


def check_screen(path, _):
    for line in open(path, encoding="utf-8", newline=""):
        if command(line) is not None:
            yield f"a log would run this: {line}"
        if any(not sign.isprintable() for sign in line.rstrip("\n")):
            yield f"it holds a sign that acts: {line!r}"


NUMBER = {"type": "number"}
BENCHER = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": "object",
            "required": ["value"],
            "properties": {"value": NUMBER, "lower_value": NUMBER, "upper_value": NUMBER},
            "additionalProperties": False,
        },
    },
}
TEXT = {"type": "string", "minLength": 1}
BENCHMARK_ACTION = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "unit", "value"],
        "properties": {"name": TEXT, "unit": TEXT, "value": NUMBER, "range": TEXT, "extra": TEXT},
        "additionalProperties": False,
    },
}


def check_json(path, schema):
    def refused(constant):
        raise ValueError(f"{constant} is no JSON")

    report = json.load(open(path, encoding="utf-8"), parse_constant=refused)
    for error in jsonschema.Draft7Validator(schema).iter_errors(report):
        yield f"{error.json_path}: {error.message}"
    names = [entry["name"] for entry in report] if isinstance(report, list) else []
    if len(set(names)) != len(names):
        yield "two entries have one name"


def main(folder, xsd, sarif_schema):
    checks = [
        (".md", check_markdown, None),
        (".screen.txt", check_screen, None),
        (".annotations.txt", check_annotations, None),
        ("junit.xml", check_junit, junit_schema(xsd)),
        (".sarif", check_sarif, json.load(open(sarif_schema, encoding="utf-8"))),
        ("bencher.json", check_json, BENCHER),
        ("benchmark-action.json", check_json, BENCHMARK_ACTION),
    ]
    faults = 0
    for ending, check, schema in checks:
        paths = sorted(p for p in pathlib.Path(folder).rglob("*") if p.name.endswith(ending))
        for path in paths:
            try:
                found = list(check(str(path), schema))
            except (ValueError, KeyError, IndexError, etree.LxmlError) as error:
                found = [f"it cannot be read: {error!r}"]
            for fault in found:
                print(f"{path.name}: {fault}")
            faults += len(found)
        print(f"{len(paths)} of *{ending}" if paths else f"none of *{ending}: not checked")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
