//! `timeslip import`: conversations recorded elsewhere become a bench with cassettes.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use timeslip_words::import::{ImportOptions, Imported, Rewrite, openai_messages};

use crate::args::{ImportArgs, ImportFormat};
use crate::bench::path_from;
use crate::exit::{Exit, Failure};
use crate::output;

/// The folder of the cassettes inside the bench's.
const CASSETTES: &str = "cassettes";

/// The file of the agent's instructions, when all conversations begin with the same.
const SYSTEM_PROMPT: &str = "system-prompt.txt";

/// Imports a recording and reports what was written.
pub(crate) fn import(args: &ImportArgs) -> Result<Exit, Failure> {
    let ImportFormat::OpenaiMessages = args.format;
    let shown = args.file.display().to_string();
    let bytes = fs::read(&args.file)
        .map_err(|error| Failure::usage(format!("cannot read the recording {shown}: {error}")))?;
    let tools =
        args.tool.iter().map(|tool| ToolOption::parse(tool)).collect::<Result<Vec<_>, _>>()?;
    let options = ImportOptions {
        source: args.source.clone().unwrap_or_else(|| file_name(&args.file)),
        recorded_model: args.recorded_model.clone(),
        rewrites: args.rewrite.iter().map(|text| parse_rewrite(text)).collect::<Result<_, _>>()?,
    };
    let imported = openai_messages(&shown, &bytes, &options).map_err(Failure::usage)?;
    require_files(&args.agent, &tools)?;
    write_bench(args, &tools, &imported)?;
    report(args, &imported)?;
    Ok(Exit::Pass)
}

/// `COMPONENT[=FOLDER]`.
struct ToolOption {
    component: PathBuf,
    files: Option<PathBuf>,
}

impl ToolOption {
    fn parse(text: &str) -> Result<ToolOption, Failure> {
        let (component, files) = match text.split_once('=') {
            Some((component, files)) => (component, Some(PathBuf::from(files))),
            None => (text, None),
        };
        match component.is_empty()
            || files.as_ref().is_some_and(|files| files.as_os_str().is_empty())
        {
            true => {
                Err(Failure::usage(format!("--tool {text}: write COMPONENT or COMPONENT=FOLDER")))
            }
            false => Ok(ToolOption { component: PathBuf::from(component), files }),
        }
    }
}

fn parse_rewrite(text: &str) -> Result<Rewrite, Failure> {
    let parts = text
        .split_once(':')
        .and_then(|(tool, change)| change.split_once("=>").map(|(from, to)| (tool, from, to)));
    match parts {
        Some((tool, from, to)) if !tool.is_empty() && !from.is_empty() => {
            Ok(Rewrite { tool: tool.to_owned(), from: from.to_owned(), to: to.to_owned() })
        }
        _ => Err(Failure::usage(format!("--rewrite {text}: write TOOL:FROM=>TO"))),
    }
}

fn require_files(agent: &Path, tools: &[ToolOption]) -> Result<(), Failure> {
    let components =
        std::iter::once(agent).chain(tools.iter().map(|tool| tool.component.as_path()));
    for component in components {
        if !component.is_file() {
            return Err(Failure::usage(format!("there is no component {}", component.display())));
        }
    }
    for folder in tools.iter().filter_map(|tool| tool.files.as_deref()) {
        if !folder.is_dir() {
            return Err(Failure::usage(format!("there is no folder {}", folder.display())));
        }
    }
    Ok(())
}

/// Writes cassettes, instructions and, last of all, the bench that needs them.
fn write_bench(
    args: &ImportArgs,
    tools: &[ToolOption],
    imported: &Imported,
) -> Result<(), Failure> {
    let folder = &args.output;
    let cassettes = folder.join(CASSETTES);
    fs::create_dir_all(&cassettes)
        .map_err(|error| Failure::run(format!("cannot make {}: {error}", cassettes.display())))?;
    for conversation in &imported.conversations {
        let file = cassettes.join(format!("{}.jsonl", conversation.name));
        output::write_file(&file, conversation.cassette.as_bytes())?;
    }
    if let Some(prompt) = common_system_prompt(imported) {
        output::write_file(&folder.join(SYSTEM_PROMPT), prompt.as_bytes())?;
    }
    let bench = bench_text(args, tools, imported)?;
    output::write_file(&folder.join("bench.toml"), bench.as_bytes())
}

