//! What is remembered, as one file of JSON: names and texts, in the order of the names.

use std::collections::BTreeMap;

use timeslip_sdk::{ToolError, config, files, serde_json};

/// The file of the granted folder, unless the bench configures another.
const FILE: &str = "memory.json";

/// A memory that is read as a whole must stay small.
const NAMES_MAX: usize = 1000;
const NAME_CHARACTERS_MAX: usize = 100;
const TEXT_BYTES_MAX: usize = 16_384;

/// A name that differs from a known one by more is another name.
const NEAREST_LEAST: f64 = 0.6;

/// All that is remembered.
#[derive(Debug)]
pub(crate) struct Store {
    path: String,
    texts: BTreeMap<String, String>,
}

impl Store {
    /// Reads the file; a memory that was never written is empty.
    pub(crate) fn read() -> Result<Store, ToolError> {
        let path = config("file").unwrap_or_else(|| FILE.to_owned());
        if !files::list(&path).iter().any(|file| file.path == path) {
            return Ok(Store { path, texts: BTreeMap::new() });
        }
        let texts = serde_json::from_str(&files::read_text(&path)?).map_err(|error| {
            ToolError::failed(format!("{path} holds no memory: {error}; mend it or remove it"))
        })?;
        Ok(Store { path, texts })
    }

    /// Writes the file.
    pub(crate) fn write(&self) -> Result<(), ToolError> {
        let text = serde_json::to_string_pretty(&self.texts)
            .map_err(|error| ToolError::failed(error.to_string()))?;
        Ok(files::write(&self.path, text + "\n")?)
    }

    /// Keeps a text; gives the one that it replaces.
    pub(crate) fn keep(&mut self, name: &str, text: String) -> Result<Option<String>, ToolError> {
        let wrong = |what: String| Err(ToolError::invalid_arguments(what));
        let characters = name.chars().count();
        if !(1..=NAME_CHARACTERS_MAX).contains(&characters) {
            return wrong(format!(
                "\"name\" has {characters} characters, not 1 to {NAME_CHARACTERS_MAX}"
            ));
        }
        if text.len() > TEXT_BYTES_MAX {
            return wrong(format!("\"text\" has {} bytes, over {TEXT_BYTES_MAX}", text.len()));
        }
        if self.texts.len() == NAMES_MAX && !self.texts.contains_key(name) {
            return Err(ToolError::failed(format!(
                "there are {NAMES_MAX} memories already; forget one first"
            )));
        }
        Ok(self.texts.insert(name.to_owned(), text))
    }

    /// The text of a name.
    pub(crate) fn text(&self, name: &str) -> Result<&str, ToolError> {
        self.texts.get(name).map(String::as_str).ok_or_else(|| self.unknown(name))
    }

    /// Takes a text out.
    pub(crate) fn take(&mut self, name: &str) -> Result<(), ToolError> {
        match self.texts.remove(name) {
            Some(_) => Ok(()),
            None => Err(self.unknown(name)),
        }
    }

    /// Names and texts, in the order of the names.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(name, text)| (&**name, &**text))
    }

    fn unknown(&self, name: &str) -> ToolError {
        let alike = |known: &&String| strsim::normalized_damerau_levenshtein(known, name);
        let nearest = self.texts.keys().max_by(|a, b| alike(a).total_cmp(&alike(b)));
        let nearest = nearest.filter(|known| alike(known) >= NEAREST_LEAST);
        ToolError::failed(match nearest {
            Some(nearest) => {
                format!("nothing is remembered as \"{name}\"; the nearest name is \"{nearest}\"")
            }
            None => format!("nothing is remembered as \"{name}\"; list_memories gives the names"),
        })
    }
}
