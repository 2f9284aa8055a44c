//! What a machine's file must hold beyond its form.

use super::figure::{Figure, check_provenance};
use super::flaw::{Flaw, counted, positive};
use super::machine::{MachineProfile, Pool};
use super::role::{Role, check_roles};
use super::serving::Preemption;

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
                flaws.extend(self.software_flaws());
                flaws.extend(self.scheduler_flaws());
                flaws.extend(self.rate_flaws());
                flaws.extend(self.helping_flaws());
                flaws.extend(self.model_flaws());
                let speed = self.speed.as_ref();
                flaws.extend(
                    speed.map(|speed| speed.flaws(self.link.is_some())).unwrap_or_default(),
                );
                flaws
            }
        };
        let subject = format!("machine `{}`", self.name);
        flaws.into_iter().map(|flaw| flaw.about(&subject)).collect()
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
        let mut flaws = self.scheduler.flaws();
        let preemption = self.scheduler.preemption.as_ref().map(|preemption| preemption.value);
        if preemption == Some(Preemption::Swap) && self.kv_tiers.is_empty() {
            flaws.push(Flaw::new(
                "scheduler.preemption",
                "`scheduler.preemption` is `swap`, which needs memory to swap to; add a \
                 [[kv_tiers]]",
            ));
        }
        flaws
    }

    /// What is missing in the file of a machine that names no software.
    fn software_flaws(&self) -> Vec<Flaw> {
        if self.software.is_some() {
            return Vec::new();
        }
        let scheduler = &self.scheduler;
        let own = [
            ("front_end_seconds", &self.front_end_seconds),
            ("scheduler.tokens_per_step", &scheduler.tokens_per_step),
            ("scheduler.calls_per_step", &scheduler.calls_per_step),
        ];
        let mut needed = own.map(|(key, figure)| (key.to_owned(), key, figure)).to_vec();
        needed.extend(self.pools.iter().enumerate().map(|(index, pool)| {
            let name = "host_step_seconds";
            (format!("pools.{index}.{name}"), name, &pool.host_step_seconds)
        }));
        let missing = needed.into_iter().filter(|(_, _, figure)| figure.is_none());
        let flaw = |(key, name, _): (String, &str, &Option<Figure>)| {
            let message = format!(
                "`{name}` is missing; add it, or name the serving software that has it: \
                 software = \"vllm\""
            );
            Flaw::new(key, message)
        };
        missing.map(flaw).collect()
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
            let concentration = serving.routing_concentration.as_ref();
            let key = format!("serves.{index}.routing_concentration");
            flaws.extend(concentration.and_then(|figure| positive(&key, figure).err()));
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
    /// The value of one of its figures that counts something; `at` is where the pool stands.
    pub(super) fn counted(&self, at: &str, key: &str, figure: &Figure) -> Result<u64, Flaw> {
        counted(&format!("{at}.{key}"), figure).map_err(|flaw| {
            let pool = self.role.pool();
            let message = format!("the {pool}'s `{key}` must be a whole number of at least 1");
            Flaw { message, ..flaw }
        })
    }

    fn flaws(&self, at: &str) -> Vec<Flaw> {
        let pool = self.role.pool();
        let count = |key: &str, figure| self.counted(at, key, figure);
        let mut flaws = self.parallelism_flaws(at);
        if let Some(fixed) = &self.fixed_steps {
            flaws.extend(count("fixed_steps.kv_blocks", &fixed.kv_blocks).err());
        }
        if let Some(profile) = &self.layer_profile {
            let key = format!("{at}.layer_profile");
            let provenance = check_provenance(&profile.source, &profile.date);
            flaws.extend(provenance.map_err(|message| Flaw::new(&key, message)).err());
            let blocks = profile.kv_blocks.as_ref();
            flaws.extend(blocks.and_then(|blocks| count("layer_profile.kv_blocks", blocks).err()));
        }
        if let Some(component) = &self.cost_component {
            let provenance = check_provenance(&component.source, &component.date);
            let key = format!("{at}.cost_component");
            flaws.extend(provenance.map_err(|message| Flaw::new(key, message)).err());
            let blocks = component.kv_blocks.as_ref();
            flaws.extend(blocks.and_then(|blocks| count("cost_component.kv_blocks", blocks).err()));
        }
        if let [first, second, ..] = self.stated_times()[..] {
            let message = format!("the {pool} has `{first}` and `{second}`; keep one of them");
            flaws.push(Flaw::new(format!("{at}.{second}"), message));
        }
        flaws
    }
}
