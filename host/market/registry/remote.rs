//! A registry that speaks the OCI distribution protocol, version 1.
//!
//! Written here rather than taken from a library: the sizes of blobs are capped, a failure is never an
//! empty list, lists are read to their last page, and credentials go where they belong.

use std::sync::Mutex;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode, Url};
use serde::Deserialize;

use super::auth::{Credentials, answer_to};
use super::http::{Answer, Transport, origin_text};
use super::location::Address;
use super::{Moving, Push, Repository, is_published};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::oci::{Descriptor, INDEX_TYPE, Index, MANIFEST_BYTES_MAX, MANIFEST_TYPE, type_of};
use crate::steps;

/// The largest answer that is no blob and no manifest.
const ANSWER_BYTES_MAX: u64 = 8 << 20;

/// Tags on a page of a list, and the most pages.
const PAGE: usize = 1_000;
const PAGES_MAX: usize = 1_000;

/// How often something is sent, and how long is waited after the first time; twice that after the
/// second, and so on. A registry whose files are being replaced answers with an error meanwhile.
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(40);

/// A registry on a server.
#[derive(Debug)]
pub(super) struct RemoteRegistry {
    transport: Transport,
    prefix: String,
    credentials: Option<Credentials>,
    /// The header that the last challenge asked for.
    authorization: Mutex<Option<String>>,
}

#[derive(Deserialize)]
struct TagList {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl RemoteRegistry {
    pub(super) fn new(address: &Address) -> Result<RemoteRegistry> {
        Ok(RemoteRegistry {
            transport: Transport::new(address)?,
            prefix: address.prefix.clone(),
            credentials: Credentials::of_user(&address.host),
            authorization: Mutex::new(None),
        })
    }

    fn url(&self, repository: &Repository, rest: &str) -> Result<Url> {
        let prefix = match self.prefix.as_str() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        self.transport.at(&format!("/v2/{prefix}{}/{rest}", repository.as_str()))
    }