/// What all conversations begin with, if it is the same for all.
fn common_system_prompt(imported: &Imported) -> Option<&str> {
    let (first, rest) = imported.conversations.split_first()?;
    let prompt = first.system.as_deref()?;
    rest.iter().all(|other| other.system.as_deref() == Some(prompt)).then_some(prompt)
}

fn bench_text(
    args: &ImportArgs,
    tools: &[ToolOption],
    imported: &Imported,
) -> Result<String, Failure> {
    let folder = absolute(&args.output)?;
    let place = |path: &Path| Ok::<String, Failure>(string(&path_from(&folder, &absolute(path)?)));
    let name = args.name.clone().unwrap_or_else(|| file_name(&args.output));
    let mut text = format!("name = {}\nmachines = [{}]\n", string(&name), string(&args.on));
    text += &format!("\n[agent]\ncomponent = {}\nmodels = [\"*\"]\n", place(&args.agent)?);
    let common = common_system_prompt(imported);
    if common.is_some() {
        text +=
            &format!("[agent.config]\nsystem-prompt = {{ file = {} }}\n", string(SYSTEM_PROMPT));
    }
    for tool in tools {
        text += &format!("\n[[tool]]\ncomponent = {}\n", place(&tool.component)?);
        if let Some(files) = &tool.files {
            text += &format!("files = {}\n", place(files)?);
        }
    }
    text += "\n[words]\nkind = \"cassette\"\n";
    for conversation in &imported.conversations {
        text += &format!(
            "\n[[task]]\nname = {}\ncassette = {}\ninput = {}\n",
            string(&conversation.name),
            string(&format!("{CASSETTES}/{}.jsonl", conversation.name)),
            string(&conversation.input)
        );
        if let (None, Some(prompt)) = (common, &conversation.system) {
            text += &format!("config = {{ system-prompt = {} }}\n", string(prompt));
        }
    }
    Ok(text)
}

fn string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    path.canonicalize()
        .map_err(|error| Failure::run(format!("cannot find {}: {error}", path.display())))
}

fn file_name(path: &Path) -> String {
    let absolute = path.canonicalize();
    let path = absolute.as_deref().unwrap_or(path);
    path.file_name()
        .map_or_else(|| "imported".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn report(args: &ImportArgs, imported: &Imported) -> Result<(), Failure> {
    let sum = |count: fn(&timeslip_words::import::ImportedConversation) -> usize| {
        imported.conversations.iter().map(count).sum::<usize>()
    };
    let conversations = imported.conversations.len();
    let (chats, tool_calls, answers) =
        (sum(|c| c.chats), sum(|c| c.tool_calls), sum(|c| c.answers));
    let rewritten = sum(|c| c.rewrites_applied as usize);
    let folder = args.output.display();
    if args.json {
        let written = json!({
            "folder": args.output,
            "conversations": conversations,
            "chats": chats,
            "tool_calls": tool_calls,
            "answers": answers,
            "rewritten_outputs": rewritten,
        });
        return output::print(&format!("{written}\n"));
    }
    let mut text = format!(
        "{folder}: {conversations} conversations with {chats} chats, {tool_calls} tool calls and \
         {answers} answers of the user\n"
    );
    if !args.rewrite.is_empty() {
        text +=
            &format!("{rewritten} recorded tool outputs were rewritten, as their cassettes note\n");
    }
    text += &format!("run them with: timeslip run {folder}\n");
    output::print(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_are_cut_short_are_refused_with_their_form() {
        assert!(parse_rewrite("tool:from=>to").is_ok());
        assert!(parse_rewrite("tool:from").unwrap_err().message.contains("TOOL:FROM=>TO"));
        assert!(ToolOption::parse("a.wasm=").err().unwrap().message.contains("COMPONENT=FOLDER"));
    }
}
