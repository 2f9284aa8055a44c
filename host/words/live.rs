//! The words of a run in which real servers speak for themselves.

use std::collections::BTreeSet;
use std::sync::Arc;

use timeslip_timeline::backend::{
    CountedPrompt, Reply, Said, SessionWords, UserReply, Words, WordsError,
};
use timeslip_timeline::conversation::ChatRequest;

use crate::cassette::CassetteWords;
use crate::tokenizer::Tokenizer;

/// Leaves the replies of some models to the machines that serve them.
///
/// What was recorded before is played first, so that a recording goes on where it was stopped. Users,
/// and models that no real server serves, say what the run's own words say.
pub struct LiveWords {
    recorded: Option<CassetteWords>,
    live_models: BTreeSet<Arc<str>>,
    own: Box<dyn Words>,
    tokenizer: Arc<Tokenizer>,
}

impl LiveWords {
    /// Words that leave these models to their machines, and the rest to `own`.
    pub fn new(
        live_models: BTreeSet<Arc<str>>,
        own: Box<dyn Words>,
        tokenizer: Arc<Tokenizer>,
    ) -> LiveWords {
        LiveWords { recorded: None, live_models, own, tokenizer }
    }

    /// The same, after what was recorded.
    pub fn after(mut self, recorded: CassetteWords) -> LiveWords {
        self.recorded = Some(recorded);
        self
    }
}

impl Words for LiveWords {
    fn reply(
        &mut self,
        session: &SessionWords,
        request: &ChatRequest,
    ) -> Result<Reply, WordsError> {
        self.own.reply(session, request)
    }

    fn answer(
        &mut self,
        session: &SessionWords,
        model: &str,
        request: &ChatRequest,
    ) -> Result<Said, WordsError> {
        let recorded = self.recorded.as_mut().map(|words| words.recorded(session, request));
        if let Some(said) = recorded.transpose()?.flatten() {
            return Ok(said);
        }
        if !self.live_models.contains(model) {
            return self.own.answer(session, model, request);
        }
        let parts = self.tokenizer.prompt_parts(request);
        let tokens = self.tokenizer.count_parts(&parts);
        Ok(Said::LeftToMachine(CountedPrompt { tokens, parts: parts.into() }))
    }

    fn user_answer(
        &mut self,
        session: &SessionWords,
        question: &str,
    ) -> Result<UserReply, WordsError> {
        if let Some(recorded) = &mut self.recorded
            && let Some(answer) = recorded.recorded_answer(session, question)?
        {
            return Ok(answer);
        }
        self.own.user_answer(session, question)
    }
}
