//! SARIF 2.1.0, which code scanning shows beside the lines of a change.
//!
//! The few objects that a verdict needs are written here. A crate for the whole of SARIF would be
//! generated from its schema at every build, at the price of a dozen build dependencies, for eight
//! small structs; what is written is held against that schema instead.

use serde::Serialize;
use serde_json::{Map, Value, json};
use timeslip_gate::verdict::{Answer, BudgetResult, ChangeKind, PricedChange, RunVerdict, Verdict};

use crate::amount::{signed_time, unit_name};
use crate::phrases::{facts, kind_name, kind_words, value_and_limit};
use crate::text::plain;

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Value,
    automation_details: Value,
    results: Vec<Finding>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    short_description: Text,
    default_configuration: Value,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

/// A result, as SARIF has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Value>,
    partial_fingerprints: Value,
    properties: Map<String, Value>,
}

/// A verdict as SARIF: a rule for each kind of change and each metric of a budget that occurs; an
/// error for what fails, a warning for what warns, a note for a change that costs time and may
/// pass. Gains and budgets that hold are no results. The built-in example has no file, so its
/// results have no location.
pub fn sarif(verdict: &Verdict) -> String {
    let mut rules: Vec<Rule> = Vec::new();
    let mut results = Vec::new();
    for run in &verdict.runs {
        for change in run.changes.iter().filter(|change| change.fails || change.cost.time_ns > 0) {
            let rule_index = rule_index(&mut rules, change_rule(change.kind));
            results.push(change_result(verdict, run, change, rule_index, &rules));
        }
        let told = |b: &&BudgetResult| matches!(b.answer, Answer::Fail | Answer::Warn);
        for budget in run.budgets.iter().filter(told) {
            let rule_index = rule_index(&mut rules, budget_rule(budget));
            results.push(budget_result(verdict, run, budget, rule_index, &rules));
        }
    }
    let driver = json!({ "name": "timeslip", "version": plain(&verdict.timeslip), "rules": rules });
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: json!({ "driver": driver }),
            automation_details: json!({ "id": format!("timeslip/{}/", plain(&verdict.bench)) }),
            results,
        }],
    };
    serde_json::to_string_pretty(&log).expect("texts and finite numbers are JSON") + "\n"
}

/// Where a rule stands among the others; it is added where it is new.
fn rule_index(rules: &mut Vec<Rule>, rule: Rule) -> usize {
    let known = rules.iter().position(|other| other.id == rule.id);
    known.unwrap_or_else(|| {
        rules.push(rule);
        rules.len() - 1
    })
}

fn change_rule(kind: ChangeKind) -> Rule {
    Rule {
        id: format!("change/{}", kind_name(kind)),
        short_description: Text { text: format!("A change of kind \"{}\".", kind_words(kind)) },
        default_configuration: json!({ "level": "error" }),
    }
}

fn budget_rule(budget: &BudgetResult) -> Rule {
    let metric = plain(&budget.metric);
    Rule {
        short_description: Text { text: format!("A budget of {metric} does not hold.") },
        id: format!("budget/{metric}"),
        default_configuration: json!({ "level": "error" }),
    }
}

fn change_result(
    verdict: &Verdict,
    run: &RunVerdict,
    change: &PricedChange,
    rule_index: usize,
    rules: &[Rule],
) -> Finding {
    let time = signed_time(change.cost.time_ns);
    let verb = if change.fails { "fails" } else { "may pass" };
    let head = format!("{time} on {}: {}", plain(&run.on), plain(&change.headline));
    let mut lines = vec![head, facts(change)];
    lines.extend(change.details.iter().map(|detail| plain(detail)));
    lines.push(format!("{verb}: {}", plain(&change.reason)));
    let cost = serde_json::to_value(change.cost).unwrap_or_default();
    let identity = [&run.on, &change.first_task, &change.headline].map(String::as_str);
    Finding {
        rule_id: rules[rule_index].id.clone(),
        rule_index,
        level: if change.fails { "error" } else { "note" },
        message: message(&lines),
        locations: locations(verdict, 1),
        partial_fingerprints: fingerprint(&identity),
        properties: properties([("on", json!(plain(&run.on))), ("cost", cost)]),
    }
}

fn budget_result(
    verdict: &Verdict,
    run: &RunVerdict,
    budget: &BudgetResult,
    rule_index: usize,
    rules: &[Rule],
) -> Finding {
    let head = format!("{} on {}: {}", plain(&budget.name), plain(&run.on), plain(&budget.message));
    Finding {
        rule_id: rules[rule_index].id.clone(),
        rule_index,
        level: if budget.answer == Answer::Fail { "error" } else { "warning" },
        message: message(&[head, value_and_limit(budget)]),
        locations: locations(verdict, budget.line.unwrap_or(1)),
        partial_fingerprints: fingerprint(&[&run.on, &budget.name]),
        properties: properties([
            ("on", json!(plain(&run.on))),
            ("unit", json!(unit_name(budget.unit))),
        ]),
    }
}

/// A message of several lines. `](` would begin a link, so it is kept from that.
fn message(lines: &[String]) -> Text {
    Text { text: lines.join("\n").replace("](", "\\](") }
}

fn properties<const N: usize>(all: [(&str, Value); N]) -> Map<String, Value> {
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn locations(verdict: &Verdict, line: u32) -> Vec<Value> {
    let location = |file: &String| {
        json!({ "physicalLocation": {
            "artifactLocation": { "uri": relative_uri(file), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": line.max(1) },
        } })
    };
    verdict.bench_file.iter().map(location).collect()
}

/// A file's name as a relative URI: what a URI may not hold is percent-encoded.
fn relative_uri(file: &str) -> String {
    let mut uri = String::new();
    for byte in file.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            byte => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}

/// By what a reader knows a result again. Many results stand on one line of one file, and a reader
/// that is told nothing takes those of one rule for the same.
fn fingerprint(identity: &[&str]) -> Value {
    // FNV-1a: short, and the same on every computer and in every version.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in identity.iter().flat_map(|part| part.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    json!({ "primaryLocationLineHash": format!("{hash:016x}:1") })
}
