//! How a machine's serving software behaves, in a few lines.

use serde::Serialize;
use timeslip_timeline::time::Span;

use crate::deployment::{DeployedLink, DeployedTier, Deployment};
use crate::profile::{Policy, Preemption, Routing, Sending, TierScope};
use crate::text::{bytes, count, seconds};

/// How a machine's serving software behaves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServingExplanation {
    /// The serving software, where the machine names it.
    pub software: Option<String>,
    /// Which waiting chat is read next.
    pub policy: Policy,
    /// The time to the first token that is aimed at.
    pub first_token_objective: Option<Span>,
    /// Which group a chat goes to.
    pub routing: Routing,
    /// What becomes of the KV of a chat whose memory another needs.
    pub preemption: Preemption,
    /// The most chats that wait to be read.
    pub waiting_calls_max: Option<u64>,
    /// The longest that a chat waits to be read.
    pub waiting_max: Option<Span>,
    /// Between two pools.
    pub link: Option<LinkExplanation>,
    /// Where KV is kept beyond the chips' memory, the nearest first.
    pub kv_tiers: Vec<TierExplanation>,
}

/// The link between a prefill and a decode pool.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinkExplanation {
    /// How many transfers go at once.
    pub paths: u64,
    /// When a prompt's KV leaves.
    pub sends: Sending,
    /// Of one path.
    pub bytes_per_second: f64,
}

/// Memory behind the chips' own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TierExplanation {
    /// For people.
    pub name: String,
    /// Who shares it.
    pub scope: TierScope,
    /// Of one scope.
    pub capacity_bytes: f64,
    /// Reads, of one scope.
    pub bytes_per_second: f64,
    /// Fixed time of one read.
    pub latency_seconds: f64,
}

impl ServingExplanation {
    pub(super) fn of(deployment: &Deployment) -> ServingExplanation {
        ServingExplanation {
            software: deployment.software.clone(),
            policy: deployment.policy,
            first_token_objective: deployment.first_token_objective,
            routing: deployment.routing,
            preemption: deployment.preemption,
            waiting_calls_max: deployment.waiting_calls_max,
            waiting_max: deployment.waiting_max,
            link: deployment.link.as_ref().map(LinkExplanation::of),
            kv_tiers: deployment.tiers.iter().map(TierExplanation::of).collect(),
        }
    }

    /// The choices, in the words of a machine's file.
    pub(super) fn choices(&self) -> String {
        let software = self.software.as_ref().map(|software| format!("{software}, "));
        let software = software.unwrap_or_default();
        let mut line = format!("  serving: {software}policy {}", self.policy.word());
        if let Some(objective) = self.first_token_objective {
            line += &format!(" (first token in {objective})");
        }
        let (routing, preemption) = (self.routing.word(), self.preemption.word());
        line += &format!(", routing {routing}, preemption {preemption}");
        if let Some(calls) = self.waiting_calls_max {
            line += &format!(", at most {} chats waiting", count(calls));
        }
        if let Some(longest) = self.waiting_max {
            line += &format!(", waiting at most {longest}");
        }
        if let Some(link) = &self.link {
            let rate = bytes(link.bytes_per_second);
            line +=
                &format!("; link {} × {rate}/s, sends {}", count(link.paths), link.sends.word());
        }
        line
    }

    /// Where KV goes that does not fit the chips' memory.
    pub(super) fn tiers(&self) -> String {
        let tiers: Vec<String> = self.kv_tiers.iter().map(TierExplanation::line).collect();
        match tiers.is_empty() {
            true => "  KV tiers: none".to_owned(),
            false => format!("  KV tiers: {}", tiers.join("; ")),
        }
    }
}

impl LinkExplanation {
    fn of(link: &DeployedLink) -> LinkExplanation {
        LinkExplanation {
            paths: link.paths,
            sends: link.sends,
            bytes_per_second: link.bytes_per_second,
        }
    }
}

impl TierExplanation {
    fn of(tier: &DeployedTier) -> TierExplanation {
        TierExplanation {
            name: tier.name.clone(),
            scope: tier.scope,
            capacity_bytes: tier.capacity_bytes,
            bytes_per_second: tier.bytes_per_second,
            latency_seconds: tier.latency_seconds,
        }
    }

    fn line(&self) -> String {
        format!(
            "{}, {} for {}, read in {} + {}/s",
            self.name,
            bytes(self.capacity_bytes),
            match self.scope {
                TierScope::Group => "each group",
                TierScope::Machine => "all groups",
            },
            seconds(self.latency_seconds),
            bytes(self.bytes_per_second)
        )
    }
}
