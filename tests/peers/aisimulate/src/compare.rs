//! What came through at other times on one side than on the other, and why.

use std::collections::BTreeMap;
use std::fmt::Write;

use timeslip_timeline::time::Instant;

use crate::outcome::Outcome;
use crate::reference::{self, Rules};
use crate::workload::Workload;

/// The comparison of all requests of a workload.
#[derive(Debug)]
pub(crate) struct Comparison {
    equal: usize,
    /// The requests that differ, by the reason.
    different: BTreeMap<Reason, Vec<usize>>,
    ours: Vec<Outcome>,
    peer: Vec<Outcome>,
}

/// Why a request came through at other times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    MemoryByPart,
    RereadingIsWriting,
    /// Each of the two rules alone moves it.
    Either,
    /// Only both together move it.
    Both,
    Unexplained,
}

impl Reason {
    fn text(self) -> &'static str {
        match self {
            Reason::MemoryByPart => {
                "the memory of a split prompt is taken at its admission here, part by part there"
            }
            Reason::RereadingIsWriting => {
                "reading the written part of a reply again is a step of reading here, not there"
            }
            Reason::Either => "each of the two rules above moves it",
            Reason::Both => "both rules above together move it",
            Reason::Unexplained => "unexplained",
        }
    }
}

impl Comparison {
    /// Compares to the microsecond.
    pub(crate) fn new(workload: &Workload, ours: Vec<Outcome>, peer: Vec<Outcome>) -> Comparison {
        let indices = 0..workload.requests.len();
        let differing: Vec<usize> =
            indices.filter(|index| !same(&ours[*index], &peer[*index])).collect();
        let mut different: BTreeMap<Reason, Vec<usize>> = BTreeMap::new();
        if !differing.is_empty() {
            let explanation = Explanation::new(workload);
            for index in &differing {
                let reason = explanation.reason(*index, &ours[*index], &peer[*index]);
                different.entry(reason).or_default().push(*index);
            }
        }
        Comparison { equal: ours.len() - differing.len(), different, ours, peer }
    }

    /// Whether a difference has no explanation.
    pub(crate) fn is_unexplained(&self) -> bool {
        self.different.contains_key(&Reason::Unexplained)
    }

    /// The comparison for a person.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("  equal to the microsecond: {}\n", self.equal);
        for (reason, indices) in &self.different {
            let _ = writeln!(text, "  different: {}: {}", indices.len(), reason.text());
            let index = indices[0];
            for (side, outcome) in [("here", &self.ours[index]), ("there", &self.peer[index])] {
                let _ = writeln!(text, "    request {index} {side}: {}", line(outcome));
            }
        }
        text
    }
}

fn line(outcome: &Outcome) -> String {
    let ms = |at: Instant| at.as_nanos() as f64 / 1e6;
    let (arrival, first, end) = (outcome.arrival, outcome.first_token, outcome.end);
    format!("comes {:.3}, first token {:.3}, end {:.3} ms", ms(arrival), ms(first), ms(end))
}

fn same(one: &Outcome, other: &Outcome) -> bool {
    let near = |one: Instant, other: Instant| one.as_nanos().abs_diff(other.as_nanos()) < 1_000;
    near(one.arrival, other.arrival)
        && near(one.first_token, other.first_token)
        && near(one.end, other.end)
}

/// The outcomes of the reference scheduler under our rules, under the peer's, and under ours with
/// one of the peer's.
struct Explanation {
    ours: Vec<Outcome>,
    memory_by_part: Vec<Outcome>,
    rereading_is_writing: Vec<Outcome>,
    peer: Vec<Outcome>,
}

impl Explanation {
    fn new(workload: &Workload) -> Explanation {
        let outcomes = |rules| reference::outcomes(workload, rules);
        Explanation {
            ours: outcomes(Rules::OURS),
            memory_by_part: outcomes(Rules { memory_by_part: true, ..Rules::OURS }),
            rereading_is_writing: outcomes(Rules { rereading_is_writing: true, ..Rules::OURS }),
            peer: outcomes(Rules::PEER),
        }
    }

    fn reason(&self, index: usize, ours: &Outcome, peer: &Outcome) -> Reason {
        if !same(ours, &self.ours[index]) || !same(peer, &self.peer[index]) {
            return Reason::Unexplained;
        }
        let moves = |outcomes: &[Outcome]| !same(&outcomes[index], ours);
        match (moves(&self.memory_by_part), moves(&self.rereading_is_writing)) {
            (true, false) => Reason::MemoryByPart,
            (false, true) => Reason::RereadingIsWriting,
            (true, true) => Reason::Either,
            (false, false) => Reason::Both,
        }
    }
}
