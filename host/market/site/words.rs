//! What the site calls things, and what it says that they mean.

use crate::badge::Level;
use crate::catalogue::{Entry, Status};
use crate::keys::PublicKey;

/// What a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Agent,
    Tool,
    CostModel,
    Other,
}

impl Kind {
    /// What an entry is, by the world that it fits.
    pub(super) fn of(entry: &Entry) -> Kind {
        let package = entry.world.as_deref().and_then(|world| world.split('/').next());
        match package {
            Some("timeslip:agent") => Kind::Agent,
            Some("timeslip:tool") => Kind::Tool,
            Some("timeslip:hardware") => Kind::CostModel,
            _ => Kind::Other,
        }
    }

    /// All of them, in the order in which the search index counts them.
    pub(super) const ALL: [Kind; 4] = [Kind::Agent, Kind::Tool, Kind::CostModel, Kind::Other];

    /// In words.
    pub(super) fn text(self) -> &'static str {
        match self {
            Kind::Agent => "agent",
            Kind::Tool => "tool plugin",
            Kind::CostModel => "cost model",
            Kind::Other => "component",
        }
    }
}

/// The kinds of needs: as an entry has them, in a word, and as something that it may do.
pub(super) const NEEDS: [(&str, &str, &str); 5] = [
    ("net", "network", "fetch from servers"),
    ("fs", "files", "read or write files in the folder it is granted"),
    ("secret", "secrets", "be given secrets"),
    ("llm", "models", "ask models"),
    ("tools", "tools", "call tools"),
];

/// The needs of an entry in words; what this release has no word for stands as it is.
pub(super) fn needs_words(entry: &Entry) -> Vec<&str> {
    let word = |need: &'_ str| NEEDS.iter().find(|(kind, ..)| *kind == need).map(|one| one.1);
    entry.needs.iter().map(|need| word(need).unwrap_or(need)).collect()
}

/// What a version is to be used for: in a word, and in a sentence.
pub(super) fn status_words(status: Status) -> Option<(&'static str, &'static str)> {
    match status {
        Status::Active => None,
        Status::Deprecated => {
            Some(("deprecated", "It can still be used, and there is something better."))
        }
        Status::Yanked => Some((
            "taken back",
            "It is not chosen any more; projects that have locked it go on using it.",
        )),
        Status::Revoked => {
            Some(("revoked", "It does not run any more, not even where it is locked."))
        }
    }
}

/// How a status is marked in lists.
pub(super) fn status_mark(status: Status) -> &'static str {
    match status {
        Status::Active | Status::Deprecated => "mark warn",
        Status::Yanked | Status::Revoked => "mark bad",
    }
}

/// The place of a status in the search index.
pub(super) fn status_number(status: Status) -> u8 {
    match status {
        Status::Active => 0,
        Status::Deprecated => 1,
        Status::Yanked => 2,
        Status::Revoked => 3,
    }
}

/// What a level means.
pub(super) fn level_meaning(level: Level) -> String {
    match level {
        Level::Unvouched => "Keys have signed these figures of which the makers of this site know \
                             nothing."
            .to_owned(),
        Level::SelfReported => "The publisher's own key has signed these figures.".to_owned(),
        Level::Measured => "The registry's key has signed these figures.".to_owned(),
        Level::Reproduced(1) => {
            "Somebody else, whose key the makers of this site know, has signed \
                                 the same figures."
                .to_owned()
        }
        Level::Reproduced(times) => format!(
            "{times} others, whose keys the makers of this site know, have signed the same figures."
        ),
    }
}

/// A signer as screens show it: the short form of a key, or what else the catalogue says.
pub(super) fn short_signer(signer: &str) -> String {
    PublicKey::parse(signer).map_or_else(|_| signer.to_owned(), |key| key.short())
}

/// What a signature says, and what not.
pub(super) const SIGNED_MEANS: &str = "Who holds this key has released exactly these bytes under \
                                       this name. That says nothing about what they do.";

/// What it says that there is none.
pub(super) const UNSIGNED_MEANS: &str =
    "Nobody has signed it: whoever may write to the registry may publish under this name.";
