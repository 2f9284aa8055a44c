//! How the chips of a group share a model.

use serde::Serialize;

use super::figure::Figure;
use super::flaw::{Flaw, whole};
use super::machine::Pool;

/// How the chips of a group share a model: all of them together, or in ranks, parts and stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Parallelism {
    /// Chips that share each matrix.
    pub tensor: u64,
    /// Ranks with chats and a copy of the attention of their own.
    pub data: u64,
    /// Parts into which the experts are divided.
    pub expert: u64,
    /// Stages into which the layers are divided.
    pub pipeline: u64,
}

impl Parallelism {
    /// So many chips, all of which share each matrix.
    pub fn tensor(chips: u64) -> Parallelism {
        Parallelism { tensor: chips, data: 1, expert: 1, pipeline: 1 }
    }

    /// Chips of a group.
    pub fn chips(self) -> u64 {
        self.stage_chips() * self.pipeline
    }

    /// Chips of one stage, which share its experts.
    pub fn stage_chips(self) -> u64 {
        self.tensor * self.data
    }

    /// Whether a group is more than chips that share each matrix.
    pub fn is_divided(self) -> bool {
        self.data * self.expert * self.pipeline > 1
    }
}

impl Pool {
    /// How the chips of a group share a model.
    ///
    /// # Errors
    /// A sentence that names a figure that is no count.
    pub fn parallelism(&self) -> Result<Parallelism, String> {
        let count = |name: &str, figure: Option<&Figure>| {
            let name = format!("the {}'s `{name}`", self.role.pool());
            figure.map_or(Ok(1), |figure| whole(&name, figure))
        };
        Ok(Parallelism {
            tensor: count("tensor_parallel", Some(&self.tensor_parallel))?,
            data: count("data_parallel", self.data_parallel.as_ref())?,
            expert: count("expert_parallel", self.expert_parallel.as_ref())?,
            pipeline: count("pipeline_parallel", self.pipeline_parallel.as_ref())?,
        })
    }

    /// Why its chips do not make its groups; `at` is where the pool stands in its file.
    pub(super) fn parallelism_flaws(&self, at: &str) -> Vec<Flaw> {
        let counts = [
            ("chips", Some(&self.chips)),
            ("tensor_parallel", Some(&self.tensor_parallel)),
            ("data_parallel", self.data_parallel.as_ref()),
            ("expert_parallel", self.expert_parallel.as_ref()),
            ("pipeline_parallel", self.pipeline_parallel.as_ref()),
            ("replicas", Some(&self.replicas)),
        ];
        let counts = counts.into_iter();
        let wrong = counts.filter_map(|(key, figure)| self.counted(at, key, figure?).err());
        let mut flaws: Vec<Flaw> = wrong.collect();
        if let Ok(parallel) = self.parallelism() {
            flaws.extend(self.chips_flaw(at, parallel));
            flaws.extend(self.division_flaws(at, parallel));
        }
        flaws
    }

    fn chips_flaw(&self, at: &str, parallel: Parallelism) -> Option<Flaw> {
        let chips = whole("", &self.chips).ok()?;
        let replicas = whole("", &self.replicas).ok()?;
        let used = [parallel.tensor, parallel.data, parallel.pipeline, replicas];
        // A count is below 1e9, and the product of four may be beyond 64 bits.
        let used = used.into_iter().map(u128::from).product::<u128>();
        if used <= u128::from(chips) {
            return None;
        }
        let named = [
            ("tensor_parallel", true),
            ("data_parallel", self.data_parallel.is_some()),
            ("pipeline_parallel", self.pipeline_parallel.is_some()),
            ("replicas", true),
        ];
        let named = named.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| *name);
        let named = named.collect::<Vec<&str>>().join(" × ");
        let pool = self.role.pool();
        let message = format!("the {pool} has {chips} chips, but {named} = {used}");
        Some(Flaw::new(format!("{at}.chips"), message))
    }

    fn division_flaws(&self, at: &str, parallel: Parallelism) -> Vec<Flaw> {
        let pool = self.role.pool();
        let mut flaws = Vec::new();
        let sharing = parallel.stage_chips();
        if !sharing.is_multiple_of(parallel.expert) {
            let message = format!(
                "the {pool}'s `expert_parallel` is {}, which does not divide the {sharing} chips of \
                 tensor_parallel × data_parallel that share the experts",
                parallel.expert
            );
            flaws.push(Flaw::new(format!("{at}.expert_parallel"), message));
        }
        if self.layer_profile.is_some() && parallel.data * parallel.pipeline > 1 {
            let message = format!(
                "the {pool}'s `layer_profile` was measured on chips that share each matrix; remove \
                 `data_parallel` and `pipeline_parallel`, or the `layer_profile`"
            );
            flaws.push(Flaw::new(format!("{at}.layer_profile"), message));
        }
        if parallel.pipeline > 1 && self.role.shares_steps() {
            let message = format!(
                "the {pool} does a part of every layer, so its layers cannot be divided; remove \
                 `pipeline_parallel`"
            );
            flaws.push(Flaw::new(format!("{at}.pipeline_parallel"), message));
        }
        flaws
    }
}
