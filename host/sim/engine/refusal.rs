//! Which calls can never be served, known before they wait for anything.

use timeslip_timeline::backend::Submission;
use timeslip_timeline::conversation::ModelError;

use super::ModelledMachine;
use crate::text::count;

impl ModelledMachine {
    /// Why a call can never be served, if so.
    pub(super) fn refusal(&self, work: &Submission) -> Option<ModelError> {
        let model = &self.deployment.model;
        let machine = &self.deployment.machine;
        if *work.model != *model.name {
            return Some(ModelError::UnknownModel(format!(
                "`{machine}` serves `{}` in this run, not `{}`",
                model.name, work.model
            )));
        }
        let Some(tokens) = &work.tokens else {
            return Some(ModelError::InvalidRequest(format!(
                "`{machine}` is modelled and has no words of its own; give the run words, so that \
                 the reply has a length"
            )));
        };
        let wanted = tokens.input_tokens.saturating_add(1);
        if wanted > model.context_tokens {
            return Some(ModelError::ContextTooLong(format!(
                "the prompt has {} tokens, and with one of the reply that is more than the {} of \
                 `{}`'s context",
                count(tokens.input_tokens),
                count(model.context_tokens),
                model.name
            )));
        }
        let full = self.deployment.pools.iter().find(|pool| {
            !pool.role.helps() && pool.placement.blocks_for(wanted) > pool.placement.blocks
        })?;
        Some(ModelError::ContextTooLong(format!(
            "the prompt has {} tokens, and with one of the reply its KV takes {} blocks; a group \
             of `{machine}`'s {} has {}",
            count(tokens.input_tokens),
            count(full.placement.blocks_for(wanted)),
            full.role.pool(),
            count(full.placement.blocks)
        )))
    }
}