    /// Sends what `make` makes, again while the registry is busy. Everything that is sent here can be
    /// sent twice.
    fn send(&self, make: &dyn Fn() -> RequestBuilder, bytes_max: u64) -> Result<Answer> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.send_once(make, bytes_max) {
                Ok(answer) if is_busy(answer.status) => {}
                Err(MarketError::Failed(_)) => {}
                done => return done,
            }
            std::thread::sleep(wait);
            wait *= 2;
        }
        self.send_once(make, bytes_max)
    }

    /// Sends what `make` makes, and once more with the token that the registry asks for.
    fn send_once(&self, make: &dyn Fn() -> RequestBuilder, bytes_max: u64) -> Result<Answer> {
        let known = self.authorization.lock().expect("no holder panics").clone();
        let with = |header: Option<String>| match header {
            Some(header) => make().header("authorization", header),
            None => make(),
        };
        let answer = self.transport.send(with(known), bytes_max)?;
        let challenge = match answer.status {
            StatusCode::UNAUTHORIZED => answer.header("www-authenticate").map(str::to_owned),
            _ => None,
        };
        let Some(challenge) = challenge else { return Ok(answer) };
        match answer_to(&self.transport, &challenge, self.credentials.as_ref())? {
            None => Ok(answer),
            Some(header) => {
                *self.authorization.lock().expect("no holder panics") = Some(header.clone());
                self.transport.send(with(Some(header)), bytes_max)
            }
        }
    }

    fn get(&self, url: &Url, accept: &str, bytes_max: u64) -> Result<Answer> {
        let make = || self.transport.request(Method::GET, url.clone()).header("accept", accept);
        self.send(&make, bytes_max)
    }

    pub(super) fn tags(&self, repository: &Repository) -> Result<Vec<String>> {
        let mut tags = Vec::new();
        let mut url = self.url(repository, &format!("tags/list?n={PAGE}"))?;
        for _ in 0..PAGES_MAX {
            let answer = self.get(&url, "application/json", ANSWER_BYTES_MAX)?;
            match answer.status {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND if tags.is_empty() => return Ok(tags),
                _ => return Err(answer.unexpected("listing tags")),
            }
            let page: TagList = serde_json::from_slice(&answer.body).map_err(|error| {
                MarketError::failed(format!("its list of tags is none: {error}"))
            })?;
            tags.extend(page.tags.unwrap_or_default());
            let next = answer.header("link").and_then(next_page).map(|next| url.join(next));
            match next {
                None => return Ok(tags),
                Some(Ok(next)) if next.origin() == url.origin() => url = next,
                Some(_) => {
                    return Err(MarketError::refused(
                        "the next page of its list of tags is on another server",
                    ));
                }
            }
        }
        Err(MarketError::refused(format!("its list of tags has more than {PAGES_MAX} pages")))
    }

    pub(super) fn manifest(
        &self,
        repository: &Repository,
        reference: &str,
    ) -> Result<Option<(Digest, Vec<u8>)>> {
        let url = self.url(repository, &format!("manifests/{reference}"))?;
        let answer =
            self.get(&url, &format!("{MANIFEST_TYPE}, {INDEX_TYPE}"), MANIFEST_BYTES_MAX)?;
        match answer.status {
            StatusCode::OK => Ok(Some((Digest::of(&answer.body), answer.body))),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(answer.unexpected(&format!("reading the manifest {reference}"))),
        }
    }

    /// What refers to a manifest, where the registry keeps account of it; none where it does not.
    pub(super) fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
    ) -> Result<Option<Vec<Descriptor>>> {
        let mut referrers = Vec::new();
        let mut url = self.url(repository, &format!("referrers/{subject}"))?;
        for _ in 0..PAGES_MAX {
            let answer = self.get(&url, INDEX_TYPE, ANSWER_BYTES_MAX)?;
            match answer.status {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND if referrers.is_empty() => return Ok(None),
                _ => return Err(answer.unexpected("listing what refers to a manifest")),
            }
            referrers.extend(Index::parse(&answer.body)?.manifests);
            match answer.header("link").and_then(next_page).map(|next| url.join(next)) {
                None => return Ok(Some(referrers)),
                Some(Ok(next)) if next.origin() == url.origin() => url = next,
                Some(_) => {
                    return Err(MarketError::refused(
                        "the next page of its list of referrers is on another server",
                    ));
                }
            }
        }
        Err(MarketError::refused(format!("its list of referrers has more than {PAGES_MAX} pages")))
    }

    pub(super) fn blob(&self, repository: &Repository, of: &Descriptor) -> Result<Vec<u8>> {
        let url = self.url(repository, &format!("blobs/{}", of.digest))?;
        let answer = self.get(&url, "*/*", of.size.max(ANSWER_BYTES_MAX))?;
        let answer = self.transport.follow(answer, url, of.size)?;
        match answer.status {
            StatusCode::OK => Ok(answer.body),
            StatusCode::NOT_FOUND => {
                Err(MarketError::not_found(format!("the blob {} is not there", of.digest)))
            }
            _ => Err(answer.unexpected(&format!("reading the blob {}", of.digest))),
        }
    }

    /// Pushes, and once more from the beginning where that fails: a registry that several push the
    /// same blob to at once may take a half of it for the whole, and say that it is another.
    pub(super) fn push(&self, push: &Push<'_>) -> Result<Digest> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.push_once(push) {
                Err(MarketError::Failed(_)) => {}
                done => return done,
            }
            std::thread::sleep(wait);
            wait *= 2;
        }
        self.push_once(push)
    }

    fn push_once(&self, push: &Push<'_>) -> Result<Digest> {
        let digest = Digest::of(push.manifest);
        if push.moving == Moving::Refused {
            match self.manifest(push.repository, push.tag)? {
                Some((found, _)) if found == digest => return Ok(digest),
                Some((found, _)) => return Err(is_published(push, &found)),
                None => {}
            }
        }
        for blob in push.blobs {
            self.push_blob(push.repository, blob)?;
        }
        let url = self.url(push.repository, &format!("manifests/{}", push.tag))?;
        let make = || {
            let request = self.transport.request(Method::PUT, url.clone());
            request.header("content-type", type_of(push.manifest)).body(push.manifest.to_vec())
        };
        let answer = self.send(&make, ANSWER_BYTES_MAX)?;
        steps::step();
        if answer.status != StatusCode::CREATED {
            return Err(answer.unexpected("pushing the manifest"));
        }
        // A registry lets whoever comes last have the tag.
        match (push.moving, self.manifest(push.repository, push.tag)?) {
            (Moving::Refused, Some((found, _))) if found != digest => {
                Err(is_published(push, &found))
            }
            (_, None) => Err(MarketError::failed(format!(
                "the registry took the manifest {digest} and does not have it"
            ))),
            _ => Ok(digest),
        }
    }

    fn push_blob(&self, repository: &Repository, blob: &[u8]) -> Result<()> {
        let digest = Digest::of(blob);
        let url = self.url(repository, &format!("blobs/{digest}"))?;
        let make = || self.transport.request(Method::HEAD, url.clone());
        if self.send(&make, ANSWER_BYTES_MAX)?.status == StatusCode::OK {
            return Ok(());
        }
        let url = self.url(repository, "blobs/uploads/")?;
        let make =
            || self.transport.request(Method::POST, url.clone()).header("content-length", "0");
        let answer = self.send(&make, ANSWER_BYTES_MAX)?;
        steps::step();
        if answer.status != StatusCode::ACCEPTED {
            return Err(answer.unexpected("beginning to push a blob"));
        }
        let mut place = self.transport.location(&answer, &url)?;
        if place.origin() != self.transport.origin.origin() {
            return Err(MarketError::refused(format!(
                "the registry wants the blob to be pushed to {}, which is another server; it is not",
                origin_text(&place)
            )));
        }
        place.query_pairs_mut().append_pair("digest", digest.as_str());
        let make = || {
            let request = self.transport.request(Method::PUT, place.clone());
            request.header("content-type", "application/octet-stream").body(blob.to_vec())
        };
        let answer = self.send(&make, ANSWER_BYTES_MAX)?;
        steps::step();
        match answer.status {
            StatusCode::CREATED => Ok(()),
            _ => Err(answer.unexpected(&format!("pushing the blob {digest}"))),
        }
    }
}

/// Whether a registry may answer otherwise in a moment.
fn is_busy(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// The address in `<…>; rel="next"`.
fn next_page(link: &str) -> Option<&str> {
    let (address, rest) = link.strip_prefix('<')?.split_once('>')?;
    rest.contains("rel=\"next\"").then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_in_its_header() {
        assert_eq!(
            next_page("</v2/a/tags/list?last=b&n=1>; rel=\"next\""),
            Some("/v2/a/tags/list?last=b&n=1")
        );
        assert_eq!(next_page("</v2/a>; rel=\"prev\""), None);
        assert_eq!(next_page("nonsense"), None);
    }
}
