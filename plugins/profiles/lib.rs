//! A tool plugin over a granted folder of TOML profiles: searches them, reads one, reads one figure.

mod definitions;
mod figure;
mod search;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../wit/agent", "../../wit/tool"],
        world: "timeslip:tool/tool",
        generate_all,
    });
}

use contract::exports::timeslip::tool::plugin::{Guest, ToolDefinition, ToolError};
use contract::timeslip::tool::files::{self, FileError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

struct Profiles;

impl Guest for Profiles {
    fn definitions() -> Vec<ToolDefinition> {
        definitions::definitions()
    }

    async fn call(name: String, arguments: String) -> Result<String, ToolError> {
        match name.as_str() {
            "search_profiles" => search_profiles(parse(&arguments)?),
            "read_profile" => read_profile(parse(&arguments)?),
            "read_figure" => read_figure(parse(&arguments)?),
            _ => Err(ToolError::UnknownTool(format!(
                "there is no tool {name:?}; the plugin has search_profiles, read_profile and \
                 read_figure"
            ))),
        }
    }
}

contract::export!(Profiles with_types_in contract);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    query: String,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Figure {
    path: String,
    key: String,
}

fn search_profiles(search: Search) -> Result<String, ToolError> {
    let mut profiles = Vec::new();
    for path in profile_paths() {
        let text = read(&path)?;
        profiles.push((path, text));
    }
    let limit = search.limit.unwrap_or(search::LIMIT_DEFAULT);
    let hits = search::search(&profiles, &search.query, limit);
    serde_json::to_string(&hits).map_err(|error| ToolError::Failed(error.to_string()))
}

fn read_profile(wanted: Read) -> Result<String, ToolError> {
    read(&wanted.path)
}

fn read_figure(figure: Figure) -> Result<String, ToolError> {
    let text = read(&figure.path)?;
    figure::figure(&text, &figure.key)
        .map_err(|error| ToolError::Failed(format!("{}: {error}", figure.path)))
}

fn parse<T: DeserializeOwned>(arguments: &str) -> Result<T, ToolError> {
    serde_json::from_str(arguments).map_err(|error| ToolError::InvalidArguments(error.to_string()))
}

fn profile_paths() -> Vec<String> {
    let granted = files::list("").into_iter().map(|file| file.path);
    granted.filter(|path| path.ends_with(".toml")).collect()
}

fn read(path: &str) -> Result<String, ToolError> {
    let bytes = files::read(path).map_err(|error| {
        ToolError::Failed(match error {
            FileError::NotFound(text) => format!("{text}{}", nearest_path(path)),
            FileError::Refused(text) | FileError::InvalidPath(text) => text,
        })
    })?;
    String::from_utf8(bytes).map_err(|_| ToolError::Failed(format!("{path} is not UTF-8 text")))
}

fn nearest_path(path: &str) -> String {
    let paths = profile_paths();
    let nearest = paths.iter().min_by_key(|known| strsim::levenshtein(known, path));
    nearest.map_or(String::new(), |nearest| format!("; did you mean {nearest}?"))
}
