//! One value of a TOML text, found by its dotted key.

use toml::{Table, Value};

/// The value at `key` as JSON. A part of the key that is a number counts into an array, from 0.
///
/// # Errors
/// Text that is not TOML; a key that is not there, with the nearest one that is; a number that JSON
/// cannot write, such as infinity.
pub(crate) fn figure(text: &str, key: &str) -> Result<String, String> {
    let table: Table = text.parse().map_err(|error| format!("{error}"))?;
    let root = Value::Table(table);
    let value = key.split('.').try_fold(&root, member);
    let value = value.ok_or_else(|| missing(&root, key))?;
    let json = json(value).ok_or_else(|| format!("{key} is a number that JSON cannot write"))?;
    Ok(json.to_string())
}

fn member<'a>(value: &'a Value, part: &str) -> Option<&'a Value> {
    match value {
        Value::Table(table) => table.get(part),
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => None,
    }
}

fn json(value: &Value) -> Option<serde_json::Value> {
    Some(match value {
        Value::String(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => serde_json::Number::from_f64(*number)?.into(),
        Value::Boolean(truth) => (*truth).into(),
        Value::Datetime(date) => date.to_string().into(),
        Value::Array(items) => items.iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        Value::Table(table) => {
            let members = table.iter().map(|(key, value)| Some((key.clone(), json(value)?)));
            members.collect::<Option<serde_json::Map<_, _>>>()?.into()
        }
    })
}

fn missing(root: &Value, key: &str) -> String {
    let mut keys = Vec::new();
    collect_keys(root, "", &mut keys);
    // A key that was cut short is nearer to what it begins than to a shorter one.
    let nearest =
        keys.iter().min_by_key(|known| (!known.starts_with(key), strsim::levenshtein(known, key)));
    match nearest {
        Some(nearest) => format!("there is no key {key:?}; the nearest is {nearest}"),
        None => format!("there is no key {key:?}; the profile is empty"),
    }
}

fn collect_keys(value: &Value, prefix: &str, keys: &mut Vec<String>) {
    let mut visit = |part: &str, value: &Value| {
        let dot = if prefix.is_empty() { "" } else { "." };
        let key = format!("{prefix}{dot}{part}");
        collect_keys(value, &key, keys);
        keys.push(key);
    };
    match value {
        Value::Table(table) => table.iter().for_each(|(part, value)| visit(part, value)),
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                visit(&index.to_string(), value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::figure;
    use proptest::prelude::*;

    const PROFILE: &str = r#"
        name = "Rubin"
        released = 2026-08-01
        [memory]
        bandwidth_bytes_per_s = 22e12
        capacity_bytes = 288_000_000_000
        [[link]]
        lanes = 18
        [[link]]
        lanes = 36
        top = inf
    "#;

    #[test]
    fn a_figure_is_json() {
        let figure = |key| figure(PROFILE, key).unwrap();
        assert_eq!(figure("memory.bandwidth_bytes_per_s"), "22000000000000.0");
        assert_eq!(figure("memory.capacity_bytes"), "288000000000");
        assert_eq!(figure("name"), "\"Rubin\"");
        assert_eq!(figure("released"), "\"2026-08-01\"");
        assert_eq!(figure("link.1.lanes"), "36");
        assert_eq!(figure("link.0"), "{\"lanes\":18}");
    }

    #[test]
    fn a_missing_key_names_the_nearest() {
        assert_eq!(
            figure(PROFILE, "memory.bandwidth").unwrap_err(),
            "there is no key \"memory.bandwidth\"; the nearest is memory.bandwidth_bytes_per_s"
        );
        assert_eq!(
            figure(PROFILE, "memory.bandwith_bytes_per_s").unwrap_err(),
            "there is no key \"memory.bandwith_bytes_per_s\"; the nearest is \
             memory.bandwidth_bytes_per_s"
        );
        assert_eq!(figure("", "a").unwrap_err(), "there is no key \"a\"; the profile is empty");
    }

    #[test]
    fn what_json_cannot_write_is_an_error() {
        assert_eq!(
            figure(PROFILE, "link.1.top").unwrap_err(),
            "link.1.top is a number that JSON cannot write"
        );
    }

    #[test]
    fn text_that_is_not_toml_is_located() {
        assert!(figure("a = ", "a").unwrap_err().contains("line 1"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z0-9.=\\[\\]{}\"\n ]{0,40}", key in "\\PC{0,9}") {
            let _ = figure(&text, &key);
        }
    }
}
