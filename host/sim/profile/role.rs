//! What pools do, and which of them make a machine together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a pool does with a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads prompts.
    Prefill,
    /// Writes replies.
    Decode,
    /// Does both, in the same steps.
    All,
    /// Holds attention, embeddings, output matrix and KV, and sends every layer's activations to the
    /// `ffn` pool and back. Writes replies, and reads prompts too where no pool of role `prefill`
    /// does.
    Attention,
    /// Holds the feed-forward parts of the layers, dense and experts, for the `attention` pool.
    Ffn,
    /// Holds a small model that proposes tokens to the pool that writes.
    Draft,
}

/// The pools that make a machine, in the order of its file.
const MACHINES: [&[Role]; 6] = [
    &[Role::All],
    &[Role::All, Role::Draft],
    &[Role::Prefill, Role::Decode],
    &[Role::Prefill, Role::Decode, Role::Draft],
    &[Role::Attention, Role::Ffn],
    &[Role::Prefill, Role::Attention, Role::Ffn],
];

impl Role {
    /// The word that stands for it in files and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Role::Prefill => "prefill",
            Role::Decode => "decode",
            Role::All => "all",
            Role::Attention => "attention",
            Role::Ffn => "ffn",
            Role::Draft => "draft",
        }
    }

    /// The role that a word stands for.
    pub fn of_word(word: &str) -> Option<Role> {
        let roles = MACHINES.iter().flat_map(|roles| roles.iter());
        roles.copied().find(|role| role.word() == word)
    }

    /// A pool of this role in a sentence; where one pool does all there is no need to say which.
    pub(crate) fn pool(self) -> &'static str {
        match self {
            Role::Prefill => "prefill pool",
            Role::Decode => "decode pool",
            Role::All => "pool",
            Role::Attention => "attention pool",
            Role::Ffn => "ffn pool",
            Role::Draft => "draft pool",
        }
    }

    /// Whether groups of this role write replies.
    pub fn writes(self) -> bool {
        matches!(self, Role::Decode | Role::All | Role::Attention)
    }

    /// Whether groups of this role do a part of each layer, and others the rest.
    pub(crate) fn shares_steps(self) -> bool {
        matches!(self, Role::Attention | Role::Ffn)
    }

    /// Whether groups of this role work for one that writes, and have no chats of their own.
    pub fn helps(self) -> bool {
        matches!(self, Role::Ffn | Role::Draft)
    }
}

/// Whether pools of these roles make a machine.
///
/// # Errors
/// A sentence that names those that do.
pub(super) fn check_roles(roles: &[Role]) -> Result<(), String> {
    if MACHINES.contains(&roles) {
        return Ok(());
    }
    let words = |roles: &&[Role]| {
        let words: Vec<&str> = roles.iter().map(|role| role.word()).collect();
        format!("`{}`", words.join(", "))
    };
    let known: Vec<String> = MACHINES.iter().map(words).collect();
    let (last, others) = known.split_last().expect("there are machines");
    Err(format!("[[pools]] must be, in this order, of the roles {}; or {last}", others.join("; ")))
}
