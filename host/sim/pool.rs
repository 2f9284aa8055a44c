//! One pool of a machine with a model placed on it: memory, the time of steps, power and price.

use std::borrow::Cow;
use std::sync::Arc;

use crate::cost::{
    ComponentInput, ComponentLoader, ComponentSteps, FixedSteps, HostWork, LayerProfileCost,
    PowerDraw, SoftwareTimes, SramCost, StepCost, StepModel, exchanges,
};
use crate::deployment::{DeployedPool, Profiles};
use crate::error::MachineError;
use crate::ledger::Ledger;
use crate::placement::{GroupChips, Placement};
use crate::profile::{
    Chip, ChipKind, CostComponent, Figure, FixedStepTimes, HeadChips, LayerGroup, LayerProfile,
    Model, Parallelism, Pool, Reach, Role, Serving, whole,
};
use crate::software::software_times;

impl DeployedPool {
    /// Parts what its component holds from other machines, where one times its steps.
    pub(crate) fn separate(self: &mut Arc<DeployedPool>) {
        if let StepModel::Component(_) = self.cost.at_its_own_pace() {
            *self = Arc::new(DeployedPool::clone(self));
        }
    }

    /// Why its component gave no time, if that is so.
    pub(crate) fn failure(&self) -> Option<String> {
        match self.cost.at_its_own_pace() {
            StepModel::Component(steps) => steps.failure(),
            _ => None,
        }
    }
}

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
    let stated = (&pool.fixed_steps, &pool.layer_profile, &pool.cost_component);
    let (placement, cost, draw) = match stated {
        (Some(fixed), ..) => {
            let placement = place.stated("fixed_steps.kv_blocks", &fixed.kv_blocks);
            (placement, place.fixed_steps(fixed)?, PowerDraw::of(chip, ledger))
        }
        // How far a measured step uses the chips is not known, and so is its power.
        (None, Some(profile), _) => {
            let placement = match &profile.kv_blocks {
                Some(blocks) => place.stated("layer_profile.kv_blocks", blocks),
                None => place.computed()?,
            };
            let cost = place.layer_profile(profile, &placement)?;
            (placement, cost, None)
        }
        (None, None, Some(component)) => {
            let placement = match &component.kv_blocks {
                Some(blocks) => place.stated("cost_component.kv_blocks", blocks),
                None => place.computed()?,
            };
            let cost = place.component(component, &placement)?;
            (placement, cost, None)
        }
        (None, None, None) => {
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

    fn parallel(self) -> Parallelism {
        let pool = self.pool();
        let divided = [
            ("data_parallel", &pool.data_parallel),
            ("expert_parallel", &pool.expert_parallel),
            ("pipeline_parallel", &pool.pipeline_parallel),
        ];
        self.count("tensor_parallel", &pool.tensor_parallel);
        for (name, figure) in divided {
            figure.as_ref().map(|figure| self.count(name, figure));
        }
        pool.parallelism().expect("the machine's profile was checked")
    }

    /// What the serving software does to the time of steps.
    fn software(self) -> Result<SoftwareTimes, MachineError> {
        let host = self.pool().host_step_seconds.as_ref();
        let host = host.map(|figure| self.need("host_step_seconds", figure)).transpose()?;
        match self.profiles.software_on(self.index) {
            Some(software) => software_times(software, host, self.ledger),
            None => {
                let step_seconds = host.expect("the machine's profile was checked");
                let host = HostWork { step_seconds, ..HostWork::default() };
                Ok(SoftwareTimes { host, ..SoftwareTimes::default() })
            }
        }
    }

    /// The memory of a group whose blocks the profile states.
    fn stated(self, name: &str, blocks: &Figure) -> Placement {
        let blocks = self.count(name, blocks);
        let (model, serving) = (self.model, self.serving);
        Placement::stated(self.parallel(), model, serving, self.block_tokens, blocks)
    }

    /// The memory of a group, from its chips'.
    fn computed(self) -> Result<Placement, MachineError> {
        let parallel = self.parallel();
        let more = match self.pool().role {
            Role::Prefill | Role::Draft => 0,
            _ => self.profiles.draft_layers(self.ledger),
        };
        let with_more = (more > 0).then(|| self.model.with_draft_layers(more));
        let (machine, pool, chip) = (self.machine(), self.pool().role.pool(), self.chip());
        let placement = Placement::new(
            GroupChips { machine, pool, chip, parallel },
            with_more.as_ref().unwrap_or(self.model),
            self.serving,
            self.block_tokens,
            self.ledger,
        )?;
        check_domain(self.machine(), self.chip(), parallel)?;
        Ok(placement)
    }

    fn computed_cost(self, placement: &Placement) -> Result<StepModel, MachineError> {
        let software = self.software()?;
        let (chip, model, serving, ledger) = (self.chip(), self.model, self.serving, self.ledger);
        match chip.kind {
            ChipKind::Lpu => SramCost::new(chip, software.host, model, serving, placement, ledger)
                .map(|cost| StepModel::Sram(Box::new(cost))),
            _ => StepCost::new(chip, software, model, serving, placement, ledger)
                .map(|cost| StepModel::Roofline(Box::new(cost))),
        }
    }

    fn layer_profile(
        self,
        profile: &LayerProfile,
        placement: &Placement,
    ) -> Result<StepModel, MachineError> {
        let model = self.model;
        let has = |kind: fn(&LayerGroup) -> bool| model.layers.iter().any(kind);
        let unmeasured = [
            ("experts", has(|layers| layers.experts.is_some())),
            ("recurrent layers", has(|layers| layers.state().is_some())),
            (
                "attention windows",
                has(|layers| layers.reaches(HeadChips::ONE).iter().any(is_window)),
            ),
            (
                "selected or compressed attention",
                has(|layers| layers.reaches(HeadChips::ONE).len() > 1),
            ),
            ("layers of several kinds", model.layers.len() > 1),
        ];
        if let Some((what, _)) = unmeasured.into_iter().find(|(_, has)| *has) {
            return Err(MachineError::Unmeasured {
                machine: self.machine().to_owned(),
                model: model.name.clone(),
                what,
            });
        }
        self.ledger.rest_on(profile.confidence, self.machine(), &self.key("layer_profile"));
        check_domain(self.machine(), self.chip(), placement.parallel)?;
        let host = self.software()?.host;
        let exchange = exchanges(self.chip(), placement, self.ledger)?;
        let tables = self.profiles.tables[self.index].as_ref();
        let tables = tables.expect("the tables of a layer profile were read");
        let cost = LayerProfileCost::new(tables, model, exchange, host)?;
        Ok(StepModel::LayerProfile(Box::new(cost)))
    }

    fn component(
        self,
        component: &CostComponent,
        placement: &Placement,
    ) -> Result<StepModel, MachineError> {
        let key = self.key("cost_component");
        self.ledger.rest_on(component.confidence, self.machine(), &key);
        let mut figures = Vec::new();
        for (name, figure) in &component.figures {
            figures.push((
                name.clone(),
                self.need(&format!("cost_component.figures.{name}"), figure)?,
            ));
        }
        let file = self.profiles.components[self.index].as_ref();
        let file = file.expect("the component of a pool was read");
        let input = ComponentInput {
            file: &file.path.display().to_string(),
            bytes: &file.bytes,
            model: self.model,
            serving: self.serving,
            placement,
            figures: &figures,
        };
        let loader = self.profiles.loader.as_ref().ok_or("nothing here runs components".to_owned());
        let steps = loader.and_then(|loader| load(loader, &input));
        let steps = steps.map_err(|problem| file.wrong(&problem))?;
        self.ledger.rest_on(steps.about().confidence, self.machine(), &key);
        Ok(StepModel::Component(steps))
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

/// Loads a component for a model that it times, and asks it for a few steps.
fn load(loader: &ComponentLoader, input: &ComponentInput<'_>) -> Result<ComponentSteps, String> {
    let loaded = loader.load(input)?;
    let (model, timed) = (&input.model.name, &loaded.about.models);
    if !timed.is_empty() && !timed.contains(model) {
        return Err(format!("it times {}, and not `{model}`", timed.join(", ")));
    }
    ComponentSteps::checked(loaded)
}

fn is_window(reach: &Reach) -> bool {
    reach.limit.is_some() && !reach.is_selected
}

/// The chips that share a layer are joined by their own links, which span one domain. The stages of
/// a group may stand in several: little passes from one to the next.
fn check_domain(machine: &str, chip: &Chip, parallel: Parallelism) -> Result<(), MachineError> {
    let group = parallel.stage_chips();
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
