//! `timeslip plugin`, as it is typed.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::registry::args::{EditArgs, RegistryCommand};

/// `timeslip plugin`.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Puts name, version and permissions into a component.
    Pack(PackArgs),
    /// Packs a plugin, runs its own bench with it, and publishes it.
    Publish(PublishArgs),
    /// Searches for agents and tool plugins.
    Search(SearchArgs),
    /// Says what a plugin is, what it may do, and which versions there are.
    Info(InfoArgs),
    /// Installs plugins and what they need, once you accept what they may do.
    Install(InstallArgs),
    /// Installs newer versions, and asks for what they may do beyond the ones before.
    Update(UpdateArgs),
    /// Takes plugins out of the lock.
    Remove(RemoveArgs),
    /// Lists what is installed.
    List(ListArgs),
    /// Holds what is installed against the store, the catalogue and trust.toml.
    Audit(AuditArgs),
    /// Says who has said what of a published version, and whether it holds.
    Verify(VerifyArgs),
    /// Runs a suite with a published version on modelled machines, and signs the figures as a badge.
    Bench(BenchArgs),
    /// Lists the suites that badges of a plugin were made with, and fetches them.
    Suite(SuiteArgs),
    /// Makes and shows the key that you publish with.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Copies what is installed into a folder, to carry it to where no registry is.
    Export(ExportArgs),
    /// Brings what is locked into the store, out of a folder that was exported.
    Import(ImportBundleArgs),
    /// Makes a web site of the catalogue: pages that any server, or none, shows.
    Site(SiteArgs),
    /// Shows the catalogue in a browser on this computer, until it is interrupted.
    Serve(ServeSiteArgs),
    /// Takes a version back: it is not resolved any more, and what is locked goes on.
    Yank(StatusArgs),
    /// Lets a version be resolved again that was taken back, deprecated or revoked.
    Unyank(StatusArgs),
    /// Warns whoever installs a version that there is something better.
    Deprecate(StatusArgs),
    /// Keeps a version from running, even where it is locked.
    Revoke(StatusArgs),
    #[command(subcommand)]
    Registry(RegistryCommand),
}

/// `timeslip plugin yank`, `unyank`, `deprecate` and `revoke`.
#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// The version: namespace:name@1.2.3.
    #[arg(id = "published", value_name = "VERSION")]
    pub(crate) version: String,
    /// Why, in a sentence that everybody reads who has the version.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    /// As the registry's owner, with the key of the role targets: it goes before what the publisher
    /// says, now and later. `unyank --owner` takes it back.
    #[arg(long)]
    pub(crate) owner: bool,
    #[command(flatten)]
    pub(crate) edit: EditArgs,
}

/// Which lock, which store and which registries.
#[derive(Args, Clone, Debug)]
pub(crate) struct PlaceArgs {
    /// The project: the folder of plugins.lock and trust.toml. If left out, the nearest folder above
    /// that has a plugins.lock, else this one.
    #[arg(long, value_name = "FOLDER", conflicts_with = "user")]
    pub(crate) project: Option<PathBuf>,
    /// The user's own lock, for benches whose projects have none.
    #[arg(long)]
    pub(crate) user: bool,
    /// A registry: a folder, or HOST:PORT/PREFIX. Give it again for several. If left out, those of
    /// trust.toml, else a folder of the user's own.
    #[arg(long, value_name = "PLACE")]
    pub(crate) registry: Vec<String>,
    /// Asks no registry: uses the catalogue that was fetched last, and the store.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a person's consent is given.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConsentArgs {
    /// Accepts a permission manifest by its digest, which the screen shows. Give it again for
    /// several. Without it a terminal is asked.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) accept_permissions: Vec<String>,
    /// How old a release must be: 30m, 24h, 7d or 0. If left out, what trust.toml says, else 24h for
    /// registries on servers and 0 for folders.
    #[arg(long, value_name = "AGE")]
    pub(crate) min_release_age: Option<String>,
    /// Takes this one version, NAMESPACE:NAME@VERSION, although nobody has signed it, so that nothing
    /// says who published it. Give it again for several.
    #[arg(long, value_name = "VERSION")]
    pub(crate) allow_unsigned: Vec<String>,
}

