//! What a machine's profile and its software's say of batches, read through the ledger.

use timeslip_timeline::time::Span;

use crate::deployment::Profiles;
use crate::error::MachineError;
use crate::front_end::FrontEnd;
use crate::ledger::Ledger;
use crate::placement::BLOCK_TOKENS;
use crate::profile::{Choice, Figure, Policy, Scheduler, Switch};
use crate::software::software_figure;

/// A scheduler's figures, and what their full names begin with.
struct Source<'a> {
    scheduler: &'a Scheduler,
    owner: &'a str,
    section: String,
}

/// What a machine's profile says of its scheduler, or else its software's.
pub(crate) struct Settings<'a> {
    profiles: &'a Profiles,
    /// What goes before, first.
    sources: Vec<Source<'a>>,
    ledger: &'a Ledger,
}

/// How many tokens and chats one step has at most.
pub(crate) struct Batches {
    pub(crate) tokens_per_step: u64,
    pub(crate) calls_per_step: u64,
}

impl<'a> Settings<'a> {
    pub(crate) fn new(profiles: &'a Profiles, ledger: &'a Ledger) -> Settings<'a> {
        let machine = &profiles.machine;
        let (scheduler, owner) = (&machine.scheduler, &*machine.name);
        let mut sources = vec![Source { scheduler, owner, section: "scheduler".to_owned() }];
        // Prompts come first, so batches are formed as on the chips that read them.
        if let Some(software) = profiles.software_on(0) {
            let owner = software.name();
            let found = software.schedulers();
            sources.extend(found.map(|(scheduler, section)| Source { scheduler, owner, section }));
        }
        Settings { profiles, sources, ledger }
    }

    fn find<T>(&self, get: impl Fn(&Scheduler) -> Option<&T>, name: &str) -> Option<Found<'_, T>> {
        self.sources.iter().find_map(|source| {
            let said = get(source.scheduler)?;
            Some(Found { said, owner: source.owner, key: format!("{}.{name}", source.section) })
        })
    }

    fn need(
        &self,
        name: &str,
        get: impl Fn(&Scheduler) -> Option<&Figure>,
    ) -> Result<f64, MachineError> {
        let found = self.find(get, name).expect("the machine's profile was checked");
        self.ledger.need(found.said, found.owner, &found.key)
    }

    pub(crate) fn known(
        &self,
        name: &str,
        get: impl Fn(&Scheduler) -> Option<&Figure>,
    ) -> Option<f64> {
        let found = self.find(get, name)?;
        self.ledger.known(found.said, found.owner, &found.key)
    }

    pub(crate) fn span(
        &self,
        name: &str,
        get: impl Fn(&Scheduler) -> Option<&Figure>,
    ) -> Option<Span> {
        self.known(name, get).map(Span::from_seconds_f64)
    }

    pub(crate) fn choice<T: Copy + Default>(
        &self,
        name: &str,
        get: impl Fn(&Scheduler) -> Option<&Choice<T>>,
    ) -> T {
        let Some(found) = self.find(get, name) else {
            return T::default();
        };
        self.ledger.rest_on(found.said.confidence, found.owner, &found.key);
        found.said.value
    }

    pub(crate) fn switch(
        &self,
        name: &str,
        otherwise: bool,
        get: impl Fn(&Scheduler) -> Option<&Switch>,
    ) -> bool {
        let Some(found) = self.find(get, name) else {
            return otherwise;
        };
        self.ledger.rest_on(found.said.confidence, found.owner, &found.key);
        found.said.value
    }

    /// From arrival to the scheduler.
    pub(crate) fn front_end(&self) -> Result<FrontEnd, MachineError> {
        let machine = &self.profiles.machine;
        let key = "front_end_seconds";
        let software = self.profiles.software_on(0);
        let seconds = match (&machine.front_end_seconds, software) {
            (Some(figure), _) => self.ledger.need(figure, &machine.name, key)?,
            (None, Some(software)) => software_figure(software, key, 0.0, self.ledger)?,
            (None, None) => unreachable!("the machine's profile was checked"),
        };
        let token_seconds = match software {
            Some(software) => {
                software_figure(software, "front_end_token_seconds", 0.0, self.ledger)?
            }
            None => 0.0,
        };
        let interval =
            self.known("intake_interval_steps", |given| given.intake_interval_steps.as_ref());
        Ok(FrontEnd::new(seconds, token_seconds, interval.unwrap_or(0.0)))
    }

    pub(crate) fn batches(&self) -> Result<Batches, MachineError> {
        let tokens = self.need("tokens_per_step", |given| given.tokens_per_step.as_ref())?;
        let calls = self.need("calls_per_step", |given| given.calls_per_step.as_ref())?;
        // Each file was checked by itself, and one may give the tokens and the other the chats.
        match calls > tokens {
            true => Err(MachineError::CallsBeyondTokens {
                machine: self.profiles.machine.name.clone(),
                software: self.profiles.machine.software.clone().unwrap_or_default(),
                calls: calls as u64,
                tokens: tokens as u64,
            }),
            false => Ok(Batches { tokens_per_step: tokens as u64, calls_per_step: calls as u64 }),
        }
    }

    pub(crate) fn block_tokens(&self) -> u64 {
        let tokens = self.known("block_tokens", |given| given.block_tokens.as_ref());
        tokens.map_or(BLOCK_TOKENS, |tokens| tokens as u64)
    }

    /// The policy, and the time to the first token that it aims at.
    pub(crate) fn policy(&self) -> (Policy, Option<Span>) {
        let policy = self.choice("policy", |given| given.policy.as_ref());
        let objective = self.span("first_token_objective_seconds", |given| {
            given.first_token_objective_seconds.as_ref()
        });
        (policy, objective)
    }
}

/// Something that a profile says, and its full name in two parts.
struct Found<'a, T> {
    said: &'a T,
    owner: &'a str,
    key: String,
}
