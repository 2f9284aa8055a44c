//! The tasks of a bench: written in it, in a folder of texts, or in a file of JSON lines.

use std::collections::{BTreeMap, BTreeSet};

use timeslip_timeline::conversation::nearest;

use super::Task;
use super::file::{BenchFile, TaskTable};
use super::load::Overrides;
use super::resolve::Reader;
use super::words::TaskCassettes;
use crate::exit::Failure;

/// The name of the task that `--task` gives.
pub(crate) const COMMAND_LINE_TASK: &str = "task";

/// The tasks, and with words of kind `cassette` the recording of each.
pub(super) fn load_tasks(
    reader: &Reader<'_>,
    file: &BenchFile,
    overrides: &Overrides,
) -> Result<(Vec<Task>, TaskCassettes), Failure> {
    if let Some(input) = &overrides.task {
        let task = Task {
            name: COMMAND_LINE_TASK.into(),
            input: input.as_str().into(),
            tier: None,
            config: BTreeMap::new(),
        };
        return Ok((vec![task], TaskCassettes::GivenOnCommandLine));
    }
    let tables = task_tables(reader, file)?;
    if tables.is_empty() {
        let problem = "the bench has no task; add a [[task]] with `name` and `input`, a [tasks] with \
                       `folder` or `jsonl`, or give --task TEXT";
        return Err(Failure::usage(format!("{}: {problem}", reader.text.file)));
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = tables.iter().find(|task| !names.insert(&task.name)) {
        let problem = format!("two tasks are named `{}`; give each a name of its own", twice.name);
        return Err(Failure::usage(format!("{}: {problem}", reader.text.place_of(&twice.name))));
    }
    let cassettes = tables.iter().map(|task| (task.name.clone(), task.cassette.clone())).collect();
    let tasks: Result<Vec<Task>, Failure> =
        tables.iter().map(|table| task(reader, table)).collect();
    Ok((tasks?, TaskCassettes::OfTasks(cassettes)))
}

/// The one task that the command line names among the bench's, or all of them.
///
/// # Errors
/// When there is none of that name.
pub(super) fn only(
    name: Option<&str>,
    tasks: Vec<Task>,
    cassettes: TaskCassettes,
) -> Result<(Vec<Task>, TaskCassettes), Failure> {
    let Some(name) = name else {
        return Ok((tasks, cassettes));
    };
    let names = || tasks.iter().map(|task| &*task.name);
    let Some(place) = names().position(|task| task == name) else {
        let advice = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", names().collect::<Vec<_>>().join(", ")),
        };
        return Err(Failure::usage(format!("--only: the bench has no task `{name}`; {advice}")));
    };
    let cassettes = match cassettes {
        TaskCassettes::OfTasks(mut paths) => TaskCassettes::OfTasks(vec![paths.swap_remove(place)]),
        TaskCassettes::GivenOnCommandLine => TaskCassettes::GivenOnCommandLine,
    };
    Ok((tasks.into_iter().skip(place).take(1).collect(), cassettes))
}

/// The tasks as they are written, wherever they stand.
pub(super) fn task_tables(
    reader: &Reader<'_>,
    file: &BenchFile,
) -> Result<Vec<TaskTable>, Failure> {
    let mut tables = file.task.clone();
    if let Some(tasks) = &file.tasks {
        if let Some(folder) = &tasks.folder {
            tables.extend(tasks_of_folder(reader, folder)?);
        }
        if let Some(path) = &tasks.jsonl {
            tables.extend(tasks_of_lines(reader, path)?);
        }
    }
    Ok(tables)
}

fn task(reader: &Reader<'_>, table: &TaskTable) -> Result<Task, Failure> {
    Ok(Task {
        name: table.name.as_str().into(),
        input: table.input.as_str().into(),
        tier: table.tier.as_deref().map(Into::into),
        config: reader.config(&table.config)?,
    })
}

/// A task for each text of a folder, in the order of their names.
fn tasks_of_folder(reader: &Reader<'_>, folder: &str) -> Result<Vec<TaskTable>, Failure> {
    let place = || reader.text.place_of(folder);
    let texts = reader
        .folder
        .grant(folder)
        .map_err(|problem| Failure::usage(format!("{}: {problem}", place())))?;
    let mut tables = Vec::new();
    for (path, bytes) in texts.files() {
        let Some(name) = path.strip_suffix(".txt").or(path.strip_suffix(".md")) else {
            continue;
        };
        let input = std::str::from_utf8(bytes).map_err(|_| {
            let shown = reader.folder.shown(&format!("{folder}/{path}"));
            Failure::usage(format!("{}: the task {shown} is not UTF-8 text", place()))
        })?;
        tables.push(TaskTable {
            name: name.to_owned(),
            input: input.trim_end().to_owned(),
            cassette: None,
            tier: None,
            config: BTreeMap::new(),
        });
    }
    match tables.is_empty() {
        true => Err(Failure::usage(format!(
            "{}: the folder of tasks {} has no .txt or .md file in it",
            place(),
            reader.folder.shown(folder)
        ))),
        false => Ok(tables),
    }
}

/// A task for each line of a file that is not blank.
fn tasks_of_lines(reader: &Reader<'_>, path: &str) -> Result<Vec<TaskTable>, Failure> {
    let bytes = reader.bytes("the tasks", path)?;
    let shown = reader.folder.shown(path);
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("{shown} is not UTF-8 text; tasks are JSON lines")))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| {
                let reason = error.to_string();
                let reason = reason.split(" at line ").next().unwrap_or_default();
                Failure::usage(format!(
                    "{shown}:{}: {reason}; a task is an object with `name` and `input`",
                    index + 1
                ))
            })
        })
        .collect()
}
