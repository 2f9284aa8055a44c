//! Under which conditions two runs were made, and what differs between them.

use std::collections::BTreeMap;

use super::lay::Laid;
use super::mixed::Pair;
use super::words::count;
use crate::slip::{Component, ComponentRole, Machine, Slip};

/// A line for each difference of the machines; none when they are the same.
pub(super) fn machines(before: &Slip, now: &Slip) -> Vec<String> {
    let told = |machine: &Machine| format!("{} with {}", machine.name, machine.model);
    let mut lines = Vec::new();
    for machine in &now.machines {
        match before.machines.iter().find(|other| other.name == machine.name) {
            None => lines.push(format!("{} is new", told(machine))),
            Some(was) if was.model != machine.model => {
                lines.push(format!(
                    "{} serves {}, and {} before",
                    machine.name, machine.model, was.model
                ));
            }
            Some(was) if was.digest != machine.digest => {
                lines.push(format!("the profile of {} differs", machine.name));
            }
            Some(_) => {}
        }
    }
    let gone = |machine: &&Machine| now.machines.iter().all(|other| other.name != machine.name);
    let gone = before.machines.iter().filter(gone);
    lines.extend(gone.map(|machine| format!("{} is no more", told(machine))));
    let order = |slip: &Slip| -> Vec<String> { slip.machines.iter().map(told).collect() };
    if lines.is_empty() && order(before) != order(now) {
        lines.push("the machines stand in another order".to_owned());
    }
    lines
}

/// The machines of both sides in a few words.
pub(super) fn machines_in_short(slips: &Pair<&Slip>) -> String {
    let names = |slip: &Slip| {
        let names: Vec<&str> = slip.machines.iter().map(|m| m.name.as_str()).collect();
        names.join("+")
    };
    match (names(slips.before), names(slips.now)) {
        (before, now) if before == now => format!("{now} is not what it was before"),
        (before, now) => format!("the run is on {now}, and on {before} before"),
    }
}

/// What differs beside machines and sessions, by name, with a line for each.
pub(super) fn conditions(laid: &Laid<'_>) -> BTreeMap<&'static str, String> {
    let (before, now) = (laid.slips.before, laid.slips.now);
    let mut found = BTreeMap::new();
    let mut compare = |name: &'static str, was: String, is: String| {
        if was != is {
            found.insert(name, format!("{name}: {is}, and {was} before"));
        }
    };
    compare("seed", count(before.seed), count(now.seed));
    compare("version of timeslip", before.timeslip.clone(), now.timeslip.clone());
    let words = |slip: &Slip| {
        let digest = slip.words.digest.as_deref().unwrap_or("unknown");
        format!("{:?} {}", slip.words.kind, in_short(digest)).to_lowercase()
    };
    compare("words", words(before), words(now));
    // A bench's digest is also over its components and words, whose own difference says more.
    if before.components == now.components && before.words == now.words {
        compare("bench", in_short(&before.bench.digest), in_short(&now.bench.digest));
    }
    if laid.run.load_differs() {
        found.insert("load", "load: the sessions start otherwise than before".to_owned());
    }
    found
}

/// The beginning of a digest, which is enough for a person to tell it from another.
fn in_short(digest: &str) -> String {
    const DIGITS: usize = 12;
    match digest.split_once(':') {
        Some((algorithm, hex)) => {
            format!("{algorithm}:{}", hex.chars().take(DIGITS).collect::<String>())
        }
        None => digest.to_owned(),
    }
}

/// A line for each component that is not the one of before: agents, and tool plugins.
pub(super) fn components(slips: &Pair<&Slip>, role: ComponentRole) -> Vec<String> {
    let of = |slip: &Slip| -> BTreeMap<String, String> {
        let own = slip.components.iter().filter(|component| component.role == role);
        own.map(|Component { name, digest, .. }| (name.clone(), digest.clone())).collect()
    };
    let (was, is) = (of(slips.before), of(slips.now));
    let what = what(role);
    if let Some((before, now)) = renamed(slips, role) {
        return vec![format!("{what} {now} in place of {before}")];
    }
    let mut lines = Vec::new();
    for (name, digest) in &is {
        match was.get(name) {
            None => lines.push(format!("{what} {name} is new")),
            Some(before) if before != digest => {
                lines.push(format!("{what} {name} was rebuilt"));
            }
            Some(_) => {}
        }
    }
    let gone = was.keys().filter(|name| !is.contains_key(*name));
    lines.extend(gone.map(|name| format!("{what} {name} is no more")));
    lines
}

/// A line for each component that used other fuel than before, over the sessions of both runs.
pub(super) fn fuel(laid: &Laid<'_>, role: ComponentRole) -> Vec<String> {
    let renamed = renamed(&laid.slips, role);
    let mut sums: BTreeMap<&str, (u128, u128)> = BTreeMap::new();
    for rows in &laid.rows {
        let (Some(before), Some(now)) = rows.sessions else {
            continue;
        };
        for used in &laid.slips.before.sessions[before].used {
            let name = match renamed {
                Some((was, is)) if was == used.name => is,
                _ => &used.name,
            };
            sums.entry(name).or_default().0 += u128::from(used.fuel);
        }
        for used in &laid.slips.now.sessions[now].used {
            sums.entry(&used.name).or_default().1 += u128::from(used.fuel);
        }
    }
    let components = &laid.slips.now.components;
    let own = |name: &str| components.iter().any(|c| c.role == role && c.name == name);
    let differing = sums.into_iter().filter(|(name, (was, is))| was != is && own(name));
    let line = |(name, (was, is)): (&str, (u128, u128))| {
        let (what, more) = (what(role), if is < was { "less" } else { "more" });
        format!(
            "{what} {name} used {} fuel {more} in all ({} before)",
            count(is.abs_diff(was)),
            count(was)
        )
    };
    differing.map(line).collect()
}

/// The names, before and now, of the one component of a role that has another name: it does the
/// same work under it.
fn renamed<'s>(slips: &Pair<&'s Slip>, role: ComponentRole) -> Option<(&'s str, &'s str)> {
    let alone = |slip: &'s Slip, other: &Slip| {
        let of_role = |component: &&Component| component.role == role;
        let mut own = slip.components.iter().filter(of_role).filter(|component| {
            other.components.iter().filter(of_role).all(|other| other.name != component.name)
        });
        let first = own.next();
        first.filter(|_| own.next().is_none()).map(|component| component.name.as_str())
    };
    alone(slips.before, slips.now).zip(alone(slips.now, slips.before))
}

fn what(role: ComponentRole) -> &'static str {
    match role {
        ComponentRole::Agent => "agent",
        ComponentRole::Tool => "tool plugin",
    }
}
