//! Slips hold the laws: by their schema, by this project's own check in every run, and by a check
//! that no one here wrote for this code.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::place::{Place, repository, shared};

/// A slip as JSON, checked against the committed schema.
pub(crate) fn slip(text: &str) -> Value {
    let schema = std::fs::read_to_string(repository().join("host/gate/slip.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let slip: Value = serde_json::from_str(text).expect("a slip is JSON");
    let errors: Vec<String> = validator
        .iter_errors(&slip)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    slip
}

/// Runs the independent check, where it and Python are here.
pub(crate) fn check_independently(path: &Path) {
    let Some(check) = shared("tools/check-slip") else {
        return;
    };
    let Ok(output) = Command::new("python3").arg(&check).arg(path).output() else {
        eprintln!("skipped: python3 is not installed, which the independent check needs");
        return;
    };
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_slip_of_the_example_holds_the_laws() {
    let place = Place::new();
    let printed = place.run(&["run", "--json", "--slip", "slip.json"]).passed();
    assert_eq!(printed, place.read("slip.json"), "both are the same slip");
    let slip = slip(&printed);
    assert_eq!(slip["schema"], "timeslip.slip/1");
    assert_eq!(slip["summary"]["succeeded"], 1);
    check_independently(&place.path("slip.json"));
}

#[test]
fn many_sessions_at_random_instants_hold_the_laws() {
    let place = Place::new();
    for (name, load) in [("at-once.json", ["--at-once", "16"]), ("rate.json", ["--rate", "2.5"])] {
        let arguments =
            ["run", "--sessions", "40", "--on", "dgx-spark", load[0], load[1], "--slip", name];
        place.run(&arguments).passed();
        let slip = slip(&place.read(name));
        assert_eq!(slip["summary"]["succeeded"], 40);
        check_independently(&place.path(name));
    }
}
