//! What stands in a script, as it is written; `rules` gives it meaning.

use serde::Deserialize;
use timeslip_timeline::conversation::Role;
use toml::Spanned;

use super::http::HttpTable;

/// A script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScriptFile {
    /// What it is for; for people.
    #[serde(default)]
    #[expect(dead_code, reason = "a reader of the file wants it, a run does not")]
    pub(super) about: Option<String>,
    /// The model's rules, in order.
    #[serde(default)]
    pub(super) reply: Vec<Spanned<ReplyTable>>,
    /// The user's rules, in order.
    #[serde(default)]
    pub(super) answer: Vec<Spanned<AnswerTable>>,
    /// The rules of servers that tools fetch from, in order.
    #[serde(default)]
    pub(super) http: Vec<Spanned<HttpTable>>,
}

/// `[[reply]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyTable {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) when: ReplyWhenTable,
    #[serde(default)]
    pub(super) say: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) call: Vec<CallTable>,
}

/// `when` of a `[[reply]]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyWhenTable {
    #[serde(default)]
    pub(super) role: Option<Role>,
    #[serde(default)]
    pub(super) text: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) input: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) replies: Option<Spanned<CountTable>>,
    #[serde(default)]
    pub(super) called: Option<String>,
    #[serde(default)]
    pub(super) offered: Option<String>,
}

/// `[[reply.call]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallTable {
    pub(super) tool: String,
    #[serde(default)]
    pub(super) arguments: Option<Spanned<String>>,
}

/// `[[answer]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerTable {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) when: AnswerWhenTable,
    #[serde(default)]
    pub(super) say: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) after_seconds: Option<f64>,
    #[serde(default)]
    pub(super) gone: bool,
    #[serde(default)]
    pub(super) nobody: bool,
}

/// `when` of an `[[answer]]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerWhenTable {
    #[serde(default)]
    pub(super) text: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) input: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) answers: Option<Spanned<CountTable>>,
}

/// How many there must be.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a number, or [first, last]")]
pub(super) enum CountTable {
    /// This many.
    Exactly(u64),
    /// At least the first and at most the last.
    Between([u64; 2]),
}
