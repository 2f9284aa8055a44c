//! What one types next in a new project.

use super::tools::Kit;
use crate::bench::{BuildTable, ComponentKind, Language};

/// The commands that lead from a new project to its first run, each with what it does.
pub(super) fn next_steps(folder: &str, language: Language) -> Vec<(String, String)> {
    let step = |command: &str, what: &str| (command.to_owned(), what.to_owned());
    let table = BuildTable {
        language,
        kind: ComponentKind::Agent,
        source: String::new(),
        output: String::new(),
        sdk: String::new(),
        engine: None,
    };
    let wanted = Kit::of(&table).wanted();
    vec![
        step(&format!("cd {folder}"), ""),
        step("timeslip build --setup", &format!("installs {wanted} where missing, and builds")),
        step("timeslip run .", "runs the bench on modelled hardware"),
        step("timeslip dev", "builds and runs again whenever a file changes"),
        step("timeslip check --pending", "writes what later runs are compared with"),
    ]
}
