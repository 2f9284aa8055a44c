//! Asks real servers for what tools fetch, in the time that it really takes.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant as WallInstant;

use reqwest::Url;
use timeslip_timeline::http::{FetchId, Fetcher, HttpAnswer, HttpError, HttpRequest};
use timeslip_timeline::time::Instant;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::calls::Calls;
use crate::connection::pool;
use crate::exchange::span;
use crate::fetch::{FetchLimits, fetch};
use crate::settings::Settings;

/// A request under way.
type Asking = Pin<Box<dyn Future<Output = HttpAnswer> + Send>>;

/// Asks for what stands under addresses that are no HTTP.
pub type Asker = Arc<dyn Fn(Arc<HttpRequest>) -> Asking + Send + Sync>;

/// Asks real servers for what tools fetch.
pub struct LiveFetcher {
    calls: Arc<Calls>,
    runtime: Handle,
    limits: FetchLimits,
    /// Those who are asked in place of HTTP, by the scheme of addresses.
    askers: BTreeMap<&'static str, Asker>,
    /// Connections by the scheme of addresses: only `https` needs the system's certificates.
    pools: BTreeMap<String, reqwest::Client>,
    tasks: BTreeMap<FetchId, AbortHandle>,
}

impl LiveFetcher {
    pub(crate) fn new(calls: Arc<Calls>, runtime: Handle) -> LiveFetcher {
        LiveFetcher {
            calls,
            runtime,
            limits: FetchLimits::default(),
            askers: BTreeMap::new(),
            pools: BTreeMap::new(),
            tasks: BTreeMap::new(),
        }
    }

    /// The same, with somebody else who is asked for addresses of this scheme.
    pub fn with_asker(mut self, scheme: &'static str, asker: Asker) -> LiveFetcher {
        self.askers.insert(scheme, asker);
        self
    }

    /// What asks for a request.
    fn asking(&mut self, request: Arc<HttpRequest>) -> Result<Asking, HttpError> {
        let scheme = request.url.split("://").next().unwrap_or_default();
        if let Some(asker) = self.askers.get(scheme) {
            return Ok(asker(request));
        }
        let (pool, url) = self.pool_for(&request.url)?;
        let limits = self.limits;
        Ok(Box::pin(async move { fetch(&pool, url, &request, limits).await.map(Arc::new) }))
    }

    /// The same with other limits.
    #[cfg(test)]
    pub(crate) fn within(self, limits: FetchLimits) -> LiveFetcher {
        LiveFetcher { limits, ..self }
    }

    /// The connections for an address, and the address.
    fn pool_for(&mut self, url: &str) -> Result<(reqwest::Client, Url), HttpError> {
        let url = Url::parse(url).map_err(|error| {
            HttpError::InvalidRequest(format!("the address cannot be read: {error}"))
        })?;
        if let Some(pool) = self.pools.get(url.scheme()) {
            return Ok((pool.clone(), url));
        }
        let settings = Settings {
            timeouts: self.limits.timeouts(),
            ..Settings::for_server(url.origin().ascii_serialization())
        };
        let made = pool(&settings, &url).map_err(|error| HttpError::Failed(error.to_string()))?;
        self.pools.insert(url.scheme().to_owned(), made.clone());
        Ok((made, url))
    }
}

impl Fetcher for LiveFetcher {
    fn begin(&mut self, at: Instant, id: FetchId, request: Arc<HttpRequest>) {
        let asking = match self.asking(request) {
            Ok(asking) => asking,
            Err(error) => return self.play(at, id, Err(error)),
        };
        self.calls.change(|table| table.fetches.asked(id, at));
        let calls = self.calls.clone();
        let task = async move {
            let began = WallInstant::now();
            calls.change(|table| table.fetches.began(id, began));
            let mut ending = Ending { calls, id, began, is_told: false };
            let answer = asking.await;
            ending.tell(answer);
        };
        self.tasks.insert(id, self.runtime.spawn(task).abort_handle());
    }

    fn play(&mut self, at: Instant, id: FetchId, answer: HttpAnswer) {
        self.calls.change(|table| table.fetches.plan(at, id, answer));
    }

    fn next(&mut self, now: Instant) -> Option<(FetchId, HttpAnswer)> {
        let (id, answer) = self.calls.lock().fetches.take_by(now)?;
        self.tasks.remove(&id);
        Some((id, answer))
    }

    fn cancel(&mut self, id: FetchId) {
        self.calls.change(|table| table.fetches.forget(id));
        if let Some(task) = self.tasks.remove(&id) {
            task.abort();
        }
    }
}

/// The end of a fetch, which is told once, whatever becomes of the code that waits for it: a run
/// would wait for ever for a fetch that nobody ends.
struct Ending {
    calls: Arc<Calls>,
    id: FetchId,
    began: WallInstant,
    is_told: bool,
}

impl Ending {
    fn tell(&mut self, answer: HttpAnswer) {
        self.is_told = true;
        let (id, after) = (self.id, span(self.began.elapsed()));
        self.calls.change(|table| table.fetches.came(id, after, answer));
    }
}

impl Drop for Ending {
    /// A fetch that was given up is forgotten already, and nothing comes of this.
    fn drop(&mut self) {
        if !self.is_told {
            let text = "timeslip itself failed here, not the server; please report it";
            self.tell(Err(HttpError::Failed(text.to_owned())));
        }
    }
}
