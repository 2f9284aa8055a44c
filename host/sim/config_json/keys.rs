//! The keys of a `config.json`, and which of them were not there.

use std::cell::RefCell;
use std::path::Path;

use serde_json::{Map, Value};

use super::ConfigError;
use crate::profile::LAYERS_MAX;

/// Beyond any number of an architecture.
const NUMBER_MAX: u64 = 1 << 30;

/// The keys of one model.
pub(super) struct Keys<'a> {
    map: &'a Map<String, Value>,
    /// What stands around the model of text, where a file has more than that.
    around: &'a Map<String, Value>,
    /// Keys that this one stands under.
    prefix: String,
    family: &'static str,
    path: &'a Path,
    assumed: RefCell<Vec<String>>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(
        map: &'a Map<String, Value>,
        around: &'a Map<String, Value>,
        family: &'static str,
        path: &'a Path,
    ) -> Keys<'a> {
        let (prefix, assumed) = (String::new(), RefCell::default());
        Keys { map, around, prefix, family, path, assumed }
    }

    /// The value of a key, unless it is missing or null.
    fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn missing(&self, key: &str) -> ConfigError {
        let (path, family) = (self.path.to_owned(), self.family.to_owned());
        ConfigError::Missing { path, key: self.full(key), family }
    }

    /// The error that a key's value is not one of those that can be read.
    pub(super) fn wrong(&self, key: &str, found: &Value, expected: &str) -> ConfigError {
        let mut found = found.to_string();
        if found.chars().count() > 60 {
            found = found.chars().take(60).chain(['…']).collect();
        }
        let (path, key) = (self.path.to_owned(), self.full(key));
        ConfigError::Wrong { path, key, found, expected: expected.to_owned() }
    }

    /// What was not in the file and taken as its family has it.
    pub(super) fn assumed(&self) -> String {
        self.assumed.borrow().join(", ")
    }

    fn assume(&self, key: &str, value: &str) {
        let taken = format!("{} = {value}", self.full(key));
        let mut assumed = self.assumed.borrow_mut();
        if !assumed.contains(&taken) {
            assumed.push(taken);
        }
    }

    /// A whole number; none where the key is missing or null.
    pub(super) fn number_if_any(&self, key: &str) -> Result<Option<u64>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match value.as_u64().filter(|number| *number <= NUMBER_MAX) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(key, value, "a whole number of a model's size")),
        }
    }

    /// A whole number that must be there.
    pub(super) fn number(&self, key: &str) -> Result<u64, ConfigError> {
        self.number_if_any(key)?.ok_or_else(|| self.missing(key))
    }

    /// A whole number, or what the family has where the file leaves it out.
    pub(super) fn number_or(&self, key: &str, otherwise: u64) -> Result<u64, ConfigError> {
        let number = self.number_if_any(key)?;
        Ok(number.unwrap_or_else(|| {
            self.assume(key, &otherwise.to_string());
            otherwise
        }))
    }

    /// A number of layers, which may be counted out.
    pub(super) fn layers(&self) -> Result<u64, ConfigError> {
        let key = "num_hidden_layers";
        let layers = self.number(key)?;
        match layers {
            1..=LAYERS_MAX => Ok(layers),
            _ => Err(self.wrong(key, &Value::from(layers), "a number from 1 to 1,024")),
        }
    }

    /// A width that heads share evenly.
    pub(super) fn width_of_head(&self, width: u64, heads: u64) -> Result<u64, ConfigError> {
        match (width.checked_div(heads), width.checked_rem(heads)) {
            (Some(each), Some(0)) => self.number_or("head_dim", each),
            _ => self.number("head_dim"),
        }
    }

    /// True or false, or what the family has where the file leaves it out. It may stand around the
    /// model of text.
    pub(super) fn flag_or(&self, key: &str, otherwise: bool) -> Result<bool, ConfigError> {
        let around = self.around.get(key).filter(|value| !value.is_null());
        let Some(value) = self.value(key).or(around) else {
            self.assume(key, &otherwise.to_string());
            return Ok(otherwise);
        };
        value.as_bool().ok_or_else(|| self.wrong(key, value, "true or false"))
    }

    /// What a key says, unless it is null, false, zero or an empty list.
    pub(super) fn says(&self, key: &str) -> Option<&'a Value> {
        let is_none = |value: &Value| match value {
            Value::Bool(is_set) => !is_set,
            Value::Number(number) => number.as_u64() == Some(0),
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        self.value(key).filter(|value| !is_none(value))
    }

    /// A word, which must be one of those known.
    pub(super) fn word_of(&self, key: &str, known: &[&str]) -> Result<&'a str, ConfigError> {
        let value = self.value(key).ok_or_else(|| self.missing(key))?;
        let word = value.as_str().filter(|word| known.contains(word));
        word.ok_or_else(|| self.wrong(key, value, &one_of(known)))
    }

    /// A text that must be there.
    pub(super) fn text(&self, key: &str) -> Result<&'a str, ConfigError> {
        let value = self.value(key).ok_or_else(|| self.missing(key))?;
        value.as_str().ok_or_else(|| self.wrong(key, value, "a text"))
    }

    /// The words of the layers in turn, each one of those known; none where the key is missing.
    pub(super) fn words_if_any(
        &self,
        key: &str,
        layers: u64,
        known: &[&str],
    ) -> Result<Option<Vec<&'a str>>, ConfigError> {
        if self.value(key).is_none() {
            return Ok(None);
        }
        let list = self.list(key, layers)?;
        let word = |value: &'a Value| value.as_str().filter(|word| known.contains(word));
        if let Some(unknown) = list.iter().find(|value| word(value).is_none()) {
            let expected = format!("only {} in it", one_of(known));
            return Err(self.wrong(key, unknown, &expected));
        }
        Ok(Some(list.iter().filter_map(word).collect()))
    }

    /// As [`Keys::words_if_any`], of a key that must be there.
    pub(super) fn words(
        &self,
        key: &str,
        layers: u64,
        known: &[&str],
    ) -> Result<Vec<&'a str>, ConfigError> {
        self.words_if_any(key, layers, known)?.ok_or_else(|| self.missing(key))
    }

    /// A list with something for each of the layers, and perhaps for those that predict more.
    fn list(&self, key: &str, layers: u64) -> Result<&'a [Value], ConfigError> {
        let value = self.value(key).ok_or_else(|| self.missing(key))?;
        let list = value.as_array().and_then(|list| list.get(..layers as usize));
        list.ok_or_else(|| self.wrong(key, value, &format!("a list with {layers} layers or more")))
    }

    /// The numbers of the layers in turn.
    pub(super) fn numbers(&self, key: &str, layers: u64) -> Result<Vec<u64>, ConfigError> {
        let list = self.list(key, layers)?;
        match list.iter().find(|value| value.as_u64().is_none()) {
            Some(other) => Err(self.wrong(key, other, "whole numbers in it")),
            None => Ok(list.iter().filter_map(Value::as_u64).collect()),
        }
    }

    /// All numbers of a list of any length.
    pub(super) fn any_numbers(&self, key: &str) -> Result<Vec<u64>, ConfigError> {
        let value = self.value(key).ok_or_else(|| self.missing(key))?;
        let length = value.as_array().map_or(0, Vec::len);
        self.numbers(key, length as u64)
    }

    /// The keys under a key.
    pub(super) fn under(&self, key: &str) -> Result<Keys<'a>, ConfigError> {
        let value = self.value(key).ok_or_else(|| self.missing(key))?;
        let map = value.as_object().ok_or_else(|| self.wrong(key, value, "an object"))?;
        let Keys { around, family, path, .. } = *self;
        let prefix = format!("{}.", self.full(key));
        Ok(Keys { map, around, prefix, family, path, assumed: RefCell::default() })
    }

    /// Refuses a model that does what the profile has no words for.
    pub(super) fn refuse(&self, keys: &[&str]) -> Result<(), ConfigError> {
        match keys.iter().find_map(|key| Some((*key, self.says(key)?))) {
            Some((key, value)) => Err(self.wrong(key, value, "none, since it cannot be timed")),
            None => Ok(()),
        }
    }
}

fn one_of(known: &[&str]) -> String {
    let known: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
    known.join(" or ")
}
