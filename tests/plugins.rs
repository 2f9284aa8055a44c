//! The benches of the tool plugins, which each show what a plugin is for.

use crate::place::{Place, repository};

/// A plugin's bench with all that it leads to, at the places that it has in the repository.
fn bench(plugin: &str, files: &[&str]) -> Place {
    let place = Place::new();
    let plugin = format!("plugins/{plugin}");
    let own = ["timeslip.toml", "script.toml"].iter().chain(files);
    let component = plugin.replace("plugins/", "plugins/prebuilt/") + ".wasm";
    let paths = own.map(|file| format!("{plugin}/{file}"));
    for path in paths.chain([component, "agents/prebuilt/tool-caller.wasm".to_owned()]) {
        place.write(&path, std::fs::read(repository().join(&path)).unwrap());
    }
    place
}

const QUESTION: &str = "When does the reading room close?";

#[test]
fn what_is_remembered_in_a_run_that_saves_is_found_by_later_runs() {
    let place = bench("memory", &["kept/memory.json"]);
    let ask = || place.run(&["run", "plugins/memory", "--task", QUESTION]).passed();

    place.run(&["run", "plugins/memory"]).passed();
    assert!(ask().contains("I remember nothing."), "{}", ask());

    place.run(&["run", "plugins/memory", "--save"]).passed();
    assert!(ask().contains("In November the reading room closes at six."), "{}", ask());
}

#[test]
fn a_query_that_uses_a_wrong_name_is_told_the_nearest() {
    let place = bench("json-query", &["data/loans.json"]);
    let screen = place.run(&["run", "plugins/json-query", "--slip", "slip.json"]).passed();
    let slip = place.read("slip.json");
    assert!(slip.contains("the nearest is length/0"), "{slip}");
    assert!(screen.contains("The Lighthouse Year was lent 3 times."), "{screen}");
}
