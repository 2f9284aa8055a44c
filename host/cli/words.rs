//! The words of a run: the bench's own, those of real servers, and what was recorded before.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use timeslip_mcp::wire::ADDRESSES;
use timeslip_timeline::backend::Words;
use timeslip_words::cassette::CassetteWords;
use timeslip_words::live::{LiveWords, NoWords};

use crate::bench::{Bench, LoadedWords};
use crate::machines::PlacedMachine;

/// How the addresses begin that a run leaves to real servers: all of them where a model is one, else
/// those of MCP servers; `None` where no server is asked.
pub(crate) fn left_to_servers(machines: &[PlacedMachine], is_live: bool) -> Option<&'static str> {
    let is_server = |machine: &PlacedMachine| matches!(machine, PlacedMachine::Live(_));
    is_live.then(|| if machines.iter().any(is_server) { "" } else { ADDRESSES })
}

/// What models and users say: real servers for themselves, after what was recorded of them. `left` is
/// how the addresses begin that are left to servers, if any are.
pub(crate) fn words(
    bench: &Bench,
    machines: &[PlacedMachine],
    left: Option<&'static str>,
    recorded: Option<CassetteWords>,
    failed: Option<Arc<OnceLock<String>>>,
) -> Box<dyn Words> {
    let live = live_models(machines);
    let own: Box<dyn Words> = match (&recorded, &bench.words) {
        // They are the recorded ones themselves, which are played first.
        (Some(_), LoadedWords::Cassette(_)) if live.is_empty() => Box::new(NoWords),
        _ => bench.words.begin(),
    };
    let Some(left) = left else {
        return own;
    };
    let words = LiveWords::new(live, own, bench.tokenizer.clone()).only_under(left);
    let words = match failed {
        Some(failed) => words.until(failed),
        None => words,
    };
    Box::new(match recorded {
        Some(recorded) => words.after(recorded),
        None => words,
    })
}

/// What models and users say in a run that has words of its own, where nothing was recorded.
pub(crate) fn beside_servers(
    own: Box<dyn Words>,
    bench: &Bench,
    machines: &[PlacedMachine],
    left: Option<&'static str>,
) -> Box<dyn Words> {
    match left {
        Some(left) => {
            let words = LiveWords::new(live_models(machines), own, bench.tokenizer.clone());
            Box::new(words.only_under(left))
        }
        None => own,
    }
}

/// The models that real servers speak for.
fn live_models(machines: &[PlacedMachine]) -> BTreeSet<Arc<str>> {
    let live = machines.iter().filter_map(|machine| match machine {
        PlacedMachine::Live(machine) => Some(Arc::from(machine.model.as_str())),
        _ => None,
    });
    live.collect()
}

/// Where the replies come from, for the screen.
pub(crate) fn words_note(bench: &Bench, machines: &[PlacedMachine]) -> String {
    let live = machines.iter().filter_map(|machine| match machine {
        PlacedMachine::Live(machine) => {
            Some(format!("{} at {}", machine.model, machine.client.server()))
        }
        _ => None,
    });
    let live: Vec<String> = live.collect();
    match (live.is_empty(), live.len() == machines.len()) {
        (true, _) => bench.words.note(),
        (false, true) => format!("said by {}, in its own time", live.join(", ")),
        (false, false) => {
            format!("said by {}, in its own time; others: {}", live.join(", "), bench.words.note())
        }
    }
}
