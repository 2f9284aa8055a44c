//! What an update asks for, held against what was granted.

use super::Permissions;
use super::cover::{fs_covers, limits_cover, llm_covers, net_covers};
use super::phrases::{fs_phrase, limits_phrase, llm_phrase, net_phrase, secret_phrase};

/// One difference between two manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether it is more or less.
    pub kind: ChangeKind,
    /// What, in words.
    pub phrase: String,
    /// Why, as the manifest says it.
    pub why: String,
}

/// Whether a permission is asked for anew or given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Nothing that was granted covers it.
    Added,
    /// It was granted, and nothing asks for it any more.
    GivenUp,
}

impl Permissions {
    /// What `self` asks for beyond what was granted, then what it gives up.
    pub fn difference_from(&self, granted: &Permissions) -> Vec<Change> {
        let added = beyond(self, granted).into_iter();
        let given_up = beyond(granted, self).into_iter();
        let change = |kind| move |(phrase, why)| Change { kind, phrase, why };
        added
            .map(change(ChangeKind::Added))
            .chain(given_up.map(change(ChangeKind::GivenUp)))
            .collect()
    }
}

/// What one manifest has that another does not cover.
fn beyond(one: &Permissions, other: &Permissions) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for net in &one.net {
        if !other.net.iter().any(|had| net_covers(had, net)) {
            lines.push((net_phrase(net), net.why.clone()));
        }
    }
    for fs in &one.fs {
        if !other.fs.iter().any(|had| fs_covers(had, fs)) {
            lines.push((fs_phrase(fs), fs.why.clone()));
        }
    }
    for secret in &one.secret {
        if !other.secret.iter().any(|had| had.name == secret.name) {
            lines.push((secret_phrase(secret), secret.why.clone()));
        }
    }
    if let Some(llm) = &one.llm
        && !other.llm.iter().any(|had| llm_covers(had, llm))
    {
        lines.push((llm_phrase(llm), llm.why.clone()));
    }
    if let Some(limits) = &one.limits
        && !limits_cover(other.limits.as_ref(), limits)
    {
        lines.push((limits_phrase(limits), String::new()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_and_what_is_gone_is_told() {
        let read = |text| Permissions::parse(text).unwrap();
        let before = read(
            "[[net]]\nhost = \"a.org\"\nwhy = \"search\"\n[[fs]]\npath = \".\"\naccess = \"write\"\nwhy = \"notes\"\n",
        );
        let after = read(
            "[[net]]\nhost = \"a.org\"\nwhy = \"search\"\n[[net]]\nhost = \"b.org\"\nwhy = \"statistics\"\n\
             [[fs]]\npath = \".\"\naccess = \"read\"\nwhy = \"notes\"\n",
        );
        let told: Vec<_> = after
            .difference_from(&before)
            .into_iter()
            .map(|change| (change.kind, change.phrase, change.why))
            .collect();
        let line = |kind, phrase: &str, why: &str| (kind, phrase.to_owned(), why.to_owned());
        assert_eq!(
            told,
            [
                line(ChangeKind::Added, "fetch from b.org:443 (GET, HEAD)", "statistics"),
                line(ChangeKind::GivenUp, "read and write the folder it is granted", "notes"),
            ]
        );
        assert_eq!(after.difference_from(&after), []);
    }
}
