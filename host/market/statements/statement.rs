//! Statements as in-toto has them: a subject, by its digest, and what is said of it
//! (in-toto Attestation Framework, Statement layer, version 1).

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::catalogue::Entry;
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::name::PluginName;

/// What a statement calls itself.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// What is said of something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<NamedDigest>,
    /// What kind of thing is said: a URI.
    pub predicate_type: String,
    /// What is said.
    pub predicate: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct NamedDigest {
    name: String,
    digest: BTreeMap<String, String>,
}

/// One published version, by its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// `namespace:name@version`.
    pub name: String,
    /// The manifest's digest.
    pub manifest: Digest,
}

impl Subject {
    /// A version of a catalogue.
    pub fn of(entry: &Entry) -> Subject {
        Subject::new(&entry.name, &entry.version, entry.manifest.clone())
    }

    /// A version by its parts.
    pub fn new(name: &PluginName, version: &Version, manifest: Digest) -> Subject {
        Subject { name: format!("{name}@{version}"), manifest }
    }
}

impl Statement {
    /// Says something of a version.
    pub fn new(subject: Subject, predicate_type: &str, predicate: serde_json::Value) -> Statement {
        let hex = subject.manifest.hex().to_owned();
        let digest = BTreeMap::from([("sha256".to_owned(), hex)]);
        Statement {
            kind: STATEMENT_TYPE.to_owned(),
            subject: vec![NamedDigest { name: subject.name, digest }],
            predicate_type: predicate_type.to_owned(),
            predicate,
        }
    }

    /// Reads a statement.
    ///
    /// # Errors
    /// When it is none, or of another version.
    pub fn parse(bytes: &[u8]) -> Result<Statement> {
        let statement: Statement = serde_json::from_slice(bytes)
            .map_err(|error| MarketError::refused(format!("it is no statement: {error}")))?;
        match statement.kind == STATEMENT_TYPE {
            true => Ok(statement),
            false => Err(MarketError::refused(format!(
                "it is a `{}`, and a statement is a `{STATEMENT_TYPE}`",
                statement.kind.escape_debug()
            ))),
        }
    }

    /// Holds the statement against the version that it is attached to.
    ///
    /// # Errors
    /// When it is about something else.
    pub fn check_subject(&self, subject: &Subject) -> Result<()> {
        let [own] = self.subject.as_slice() else {
            return Err(MarketError::refused(format!(
                "a statement has {} subjects, and it must have one",
                self.subject.len()
            )));
        };
        let is_of = |hex: &str| {
            own.digest.len() == 1 && own.digest.get("sha256").is_some_and(|one| one == hex)
        };
        if own.name != subject.name {
            return Err(MarketError::refused(format!(
                "a statement is about `{}`, and attached to {}",
                own.name.escape_debug(),
                subject.name
            )));
        }
        match is_of(subject.manifest.hex()) {
            true => Ok(()),
            false => Err(MarketError::refused(format!(
                "a statement about {} is about another manifest than {}",
                subject.name, subject.manifest
            ))),
        }
    }
}
