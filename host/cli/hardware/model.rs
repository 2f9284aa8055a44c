//! `timeslip hardware model`: the profile of a model, from the `config.json` of its weights.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use timeslip_history::moment;
use timeslip_sim::config_json::{self, ConfigFile};

use super::args::HardwareModelArgs;
use crate::exit::{Exit, Failure};
use crate::output;

/// Prints the profile.
pub(super) fn print_profile(args: &HardwareModelArgs) -> Result<Exit, Failure> {
    let path = &args.file;
    let cannot = |error| Failure::usage(format!("cannot read {}: {error}", path.display()));
    let bytes = fs::read(path).map_err(cannot)?;
    let changed_at = fs::metadata(path).and_then(|metadata| metadata.modified()).map_err(cannot)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Failure::usage(format!("{}: is no text in UTF-8: {error}", path.display()))
    })?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => name_of(path).ok_or_else(|| {
            let path = path.display();
            Failure::usage(format!("{path}: has no folder to name the model; add --name NAME"))
        })?,
    };
    let seconds = changed_at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let changed_at = moment::utc(i64::try_from(seconds).unwrap_or(i64::MAX));
    let date = changed_at.split('T').next().unwrap_or_default();
    let file = ConfigFile { path, name: &name, date };
    let model = config_json::read(&text, file).map_err(Failure::usage)?;
    output::print(&config_json::toml_text(&model))?;
    Ok(Exit::Pass)
}

/// The name of the folder that a config.json is in, or of the file where it has another name, as a
/// profile may be named.
fn name_of(path: &Path) -> Option<String> {
    let whole = path.canonicalize().ok()?;
    let named = match whole.file_name()?.to_str()? {
        "config.json" => whole.parent()?.file_name()?.to_str()?,
        _ => whole.file_stem()?.to_str()?,
    };
    let letter = |letter: char| match letter {
        'a'..='z' | '0'..='9' | '.' | '-' => letter,
        _ => '-',
    };
    Some(named.to_lowercase().chars().map(letter).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_named_after_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("Qwen3 30B_A3B");
        fs::create_dir(&inside).unwrap();
        for (file, name) in [("config.json", "qwen3-30b-a3b"), ("My-Model.json", "my-model")] {
            fs::write(inside.join(file), "{}").unwrap();
            assert_eq!(name_of(&inside.join(file)).as_deref(), Some(name));
        }
    }
}
