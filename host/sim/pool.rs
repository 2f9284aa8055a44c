//! One pool of a machine with a model placed on it: memory, the time of steps, power and price.

use std::borrow::Cow;
use std::sync::Arc;

use crate::cost::{
    FixedSteps, LayerProfileCost, PowerDraw, SramCost, StepCost, StepModel, exchanges,
};
use crate::deployment::{DeployedPool, Profiles};
use crate::error::MachineError;
use crate::ledger::Ledger;
use crate::placement::{GroupChips, Placement};
use crate::profile::{
    Chip, ChipKind, Figure, FixedStepTimes, LayerProfile, Model, Pool, Role, Serving, whole,
};

/// Places the model on a pool.
///
/// # Errors
/// When it does not fit, when time rests on a figure that is not published, and when a table of
/// measured times is wrong.
pub(crate) fn deploy_pool(
    profiles: &Profiles,
    index: usize,
    block_tokens: u64,
    ledger: &Ledger,
) -> Result<DeployedPool, MachineError> {
    let pool = &profiles.machine.pools[index];
    let (model, serving) = held(profiles, pool.role);
    let place = PoolPlace { profiles, index, model: &model, serving, block_tokens, ledger };
    let chip = place.chip();
    let (placement, cost, draw) = match (&pool.fixed_steps, &pool.layer_profile) {
        (Some(fixed), _) => {
            let placement = place.stated("fixed_steps.kv_blocks", &fixed.kv_blocks);
            (placement, place.fixed_steps(fixed)?, PowerDraw::of(chip, ledger))
        }
        // How far a measured step uses the chips is not known, and so is its power.
        (None, Some(profile)) => {
            let placement = match &profile.kv_blocks {
                Some(blocks) => place.stated("layer_profile.kv_blocks", blocks),
                None => place.computed()?,
            };
            let cost = place.layer_profile(profile, &placement)?;
            (placement, cost, None)
        }
        (None, None) => {
            let placement = place.computed()?;
            let cost = place.computed_cost(&placement)?;
            (placement, cost, PowerDraw::of(chip, ledger))
        }
    };
    Ok(DeployedPool {
        role: pool.role,
        chip: Arc::clone(chip),
        chips: place.count("chips", &pool.chips),
        replicas: place.count("replicas", &pool.replicas),
        placement,
        cost,
        draw,
        usd_per_hour: ledger.known(&chip.price.usd_per_hour, &chip.name, "price.usd_per_hour"),
    })
}

/// What a pool holds of a model, or the whole of it, and in which formats.
fn held(profiles: &Profiles, role: Role) -> (Cow<'_, Model>, &Serving) {
    let (model, serving) = (&profiles.model, &profiles.serving);
    match (role, &profiles.draft) {
        (Role::Draft, Some((draft, serving))) => (Cow::Borrowed(draft), serving),
        (Role::Attention, _) => (Cow::Owned(model.attention_part()), serving),
        (Role::Ffn, _) => (Cow::Owned(model.feed_forward_part()), serving),
        _ => (Cow::Borrowed(model), serving),
    }
}

/// A pool of a machine's profile, and what it is read with.
#[derive(Clone, Copy)]
struct PoolPlace<'a> {
    profiles: &'a Profiles,
    index: usize,
    /// What the pool holds of a model, or the whole of it, and in which formats.
    model: &'a Model,
    serving: &'a Serving,
    block_tokens: u64,
    ledger: &'a Ledger,
}

