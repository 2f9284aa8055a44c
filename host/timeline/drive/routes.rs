//! Which machine a chat goes to: those that serve its model, narrowed down by its tier, and among
//! several the one that the run's policy takes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Drive, Machine};
use crate::backend::{PlannedTokens, ReplyLength, SessionId, Submission};
use crate::conversation::{ModelError, nearest};
use crate::route::{Considered, Left, Route, RoutePolicy, RouteReason, fastest, within};
use crate::session::Session;

/// The machines that come into question for a chat.
pub(super) struct Candidates {
    pub(super) model: Arc<str>,
    /// Their places, in the order of the run; at least one.
    machines: Vec<usize>,
    /// The tier that narrowed them down.
    tier: Option<Arc<str>>,
    /// Whether the model's name alone left nothing to choose.
    by_name_alone: bool,
}

impl Candidates {
    /// The machine, where only one comes into question.
    pub(super) fn only(&self) -> Option<usize> {
        match self.machines.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }
}

impl Drive<'_> {
    /// The machines that come into question for a model, which may be followed by `:` and a tier;
    /// without a model, for that of the first machine.
    pub(super) fn candidates(
        &self,
        id: SessionId,
        asked: Option<&str>,
    ) -> Result<Candidates, ModelError> {
        let session = &self.running[&id];
        self.check_budget(session)?;
        let machines = &self.stage.machines;
        if self.stage.routing.policy == RoutePolicy::ByModel {
            let first = match asked {
                None => 0,
                Some(model) => *self.serving(model).first().ok_or_else(|| self.unknown(model))?,
            };
            let model = machines[first].model.clone();
            return Ok(Candidates {
                model,
                machines: vec![first],
                tier: None,
                by_name_alone: true,
            });
        }
        let asked = asked.unwrap_or(&machines[0].model);
        let (model, named_tier) = self.model_and_tier(asked);
        let serving = self.serving(model);
        if serving.is_empty() {
            return Err(self.unknown(model));
        }
        let tier = self.tier_of(session, named_tier, &serving);
        let by_name_alone = serving.len() == 1 && tier.is_none();
        let machines = match &tier {
            None => serving,
            Some(tier) => self.in_tier(model, tier, &serving)?,
        };
        Ok(Candidates { model: Arc::from(model), machines, tier, by_name_alone })
    }

    /// Takes one of the candidates, and says why unless there was no choice.
    pub(super) fn route(&self, from: &Candidates, work: &Submission) -> (usize, Option<Route>) {
        let route = |machine: usize, reason, considered| {
            let tier = self.stage.machines[machine].tier.clone();
            (machine, (!from.by_name_alone).then_some(Route { tier, reason, considered }))
        };
        let by_name = match from.tier {
            Some(_) => RouteReason::ByTier,
            None => RouteReason::ByModel,
        };
        if let Some(only) = from.only() {
            return route(only, by_name, Vec::new());
        }
        let considered = self.considered(&from.machines, work);
        let (place, reason) = match self.stage.routing.policy {
            RoutePolicy::ByModel | RoutePolicy::ByTier => (fastest(&considered), by_name),
            RoutePolicy::ByDeadlineAndBudget => {
                within(&considered, self.left(&self.running[&work.session]))
            }
        };
        route(from.machines[place], reason, considered)
    }

    /// What each of these machines expects of a chat.
    fn considered(&self, machines: &[usize], work: &Submission) -> Vec<Considered> {
        let limit = work.request.options.max_output_tokens.map(u64::from);
        let output_tokens = limit.unwrap_or(self.stage.routing.expected_output_tokens).max(1);
        // No machine can find the true length of the reply in here.
        let reply = ReplyLength::of(output_tokens);
        let max_output_tokens = Some(output_tokens);
        let tokens = work.tokens.clone().map(|tokens| PlannedTokens {
            max_output_tokens,
            reply,
            reply_part: None,
            ..tokens
        });
        let work = Submission { tokens, ..work.clone() };
        let considered = machines.iter().map(|index| {
            let machine = &self.stage.machines[*index];
            let estimate = machine.backend.estimate(self.now, &work);
            Considered {
                machine: machine.name.clone(),
                expected: estimate.map(|estimate| estimate.end_to_end(output_tokens)),
                expected_cost_usd: estimate.and_then(|estimate| estimate.cost_usd),
            }
        });
        considered.collect()
    }

    /// What the session's deadline and budget leave.
    fn left(&self, session: &Session) -> Left {
        let spent = self.now.since(session.record.started_at);
        Left {
            time: self.stage.deadline.map(|deadline| deadline.saturating_sub(spent)),
            usd: self.stage.budget_usd.map(|budget| (budget - session.spent_usd).max(0.0)),
        }
    }

    fn check_budget(&self, session: &Session) -> Result<(), ModelError> {
        match self.stage.budget_usd {
            Some(budget) if session.spent_usd >= budget => {
                Err(ModelError::OverBudget(format!("the session's ${budget} are used up")))
            }
            _ => Ok(()),
        }
    }

    /// The machines that serve a model.
    fn serving(&self, model: &str) -> Vec<usize> {
        let machines = self.stage.machines.iter().enumerate();
        machines.filter(|(_, machine)| &*machine.model == model).map(|(index, _)| index).collect()
    }

    /// Takes `MODEL:TIER` apart; a model's own name may hold a `:` too.
    fn model_and_tier<'n>(&self, asked: &'n str) -> (&'n str, Option<&'n str>) {
        match asked.rsplit_once(':') {
            Some((model, tier)) if self.serving(asked).is_empty() => (model, Some(tier)),
            _ => (asked, None),
        }
    }

    /// The tier of a chat: what its request names, else its task, else the run. Where no tier has
    /// the model, only a request can ask for one.
    fn tier_of(
        &self,
        session: &Session,
        named: Option<&str>,
        serving: &[usize],
    ) -> Option<Arc<str>> {
        let machines = &self.stage.machines;
        let has_tiers = serving.iter().any(|index| machines[*index].tier.is_some());
        let otherwise = || {
            let tier = session.tier.as_ref().or(self.stage.routing.default_tier.as_ref());
            tier.filter(|_| has_tiers).cloned()
        };
        named.map(Arc::from).or_else(otherwise)
    }

    fn in_tier(
        &self,
        model: &str,
        tier: &str,
        serving: &[usize],
    ) -> Result<Vec<usize>, ModelError> {
        let machines = &self.stage.machines;
        let stands_there = |index: &&usize| machines[**index].tier.as_deref() == Some(tier);
        let found: Vec<usize> = serving.iter().filter(stands_there).copied().collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let tiers = names(serving.iter().filter_map(|index| machines[*index].tier.as_deref()));
        let near = nearest(tier, tiers.iter().copied());
        let hint = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        let served = match tiers.is_empty() {
            true => "no tier has it".to_owned(),
            false => format!("it is in {}", tiers.join(", ")),
        };
        Err(ModelError::UnknownModel(format!(
            "no machine of the tier \"{tier}\" serves \"{model}\" in this run; {served}{hint}"
        )))
    }

    fn unknown(&self, model: &str) -> ModelError {
        let served = names(self.stage.machines.iter().map(|machine: &Machine| &*machine.model));
        ModelError::UnknownModel(format!(
            "no machine of this run serves \"{model}\"; they serve {}",
            served.join(", ")
        ))
    }
}

/// Names, each once, sorted.
fn names<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    names.collect::<BTreeSet<&str>>().into_iter().collect()
}
