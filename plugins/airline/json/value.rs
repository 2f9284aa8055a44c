//! Values, and objects whose members keep their order.

use super::Number;
use super::write::{plain, quoted};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    Number(Number),
    Text(String),
    Array(Vec<Value>),
    Object(Object),
}

/// The members of an object in the order in which they were set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object(pub(crate) Vec<(String, Value)>);

/// The text of the failure when an object lacks a member, or a table an entry.
pub(crate) fn key_error(key: &str) -> String {
    quoted(key)
}

impl Value {
    /// The text, where the value is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text that serves as a key. What cannot be a key is a failure; what can, but is no text,
    /// is `None`, since no table has such a key.
    pub(crate) fn key(&self) -> Result<Option<&str>, String> {
        match self {
            Value::Array(_) => Err("unhashable type: 'list'".to_owned()),
            Value::Object(_) => Err("unhashable type: 'dict'".to_owned()),
            other => Ok(other.as_text()),
        }
    }

    /// The number.
    pub(crate) fn number(&self) -> Result<&Number, String> {
        match self {
            Value::Number(number) => Ok(number),
            other => Err(format!("{} is not a number", plain(other))),
        }
    }

    /// The elements.
    pub(crate) fn array(&self) -> Result<&Vec<Value>, String> {
        match self {
            Value::Array(items) => Ok(items),
            other => Err(format!("{} is not an array", plain(other))),
        }
    }

    /// The elements, to be changed.
    pub(crate) fn array_mut(&mut self) -> Result<&mut Vec<Value>, String> {
        match self {
            Value::Array(items) => Ok(items),
            other => Err(format!("{} is not an array", plain(other))),
        }
    }

    /// The object.
    pub(crate) fn object(&self) -> Result<&Object, String> {
        match self {
            Value::Object(object) => Ok(object),
            other => Err(format!("{} is not an object", plain(other))),
        }
    }

    /// The object, to be changed.
    pub(crate) fn object_mut(&mut self) -> Result<&mut Object, String> {
        match self {
            Value::Object(object) => Ok(object),
            other => Err(format!("{} is not an object", plain(other))),
        }
    }
}

impl Object {
    /// The member, if it is there.
    pub(crate) fn find(&self, key: &str) -> Option<&Value> {
        let member = self.0.iter().find(|(name, _)| name == key);
        member.map(|(_, value)| value)
    }

    /// The member; a key error where it is missing.
    pub(crate) fn get(&self, key: &str) -> Result<&Value, String> {
        self.find(key).ok_or_else(|| key_error(key))
    }

    /// The member, to be changed; a key error where it is missing.
    pub(crate) fn get_mut(&mut self, key: &str) -> Result<&mut Value, String> {
        let member = self.0.iter_mut().find(|(name, _)| name == key);
        member.map(|(_, value)| value).ok_or_else(|| key_error(key))
    }

    /// Sets a member: one that is there keeps its place, a new one goes last.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        match self.0.iter_mut().find(|(name, _)| name == key) {
            Some((_, place)) => *place = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    /// Removes a member and leaves the order of the others; a key error where it is missing.
    pub(crate) fn remove(&mut self, key: &str) -> Result<(), String> {
        let place = self.0.iter().position(|(name, _)| name == key);
        self.0.remove(place.ok_or_else(|| key_error(key))?);
        Ok(())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Value {
        Value::Number(number)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{json, parse};
    use super::*;

    fn object(text: &str) -> Object {
        parse(text).unwrap().object().unwrap().clone()
    }

    #[test]
    fn removal_keeps_the_order_of_the_others() {
        let mut object = object(r#"{"a":1,"b":2,"c":3,"d":4}"#);
        object.remove("b").unwrap();
        assert_eq!(json(&Value::Object(object)), r#"{"a": 1, "c": 3, "d": 4}"#);
    }

    #[test]
    fn setting_keeps_the_place_of_a_member_and_puts_a_new_one_last() {
        let mut object = object(r#"{"a":1,"b":2}"#);
        object.set("a", "x".into());
        object.set("c", Value::Null);
        assert_eq!(json(&Value::Object(object)), r#"{"a": "x", "b": 2, "c": null}"#);
    }

    #[test]
    fn a_missing_member_is_a_key_error() {
        let mut object = object("{}");
        assert_eq!(object.get("amount"), Err("'amount'".to_owned()));
        assert_eq!(object.remove("x"), Err("'x'".to_owned()));
    }

    #[test]
    fn containers_are_no_keys() {
        let key = |text| parse(text).unwrap().key().map(|key| key.map(str::to_owned));
        assert_eq!(key("[1]"), Err("unhashable type: 'list'".to_owned()));
        assert_eq!(key("{}"), Err("unhashable type: 'dict'".to_owned()));
        assert_eq!(key("5"), Ok(None));
        assert_eq!(key("\"5\""), Ok(Some("5".to_owned())));
    }
}
