//! Runs a query in the language of jq.

use jaq_core::data::JustLut;
use jaq_core::load::{self, Arena, File, Loader, parse};
use jaq_core::native::Fun;
use jaq_core::{Compiler, Ctx, Vars};
use jaq_json::{Val, read};
use timeslip_sdk::ToolError;
use timeslip_sdk::serde_json::{self, Value};

/// What reaches beyond the query: the clock, the environment, standard error, the end of the program.
const NOT_OFFERED: [&str; 10] = [
    "now",
    "env",
    "halt",
    "halt_error",
    "debug",
    "debug_empty",
    "stderr",
    "stderr_empty",
    "localtime",
    "strflocaltime",
];

/// A name that is less alike is another name.
const NEAREST_LEAST: f64 = 0.6;

/// What a query gave.
pub(crate) struct Results {
    pub(crate) values: Vec<Value>,
    /// Whether there are no more.
    pub(crate) complete: bool,
}

/// At most so much of what a query gives.
pub(crate) struct Limits {
    pub(crate) values: usize,
    pub(crate) bytes: usize,
}

/// Runs a query on a JSON text.
pub(crate) fn run(query: &str, json: &str, limits: &Limits) -> Result<Results, ToolError> {
    let input = read::parse_single(json.as_bytes())
        .map_err(|error| ToolError::failed(format!("the input is no JSON: {error}")))?;
    let arena = Arena::default();
    let modules = Loader::new(definitions())
        .load(&arena, File { code: query, path: () })
        .map_err(|errors| wrong(&unreadable(query, errors)))?;
    let filter = Compiler::default()
        .with_funs(functions())
        .compile(modules)
        .map_err(|errors| wrong(&undefined(errors)))?;
    let context = Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let mut results = Results { values: Vec::new(), complete: true };
    let mut bytes = 0;
    for output in filter.id.run((context, input)) {
        let output = output.map_err(|stop| match stop.get_err() {
            Ok(error) => ToolError::failed(format!("the query failed: {error}")),
            Err(_) => ToolError::failed("the query ended itself"),
        })?;
        let text = output.to_string();
        bytes += text.len();
        if results.values.len() == limits.values || bytes > limits.bytes {
            results.complete = false;
            break;
        }
        results.values.push(value(&text)?);
    }
    Ok(results)
}

/// jq's values are more than JSON's: bytes, objects whose keys are no texts, numbers that are none.
fn value(text: &str) -> Result<Value, ToolError> {
    serde_json::from_str(text).map_err(|_| {
        let beginning: String = text.chars().take(60).collect();
        ToolError::failed(format!("the query gave what is no JSON: {beginning}"))
    })
}

fn definitions() -> impl Iterator<Item = parse::Def<&'static str>> {
    let all = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    all.filter(|definition| !NOT_OFFERED.contains(&definition.name))
}

fn functions() -> impl Iterator<Item = Fun<JustLut<Val>>> {
    let all = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    all.filter(|(name, ..)| !NOT_OFFERED.contains(name))
}

fn wrong(what: &str) -> ToolError {
    ToolError::invalid_arguments(format!("\"query\" {what}"))
}

/// What is wrong with a query that cannot be read, and where.
fn unreadable(query: &str, errors: load::Errors<&str, ()>) -> String {
    let first = errors.iter().find_map(|(_, error)| match error {
        load::Error::Io(_) => None,
        load::Error::Lex(all) => all.first().map(|(wanted, found)| (wanted.as_str(), *found)),
        load::Error::Parse(all) => all.first().map(|(wanted, found)| (wanted.as_str(), *found)),
    });
    match first {
        Some((wanted, found)) => format!("lacks a {wanted} {}", place(query, found)),
        None => "takes in other files, which is not offered".to_owned(),
    }
}

/// Where a part of a query stands.
fn place(query: &str, part: &str) -> String {
    let shown: String = part.chars().take(20).collect();
    if shown.is_empty() {
        return "at its end".to_owned();
    }
    let before = query.get(..load::span(query, part).start).unwrap_or_default();
    format!("at character {}, before `{shown}`", before.chars().count() + 1)
}

/// Which names a query uses that there are not, with the nearest ones.
fn undefined(errors: jaq_core::compile::Errors<&str, ()>) -> String {
    let all = errors.into_iter().flat_map(|(_, undefined)| undefined);
    let texts = all.map(|(name, kind)| match kind {
        jaq_core::compile::Undefined::Filter(arity) => {
            format!("uses a filter {name}/{arity}, which there is not{}", nearest(name))
        }
        _ => format!("uses a {} {name}, which there is not", kind.as_str()),
    });
    texts.collect::<Vec<_>>().join("; ")
}

fn nearest(name: &str) -> String {
    let defined = definitions().map(|definition| (definition.name, definition.args.len()));
    let native = functions().map(|(name, arguments, _)| (name, arguments.len()));
    let alike = |known: &str| strsim::normalized_damerau_levenshtein(known, name);
    let best = defined.chain(native).max_by(|a, b| alike(a.0).total_cmp(&alike(b.0)));
    match best.filter(|(known, _)| alike(known) >= NEAREST_LEAST) {
        Some((known, arity)) => format!("; the nearest is {known}/{arity}"),
        None => String::new(),
    }
}
