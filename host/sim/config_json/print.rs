//! A model as the text of a profile.

use serde::Serialize;
use serde_json::Value;

use crate::profile::{LayerGroup, Model};

/// The text of a model's profile, which a file of a folder of profiles may hold.
pub fn toml_text(model: &Model) -> String {
    let provenance = &model.provenance;
    let (name, title) = (quoted(&model.name), quoted(&model.title));
    let Model { context_tokens, hidden, vocabulary, tied_embeddings, .. } = model;
    let mut text = format!(
        "name = {name}\ntitle = {title}\ncontext_tokens = {context_tokens}\nhidden = {hidden}\n\
         vocabulary = {vocabulary}\ntied_embeddings = {tied_embeddings}\n"
    );
    text += "\n[provenance]\n";
    text += &keys_of(provenance);
    for group in &model.layers {
        text += "\n[[layers]]\n";
        text += &layers(group);
    }
    text
}

fn layers(group: &LayerGroup) -> String {
    // Three matrices are what a profile leaves out.
    let text = keys_of(group);
    let is_usual = |line: &&str| *line != "matrices = 3";
    text.lines().filter(is_usual).map(|line| format!("{line}\n")).collect()
}

/// Each key of a table on a line of its own.
fn keys_of(table: &impl Serialize) -> String {
    let value = serde_json::to_value(table).unwrap_or_default();
    let entries = value.as_object().into_iter().flatten();
    let lines = entries.filter(|(key, value)| says_something(key, value));
    lines.map(|(key, value)| format!("{key} = {}\n", in_one_line(value))).collect()
}

/// Whether a value is other than what a profile means by leaving its key out.
fn says_something(key: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => {
            number.as_u64() != Some(0) || !["dense_width", "shared"].contains(&key)
        }
        _ => true,
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn in_one_line(value: &Value) -> String {
    match value {
        Value::Object(table) => {
            let entries = table.iter().filter(|(key, value)| says_something(key, value));
            let entries: Vec<String> =
                entries.map(|(key, value)| format!("{key} = {}", in_one_line(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}