impl<'a> PoolPlace<'a> {
    fn pool(self) -> &'a Pool {
        &self.profiles.machine.pools[self.index]
    }

    fn chip(self) -> &'a Arc<Chip> {
        &self.profiles.chips[self.index]
    }

    fn machine(self) -> &'a str {
        &self.profiles.machine.name
    }

    fn key(self, name: &str) -> String {
        format!("pools.{}.{name}", self.index)
    }

    fn count(self, name: &str, figure: &Figure) -> u64 {
        self.ledger.known(figure, self.machine(), &self.key(name));
        whole(name, figure).expect("the machine's profile was checked")
    }

    fn need(self, name: &str, figure: &Figure) -> Result<f64, MachineError> {
        self.ledger.need(figure, self.machine(), &self.key(name))
    }

    fn group_chips(self) -> u64 {
        self.count("tensor_parallel", &self.pool().tensor_parallel)
    }

    /// The memory of a group whose blocks the profile states.
    fn stated(self, name: &str, blocks: &Figure) -> Placement {
        let blocks = self.count(name, blocks);
        let (model, serving) = (self.model, self.serving);
        Placement::stated(self.group_chips(), model, serving, self.block_tokens, blocks)
    }

    /// The memory of a group, from its chips'.
    fn computed(self) -> Result<Placement, MachineError> {
        let chips = self.group_chips();
        let more = match self.pool().role {
            Role::Prefill | Role::Draft => 0,
            _ => self.profiles.draft_layers(self.ledger),
        };
        let with_more = (more > 0).then(|| self.model.with_draft_layers(more));
        let (machine, pool, chip) = (self.machine(), self.pool().role.pool(), self.chip());
        let placement = Placement::new(
            GroupChips { machine, pool, chip, chips },
            with_more.as_ref().unwrap_or(self.model),
            self.serving,
            self.block_tokens,
            self.ledger,
        )?;
        check_domain(self.machine(), self.chip(), chips)?;
        Ok(placement)
    }

    fn computed_cost(self, placement: &Placement) -> Result<StepModel, MachineError> {
        let host = self.need("host_step_seconds", &self.pool().host_step_seconds)?;
        let (chip, model, serving, ledger) = (self.chip(), self.model, self.serving, self.ledger);
        match chip.kind {
            ChipKind::Lpu => SramCost::new(chip, host, model, serving, placement, ledger)
                .map(|cost| StepModel::Sram(Box::new(cost))),
            _ => StepCost::new(chip, host, model, serving, placement, ledger)
                .map(|cost| StepModel::Roofline(Box::new(cost))),
        }
    }

    fn layer_profile(
        self,
        profile: &LayerProfile,
        placement: &Placement,
    ) -> Result<StepModel, MachineError> {
        let model = self.model;
        let layers = &model.layers;
        let unmeasured = [
            ("experts", layers.iter().any(|layers| layers.experts.is_some())),
            ("attention windows", layers.iter().any(|layers| layers.window().is_some())),
        ];
        if let Some((what, _)) = unmeasured.into_iter().find(|(_, has)| *has) {
            return Err(MachineError::Unmeasured {
                machine: self.machine().to_owned(),
                model: model.name.clone(),
                what,
            });
        }
        self.ledger.rest_on(profile.confidence, self.machine(), &self.key("layer_profile"));
        check_domain(self.machine(), self.chip(), placement.chips)?;
        let host = self.need("host_step_seconds", &self.pool().host_step_seconds)?;
        let exchange = exchanges(self.chip(), placement, self.ledger)?;
        let tables = self.profiles.tables[self.index].as_ref();
        let tables = tables.expect("the tables of a layer profile were read");
        let cost = LayerProfileCost::new(tables, model, exchange, host)?;
        Ok(StepModel::LayerProfile(Box::new(cost)))
    }

    fn fixed_steps(self, fixed: &FixedStepTimes) -> Result<StepModel, MachineError> {
        let prefill = ("fixed_steps.prefill_seconds", &fixed.prefill_seconds);
        let decode = ("fixed_steps.decode_seconds", &fixed.decode_seconds);
        Ok(StepModel::Fixed(FixedSteps {
            prefill_seconds: self.need(prefill.0, prefill.1)?,
            decode_seconds: self.need(decode.0, decode.1)?,
        }))
    }
}

/// A group's chips are joined by their own links, which span one domain.
fn check_domain(machine: &str, chip: &Chip, group: u64) -> Result<(), MachineError> {
    let domain = chip.scale_up.as_ref().and_then(|link| link.domain_chips.value);
    match domain.filter(|domain| group as f64 > *domain) {
        None => Ok(()),
        Some(domain) => Err(MachineError::BeyondDomain {
            machine: machine.to_owned(),
            chip: chip.name.clone(),
            group,
            domain: domain as u64,
        }),
    }
}
