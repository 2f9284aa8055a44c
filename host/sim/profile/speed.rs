//! A machine's steps and transfers, faster or slower than its other figures say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::flaw::{Flaw, positive};

/// How many times as fast steps and transfers are as the machine's other figures say; what is absent
/// is as they say. It is for asking what if, as `timeslip what-if` does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Speed {
    /// Of steps that read tokens of a prompt, also where they write others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefill: Option<Figure>,
    /// Of steps that only write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decode: Option<Figure>,
    /// Of the way from the prefill pool to the pool that writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Figure>,
}

impl Speed {
    /// What is wrong with it.
    pub(super) fn flaws(&self, has_link: bool) -> Vec<Flaw> {
        let figures =
            [("prefill", &self.prefill), ("decode", &self.decode), ("transfer", &self.transfer)];
        let given = figures.into_iter().filter_map(|(key, figure)| Some((key, figure.as_ref()?)));
        let mut flaws: Vec<Flaw> = given
            .filter_map(|(key, figure)| positive(&format!("speed.{key}"), figure).err())
            .collect();
        if self.transfer.is_some() && !has_link {
            flaws.push(Flaw::new(
                "speed.transfer",
                "`speed.transfer` is of the [link], and this machine has none; remove it",
            ));
        }
        flaws
    }
}
