//! What tool plugins fetch over HTTP, and how the answers reach them.

use std::sync::Arc;

use super::{Drive, Due};
use crate::backend::SessionId;
use crate::guest::{Answer, AskId, Delivery, StopCause};
use crate::http::{FetchId, FetchSaid, HttpAnswer, HttpRequest};
use crate::record::{BurstCause, SessionOutcome};
use crate::session::FetchUnderWay;

impl Drive<'_> {
    /// A plugin asks for something over HTTP.
    pub(super) fn asked_fetch(
        &mut self,
        id: SessionId,
        seat: usize,
        ask: AskId,
        request: Arc<HttpRequest>,
    ) {
        let now = self.now;
        let session = self.running.get_mut(&id).expect("checked by the caller");
        let (fetch, words) = (session.begin_fetch(now, seat, ask, &request), session.words.clone());
        match (self.stage.words.fetch(&words, &request), &mut self.stage.http.fetcher) {
            (Ok(FetchSaid::Answered { answer, after }), Some(fetcher)) => {
                fetcher.play(now + after, fetch, answer);
                self.comes_from_outside(fetch);
            }
            (Ok(FetchSaid::Answered { answer, after }), None) => {
                self.schedule(now + after, Due::Fetched { fetch, answer });
            }
            (Ok(FetchSaid::LeftToServer), Some(fetcher)) => {
                fetcher.begin(now, fetch, request);
                self.comes_from_outside(fetch);
            }
            (Ok(FetchSaid::LeftToServer), None) => {
                unreachable!("words leave fetches to servers where the run has a fetcher")
            }
            (Err(error), _) => {
                let cause = StopCause { kind: error.kind, message: error.message };
                self.end_session(id, SessionOutcome::Stopped(cause));
            }
        }
    }

    fn comes_from_outside(&mut self, fetch: FetchId) {
        let session = self.running.get_mut(&fetch.session).expect("it asks just now");
        if let Some(under_way) = session.fetches.get_mut(&fetch) {
            under_way.is_outside = true;
        }
    }

    /// Takes what real servers gave.
    pub(super) fn take_fetched(&mut self) {
        while let Some(fetcher) = &mut self.stage.http.fetcher
            && let Some((fetch, answer)) = fetcher.next(self.now)
        {
            self.fetched(fetch, answer);
        }
    }

    /// A fetch is over: its tool step has it from now on, and its plugin is told. One that was given
    /// up is over already.
    pub(super) fn fetched(&mut self, fetch: FetchId, answer: HttpAnswer) {
        let id = fetch.session;
        let Some(session) = self.running.get_mut(&id) else {
            return;
        };
        let Some((seat, ask)) = session.fetches.get(&fetch).map(|one| (one.seat, one.ask)) else {
            return;
        };
        self.fetch_ended(fetch, Some(answer.clone()));
        let delivery = Delivery::Answer(ask, Answer::Fetched(answer));
        self.deliver(id, seat, delivery, BurstCause::Busy);
    }

    /// A plugin no longer wants what it asked for.
    pub(super) fn dropped_by_plugin(&mut self, id: SessionId, seat: usize, ask: AskId) {
        let session = self.running.get_mut(&id).expect("checked by the caller");
        let asked = |under_way: &FetchUnderWay| under_way.seat == seat && under_way.ask == ask;
        let fetch = session.fetches.iter().find(|(_, under_way)| asked(under_way));
        if let Some(fetch) = fetch.map(|(fetch, _)| *fetch) {
            self.give_up_fetch(fetch);
        }
    }

    /// Gives up what the plugins of a session still fetch, since the session ends.
    pub(super) fn give_up_fetches(&mut self, id: SessionId) {
        let under_way = self.running.get(&id).map(|session| session.fetches.keys().copied());
        for fetch in under_way.into_iter().flatten().collect::<Vec<_>>() {
            self.give_up_fetch(fetch);
        }
    }

    fn give_up_fetch(&mut self, fetch: FetchId) {
        if let Some(fetcher) = &mut self.stage.http.fetcher {
            fetcher.cancel(fetch);
        }
        self.fetch_ended(fetch, None);
    }

    fn fetch_ended(&mut self, fetch: FetchId, answer: Option<HttpAnswer>) {
        let now = self.now;
        let session = self.running.get_mut(&fetch.session).expect("checked by the caller");
        let ended = session.end_fetch(fetch, now, answer);
        if let Some(on_fetch_end) = &mut self.stage.http.on_fetch_end {
            on_fetch_end(fetch.session, &ended);
        }
    }
}
