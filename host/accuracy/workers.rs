//! How many groups read and write where a row does not state it: as another row of its file states for
//! the same load.

use std::collections::BTreeMap;

use crate::scenario::{Groups, Scenario};

/// The groups that rows of a file state, by what they serve.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatedGroups(BTreeMap<String, Vec<Groups>>);

impl StatedGroups {
    /// Notes the groups of a row that states them all.
    pub(crate) fn add(&mut self, scenario: &Scenario) {
        let known = self.0.entry(load_key(scenario)).or_default();
        if !known.contains(&scenario.groups) {
            known.push(scenario.groups);
        }
    }

    /// The groups that all rows state which serve the same load on as many chips per group that
    /// writes; `None` where there are no such rows, or they differ.
    pub(crate) fn of_alike(&self, scenario: &Scenario) -> Option<Groups> {
        let known = self.0.get(&load_key(scenario))?;
        let writes = decode_chips(&scenario.groups);
        let mut alike = known.iter().filter(|groups| decode_chips(groups) == writes);
        match (alike.next(), alike.next()) {
            (Some(only), None) => Some(*only),
            _ => None,
        }
    }
}

/// What a scenario serves, on which chips, with which software; whatever its groups are.
fn load_key(scenario: &Scenario) -> String {
    let Scenario { chip, serving, software, work, .. } = scenario;
    format!("{chip} {serving:?} {software:?} {work:?}")
}

fn decode_chips(groups: &Groups) -> Option<u64> {
    match groups {
        Groups::Together(_) => None,
        Groups::Apart { decode, .. } => Some(decode.layout.chips()),
    }
}
