//! What a machine's file must hold beyond its form.

use super::figure::check_provenance;
use super::flaw::{Flaw, counted, positive};
use super::machine::{MachineProfile, Pool};
use super::role::{Role, check_roles};
use super::serving::{Policy, Preemption};

impl MachineProfile {
    /// All that is wrong with it.
    pub(crate) fn flaws(&self) -> Vec<Flaw> {
        let roles: Vec<Role> = self.pools.iter().map(|pool| pool.role).collect();
        let flaws = match check_roles(&roles) {
            // What follows takes for granted that the pools make a machine.
            Err(message) => vec![Flaw::new("pools", message)],
            Ok(()) => {
                let mut flaws: Vec<Flaw> = self.link_flaw(&roles).into_iter().collect();
                for (index, pool) in self.pools.iter().enumerate() {
                    flaws.extend(pool.flaws(&format!("pools.{index}")));
                }
                flaws.extend(self.scheduler_flaws());
                flaws.extend(self.rate_flaws());
                flaws.extend(self.helping_flaws());
                flaws.extend(self.model_flaws());
                flaws
            }
        };
        let named =
            |flaw: Flaw| Flaw::new(flaw.key, format!("machine `{}`: {}", self.name, flaw.message));
        flaws.into_iter().map(named).collect()
    }

    fn link_flaw(&self, roles: &[Role]) -> Option<Flaw> {
        match (roles[0], &self.link) {
            (Role::Prefill, None) => {
                let other = match roles[1] {
                    Role::Decode => "a decode",
                    _ => "an attention",
                };
                let message = format!("a prefill and {other} pool need a [link] between them");
                Some(Flaw::new("pools", message))
            }
            (Role::Prefill, Some(_)) | (_, None) => None,
            (first, Some(_)) => {
                let role = first.word();
                let message = format!(
                    "a pool of role `{role}` reads prompts itself and has no [link]; remove it"
                );
                Some(Flaw::new("link", message))
            }
        }
    }

    fn scheduler_flaws(&self) -> Vec<Flaw> {
        let scheduler = &self.scheduler;
        let counts = [
            ("scheduler.tokens_per_step", Some(&scheduler.tokens_per_step)),
            ("scheduler.calls_per_step", Some(&scheduler.calls_per_step)),
            ("scheduler.block_tokens", scheduler.block_tokens.as_ref()),
            ("scheduler.waiting_calls_max", scheduler.waiting_calls_max.as_ref()),
        ];
        let counts = counts.into_iter().filter_map(|(key, figure)| counted(key, figure?).err());
        let mut flaws: Vec<Flaw> = counts.collect();
        if scheduler.calls_per_step.value > scheduler.tokens_per_step.value {
            flaws.push(Flaw::new(
                "scheduler.calls_per_step",
                "`scheduler.calls_per_step` must be at most `tokens_per_step`: each chat of a step \
                 passes at least one token",
            ));
        }
        let policy = scheduler.policy.as_ref().map(|policy| policy.value);
        if policy == Some(Policy::SloAware) && scheduler.first_token_objective_seconds.is_none() {
            flaws.push(Flaw::new(
                "scheduler.policy",
                "`scheduler.policy` is `slo_aware`, which needs an objective; add \
                 `scheduler.first_token_objective_seconds`",
            ));
        }
        let preemption = scheduler.preemption.as_ref().map(|preemption| preemption.value);
        if preemption == Some(Preemption::Swap) && self.kv_tiers.is_empty() {
            flaws.push(Flaw::new(
                "scheduler.preemption",
                "`scheduler.preemption` is `swap`, which needs memory to swap to; add a \
                 [[kv_tiers]]",
            ));
        }
        flaws
    }