/// `timeslip plugin pack`.
#[derive(Args, Debug)]
pub(crate) struct PackArgs {
    /// The plugin's plugin.toml, or its folder.
    #[arg(default_value = ".")]
    pub(crate) plugin: PathBuf,
    /// The file to write; NAME-VERSION.wasm if left out.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `timeslip plugin publish`.
#[derive(Args, Debug)]
pub(crate) struct PublishArgs {
    /// The plugin's plugin.toml, or its folder.
    #[arg(default_value = ".")]
    pub(crate) plugin: PathBuf,
    /// Where it goes: a folder, or HOST:PORT/PREFIX. If left out, the registry that trust.toml
    /// names first, else a folder of the user's own.
    #[arg(long, value_name = "PLACE")]
    pub(crate) registry: Option<String>,
    /// The key that signs it. If left out, the key of the user's own, which is made the first time.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// A folder with keys, where the registry's catalogue is signed: the namespace's, and those of
    /// snapshot and timestamp if you have them; without these it is submitted. Give it again for
    /// several. If left out, the folder `keys` of the user's own data, if there is one.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: Vec<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `timeslip plugin verify`.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// The plugin: namespace:name, with or without @REQUIREMENT.
    pub(crate) reference: String,
    /// Runs the suite of each badge again, and compares every bit: the one that its digest names, which
    /// is fetched, or this bench.
    #[arg(long, value_name = "BENCH", num_args = 0..=1)]
    pub(crate) reproduce: Option<Option<PathBuf>>,
    /// Threads that run components, which changes no figure. If left out, one for each processor.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// The plugin: namespace:name, with or without @REQUIREMENT.
    pub(crate) reference: String,
    /// The suite: a bench that mounts the plugin's component, or the digest, `sha256:…`, of one that
    /// was pushed. If left out, the one that was.
    #[arg(long, value_name = "SUITE")]
    pub(crate) suite: Option<String>,
    /// A machine, as MACHINE or MACHINE:MODEL. Give it again for several.
    #[arg(long, value_name = "MACHINE", required = true)]
    pub(crate) on: Vec<String>,
    /// Signs what came out, and attaches it to the published version; the suite goes with it, with every
    /// file that it leads to, so that anybody can run it again.
    #[arg(long)]
    pub(crate) push: bool,
    /// Threads that run components, which changes no figure. If left out, one for each processor.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// The key that signs it. If left out, the key of the user's own, which is made the first time.
    #[arg(long, value_name = "FILE", requires = "push")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin suite`.
#[derive(Args, Debug)]
pub(crate) struct SuiteArgs {
    /// The plugin: namespace:name, with or without @REQUIREMENT.
    pub(crate) reference: String,
    /// The suite's digest, which may be left out where there is one suite.
    #[arg(requires = "out")]
    pub(crate) digest: Option<String>,
    /// The folder to write it to, which is not there yet. If left out, all suites are listed.
    #[arg(long, short, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin key`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Makes a key, which is never written over.
    New(KeyArgs),
    /// Shows the public half, which others write into their trust.toml.
    Show(KeyArgs),
}

/// Which key.
#[derive(Args, Debug)]
pub(crate) struct KeyArgs {
    /// The key's file; the one of the user's own if left out.
    pub(crate) file: Option<PathBuf>,
}

/// `timeslip plugin search`.
#[derive(Args, Debug)]
pub(crate) struct SearchArgs {
    /// Words that its name, its summary or its keywords have; all of them.
    pub(crate) words: Vec<String>,
    /// An interface that it imports, or a part of its name.
    #[arg(long, value_name = "INTERFACE")]
    pub(crate) imports: Vec<String>,
    /// An interface that it exports, or a part of its name.
    #[arg(long, value_name = "INTERFACE")]
    pub(crate) exports: Vec<String>,
    /// What it must not need: net, fs, secret, llm or tools. Give it again for several.
    #[arg(long, value_name = "KIND", value_parser = ["net", "fs", "secret", "llm", "tools"])]
    pub(crate) without: Vec<String>,
    /// The most that are shown.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin info`.
#[derive(Args, Debug)]
pub(crate) struct InfoArgs {
    /// The plugin: namespace:name, with or without @REQUIREMENT.
    pub(crate) reference: String,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin install`.
#[derive(Args, Debug)]
pub(crate) struct InstallArgs {
    /// The plugins: namespace:name, with or without @REQUIREMENT.
    #[arg(required_unless_present = "locked", conflicts_with = "locked")]
    pub(crate) references: Vec<String>,
    /// Installs exactly what plugins.lock says, and changes nothing there: for CI.
    #[arg(long)]
    pub(crate) locked: bool,
    /// Keeps the components of the whole lock in the project as well, in .timeslip/components, so that
    /// they can be committed and its benches run where nothing is installed.
    #[arg(long, conflicts_with = "user")]
    pub(crate) vendor: bool,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin update`.
#[derive(Args, Debug)]
pub(crate) struct UpdateArgs {
    /// The plugins; all that were asked for if left out.
    pub(crate) names: Vec<String>,
    /// Says what there is, and changes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin remove`.
#[derive(Args, Debug)]
pub(crate) struct RemoveArgs {
    /// The plugins.
    #[arg(required = true)]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin list`.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin audit`.
#[derive(Args, Debug)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The folder, which is a registry afterwards.
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin import`.
#[derive(Args, Debug)]
pub(crate) struct ImportBundleArgs {
    /// A folder that `timeslip plugin export` wrote.
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin site`.
#[derive(Args, Debug)]
pub(crate) struct SiteArgs {
    /// The folder to write: one that is not there yet, is empty, or holds a site.
    #[arg(long, short, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) components: ComponentArgs,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// `timeslip plugin serve`.
#[derive(Args, Debug)]
pub(crate) struct ServeSiteArgs {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8060")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) components: ComponentArgs,
    #[command(flatten)]
    pub(crate) places: PlaceArgs,
}

/// How much a site says of each version.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ComponentArgs {
    /// Fetches components that are not at hand into the store, so that pages say what each version
    /// may do, and why, and show its interfaces.
    #[arg(long, conflicts_with = "offline")]
    pub(crate) components: bool,
}
