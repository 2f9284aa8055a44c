//! `timeslip plugin registry`, as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Looks after a registry's signed catalogue: its keys, its namespaces, and what it has signed.
///
/// A signed catalogue is metadata of The Update Framework: a root (two of three keys, 1 year) names the
/// keys of the roles targets (90 days), snapshot (30 days) and timestamp (48 hours), and targets gives
/// namespaces to publishers' keys (90 days). Once somebody's program has seen it, nothing that is not
/// signed is taken from that registry any more.
///
/// To begin:
///   timeslip plugin registry init PLACE --keys KEYS       then carry the root keys away
///   timeslip plugin registry delegate acme --key ed25519:…
/// Every day, on whatever computer has snapshot.pem and timestamp.pem:
///   timeslip plugin registry refresh                      takes in what publishers submitted, too
/// When a key gets old, or a person who has it leaves:
///   timeslip plugin registry rotate timestamp --keys KEYS --keys ROOT-STICK-1 --keys ROOT-STICK-2
/// When a key is stolen:
///   timeslip plugin registry status                       names the keys
///   timeslip plugin registry revoke-key KEYID --keys …    takes it out of every role that it signs
///   timeslip plugin revoke NAMESPACE:NAME@VERSION         for what it has signed meanwhile
#[derive(Debug, Subcommand)]
#[command(verbatim_doc_comment)]
pub(crate) enum RegistryCommand {
    /// Makes the keys and the signed catalogue of a registry.
    ///
    /// Doing it again with the same keys changes nothing, and goes on where it was cut off. What an
    /// unsigned catalogue has there already is taken over, signed by the owner alone until its
    /// namespaces are delegated.
    Init(InitArgs),
    /// Signs a new timestamp, and every role that ends soon and whose keys are at hand.
    ///
    /// Run it at least every 48 hours: after that, readers take the catalogue for one that somebody
    /// holds back from them. A publisher runs it with the namespace's key at least every 90 days; it is
    /// then submitted. Roots end after a year: run it with the root keys before.
    Refresh(EditArgs),
    /// Takes in what publishers have submitted, once it verifies against their delegations.
    Accept(EditArgs),
    /// Gives a namespace to a publisher's key, beside those that may sign it already.
    Delegate(DelegateArgs),
    /// Replaces a key of root, targets, snapshot or timestamp.
    ///
    /// The new key is written into the first folder of --keys as ROLE-2.pem, ROLE-3.pem and so on. The
    /// new root needs as many signatures of the present root keys as ever, and of the new ones too, so
    /// name every folder that they are kept in: --keys KEYS --keys STICK-1 --keys STICK-2. Readers
    /// follow from the old root to the new one by themselves. Delete the old key's file afterwards.
    Rotate(RotateArgs),
    /// Takes a key out of every role that it signs, because it was stolen or lost.
    ///
    /// In root, targets, snapshot and timestamp a new key takes its place, as with `rotate`. A namespace
    /// is signed by its publisher's other keys, or by the owner until another key is delegated; what it
    /// had before stays, so revoke those versions that the thief has signed.
    RevokeKey(RevokeKeyArgs),
    /// Says which roles there are, who may sign them, and until when they are good.
    Status(EditArgs),
}

/// Which registry, and which keys.
#[derive(Args, Clone, Debug)]
pub(crate) struct EditArgs {
    /// The registry: a folder, or HOST:PORT/PREFIX. If left out, the one that trust.toml names first,
    /// else a folder of the user's own.
    #[arg(long, value_name = "PLACE")]
    pub(crate) registry: Option<String>,
    /// A folder with keys (files that end with .pem). Give it again for several. If left out, the folder
    /// `keys` of the user's own data, if there is one.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: Vec<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `timeslip plugin registry init`.
#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// The registry: a folder, or HOST:PORT/PREFIX.
    pub(crate) place: String,
    /// The folder that the keys are written to.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: PathBuf,
    /// One root key in place of two of three: for trying things out.
    #[arg(long)]
    pub(crate) dev: bool,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `timeslip plugin registry delegate`.
#[derive(Args, Debug)]
pub(crate) struct DelegateArgs {
    /// The namespace: what stands before the colon of its plugins' names.
    pub(crate) namespace: String,
    /// The publisher's public key: ed25519:…
    #[arg(long, value_name = "PUBLICKEY")]
    pub(crate) key: String,
    #[command(flatten)]
    pub(crate) edit: EditArgs,
}

/// A role at the top of a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TopRole {
    /// Names the keys of all roles.
    Root,
    /// Gives namespaces to publishers, and says what the owner says of versions.
    Targets,
    /// Says which files belong together.
    Snapshot,
    /// Says which snapshot is the newest.
    Timestamp,
}

/// `timeslip plugin registry rotate`.
#[derive(Args, Debug)]
pub(crate) struct RotateArgs {
    /// The role.
    pub(crate) role: TopRole,
    /// The key that is replaced: ed25519:…, or the first digits of its identifier. A role with one key
    /// needs no naming.
    #[arg(long, value_name = "KEYID")]
    pub(crate) replace: Option<String>,
    #[command(flatten)]
    pub(crate) edit: EditArgs,
}

/// `timeslip plugin registry revoke-key`.
#[derive(Args, Debug)]
pub(crate) struct RevokeKeyArgs {
    /// The key: ed25519:…, or the first digits of its identifier.
    pub(crate) key: String,
    #[command(flatten)]
    pub(crate) edit: EditArgs,
}
