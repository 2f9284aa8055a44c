//! What came out: the change that was asked for, and each stage by itself.

use std::collections::BTreeMap;

use serde::Serialize;
use timeslip_gate::slip::{Slip, TimeShareNs};
use timeslip_gate::step::Step;
use timeslip_replay::slip_source::SlipSource;

use super::change::Change;
use super::question::{Figures, Question};
use crate::exit::Failure;
use crate::parallel::in_parallel;

/// Tools that have a bar each: those that take most time.
const TOOLS_SHOWN: usize = 6;

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Answer {
    /// What was run.
    pub(super) bench: String,
    /// On what.
    pub(super) machines: Vec<String>,
    /// Whether the times rest on estimates.
    pub(super) estimated: bool,
    /// How many sessions.
    pub(super) sessions: usize,
    /// The run as it is.
    pub(super) base: Figures,
    /// What was asked for; `null` where nothing was.
    pub(super) asked: Option<Variant>,
    /// Each stage by itself, the one first that saves most time when it is twice as fast.
    pub(super) stages: Vec<Stage>,
    /// Other changes.
    pub(super) others: Vec<Variant>,
    /// What a person should know of it.
    pub(super) notes: Vec<String>,
}

/// A run with a change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Variant {
    /// The change, in words.
    pub(super) what: String,
    /// What it came to.
    pub(super) figures: Figures,
}

/// A stage at twice its speed and at half of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Stage {
    /// Its name.
    pub(super) name: String,
    /// At twice its speed.
    pub(super) faster: Variant,
    /// At half its speed.
    pub(super) slower: Variant,
}

impl Answer {
    /// Asks for all of it.
    ///
    /// # Errors
    /// When a changed machine cannot be used.
    pub(super) fn of(
        question: &Question<'_>,
        asked: Option<Change>,
        threads: usize,
    ) -> Result<Answer, Failure> {
        let slip = question.slip;
        let names = stages_of(slip);
        let one_more =
            Change { what: "one more of each machine".to_owned(), copies: 2, ..Change::default() };
        let no_cache = Change {
            what: "no cache of prompts".to_owned(),
            prefix_cache: Some(false),
            ..Change::default()
        };
        let mut changes = vec![Change::default(), one_more, no_cache];
        for name in &names {
            changes.extend([Change::stage(name, 2.0), Change::stage(name, 0.5)]);
        }
        let has_question = asked.is_some();
        changes.extend(asked);
        let figures = in_parallel(changes.len(), threads, |index| question.ask(&changes[index]));
        let figures = figures.into_iter().collect::<Result<Vec<Figures>, Failure>>()?;
        let variants = changes.into_iter().map(|change| change.what).zip(figures);
        let mut variants = variants.map(|(what, figures)| Variant { what, figures });
        let base = variants.next().expect("the run as it is was asked for").figures;
        let others: Vec<Variant> = variants.by_ref().take(2).collect();
        let mut stages: Vec<Stage> = Vec::new();
        for name in names {
            let mut next = || variants.next().expect("each stage was asked for twice");
            stages.push(Stage { name, faster: next(), slower: next() });
        }
        stages.sort_by_key(|stage| stage.faster.figures.sessions_ns);
        Ok(Answer {
            bench: slip.bench.name.clone(),
            machines: slip.machines.iter().map(|machine| machine.name.clone()).collect(),
            estimated: slip.machines.iter().any(|machine| machine.estimated),
            sessions: slip.sessions.len(),
            notes: notes(slip, &base),
            asked: if has_question { variants.next() } else { None },
            base,
            stages,
            others,
        })
    }

    /// By how much a run takes longer than the one as it is, over all sessions.
    pub(super) fn difference_ns(&self, variant: &Variant) -> i64 {
        let signed = |nanos: u64| i64::try_from(nanos).unwrap_or(i64::MAX);
        signed(variant.figures.sessions_ns) - signed(self.base.sessions_ns)
    }
}

/// The stages that a run spent time on, and the tools that took most of it.
fn stages_of(slip: &Slip) -> Vec<String> {
    let TimeShareNs { prefill, transfer, decode, agent, user, .. } = slip.summary.time_share_ns;
    let shares = [
        ("prefill", prefill),
        ("transfer", transfer),
        ("decode", decode),
        ("agent", agent),
        ("user", user),
    ];
    let stages = shares.into_iter().filter(|(_, share)| *share > 0);
    let mut names: Vec<String> = stages.map(|(name, _)| name.to_owned()).collect();
    let mut tools: BTreeMap<&str, u64> = BTreeMap::new();
    for step in slip.sessions.iter().flat_map(|session| &session.steps) {
        if let Step::Tool(tool) = step {
            let sum = tools.entry(&tool.tool).or_default();
            *sum = sum.saturating_add(tool.e2e_ns);
        }
    }
    let mut tools: Vec<(&str, u64)> = tools.into_iter().collect();
    tools.sort_by_key(|(_, nanos)| std::cmp::Reverse(*nanos));
    names.extend(tools.iter().take(TOOLS_SHOWN).map(|(tool, _)| format!("tool {tool}")));
    names
}

fn notes(slip: &Slip, base: &Figures) -> Vec<String> {
    let mut notes = SlipSource::new(slip).notes();
    if base.sessions_ns != slip.summary.time_share_ns.total() {
        notes.push(
            "the run, replayed as it is, takes another time than its slip says; differences are \
             taken from the replay"
                .to_owned(),
        );
    }
    notes
}
