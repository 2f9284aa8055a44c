use std::cell::Cell;
use std::rc::Rc;

use timeslip_sdk::testing::{Session, task};

use super::*;

/// A project whose test passes once a file was written.
fn project() -> Session {
    let is_repaired = Rc::new(Cell::new(false));
    let written = Rc::clone(&is_repaired);
    Session::new()
        .tool("write_file", move |_| {
            written.set(true);
            Ok("Wrote a.js.".to_owned())
        })
        .tool("run_tests", move |_| {
            let failure = json!({"file": "a.test.js", "test": "adds", "message": "1 is not 2"});
            let failures = if is_repaired.get() { Vec::new() } else { vec![failure] };
            Ok(json!({"passed": 0, "failures": failures}).to_string())
        })
}

#[test]
fn an_answer_is_sent_back_as_long_as_tests_fail() {
    let session = project()
        .model_says("All is well.")
        .model_calls("write_file", json!({"path": "a.js", "contents": ""}))
        .model_says("Repaired.");
    let ran = session.run(CodingAgent::run(task("Repair it.")));
    assert_eq!(ran.output.unwrap(), "Repaired.");
    let last = ran.requests[1].messages.last().unwrap();
    assert_eq!(last.content, "Tests still fail:\na.test.js, adds: 1 is not 2\nGo on.");
}

#[test]
fn the_error_of_a_tool_goes_to_the_model() {
    let session = project()
        .model_calls("missing", json!({}))
        .model_calls("write_file", json!({"path": "a.js", "contents": ""}))
        .model_says("Repaired.");
    let ran = session.run(CodingAgent::run(task("Repair it.")));
    assert_eq!(ran.output.unwrap(), "Repaired.");
    let last = &ran.requests[1].messages.last().unwrap().content;
    assert!(last.starts_with("Error: "), "{last}");
}

#[test]
fn it_gives_up_when_it_goes_round_in_circles() {
    let session =
        (0..TURNS_MAX).fold(project(), |session, _| session.model_calls("run_tests", json!({})));
    let ran = session.run(CodingAgent::run(task("Repair it.")));
    let failure = ran.output.unwrap_err();
    assert_eq!(failure.message(), "the tests do not pass after 20 turns");
}
