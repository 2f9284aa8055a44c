//! The functions of `timeslip:tool/files`.

use timeslip_timeline::time::Instant;
use wasmtime::component::HasSelf;

use super::FileView;
use super::path::PATH_BYTES_MAX;
use super::tree::{FileId, Tree, TreeProblem};
use crate::asking::{self, Caller};
use crate::bindings::tool::timeslip::tool::files::{self, FileError, FileInfo};
use crate::context::Context;

type Host = HasSelf<Context>;

impl files::Host for Context {}

impl files::HostWithStore<Context> for Host {
    fn list(mut caller: Caller<'_>, prefix: String) -> wasmtime::Result<Vec<FileInfo>> {
        asking::enter(&mut caller)?;
        let Some(view) = &caller.get().files else {
            return Ok(Vec::new());
        };
        let found = view.lock().files_below(&prefix);
        Ok(found.into_iter().map(|(path, length)| FileInfo { path, length }).collect())
    }

    fn read(mut caller: Caller<'_>, path: String) -> wasmtime::Result<Result<Vec<u8>, FileError>> {
        asking::enter(&mut caller)?;
        Ok(with_file(caller.get(), &path, |tree, id| tree.bytes(id).to_vec()))
    }

    fn read_range(
        mut caller: Caller<'_>,
        path: String,
        offset: u64,
        length: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, FileError>> {
        asking::enter(&mut caller)?;
        Ok(with_file(caller.get(), &path, |tree, id| tree.read(id, offset, length as usize)))
    }

    fn write(
        mut caller: Caller<'_>,
        path: String,
        contents: Vec<u8>,
    ) -> wasmtime::Result<Result<(), FileError>> {
        let now = asking::instant(&mut caller)?;
        Ok(write(caller.get(), &path, contents, now))
    }

    fn remove(mut caller: Caller<'_>, path: String) -> wasmtime::Result<Result<(), FileError>> {
        asking::enter(&mut caller)?;
        Ok(remove(caller.get(), &path))
    }
}

fn with_file<T>(
    context: &Context,
    path: &str,
    read: impl FnOnce(&Tree, FileId) -> T,
) -> Result<T, FileError> {
    let view = granted(context, path)?;
    let tree = view.lock();
    match tree.file(path) {
        Ok(id) => Ok(read(&tree, id)),
        Err(_) => Err(not_found(&tree, path)),
    }
}

fn write(context: &Context, path: &str, contents: Vec<u8>, now: Instant) -> Result<(), FileError> {
    let view = granted_for_writing(context, path)?;
    let mut tree = view.lock();
    let written = tree.file_or_create(path, now).and_then(|id| tree.replace(id, contents, now));
    written.map_err(|problem| match problem {
        TreeProblem::Full => FileError::Refused(format!(
            "a session may write {} MiB over a granted folder: raise `written_mib` under [limits] \
             in the bench",
            context.setup.limits.written_bytes >> 20
        )),
        TreeProblem::IsAFolder => {
            FileError::InvalidPath(format!("\"{path}\" is a folder, and only files are written"))
        }
        _ => FileError::InvalidPath(format!(
            "\"{path}\" leads through a file as if it were a folder"
        )),
    })
}

fn remove(context: &Context, path: &str) -> Result<(), FileError> {
    let view = granted_for_writing(context, path)?;
    let mut tree = view.lock();
    match tree.unlink(path) {
        Ok(()) => Ok(()),
        Err(_) => Err(not_found(&tree, path)),
    }
}

fn granted<'a>(context: &'a Context, path: &str) -> Result<&'a FileView, FileError> {
    if let Some(problem) = path_problem(path) {
        return Err(FileError::InvalidPath(format!("\"{path}\" {problem}")));
    }
    context.files.as_ref().ok_or_else(|| {
        FileError::Refused(format!(
            "the plugin \"{}\" has no grant for files: \
             add `files = \"FOLDER\"` to its [[tool]] in the bench",
            context.setup.name
        ))
    })
}

fn granted_for_writing<'a>(context: &'a Context, path: &str) -> Result<&'a FileView, FileError> {
    let view = granted(context, path)?;
    if view.write {
        return Ok(view);
    }
    Err(FileError::Refused(format!(
        "the plugin \"{}\" may only read its files: \
         add `write = true` beside `files` to its [[tool]] in the bench",
        context.setup.name
    )))
}

fn not_found(tree: &Tree, path: &str) -> FileError {
    let near = timeslip_timeline::conversation::nearest(path, tree.paths());
    let hint = near.map(|near| format!("; the nearest is \"{near}\"")).unwrap_or_default();
    FileError::NotFound(format!("the granted files hold no \"{path}\"{hint}"))
}

fn path_problem(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        Some("is empty")
    } else if path.len() > PATH_BYTES_MAX {
        Some("is longer than 4096 bytes")
    } else if path.starts_with('/') || path.contains(['\\', ':', '\0']) {
        Some("is not relative to the granted folder, with `/` between its parts")
    } else if path.split('/').any(|part| part == ".." || part == "." || part.is_empty()) {
        Some("has an empty part, `.` or `..` in it")
    } else {
        None
    }
}
