//! `timeslip plugin`: agents and tool plugins out of registries, and into them.

pub(crate) mod args;
pub(crate) mod places;

mod audit;
mod bench;
mod bundle;
mod consent;
mod editing;
mod info;
mod install;
mod key;
mod list;
mod project_file;
mod publish;
mod registry;
mod screen;
mod search;
mod site;
mod smoke;
mod status;
mod suite;
mod update;
mod verify;

use timeslip_market::catalogue::Status;
use timeslip_market::error::MarketError;

use crate::exit::{Exit, Failure};
use args::PluginCommand;

/// Does what was asked for.
pub(crate) fn plugin(command: &PluginCommand) -> Result<Exit, Failure> {
    match command {
        PluginCommand::Pack(args) => publish::pack(args),
        PluginCommand::Publish(args) => publish::publish(args),
        PluginCommand::Search(args) => search::search(args),
        PluginCommand::Info(args) => info::info(args),
        PluginCommand::Install(args) => install::install(args),
        PluginCommand::Update(args) => update::update(args),
        PluginCommand::Remove(args) => list::remove(args),
        PluginCommand::List(args) => list::list(args),
        PluginCommand::Audit(args) => audit::audit(args),
        PluginCommand::Verify(args) => verify::verify(args),
        PluginCommand::Bench(args) => bench::bench(args),
        PluginCommand::Suite(args) => suite::suite(args),
        PluginCommand::Key(command) => key::key(command),
        PluginCommand::Export(args) => bundle::export(args),
        PluginCommand::Import(args) => bundle::import(args),
        PluginCommand::Site(args) => site::site(args),
        PluginCommand::Serve(args) => site::serve(args),
        PluginCommand::Yank(args) => status::change(args, Status::Yanked),
        PluginCommand::Unyank(args) => status::change(args, Status::Active),
        PluginCommand::Deprecate(args) => status::change(args, Status::Deprecated),
        PluginCommand::Revoke(args) => status::change(args, Status::Revoked),
        PluginCommand::Registry(command) => registry::registry(command),
    }
}

/// What the marketplace refuses is wrong usage; what a disk or a registry fails at is not.
pub(crate) fn failure(error: MarketError) -> Failure {
    match error {
        MarketError::Refused(message) | MarketError::NotFound(message) => Failure::usage(message),
        MarketError::Failed(message) => Failure::run(message),
    }
}
