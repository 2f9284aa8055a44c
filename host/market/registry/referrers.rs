//! What refers to a manifest: small artifacts with statements about it.
//!
//! A registry that keeps account of referrers is asked for them (OCI distribution 1.1). For one that
//! does not, and for a folder, the tag `sha256-HEX` leads to an index of them, as the specification
//! has it. Writers of that index can lose each other's lines where a registry has no way to take
//! turns, so each referrer has a tag of its own besides, and readers join both.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Kind, Moving, Push, Registry, Repository};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::oci::{
    Annotations, Descriptor, EMPTY_CONFIG, EMPTY_TYPE, INDEX_TYPE, Index, MANIFEST_TYPE, Manifest,
    type_of,
};

/// The most referrers of one manifest that are read.
const REFERRERS_MAX: usize = 1_000;

/// How often the index is written until it has the line that was added.
const TRIES: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_millis(20);

impl Registry {
    /// Attaches bytes of a type to a manifest. Attaching the same again changes nothing.
    ///
    /// # Errors
    /// When the registry fails.
    pub fn attach(
        &self,
        repository: &Repository,
        subject: &Descriptor,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<()> {
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(MANIFEST_TYPE.to_owned()),
            artifact_type: Some(media_type.to_owned()),
            config: Descriptor::of(EMPTY_TYPE, EMPTY_CONFIG),
            layers: vec![Descriptor::of(media_type, bytes)],
            subject: Some(subject.clone()),
            annotations: Annotations::new(),
        };
        let json = manifest.to_json();
        let mut referrer = Descriptor::of(MANIFEST_TYPE, &json);
        referrer.artifact_type = Some(media_type.to_owned());
        self.push(&Push {
            repository,
            blobs: &[EMPTY_CONFIG, bytes],
            manifest: &json,
            tag: &own_tag(&subject.digest, &referrer.digest),
            moving: Moving::Allowed,
        })?;
        if self.accounted_referrers(repository, &subject.digest)?.is_some() {
            return Ok(());
        }
        self.add_to_index(repository, &subject.digest, &referrer)
    }

    /// The bytes of a type that are attached to a manifest, in the order of their digests.
    ///
    /// # Errors
    /// When the registry fails, or what it gives is another thing; a failure is never taken for none.
    pub fn attached(
        &self,
        repository: &Repository,
        subject: &Digest,
        media_type: &str,
        bytes_max: u64,
    ) -> Result<Vec<Vec<u8>>> {
        let mut attached = Vec::new();
        for digest in self.referrers(repository, subject, media_type)? {
            let manifest = self.manifest(repository, &digest)?;
            // Whoever lists it may be wrong, or lie.
            if manifest.subject.is_none_or(|of| of.digest != *subject) {
                continue;
            }
            let [layer] = manifest.layers.as_slice() else { continue };
            if layer.media_type != media_type {
                continue;
            }
            if layer.size > bytes_max {
                return Err(MarketError::refused(format!(
                    "{self}: what is attached to {subject} has {} bytes, and at most {bytes_max} \
                     are fetched",
                    layer.size
                )));
            }
            attached.push(self.blob(repository, layer)?);
        }
        Ok(attached)
    }

    /// The digests of what refers to a manifest with a type.
    fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
        media_type: &str,
    ) -> Result<Vec<Digest>> {
        let listed = match self.accounted_referrers(repository, subject)? {
            Some(listed) => listed,
            None => self.index_of(repository, subject)?.manifests,
        };
        let of_type =
            |one: &&Descriptor| one.artifact_type.as_deref().is_none_or(|is| is == media_type);
        let mut found: BTreeMap<String, Digest> = listed
            .iter()
            .filter(of_type)
            .map(|one| (own_tag(subject, &one.digest), one.digest.clone()))
            .collect();
        let begins = own_tag_begin(subject);
        for tag in self.tags(repository)?.into_iter().filter(|tag| tag.starts_with(&begins)) {
            if !found.contains_key(&tag)
                && let Some((digest, _)) = self.tagged(repository, &tag)?
            {
                found.insert(tag, digest);
            }
        }
        match found.len() <= REFERRERS_MAX {
            true => Ok(found.into_values().collect()),
            false => Err(MarketError::refused(format!(
                "{self}: {} statements are attached to {subject}, and at most {REFERRERS_MAX} are \
                 read",
                found.len()
            ))),
        }
    }

    /// The referrers that the registry itself keeps account of, if it does.
    fn accounted_referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
    ) -> Result<Option<Vec<Descriptor>>> {
        match &self.kind {
            Kind::Folder(_) => Ok(None),
            Kind::Remote(remote) => {
                remote.referrers(repository, subject).map_err(|error| error.of(self))
            }
        }
    }

    fn index_of(&self, repository: &Repository, subject: &Digest) -> Result<Index> {
        let Some((_, bytes)) = self.tagged(repository, &index_tag(subject))? else {
            return Ok(Index::default());
        };
        let wrong = |error: MarketError| error.of(format!("{self}: what refers to {subject}"));
        if type_of(&bytes) != INDEX_TYPE {
            return Err(wrong(MarketError::refused(
                "an image stands where the index of statements is expected",
            )));
        }
        Index::parse(&bytes).map_err(wrong)
    }

    fn add_to_index(
        &self,
        repository: &Repository,
        subject: &Digest,
        referrer: &Descriptor,
    ) -> Result<()> {
        let mut wait = FIRST_WAIT;
        for _ in 0..TRIES {
            let mut index = self.index_of(repository, subject)?;
            if index.manifests.iter().any(|one| one.digest == referrer.digest) {
                return Ok(());
            }
            index.manifests.push(referrer.clone());
            let json = serde_json::to_vec(&index).expect("an index can be written");
            self.push(&Push {
                repository,
                blobs: &[],
                manifest: &json,
                tag: &index_tag(subject),
                moving: Moving::Allowed,
            })?;
            // Somebody else may have written the index that they read before.
            std::thread::sleep(wait);
            wait *= 2;
        }
        // Readers find it by the tag of its own.
        Ok(())
    }
}

/// The tag of the index of a manifest's referrers.
fn index_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

/// What the tags of a manifest's referrers begin with.
fn own_tag_begin(subject: &Digest) -> String {
    format!("sha256-{}.", subject.hex())
}

/// The tag of one referrer.
fn own_tag(subject: &Digest, referrer: &Digest) -> String {
    format!("{}{}", own_tag_begin(subject), &referrer.hex()[..24])
}
