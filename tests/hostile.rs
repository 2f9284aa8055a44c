//! Guests that misbehave: each ends as its own session's outcome, with a cause that a person can
//! act on, and changes no byte of the sessions beside it.

use serde_json::Value;

use crate::place::{Place, repository};
use crate::slips::{check_independently, slip};

/// The two worlds of the contracts.
const WORLDS: [&str; 2] = ["", "-blocking"];

/// A bench of probes whose tasks are these lines, with small limits so that tests are quick.
fn probes(world: &str, lines: &[&str], limits: &str) -> String {
    let component = |name: &str| {
        repository().join(format!("tests/guests/prebuilt/{name}{world}.wasm")).display().to_string()
    };
    let mut bench = format!(
        "name = \"probes\"\nmachines = [\"h200-8\"]\n\
         [agent]\ncomponent = '{}'\nmodels = [\"*\"]\n\
         [[tool]]\nname = \"probe-tool\"\ncomponent = '{}'\n\
         [words]\nkind = \"synthetic\"\noutput_tokens = {{ fixed = 40 }}\n\
         [load]\nat_once = 3\n[limits]\n{limits}\n",
        component("probe-agent"),
        component("probe-tool"),
    );
    for (index, line) in lines.iter().enumerate() {
        bench += &format!("[[task]]\nname = \"task-{index}\"\ninput = {}\n", toml_string(line));
    }
    bench
}

fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The sessions of a run that may fail.
fn sessions(place: &Place, bench: &str) -> Vec<Value> {
    place.write("bench.toml", bench);
    let ran = place.run(&["run", "bench.toml", "--json", "--slip", "slip.json"]);
    assert!([0, 1].contains(&ran.code), "{ran:#?}");
    check_independently(&place.path("slip.json"));
    slip(&ran.stdout)["sessions"].as_array().unwrap().clone()
}

/// A hostile line between two calm ones: how it ended, after its neighbours were held against those
/// of a run in which it is calm too.
fn cause_between_calm_neighbours(world: &str, line: &str, limits: &str) -> (String, String) {
    let place = Place::new();
    let hostile = sessions(&place, &probes(world, &["chat 3", line, "mixed"], limits));
    let calm = sessions(&place, &probes(world, &["chat 3", "echo calm", "mixed"], limits));
    for neighbour in [0, 2] {
        assert_eq!(hostile[neighbour]["status"], "ok", "{}", hostile[neighbour]);
        assert_eq!(
            hostile[neighbour].to_string(),
            calm[neighbour].to_string(),
            "`{line}` changed session {neighbour}"
        );
    }
    let error = &hostile[1]["error"];
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    (text("kind"), text("message"))
}

fn check(line: &str, limits: &str, kind: &str, message: &str) {
    for world in WORLDS {
        let (was, told) = cause_between_calm_neighbours(world, line, limits);
        assert_eq!(was, kind, "`{line}` in agent{world}: {told}");
        assert!(told.contains(message), "`{line}` in agent{world} tells: {told}");
    }
}

#[test]
fn an_endless_loop_ends_with_its_fuel() {
    check("spin", "fuel = 50_000_000", "out_of_fuel", "its fuel of 50000000 units");
}

#[test]
fn a_memory_bomb_ends_at_the_limit() {
    check("allocate 0", "memory_mib = 32", "out_of_memory", "its limit is 32 MiB");
}

#[test]
fn deep_recursion_ends_at_the_stack() {
    check("recurse", "", "stack_overflow", "nest too deep");
}

#[test]
fn a_trap_in_run_is_the_sessions_cause() {
    check("trap", "", "trap", "unreachable");
    check("panic", "", "trap", "unreachable");
}

#[test]
fn a_hundred_megabytes_do_not_cross_the_boundary() {
    for line in ["big-chat 100", "big-log 100", "big-answer 100"] {
        check(line, "", "boundary_size", "more than 16 MiB");
    }
    check("tool big {\"mib\":100}", "", "gave_up", "more than 16 MiB");
}

#[test]
fn a_million_log_lines_end_at_the_journals_limit() {
    check("log 1000000", "", "journal_full", "100000 lines");
}

