//! The steps of the groups that write, together with the groups that help them.

use std::sync::Arc;

use crate::cost::{
    FfnCrossing, FixedSteps, HostWork, SoftwareTimes, SpeculativeCost, SplitCost, StepCost,
    StepModel,
};
use crate::deployment::{DeployedPool, Profiles};
use crate::error::MachineError;
use crate::ledger::Ledger;
use crate::profile::{Chip, FfnLink, Model, Role, Serving, whole};
use crate::software::software_times;
use crate::speculation::DeployedSpeculation;

/// Gives the pool that writes the time of the steps that it takes with its helpers.
///
/// # Errors
/// When time rests on a figure that is not published, and when a draft model has other tokens than
/// its target.
pub(crate) fn join(
    profiles: &Profiles,
    pools: &mut [DeployedPool],
    ledger: &Ledger,
) -> Result<Option<DeployedSpeculation>, MachineError> {
    let writer = pools.iter().position(|pool| pool.role.writes()).expect("a pool writes");
    let helper = pools.iter().position(|pool| pool.role.helps());
    let ffn = helper.filter(|index| pools[*index].role == Role::Ffn);
    let machine = &profiles.machine;
    let crossing = machine.ffn_link.as_ref();
    let crossing = crossing.map(|link| ffn_crossing(&machine.name, link, ledger)).transpose()?;
    if let (Some(ffn), Some(link)) = (ffn, crossing) {
        let [attention, ffn] = [writer, ffn].map(|index| match &pools[index].cost {
            StepModel::Roofline(cost) => (**cost).clone(),
            _ => unreachable!("parts of a step are timed from their chips"),
        });
        pools[writer].cost = StepModel::Split(Box::new(SplitCost { attention, ffn, link }));
    }
    let Some(given) = &machine.speculation else {
        return Ok(None);
    };
    let heads = Heads { profiles, pools: &*pools, writer, ffn, crossing, ledger };
    let draft = match (&profiles.draft, helper) {
        (Some((draft, _)), Some(helper)) => {
            check_tokens(&profiles.model, draft)?;
            (Arc::clone(draft), pools[helper].cost.clone())
        }
        _ => heads.draft()?,
    };
    let (model, draft) = draft;
    let speculation = DeployedSpeculation::new(machine, given, model, ledger)?;
    let verify = pools[writer].cost.clone();
    pools[writer].cost = StepModel::Speculative(Box::new(SpeculativeCost {
        verify,
        draft,
        is_apart: profiles.draft.is_some(),
        crossing_seconds: speculation.crossing_seconds,
    }));
    Ok(Some(speculation))
}

fn ffn_crossing(
    machine: &str,
    link: &FfnLink,
    ledger: &Ledger,
) -> Result<FfnCrossing, MachineError> {
    let need = |figure, key: &str| ledger.need(figure, machine, &format!("ffn_link.{key}"));
    need(&link.micro_batches, "micro_batches")?;
    Ok(FfnCrossing {
        bytes_per_second: need(&link.bandwidth_bytes_per_second, "bandwidth_bytes_per_second")?,
        latency_seconds: need(&link.latency_seconds, "latency_seconds")?,
        micro_batches: whole("micro_batches", &link.micro_batches)
            .expect("the machine's profile was checked"),
    })
}

/// What is proposed is read as the target's own tokens.
fn check_tokens(target: &Model, draft: &Model) -> Result<(), MachineError> {
    match target.vocabulary == draft.vocabulary {
        true => Ok(()),
        false => Err(MachineError::OtherTokens {
            target: target.name.clone(),
            target_tokens: target.vocabulary,
            draft: draft.name.clone(),
            draft_tokens: draft.vocabulary,
        }),
    }
}

/// Layers beside a model's own, on the same chips, that propose tokens.
struct Heads<'a> {
    profiles: &'a Profiles,
    pools: &'a [DeployedPool],
    writer: usize,
    ffn: Option<usize>,
    crossing: Option<FfnCrossing>,
    ledger: &'a Ledger,
}

impl Heads<'_> {
    /// What proposes a token, and what that takes.
    fn draft(&self) -> Result<(Arc<Model>, StepModel), MachineError> {
        let model = self.profiles.model.draft_layers(self.profiles.draft_layers(self.ledger));
        let cost = match (&self.pools[self.writer].cost, self.ffn, self.crossing) {
            // A step that is stated is stated with all that belongs to it.
            (StepModel::Fixed(_), ..) => {
                StepModel::Fixed(FixedSteps { prefill_seconds: 0.0, decode_seconds: 0.0 })
            }
            (_, Some(ffn), Some(link)) => StepModel::Split(Box::new(SplitCost {
                attention: self.cost(self.writer, &model.attention_part())?,
                ffn: self.cost(ffn, &model.feed_forward_part())?,
                link,
            })),
            _ => StepModel::Roofline(Box::new(self.cost(self.writer, &model)?)),
        };
        Ok((Arc::new(model), cost))
    }

    /// The host's work is that of the step, whose part the proposals are.
    fn cost(&self, pool: usize, model: &Model) -> Result<StepCost, MachineError> {
        let software = match self.profiles.software_on(pool) {
            Some(software) => software_times(software, Some(0.0), self.ledger)?,
            None => SoftwareTimes::default(),
        };
        let software = SoftwareTimes { host: HostWork::default(), ..software };
        let pool = &self.pools[pool];
        let (chip, serving): (&Chip, &Serving) = (&pool.chip, &self.profiles.serving);
        StepCost::new(chip, software, model, serving, &pool.placement, self.ledger)
    }
}
