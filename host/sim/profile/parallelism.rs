//! How the chips of a group share a model.

use serde::Serialize;

use super::figure::Figure;
use super::machine::{Pool, whole};

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

    /// Whether its chips make its groups.
    ///
    /// # Errors
    /// A sentence that names what does not.
    pub(super) fn validate_parallelism(&self) -> Result<(), String> {
        let pool = self.role.pool();
        let parallel = self.parallelism()?;
        let chips = whole(&format!("the {pool}'s `chips`"), &self.chips)?;
        let replicas = whole(&format!("the {pool}'s `replicas`"), &self.replicas)?;
        let used = [parallel.tensor, parallel.data, parallel.pipeline, replicas];
        // A count is below 1e9, and the product of four may be beyond 64 bits.
        let used = used.into_iter().map(u128::from).product::<u128>();
        if used > u128::from(chips) {
            let named = [
                ("tensor_parallel", true),
                ("data_parallel", self.data_parallel.is_some()),
                ("pipeline_parallel", self.pipeline_parallel.is_some()),
                ("replicas", true),
            ];
            let named: Vec<&str> =
                named.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| *name).collect();
            return Err(format!(
                "the {pool} has {chips} chips, but {} = {used}",
                named.join(" × ")
            ));
        }
        let sharing = parallel.stage_chips();
        if sharing % parallel.expert != 0 {
            return Err(format!(
                "the {pool}'s `expert_parallel` is {}, which does not divide the {sharing} chips of \
                 tensor_parallel × data_parallel that share the experts",
                parallel.expert
            ));
        }
        if self.layer_profile.is_some() && parallel.data * parallel.pipeline > 1 {
            return Err(format!(
                "the {pool}'s `layer_profile` was measured on chips that share each matrix; remove \
                 `data_parallel` and `pipeline_parallel`, or the `layer_profile`"
            ));
        }
        match parallel.pipeline > 1 && self.role.shares_steps() {
            true => Err(format!(
                "the {pool} does a part of every layer, so its layers cannot be divided; remove \
                 `pipeline_parallel`"
            )),
            false => Ok(()),
        }
    }
}
