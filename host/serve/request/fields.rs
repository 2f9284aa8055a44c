//! The members of a JSON object, each read with its path, so that a mistake is named.

use serde_json::{Map, Value};
use timeslip_timeline::conversation::ChatOptions;

use crate::error::ApiError;

/// A JSON object and where it stands in the body.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'v> {
    path: &'v str,
    map: &'v Map<String, Value>,
}

/// Reads a body that is a JSON object.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(ApiError::not_json("it is another kind of value")),
        Err(error) => Err(ApiError::not_json(error)),
    }
}

/// What a value is, in words.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl<'v> Fields<'v> {
    /// The members of an object; `path` is empty for the body itself.
    pub(crate) fn new(path: &'v str, map: &'v Map<String, Value>) -> Fields<'v> {
        Fields { path, map }
    }

    /// The members of a value that must be an object.
    pub(super) fn of(path: &'v str, value: &'v Value) -> Result<Fields<'v>, ApiError> {
        match value {
            Value::Object(map) => Ok(Fields { path, map }),
            other => Err(wrong(path, "an object", other)),
        }
    }

    /// The path of a member.
    pub(super) fn path(&self, name: &str) -> String {
        match self.path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }

    /// A member; absent where it is null.
    pub(crate) fn get(&self, name: &str) -> Option<&'v Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn read<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl Fn(&'v Value) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match read(value) {
            Some(read) => Ok(Some(read)),
            None => Err(wrong(&self.path(name), wanted, value)),
        }
    }

    /// A string.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'v str>, ApiError> {
        self.read(name, "a string", Value::as_str)
    }

    /// A string that must be there.
    pub(super) fn needed_text(&self, name: &str) -> Result<&'v str, ApiError> {
        let missing = || ApiError::field(self.path(name), "it is missing; give a string");
        self.text(name)?.ok_or_else(missing)
    }

    /// `true` or `false`, which is what an absent one is.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        Ok(self.read(name, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    /// A number.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, ApiError> {
        self.read(name, "a number", Value::as_f64)
    }

    /// A whole number of at least `least`.
    pub(super) fn whole(&self, name: &str, least: u32) -> Result<Option<u32>, ApiError> {
        let read = |value: &Value| {
            value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|n| *n >= least)
        };
        self.read(name, &format!("a whole number of at least {least}"), read)
    }

    /// An array.
    pub(super) fn array(&self, name: &str) -> Result<Option<&'v Vec<Value>>, ApiError> {
        self.read(name, "an array", Value::as_array)
    }

    /// Refuses a member, unless it says nothing.
    pub(super) fn refuse(&self, name: &str, why: &str) -> Result<(), ApiError> {
        let says_nothing = match self.get(name) {
            None | Some(Value::Bool(false)) => true,
            Some(Value::Array(items)) => items.is_empty(),
            Some(Value::Object(members)) => members.is_empty(),
            Some(_) => false,
        };
        match says_nothing {
            true => Ok(()),
            false => Err(ApiError::unsupported(self.path(name), why)),
        }
    }

    /// Refuses a whole number above what this server does.
    pub(super) fn refuse_above(&self, name: &str, most: u32, why: &str) -> Result<(), ApiError> {
        match self.whole(name, 0)? {
            Some(number) if number > most => Err(ApiError::unsupported(self.path(name), why)),
            _ => Ok(()),
        }
    }

    /// The options that all APIs name alike.
    pub(super) fn options(&self) -> Result<ChatOptions, ApiError> {
        let seed = self.read("seed", "a whole number", |value| {
            value.as_u64().or_else(|| value.as_i64().map(|seed| seed as u64))
        })?;
        Ok(ChatOptions {
            temperature: self.number("temperature")?,
            top_p: self.number("top_p")?,
            seed,
            ..ChatOptions::default()
        })
    }
}

/// A value of another kind than the one that is wanted.
pub(crate) fn wrong(path: &str, wanted: &str, value: &Value) -> ApiError {
    let kind = kind_of(value);
    ApiError::field(path, format!("give {wanted}; it is {kind}"))
}
