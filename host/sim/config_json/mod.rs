//! Reads the `config.json` that comes with a model's weights into a model's profile.
//!
//! Each publisher writes its architecture in words of its own, which `model_type` tells. What a
//! family's words leave open is an error that names the key; what the family itself fixes where a
//! file leaves it out is taken, and the profile's note says so.

mod compressed;
mod families;
mod feed_forward;
mod grouped;
mod hybrid;
mod keys;
mod latent;
mod print;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use print::toml_text;

use crate::profile::{Confidence, LayerGroup, Model, Provenance};
use families::Family;
use keys::Keys;

/// Why a `config.json` could not be read as a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The text is not a JSON object.
    #[error("{}:{line}: {message}", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A key is not there that the family has.
    #[error(
        "{}: the key `{key}` is missing, which a `{family}` has; take the file whole, as the model's \
         publisher gives it",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The model's type.
        family: String,
    },
    /// A key has a value that cannot be read.
    #[error("{}: `{key}` is {found}; expected {expected}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// Its value, in short.
        found: String,
        /// What stands there in a model that can be read.
        expected: String,
    },
    /// The model is of a family that cannot be read.
    #[error(
        "{}: `model_type` is `{found}`, which is not known here{} Known: {known}",
        path.display(),
        nearest.as_ref().map_or(".".to_owned(), |name| format!("; did you mean `{name}`?"))
    )]
    UnknownFamily {
        /// The file.
        path: PathBuf,
        /// The model's type.
        found: String,
        /// The nearest that is known.
        nearest: Option<String>,
        /// All that are known.
        known: String,
    },
    /// The numbers do not make a model.
    #[error("{}: {message}", path.display())]
    NoModel {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

/// Which file is read, and what its profile is to say of it.
#[derive(Clone, Copy, Debug)]
pub struct ConfigFile<'a> {
    /// The file.
    pub path: &'a Path,
    /// The name of the profile.
    pub name: &'a str,
    /// The day that the file is of, `YYYY-MM-DD`.
    pub date: &'a str,
}

/// Reads the text of a `config.json`.
///
/// # Errors
/// When it is not one, when its family is not known, and when a key is missing or has a value that
/// cannot be timed.
pub fn read(text: &str, file: ConfigFile<'_>) -> Result<Model, ConfigError> {
    let path = file.path;
    let whole: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| ConfigError::NotJson {
            path: path.to_owned(),
            line: error.line().max(1),
            message: without_place(&error.to_string()),
        })?;
    // What reads images or sound is beside the model of text.
    let (text_config, family) = families::family_of(&whole, path)?;
    let keys = Keys::new(text_config, &whole, family.name, path);
    let layers = together((family.layers)(&keys)?);
    let model = model(&keys, family, layers, file)?;
    let checked = model.validate();
    checked.map_err(|message| ConfigError::NoModel { path: path.to_owned(), message })?;
    Ok(model)
}

/// What is wrong with a JSON text, of which the line is said before.
fn without_place(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(what, _)| what).to_owned()
}

fn model(
    keys: &Keys<'_>,
    family: &Family,
    layers: Vec<LayerGroup>,
    file: ConfigFile<'_>,
) -> Result<Model, ConfigError> {
    let tied_embeddings = keys.flag_or("tie_word_embeddings", family.is_tied)?;
    let context_tokens = keys.number("max_position_embeddings")?;
    let (hidden, vocabulary) = (keys.number("hidden_size")?, keys.number("vocab_size")?);
    let assumed = keys.assumed();
    let read = format!("Read from a `{}` by `timeslip hardware model`.", family.name);
    let (confidence, note) = match assumed.is_empty() {
        true => (Confidence::High, read),
        false => {
            let taken = format!("Not in the file, and taken as the family has it: {assumed}.");
            (Confidence::Medium, format!("{read} {taken}"))
        }
    };
    Ok(Model {
        name: file.name.to_owned(),
        title: file.name.to_owned(),
        provenance: Provenance {
            source: "The model's config.json".to_owned(),
            date: file.date.to_owned(),
            confidence,
            note: Some(note),
        },
        context_tokens,
        hidden,
        vocabulary,
        tied_embeddings,
        layers,
    })
}

/// Equal layers in one group, and the groups in the order in which they end.
fn together(layers: Vec<LayerGroup>) -> Vec<LayerGroup> {
    let mut groups: Vec<LayerGroup> = Vec::new();
    for layer in layers {
        let equal = groups
            .iter()
            .position(|group| LayerGroup { count: layer.count, ..group.clone() } == layer);
        let count = equal.map_or(0, |index| groups.remove(index).count);
        groups.push(LayerGroup { count: count + layer.count, ..layer });
    }
    groups
}

#[cfg(test)]
mod arbitrary_tests;
#[cfg(test)]
mod tests;
