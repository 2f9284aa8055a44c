//! `timeslip plugin key`.

use std::path::{Path, PathBuf};

use timeslip_market::keys::SecretKey;

use super::args::KeyCommand;
use super::failure;
use super::places::data_folder;
use crate::exit::{Exit, Failure};
use crate::output;

/// Makes or shows a key.
pub(super) fn key(command: &KeyCommand) -> Result<Exit, Failure> {
    let (file, key) = match command {
        KeyCommand::New(args) => {
            let file = file_of(args.file.as_deref())?;
            (file.clone(), new_key(&file)?)
        }
        KeyCommand::Show(args) => {
            let file = file_of(args.file.as_deref())?;
            let key = SecretKey::read(&file).map_err(failure)?;
            (file, key)
        }
    };
    output::print(&format!(
        "{}\n  in {}, which nobody else may read\n  whoever trusts it writes into trust.toml: \
         [namespaces.NAMESPACE] keys = [\"{}\"]\n",
        key.public(),
        file.display(),
        key.public()
    ))?;
    Ok(Exit::Pass)
}

/// The key that signs what is published: the one that was named, or the user's own, which is made the
/// first time.
///
/// # Errors
/// When the named key cannot be read.
pub(super) fn of_publisher(named: Option<&Path>) -> Result<SecretKey, Failure> {
    let file = file_of(named)?;
    if named.is_some() || file.exists() {
        return SecretKey::read(&file).map_err(failure);
    }
    let key = match new_key(&file) {
        // Another run of this program was quicker.
        Err(_) if file.exists() => return SecretKey::read(&file).map_err(failure),
        made => made?,
    };
    eprintln!(
        "made the key that you publish with, {}, in {}: keep a copy, since updates must be signed by \
         the same",
        key.public(),
        file.display()
    );
    Ok(key)
}

fn new_key(file: &Path) -> Result<SecretKey, Failure> {
    let key = SecretKey::generate().map_err(failure)?;
    key.write(file).map_err(failure)?;
    Ok(key)
}

fn file_of(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let own = || data_folder().map(|data| data.join("keys/publisher.pem"));
    named.map(Path::to_owned).or_else(own).ok_or_else(|| {
        Failure::usage("there is no folder for keys: HOME and XDG_DATA_HOME are not set")
    })
}
