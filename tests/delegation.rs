//! Agents that are tools of other agents: a session of their own inside the caller's.

use serde_json::Value;

use crate::place::{Place, repository};
use crate::slips::{check_independently, slip};

/// A bench of a supervisor and its team, in a place of its own, with a text of it replaced.
fn team(from: &str, to: &str) -> Place {
    let place = Place::new();
    let root = repository().display().to_string();
    let bench = std::fs::read_to_string(repository().join("agents/supervisor/rust/timeslip.toml"));
    let bench = bench.unwrap();
    let bench = bench.replace("../../../", &format!("{root}/"));
    let bench = bench.replace("../../", &format!("{root}/agents/"));
    let bench = bench.replace("../script.toml", "script.toml");
    assert!(bench.contains(from), "{from}\n{bench}");
    place.write("timeslip.toml", bench.replacen(from, to, 1));
    let script = repository().join("agents/supervisor/script.toml");
    place.write("script.toml", std::fs::read(script).unwrap());
    place
}

fn steps(slip: &Value) -> &[Value] {
    slip["sessions"][0]["steps"].as_array().unwrap()
}

/// When a step begins and ends, in nanoseconds.
fn extent(step: &Value) -> (u64, u64) {
    let at = step["at_ns"].as_u64().unwrap();
    (at, at + step["e2e_ns"].as_u64().unwrap())
}

#[test]
fn what_a_member_does_lies_inside_the_step_that_asked_it() {
    let place = team("", "");
    place.run(&["run", "--slip", "slip.json"]).passed();
    check_independently(&place.path("slip.json"));
    let slip = slip(&place.read("slip.json"));
    let steps = steps(&slip);
    let mut inside = 0;
    for step in steps {
        let Some(within) = step["within"].as_u64() else { continue };
        let asked = &steps[usize::try_from(within).unwrap()];
        assert_eq!(asked["kind"], "tool", "{step}");
        let (begin, end) = extent(asked);
        let (at, ended) = extent(step);
        assert!(begin <= at && ended <= end, "{step}\nis not inside\n{asked}");
        inside += 1;
    }
    assert_eq!((steps.len(), inside), (19, 12));
    // Both researchers work at once: neither waits for the other.
    let researchers: Vec<_> =
        steps.iter().filter(|step| step["tool"] == "researcher").map(extent).collect();
    assert!(researchers[1].0 < researchers[0].1, "{researchers:?}");
    // A chat of a member is a chat of the machine, and counts once.
    assert_eq!(slip["summary"]["model_calls"], 11);
}

#[test]
fn a_team_is_the_same_on_any_number_of_threads() {
    let place = team("[words]", "[load]\nsessions = 6\nat_once = 3\n\n[words]");
    let told = |threads| place.run(&["run", "--json", "--threads", threads]).passed();
    let one = told("1");
    assert_eq!(slip(&one)["summary"]["succeeded"], 6);
    for threads in ["2", "5"] {
        assert!(told(threads) == one, "{threads} threads give another slip");
    }
}

#[test]
fn a_member_has_the_grants_of_its_own_table_alone() {
    // The researcher's table grants no model, and the supervisor's own grant does not help.
    let models = "cites them.\"\nmodels = ";
    let place = team(&format!("{models}[\"*\"]"), &format!("{models}[]"));
    let slip = slip(&place.run(&["run", "--json"]).passed());
    let refused = steps(&slip).iter().find(|step| step["tool"] == "researcher").unwrap();
    let error = refused["error"].as_str().unwrap();
    let line = "add \"llama-3.3-70b\" to `models` under the [[tool]] `researcher` in the bench";
    assert!(error.contains(line), "{error}");
}

#[test]
fn a_budget_holds_for_a_team_together() {
    let place = team("[words]", "[limits]\nmodel_calls = 4\n\n[words]");
    let ran = place.run(&["run", "--json"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let slip = slip(&ran.stdout);
    let chats = steps(&slip).iter().filter(|step| step["kind"] == "chat");
    let replied = chats.filter(|step| step["finish_reason"].is_string()).count();
    assert_eq!(replied, 4, "{}", slip["sessions"][0]);
}

#[test]
fn a_member_that_crashes_is_an_error_of_that_step() {
    let conformance = repository().join("agents/sdk/conformance/prebuilt/rust/agent.wasm");
    let researcher = repository().join("agents/prebuilt/react-researcher.wasm");
    let [from, to] = [researcher, conformance].map(|path| path.display().to_string());
    let place = team(&from, &to);
    let script = place.read("script.toml");
    let question = "Until when can one read there on a weekday in November?\"}'";
    assert!(script.contains(question));
    place.write("script.toml", script.replace(question, "panic\"}'"));
    let ran = place.run(&["run", "--json", "--log", "log.jsonl"]);
    let slip = slip(&ran.stdout);
    let crashed = steps(&slip).iter().find(|step| step["tool"] == "researcher").unwrap();
    assert_eq!(crashed["ok"], false, "{crashed}");
    let error = crashed["error"].as_str().unwrap();
    assert!(error.starts_with("crashed: the component trapped"), "{error}");
    assert!(place.read("log.jsonl").contains("a defect"), "the member's own words are in the log");
    assert_eq!(slip["sessions"][0]["status"], "ok", "{}", slip["sessions"][0]);
}

#[test]
fn a_team_that_cannot_be_is_refused_with_the_line() {
    let refused = |from: &str, to: &str| {
        let place = team(from, to);
        let message = place.anonymous(&place.run(&["run"]).failed(2));
        message.replace(&repository().display().to_string(), "REPOSITORY")
    };
    insta::assert_snapshot!(refused("tools = [\"researcher\", \"reviewer\"]", "tools = [\"reviwer\"]"), @r"error: timeslip.toml:8: `tools` names `reviwer`, and no [[tool]] is called so; the nearest is `reviewer`");
    insta::assert_snapshot!(refused("name = \"reviewer\"", "name = \"researcher\""), @r"error: timeslip.toml:19: two [[tool]] tables are named `researcher`; give one another `name`");
    insta::assert_snapshot!(refused("reviewer.wasm", "reviwer.wasm"), @r"
    error: timeslip.toml:19: cannot read the agent REPOSITORY/agents/prebuilt/reviwer.wasm: No such file or directory (os error 2)
      fix: a path in a bench starts from the bench's own folder
    ");
    insta::assert_snapshot!(refused("tools = [\"documents\"]", "http = [\"https://example.org/*\"]"), @r"
    error: timeslip.toml:12: `http` is for plugins, and `researcher` is an agent
      fix: mount a plugin that fetches
    ");
    insta::assert_snapshot!(refused("files = ", "description = \"A shelf.\"\nfiles = "), @r"
    error: timeslip.toml:25: `description` is for agents that are tools, and `documents` is a plugin
      fix: take it out, or name the component by `agent`
    ");
}
