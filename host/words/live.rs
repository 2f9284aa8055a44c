//! The words of a run in which real servers speak for themselves.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use timeslip_timeline::backend::{
    CountedPrompt, Reply, Said, SessionWords, UserReply, Words, WordsError,
};
use timeslip_timeline::conversation::ChatRequest;
use timeslip_timeline::http::{FetchSaid, HttpRequest};

use crate::cassette::CassetteWords;
use crate::tokenizer::Tokenizer;

/// The words of a bench that leaves them all to real servers.
#[derive(Clone, Copy, Debug)]
pub struct NoWords;

impl Words for NoWords {
    fn reply(&mut self, _: &SessionWords, _: &ChatRequest) -> Result<Reply, WordsError> {
        Err(WordsError {
            kind: "no_words",
            message: "this bench has no words of its own, and the machine is not a real server; \
                      run it on one by --endpoint, or give the bench words"
                .to_owned(),
        })
    }

    fn user_answer(&mut self, _: &SessionWords, _: &str) -> Result<UserReply, WordsError> {
        Ok(UserReply::Nobody)
    }
}

/// Leaves the replies of some models to the machines that serve them, and what tools fetch to the
/// servers of the network.
///
/// What was recorded before is played first, so that a recording goes on where it was stopped. Users,
/// and models that no real server serves, say what the run's own words say.
pub struct LiveWords {
    recorded: Option<CassetteWords>,
    live_models: BTreeSet<Arc<str>>,
    own: Box<dyn Words>,
    tokenizer: Arc<Tokenizer>,
    failed: Option<Arc<OnceLock<String>>>,
    /// The beginning of the addresses that are left to servers.
    left: &'static str,
}

impl LiveWords {
    /// Words that leave these models to their machines, and the rest to `own`.
    pub fn new(
        live_models: BTreeSet<Arc<str>>,
        own: Box<dyn Words>,
        tokenizer: Arc<Tokenizer>,
    ) -> LiveWords {
        LiveWords { recorded: None, live_models, own, tokenizer, failed: None, left: "" }
    }

    /// The same, for whom addresses that begin otherwise are not of servers: what is fetched there is
    /// what its own words say.
    pub fn only_under(mut self, beginning: &'static str) -> LiveWords {
        self.left = beginning;
        self
    }

    /// The same, until something is set here: why nothing that is asked could be kept any more.
    pub fn until(mut self, failed: Arc<OnceLock<String>>) -> LiveWords {
        self.failed = Some(failed);
        self
    }

    /// The same, after what was recorded.
    pub fn after(mut self, recorded: CassetteWords) -> LiveWords {
        self.recorded = Some(recorded);
        self
    }

    /// Whether what is asked can still be kept.
    fn check_kept(&self) -> Result<(), WordsError> {
        match self.failed.as_ref().and_then(|failed| failed.get()) {
            None => Ok(()),
            Some(problem) => {
                let message =
                    format!("nothing more is asked, since it could not be kept: {problem}");
                Err(WordsError { kind: "recording_failed", message })
            }
        }
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
        self.check_kept()?;
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

    fn fetch(
        &mut self,
        session: &SessionWords,
        request: &HttpRequest,
    ) -> Result<FetchSaid, WordsError> {
        let recorded = self.recorded.as_mut().map(|words| words.recorded_fetch(session, request));
        if let Some(said) = recorded.transpose()?.flatten() {
            return Ok(said);
        }
        if !request.url.starts_with(self.left) {
            return self.own.fetch(session, request);
        }
        self.check_kept()?;
        Ok(FetchSaid::LeftToServer)
    }
}