    /// What is wrong with the link, the tiers and the parts.
    fn rate_flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if let Some(link) = &self.link {
            let rate = &link.bandwidth_bytes_per_second;
            flaws.extend(positive("link.bandwidth_bytes_per_second", rate).err());
            let paths = link.paths.as_ref();
            flaws.extend(paths.and_then(|paths| counted("link.paths", paths).err()));
        }
        for (index, tier) in self.kv_tiers.iter().enumerate() {
            let key = format!("kv_tiers.{index}.bandwidth_bytes_per_second");
            flaws.extend(positive(&key, &tier.bandwidth_bytes_per_second).err());
        }
        for (index, part) in self.parts.iter().enumerate() {
            if part.count.value.is_some() {
                flaws.extend(counted(&format!("parts.{index}.count"), &part.count).err());
            }
            if part.figures.is_empty() {
                let message = format!(
                    "the part `{}` stands behind no figure; name one in `figures`, or remove it",
                    part.name
                );
                flaws.push(Flaw::new(format!("parts.{index}.figures"), message));
            }
        }
        flaws
    }

    /// What is wrong with the models that are served.
    fn model_flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let is_measured = self.pools.iter().any(|pool| pool.layer_profile.is_some());
        if is_measured && self.serves.len() > 1 {
            flaws.push(Flaw::new(
                "serves.1",
                "a `layer_profile` is of one model; keep one [[serves]]",
            ));
        }
        if is_measured && self.other_models.is_some() {
            flaws.push(Flaw::new(
                "other_models",
                "a `layer_profile` is of one model; remove [other_models]",
            ));
        }
        if self.other_models.is_some() && self.pools.iter().any(|pool| pool.role == Role::Draft) {
            flaws.push(Flaw::new(
                "other_models",
                "a draft pool names the models that it proposes tokens for, and there are none for \
                 others; remove [other_models]",
            ));
        }
        for (index, serving) in self.serves.iter().enumerate() {
            if self.serves[..index].iter().any(|earlier| earlier.model == serving.model) {
                let message = format!("two [[serves]] name `{}`; keep one", serving.model);
                flaws.push(Flaw::new(format!("serves.{index}"), message));
            }
        }
        if !self.serves.iter().any(|serving| serving.model == self.default_model) {
            let message =
                format!("`default_model` is `{}`, which no [[serves]] names", self.default_model);
            flaws.push(Flaw::new("default_model", message));
        }
        flaws
    }
}

impl Pool {
    fn flaws(&self, at: &str) -> Vec<Flaw> {
        let pool = self.role.pool();
        let count = |key: &str, figure| {
            counted(&format!("{at}.{key}"), figure).map_err(|flaw| {
                let message = format!("the {pool}'s `{key}` must be a whole number of at least 1");
                Flaw { message, ..flaw }
            })
        };
        let counts = [
            count("chips", &self.chips),
            count("tensor_parallel", &self.tensor_parallel),
            count("replicas", &self.replicas),
        ];
        let mut flaws = Vec::new();
        if let [Ok(chips), Ok(group), Ok(replicas)] = &counts {
            let used = group * replicas;
            if used > *chips {
                let message = format!(
                    "the {pool} has {chips} chips, but tensor_parallel × replicas = {used}"
                );
                flaws.push(Flaw::new(format!("{at}.chips"), message));
            }
        }
        flaws.extend(counts.into_iter().filter_map(Result::err));
        if let Some(fixed) = &self.fixed_steps {
            flaws.extend(count("fixed_steps.kv_blocks", &fixed.kv_blocks).err());
        }
        if let Some(profile) = &self.layer_profile {
            let key = format!("{at}.layer_profile");
            let provenance = check_provenance(&profile.source, &profile.date);
            flaws.extend(provenance.map_err(|message| Flaw::new(&key, message)).err());
            let blocks = profile.kv_blocks.as_ref();
            flaws.extend(blocks.and_then(|blocks| count("layer_profile.kv_blocks", blocks).err()));
            if self.fixed_steps.is_some() {
                let message =
                    format!("the {pool} has `fixed_steps` and `layer_profile`; keep one of them");
                flaws.push(Flaw::new(key, message));
            }
        }
        flaws
    }
}
