//! Agents that are tools of others: their steps stand in the session that delegated the task, their
//! time is their supervisor's, and what they do wrong is no other session's business.

use serde_json::Value;

use crate::place::{Place, repository};
use crate::readme::copy;
use crate::slips::{check_independently, slip};

/// A bench of probes in which `deputy` is an agent; `deputy` is what its table says beside that.
fn probes(lines: &[&str], deputy: &str, limits: &str) -> String {
    let probe = repository().join("tests/guests/prebuilt/probe-agent.wasm").display().to_string();
    let mut bench = format!(
        "name = \"probes\"\nmachines = [\"h200-8\"]\n\
         [agent]\ncomponent = '{probe}'\nmodels = [\"*\"]\n\
         [[tool]]\nname = \"deputy\"\nagent = '{probe}'\n{deputy}\n\
         [words]\nkind = \"synthetic\"\noutput_tokens = {{ fixed = 40 }}\n\
         [load]\nat_once = 3\n[limits]\n{limits}\n",
    );
    for (index, line) in lines.iter().enumerate() {
        let input = toml::Value::String((*line).to_owned());
        bench += &format!("[[task]]\nname = \"task-{index}\"\ninput = {input}\n");
    }
    bench
}

const MAY_CHAT: &str = "models = [\"*\"]";

/// The line by which a probe gives this one to the deputy.
fn delegated(line: &str) -> String {
    format!("tool deputy {}", serde_json::json!({ "task": line }))
}

/// The sessions of a bench.
fn sessions(bench: &str) -> Vec<Value> {
    let place = Place::new();
    place.write("bench.toml", bench);
    let ran = place.run(&["run", "bench.toml", "--json", "--slip", "slip.json"]);
    assert!([0, 1].contains(&ran.code), "{ran:#?}");
    check_independently(&place.path("slip.json"));
    slip(&ran.stdout)["sessions"].as_array().unwrap().clone()
}

/// Why the one session of a line failed.
fn failure(line: &str, deputy: &str, limits: &str) -> String {
    let sessions = sessions(&probes(&[line], deputy, limits));
    sessions[0]["error"]["message"].as_str().expect("the session fails").to_owned()
}

#[test]
fn a_team_is_shown_within_the_steps_of_its_supervisor() {
    let place = Place::new();
    let supervisor = ["agents/supervisor/rust", "agents/supervisor/script.toml"];
    let others = ["agents/react-researcher/documents", "agents/prebuilt", "plugins/prebuilt"];
    for path in supervisor.into_iter().chain(others) {
        copy(&repository().join(path), &place.path(path));
    }
    let run = |threads: &str| {
        let files = ["--slip", "slip.json", "--log", "log.jsonl", "--threads", threads];
        let screen = place.run(&[&["run", "agents/supervisor/rust"][..], &files].concat()).passed();
        (screen, place.read("slip.json"), place.read("log.jsonl"))
    };
    let one = run("1");
    for threads in ["2", "5"] {
        assert_eq!(run(threads), one, "{threads} threads");
    }
    check_independently(&place.path("slip.json"));
    insta::assert_snapshot!(one.0);
}

