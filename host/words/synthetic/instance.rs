//! A plain value that satisfies a JSON Schema.
//!
//! It has what the schema requires and nothing more: the first of a choice, the smallest number, the
//! shortest text. Followed are types, `required`, `enum`, `const`, bounds, `multipleOf`, lengths,
//! `items`, `prefixItems`, the usual formats, `$ref` inside the schema, `allOf`, and the first of
//! `anyOf` and `oneOf`. A `pattern`, `not`, `if` and `uniqueItems` are not: a tool may refuse such
//! arguments, as it may refuse a model's.

use serde_json::{Map, Number, Value};

/// Schemas nested deeper than this, by references to themselves, end in `null`.
const DEPTH_MAX: usize = 32;

/// Items beyond this many are not written, whatever the schema wants.
const LENGTH_MAX: u64 = 10_000;

/// A value of a schema, both as JSON text; an empty object when the schema is no JSON.
pub(super) fn instance_of(schema: &str) -> String {
    match serde_json::from_str(schema) {
        Ok(schema) => instance(&schema, &schema, 0).to_string(),
        Err(_) => "{}".to_owned(),
    }
}

fn instance(root: &Value, schema: &Value, depth: usize) -> Value {
    let Value::Object(schema) = schema else {
        return Value::Object(Map::new());
    };
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(first) = schema.get("enum").and_then(|options| options.get(0)) {
        return first.clone();
    }
    if let Some(merged) = merged(root, schema) {
        return instance(root, &Value::Object(merged), depth + 1);
    }
    match type_of(schema) {
        "object" => object(root, schema, depth),
        "array" => array(root, schema, depth),
        "string" => Value::String(text(schema)),
        "integer" => number(schema, true),
        "number" => number(schema, false),
        "boolean" => Value::Bool(false),
        _ => Value::Null,
    }
}

/// The schema with the schemas that it names or holds written into it; `None` if there are none.
fn merged(root: &Value, schema: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut rest = schema.clone();
    let reference = rest.remove("$ref");
    let reference = reference.as_ref().and_then(Value::as_str);
    let named = reference.and_then(|name| root.pointer(name.strip_prefix('#')?));
    let mut held: Vec<&Value> = named.into_iter().collect();
    let (all, any, one) = (rest.remove("allOf"), rest.remove("anyOf"), rest.remove("oneOf"));
    held.extend(all.as_ref().and_then(Value::as_array).into_iter().flatten());
    held.extend(any.as_ref().and_then(|options| options.get(0)));
    held.extend(one.as_ref().and_then(|options| options.get(0)));
    if reference.is_none() && all.is_none() && any.is_none() && one.is_none() {
        return None;
    }
    for part in held.into_iter().filter_map(Value::as_object) {
        for (key, value) in part {
            match (rest.get_mut(key), value) {
                (Some(Value::Object(known)), Value::Object(more)) if key == "properties" => {
                    known.extend(more.clone());
                }
                (Some(Value::Array(known)), Value::Array(more)) if key == "required" => {
                    known.extend(more.iter().cloned());
                }
                _ => drop(rest.insert(key.clone(), value.clone())),
            }
        }
    }
    Some(rest)
}

/// The first type that the schema allows; without one, what its other keys speak of.
fn type_of(schema: &Map<String, Value>) -> &str {
    let named = match schema.get("type") {
        Some(Value::Array(types)) => types.first().and_then(Value::as_str),
        other => other.and_then(Value::as_str),
    };
    let has = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
    named.unwrap_or_else(|| match () {
        () if has(&["items", "prefixItems", "minItems"]) => "array",
        () if has(&["minLength", "maxLength", "format", "pattern"]) => "string",
        () if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]) => "number",
        () => "object",
    })
}

fn object(root: &Value, schema: &Map<String, Value>, depth: usize) -> Value {
    let properties = schema.get("properties");
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let members = required.filter_map(Value::as_str).map(|name| {
        let member = properties.and_then(|properties| properties.get(name));
        let member = member.or(schema.get("additionalProperties")).unwrap_or(&Value::Null);
        (name.to_owned(), instance(root, member, depth + 1))
    });
    Value::Object(members.collect())
}

fn array(root: &Value, schema: &Map<String, Value>, depth: usize) -> Value {
    let length = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(LENGTH_MAX);
    let item = |place: u64| {
        let own = schema.get("prefixItems").and_then(|items| items.get(place as usize));
        let item = own.or(schema.get("items")).unwrap_or(&Value::Null);
        instance(root, item, depth + 1)
    };
    Value::Array((0..length).map(item).collect())
}

fn text(schema: &Map<String, Value>) -> String {
    let formatted = match schema.get("format").and_then(Value::as_str) {
        Some("date") => "2026-01-01",
        Some("time") => "00:00:00Z",
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("duration") => "P1D",
        Some("email") => "a@example.com",
        Some("hostname") => "example.com",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("uri" | "url" | "uri-reference") => "https://example.com/",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => "text",
    };
    let length = |key| schema.get(key).and_then(Value::as_u64);
    let least = length("minLength").unwrap_or(0).min(LENGTH_MAX) as usize;
    let most = length("maxLength").map_or(usize::MAX, |most| most as usize);
    let fill = std::iter::repeat_n('x', least.saturating_sub(formatted.len()));
    formatted.chars().chain(fill).take(most).collect()
}

/// The number nearest to 0 that the bounds allow.
fn number(schema: &Map<String, Value>, is_integer: bool) -> Value {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    // In draft 4 the exclusive bounds are truths about the others.
    let is_true = |key: &str| schema.get(key) == Some(&Value::Bool(true));
    let step = match bound("multipleOf").filter(|step| *step > 0.0) {
        Some(step) if is_integer && step.fract() != 0.0 => step * (1.0 / step).ceil(),
        Some(step) => step,
        None if is_integer => 1.0,
        None => 0.0,
    };
    let low = bound("minimum").filter(|_| !is_true("exclusiveMinimum"));
    let above = bound("exclusiveMinimum").or(bound("minimum").filter(|_| low.is_none()));
    let high = bound("maximum").filter(|_| !is_true("exclusiveMaximum"));
    let below = bound("exclusiveMaximum").or(bound("maximum").filter(|_| high.is_none()));
    let is_allowed = |number: f64| {
        low.is_none_or(|low| number >= low)
            && above.is_none_or(|above| number > above)
            && high.is_none_or(|high| number <= high)
            && below.is_none_or(|below| number < below)
    };
    let bounds = [low, above, high, below].into_iter().flatten();
    let mut nearest: Vec<f64> = bounds
        .flat_map(|bound| match step {
            0.0 => vec![bound, bound + 1.0, bound - 1.0],
            step => [-1.0, 0.0, 1.0].map(|n| ((bound / step).round() + n) * step).to_vec(),
        })
        .chain([0.0])
        .filter(|number| is_allowed(*number))
        .collect();
    nearest.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let between = |low: Option<f64>, high: Option<f64>| Some((low? + high?) / 2.0);
    let number = match nearest.first() {
        Some(nearest) => *nearest,
        None => between(low.or(above), high.or(below)).unwrap_or(0.0),
    };
    if number.fract() == 0.0 && number.abs() < 2f64.powi(53) {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::from(0), Value::Number)
}

#[cfg(test)]
#[path = "instance_tests.rs"]
mod tests;
