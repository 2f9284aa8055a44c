//! Where the chats of a run went, when there was a choice: a line for each machine and tier.

use std::collections::BTreeMap;

use timeslip_gate::slip::Slip;
use timeslip_gate::step::{ChatStep, Step};

use crate::text::{count, counted, dollars, percent, plain};

/// The chats of a machine.
#[derive(Default)]
struct Share {
    chats: u64,
    /// Unknown as soon as one reply's cost is.
    usd: Option<f64>,
}

/// The lines, in the order of the run's machines; none where no chat had a choice.
pub(crate) fn routes(slip: &Slip) -> Vec<String> {
    let chats: Vec<&ChatStep> = slip
        .sessions
        .iter()
        .flat_map(|session| &session.steps)
        .filter_map(|step| match step {
            Step::Chat(chat) if !chat.machine.is_empty() => Some(chat),
            _ => None,
        })
        .collect();
    if chats.iter().all(|chat| chat.route.is_none()) {
        return Vec::new();
    }
    let place = |chat: &ChatStep| slip.machines.iter().position(|m| m.name == chat.machine);
    let mut shares: BTreeMap<(Option<usize>, &str, Option<&str>), Share> = BTreeMap::new();
    for chat in &chats {
        let tier = chat.route.as_ref().and_then(|route| route.tier.as_deref());
        let share = shares
            .entry((place(chat), &chat.machine, tier))
            .or_insert_with(|| Share { chats: 0, usd: Some(0.0) });
        share.chats += 1;
        if chat.is_answered() {
            share.usd = share.usd.zip(chat.cost_usd).map(|(sum, usd)| sum + usd);
        }
    }
    let all = chats.len() as u64;
    shares.iter().map(|((_, machine, tier), share)| line(machine, *tier, share, all)).collect()
}

fn line(machine: &str, tier: Option<&str>, share: &Share, all: u64) -> String {
    let tier = tier.map(|tier| format!(" ({})", plain(tier))).unwrap_or_default();
    let cost = share.usd.map_or("cost unknown".to_owned(), dollars);
    format!(
        "{}{tier}: {} of {}, {}, {cost}",
        plain(machine),
        count(share.chats),
        counted(all, "chat"),
        percent(share.chats, all)
    )
}

#[cfg(test)]
mod tests {
    use timeslip_gate::step::{Route, RouteReason};

    use super::*;
    use crate::examples::{guide, lost, slip};

    #[test]
    fn each_machine_and_tier_has_a_line_where_there_was_a_choice() {
        let mut slip = slip(vec![guide(), lost()]);
        assert_eq!(routes(&slip), Vec::<String>::new());
        let mut chats = slip.sessions.iter_mut().flat_map(|s| &mut s.steps).filter_map(|step| {
            let Step::Chat(chat) = step else { return None };
            Some(chat)
        });
        let tier = Some("premium".to_owned());
        let reason = RouteReason::ByTier;
        chats.next().unwrap().route = Some(Route { tier, reason, considered: Vec::new() });
        let lines = routes(&slip).join("\n");
        insta::assert_snapshot!(lines, @r"
        rubin-groq3: 2 of 4 chats, 50.0 %, $0.00620
        rubin-groq3 (premium): 1 of 4 chats, 25.0 %, $0.00310
        dgx-spark: 1 of 4 chats, 25.0 %, $0
        ");
    }
}