#[test]
fn host_calls_are_counted() {
    check("calls 2000", "host_calls = 1000", "too_many_host_calls", "more than 1000 host calls");
}

#[test]
fn a_tool_that_fails_is_an_error_the_agent_receives() {
    let fuel = "fuel = 50_000_000";
    check("tool trap", "", "gave_up", "crashed: the component trapped");
    check("tool spin", fuel, "gave_up", "crashed: the component used up its fuel");
    check("tool recurse", "", "gave_up", "crashed: the component's calls nest too deep");
    check("tool allocate", "memory_mib = 32", "gave_up", "its limit is 32 MiB");
    check("tool wrong-schema", "", "gave_up", "does not obey its own schema");
    check("tool fail", "", "gave_up", "asked to fail");
    check("tool nothing", "", "gave_up", "unknown-tool");
    check(
        "tool read {\"path\":\"/etc/passwd\"}",
        "",
        "gave_up",
        "not relative to the granted folder",
    );
    check("tool read {\"path\":\"a\"}", "", "gave_up", "add `files = \"FOLDER\"` to its [[tool]]");
}

#[test]
fn a_session_that_passes_its_deadline_ends_there() {
    let (kind, told) =
        cause_between_calm_neighbours("", "sleep 90000000000000", "deadline_seconds = 3600");
    assert_eq!(kind, "deadline", "{told}");
}

#[test]
fn a_sleep_without_end_stops_nothing() {
    let (kind, told) = cause_between_calm_neighbours("", "sleep 18446744073709551615", "");
    assert_eq!(kind, "stuck", "{told}");
    assert!(told.contains("which does not come before the end of the clock"), "{told}");
}

#[test]
fn a_host_that_computes_too_long_says_that_it_is_the_hosts_failure() {
    let limits = "fuel = 1_000_000_000_000\nburst_wall_seconds = 0.2";
    let place = Place::new();
    let sessions = sessions(&place, &probes("", &["spin"], limits));
    assert_eq!(sessions[0]["error"]["kind"], "host_wall_time", "{}", sessions[0]);
}

#[test]
fn what_is_not_granted_is_refused_with_the_line_to_add() {
    let place = Place::new();
    let bench = probes("", &["chat 1"], "").replace("models = [\"*\"]", "models = []");
    let refused = sessions(&place, &bench);
    let message = refused[0]["error"]["message"].as_str().unwrap();
    assert!(message.contains("to `models` under [agent] in the bench"), "{message}");
}

#[test]
fn budgets_end_what_asks_too_much() {
    let place = Place::new();
    let limited = sessions(
        &place,
        &probes("", &["chat 3", "tool echo {\"text\":\"a\"}"], "model_calls = 2\ntool_calls = 0"),
    );
    let message = |index: usize| limited[index]["error"]["message"].as_str().unwrap().to_owned();
    assert!(
        message(0).contains("over-budget: the session's 2 model calls are used up"),
        "{}",
        message(0)
    );
    assert!(
        message(1).contains("over-budget: the session's 0 tool calls are used up"),
        "{}",
        message(1)
    );
}

#[test]
fn components_written_by_hand_break_the_contract_and_only_themselves() {
    let folder = repository().join("tests/guests/hand-written");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let mut told = String::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let place = Place::new();
        place.write("guest.wasm", wat::parse_file(&file).unwrap());
        let bench = "name = \"hand-written\"\nmachines = [\"h200-8\"]\n[agent]\n\
            component = \"guest.wasm\"\nmodels = [\"*\"]\n[words]\nkind = \"synthetic\"\n\
            output_tokens = { fixed = 40 }\n\
            [limits]\nfuel = 50_000_000\nburst_wall_seconds = 1\n[[task]]\nname = \"a\"\ninput = \"x\"\n";
        place.write("bench.toml", bench);
        let ran = place.run(&["run", "bench.toml", "--json"]);
        let end = match ran.code {
            2 => format!("not loaded: {}", ran.stderr.trim_end()),
            _ => {
                let error = &slip(&ran.stdout)["sessions"][0]["error"];
                format!("{}: {}", error["kind"].as_str().unwrap_or("ok"), error["message"])
            }
        };
        told += &format!("{name}: {end}\n");
    }
    insta::assert_snapshot!(told);
}
