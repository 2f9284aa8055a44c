//! How many tokens a step proposes for a chat, and how many of them are accepted.

use std::sync::Arc;

use timeslip_timeline::backend::CallId;
use timeslip_timeline::chance::Chance;

use crate::cost::Work;
use crate::deployment::Deployment;
use crate::error::MachineError;
use crate::ledger::Ledger;
use crate::profile::{MachineProfile, Model, Role, Speculation, whole};

/// Tokens that are proposed and checked rather than written one by one.
#[derive(Clone, Debug)]
pub struct DeployedSpeculation {
    /// Tokens that are proposed for each chat of a step.
    pub proposed_tokens: u64,
    /// The chances that 0, 1, … of them are accepted.
    pub accepted_tokens: Vec<f64>,
    /// What proposes them.
    pub draft: Arc<Model>,
    /// Fixed time of a step in which both sides hear of each other.
    pub crossing_seconds: f64,
}

impl DeployedSpeculation {
    /// # Errors
    /// When a figure is not published.
    pub(crate) fn new(
        machine: &MachineProfile,
        given: &Speculation,
        draft: Arc<Model>,
        ledger: &Ledger,
    ) -> Result<DeployedSpeculation, MachineError> {
        let name = &machine.name;
        let key = "speculation.proposed_tokens";
        ledger.known(&given.proposed_tokens, name, key);
        let accepted = &given.accepted_tokens;
        ledger.rest_on(accepted.confidence, name, "speculation.accepted_tokens");
        let crossing = given.crossing_seconds.as_ref();
        let crossing =
            crossing.map(|figure| ledger.need(figure, name, "speculation.crossing_seconds"));
        Ok(DeployedSpeculation {
            proposed_tokens: whole(key, &given.proposed_tokens).expect("the profile was checked"),
            accepted_tokens: accepted.probabilities.clone(),
            draft,
            crossing_seconds: crossing.transpose()?.unwrap_or(0.0),
        })
    }

    /// How many proposed tokens are accepted on average.
    pub fn mean_accepted(&self) -> f64 {
        let chances = self.accepted_tokens.iter().enumerate();
        let sum: f64 = self.accepted_tokens.iter().sum();
        chances.map(|(tokens, chance)| tokens as f64 * chance).sum::<f64>() / sum
    }

    /// How many of `proposed` tokens are accepted after so many that a chat has written: the same
    /// whenever it is asked, whatever else the machine does.
    pub(crate) fn accepted(&self, call: CallId, written: u64, proposed: u64) -> u64 {
        let sum: f64 = self.accepted_tokens.iter().sum();
        let mut left = sum * Chance::new(call.0, "accepted tokens", written).next_unit();
        let mut accepted = 0;
        for chance in &self.accepted_tokens {
            left -= chance;
            if left < 0.0 || accepted == proposed {
                break;
            }
            accepted += 1;
        }
        accepted.min(proposed)
    }
}

impl Deployment {
    /// A step without chats.
    pub fn no_work(&self) -> Work {
        match &self.speculation {
            Some(given) => Work::with_drafts(&self.model, &given.draft, given.proposed_tokens),
            None => Work::new(&self.model),
        }
    }

    /// Tokens that a step writes of each reply on average, where there is room to propose any.
    pub fn mean_tokens_per_step(&self) -> f64 {
        1.0 + self.speculation.as_ref().map_or(0.0, DeployedSpeculation::mean_accepted)
    }

    /// Blocks of a draft group's memory; without bound where nothing is drafted on other chips.
    pub(crate) fn draft_room(&self) -> u64 {
        let draft = self.helper().filter(|pool| pool.role == Role::Draft);
        draft.map_or(u64::MAX, |pool| pool.placement.blocks)
    }

    /// The tokens that a step proposes for a chat of `context` tokens, for which the draft group
    /// has this many blocks left. A chat that finds no room there writes one token a step.
    pub(crate) fn proposed(&self, context: u64, room: &mut u64) -> u64 {
        let Some(speculation) = &self.speculation else {
            return 0;
        };
        let until_limit = self.model.context_tokens.saturating_sub(context + 1);
        let proposed = speculation.proposed_tokens.min(until_limit);
        let draft = self.helper().filter(|pool| pool.role == Role::Draft);
        let blocks = draft.map_or(0, |pool| pool.placement.blocks_for(context + proposed));
        match room.checked_sub(blocks) {
            None => 0,
            Some(left) => {
                *room = left;
                proposed
            }
        }
    }
}