#[test]
fn a_delegated_tasks_time_is_its_supervisors_step() {
    let (direct, given) = ("chat 3", delegated("chat 3"));
    let [direct, given] = [direct, &*given].map(|line| {
        let alone = sessions(&probes(&[line], MAY_CHAT, ""));
        alone.into_iter().next().unwrap()
    });
    let steps = given["steps"].as_array().unwrap();
    let (tool, chats) = steps.split_first().unwrap();
    assert_eq!((&tool["kind"], &tool["tool"]), (&"tool".into(), &"deputy".into()));
    let time = |step: &Value, key: &str| step[key].as_u64().unwrap();
    let end = |step: &Value| time(step, "at_ns") + time(step, "e2e_ns");
    for (chat, alone) in chats.iter().zip(direct["steps"].as_array().unwrap()) {
        assert_eq!(chat["within"], 0, "{chat}");
        assert!(time(chat, "at_ns") >= time(tool, "at_ns") && end(chat) <= end(tool), "{chat}");
        assert_eq!(chat["decode_ns"], alone["decode_ns"], "a chat is as long for a deputy");
    }
    assert_eq!(chats.len(), 3);
    // The path goes through the deputy's chats; what is left of its step is computing.
    let shares = |session: &Value, key: &str| session["time_share_ns"][key].as_u64().unwrap();
    for key in ["prefill", "decode"] {
        assert_eq!(shares(&given, key), shares(&direct, key), "{key}");
    }
    let all: u64 =
        given["time_share_ns"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(all, given["e2e_ns"].as_u64().unwrap());
}

#[test]
fn what_ends_a_deputy_is_an_error_of_the_tool_and_changes_no_other_session() {
    let run = |line: &str, limits: &str| {
        let lines = ["chat 3", &delegated(line), "mixed"];
        sessions(&probes(&lines, MAY_CHAT, limits))
    };
    let limits = "fuel = 50_000_000\nmemory_mib = 32";
    let calm = run("echo calm", limits);
    assert_eq!(calm[1]["status"], "ok", "{}", calm[1]);
    let causes = [
        (
            "trap",
            "crashed: the component trapped: wasm trap: wasm `unreachable` instruction executed",
        ),
        ("spin", "crashed: the component used up its fuel of 50000000 units"),
        ("allocate 0", "its limit is 32 MiB"),
        ("recurse", "nest too deep"),
        ("fail by itself", "failed: by itself"),
    ];
    for (line, cause) in causes {
        let hostile = run(line, limits);
        let message = hostile[1]["error"]["message"].as_str().unwrap();
        assert_eq!(hostile[1]["error"]["kind"], "gave_up", "the supervisor decides: {message}");
        assert!(message.contains(cause), "`{line}` tells: {message}");
        for neighbour in [0, 2] {
            let [hostile, calm] = [&hostile, &calm].map(|run| run[neighbour].to_string());
            assert_eq!(hostile, calm, "`{line}` changed session {neighbour}");
        }
    }
}

#[test]
fn a_deputys_trap_names_the_functions_that_it_was_in() {
    let place = Place::new();
    let guest = repository().join("tests/guests/hand-written/start-traps.wat");
    place.write("deputy.wasm", wat::parse_file(guest).unwrap());
    let bench =
        probes(&[&delegated("x")], MAY_CHAT, "").replace("agent = '", "agent = 'deputy.wasm' # ");
    place.write("bench.toml", bench);
    let ran = place.run(&["run", "bench.toml"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stdout.contains("`unreachable` instruction executed (in start)"), "{}", ran.stdout);
}

#[test]
fn a_deputy_asks_the_models_and_calls_the_tools_of_its_own_table_alone() {
    let refused = failure(&delegated("chat 1"), "", "");
    assert!(refused.contains("to `models` under the [[tool]] `deputy` in the bench"), "{refused}");
    // Without `tools` it calls plugins, and no agent.
    let unknown = failure(&delegated(&delegated("echo")), MAY_CHAT, "");
    assert!(unknown.contains("unknown-tool"), "{unknown}");
    let wrong = failure("tool deputy {\"tsk\":\"echo\"}", MAY_CHAT, "");
    assert!(
        wrong.contains("there is no argument `tsk`; give {\"task\": \"what to do\"}"),
        "{wrong}"
    );
}

#[test]
fn a_session_and_its_deputies_share_one_budget() {
    let calls = failure(&delegated("chat 3"), MAY_CHAT, "model_calls = 2");
    assert!(calls.contains("over-budget: the session's 2 model calls are used up"), "{calls}");
    // The call of the deputy is a tool call, and so is what the deputy calls.
    let itself = "models = [\"*\"]\ntools = [\"deputy\"]";
    let tools = failure(&delegated(&delegated("echo a")), itself, "tool_calls = 1");
    assert!(tools.contains("over-budget: the session's 1 tool calls are used up"), "{tools}");
}

#[test]
fn an_agent_that_may_call_itself_stops_at_the_eighth_below() {
    let itself = "models = [\"*\"]\ntools = [\"deputy\"]";
    let nested = |depth: usize| (0..depth).fold("echo done".to_owned(), |line, _| delegated(&line));
    let eight = &sessions(&probes(&[&nested(8)], itself, ""))[0];
    assert_eq!((&eight["status"], eight["steps"].as_array().unwrap().len()), (&"ok".into(), 8));
    let nine = failure(&nested(9), itself, "");
    assert!(nine.contains("agents delegate tasks at most 8 deep"), "{nine}");
    let many = failure(
        &delegated("sleep 1000000000").replace("tool ", "tools-parallel 17 "),
        MAY_CHAT,
        "",
    );
    assert!(many.contains("at most 16 delegated tasks under way at once"), "{many}");
}

/// What is said of these `[[tool]]` tables, in which AGENT and PLUGIN stand for probes.
fn refused(tables: &str) -> String {
    let place = Place::new();
    let probe = |name: &str| std::fs::read(repository().join("tests/guests/prebuilt").join(name));
    place.write("probe-agent.wasm", probe("probe-agent.wasm").unwrap());
    place.write("probe-tool.wasm", probe("probe-tool.wasm").unwrap());
    let bench = "name = \"wrong\"\nmachines = [\"h200-8\"]\n[agent]\ncomponent = AGENT\n\
        [words]\nkind = \"synthetic\"\noutput_tokens = { fixed = 40 }\n\
        [[task]]\nname = \"a\"\ninput = \"echo\"\n";
    let bench = format!("{bench}{tables}").replace("AGENT", "\"probe-agent.wasm\"");
    place.write("bench.toml", bench.replace("PLUGIN", "\"probe-tool.wasm\""));
    let before = place.names();
    let message = place.run(&["run", "bench.toml", "--slip", "slip.json"]).failed(2);
    assert_eq!(place.names(), before, "nothing is written");
    // The digest is another one whenever the probe is built anew.
    let words = message.split(' ').map(|word| match word.contains("sha256:") {
        true => "DIGEST",
        false => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_table_that_is_wrong_is_refused_by_its_line() {
    let deputy = "[[tool]]\nname = \"deputy\"\nagent = AGENT\n";
    let wrong = [
        format!("{deputy}tools = [\"depty\"]\n"),
        format!("{deputy}[[tool]]\nname = \"deputy\"\ncomponent = PLUGIN\n"),
        "[[tool]]\ncomponent = PLUGIN\n[[tool]]\nname = \"echo\"\nagent = AGENT\n".to_owned(),
        deputy.replace("deputy", "the deputy"),
        format!("{deputy}component = PLUGIN\n"),
        format!("{deputy}[[tool]]\nname = \"none\"\n"),
        deputy.replace("AGENT", "PLUGIN"),
        deputy.replace("agent = ", "component = "),
        format!("{deputy}[[tool]]\ncomponent = PLUGIN\nmodels = [\"*\"]\n"),
        format!("{deputy}http = [\"https://example.org\"]\n"),
        format!("{deputy}http_methods = [\"POST\"]\n"),
        deputy.replace("AGENT", "\"none.wasm\""),
        deputy.replace("AGENT", "\"probe-agnt.wasm\""),
        format!("{deputy}digest = \"sha256:{}\"\n", "0".repeat(64)),
        format!("{deputy}write = true\n"),
    ];
    insta::assert_snapshot!(wrong.map(|tables| refused(&tables)).concat());
}
