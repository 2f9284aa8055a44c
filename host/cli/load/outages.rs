//! Outages as they are typed: `all.0@10s+30s`, `rubin-groq3/decode.0@5s`.

use timeslip_sim::engine::{ModelledMachine, Outage};
use timeslip_sim::profile::Role;
use timeslip_timeline::time::Instant;

use super::objectives::span_of;
use crate::exit::Failure;

/// An outage, and the machine whose it is, if it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlannedOutage {
    text: String,
    machine: Option<String>,
    outage: Outage,
}

impl PlannedOutage {
    /// Reads an outage.
    ///
    /// # Errors
    /// When it has another form.
    pub(crate) fn parse(text: &str) -> Result<PlannedOutage, Failure> {
        read(text).ok_or_else(|| {
            Failure::usage(format!(
                "--fail {text}: this is no outage\n  fix: write [MACHINE/]ROLE.NUMBER@FROM[+SPAN] \
                 with a role of the machine's pools, such as all.0@10s+30s or decode.0@5s"
            ))
        })
    }

    /// Whether it is this machine's.
    pub(crate) fn is_of(&self, machine: &str) -> bool {
        self.machine.as_deref().is_none_or(|named| named == machine)
    }

    /// Why it cannot be, where no machine has its name.
    pub(crate) fn of_no_machine(&self) -> Failure {
        Failure::usage(format!(
            "--fail {}: no --on names the machine `{}`\n  fix: name one of the replay's machines, or \
             leave the name out",
            self.text,
            self.machine.as_deref().unwrap_or_default()
        ))
    }

    /// Plans it on a machine.
    ///
    /// # Errors
    /// When the machine has no such group.
    pub(crate) fn plan(&self, machine: &mut ModelledMachine) -> Result<(), Failure> {
        machine
            .plan_outage(self.outage)
            .map_err(|error| Failure::usage(format!("--fail {}: {error}", self.text)))
    }
}

fn read(text: &str) -> Option<PlannedOutage> {
    let (who, when) = text.split_once('@')?;
    let (machine, group) = match who.rsplit_once('/') {
        Some((machine, group)) => (Some(machine.to_owned()), group),
        None => (None, who),
    };
    let (role, number) = group.split_once('.')?;
    let role = Role::of_word(role)?;
    let (from, span) = match when.split_once('+') {
        Some((from, span)) => (from, Some(span_of(span)?)),
        None => (when, None),
    };
    let from = match from.trim() {
        "0" | "0s" => Instant::ZERO,
        from => Instant::ZERO + span_of(from)?,
    };
    let outage =
        Outage { role, group: number.parse().ok()?, from, until: span.map(|span| from + span) };
    Some(PlannedOutage { text: text.to_owned(), machine, outage })
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::time::Span;

    use super::*;

    #[test]
    fn an_outage_names_a_group_and_its_time() {
        let planned = PlannedOutage::parse("rubin-groq3/decode.2@500ms+2s").unwrap();
        let at = |ms| Instant::ZERO + Span::from_millis(ms);
        let expected =
            Outage { role: Role::Decode, group: 2, from: at(500), until: Some(at(2500)) };
        assert_eq!(planned.outage, expected);
        assert!(planned.is_of("rubin-groq3") && !planned.is_of("h200-8"));
        assert!(PlannedOutage::parse("all.0@0s").unwrap().is_of("h200-8"));
        for wrong in
            ["", "all", "all.0", "all@5s", "some.0@5s", "all.x@5s", "all.0@5", "all.0@5s+1"]
        {
            assert!(PlannedOutage::parse(wrong).is_err(), "{wrong}");
        }
    }
}
