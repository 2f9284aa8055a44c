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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use timeslip_timeline::backend::SessionId;

    use super::*;
    use crate::agent::{PicosecondsPerFuel, Setup};
    use crate::desk::Desk;
    use crate::files::{FileGrant, Folder};
    use crate::grants::{Budgets, ModelGrant};
    use crate::limits::Limits;
    use crate::session::SessionState;

    fn setup(files: FileGrant) -> Arc<Setup> {
        Arc::new(Setup {
            name: "plugin".into(),
            seed: 0,
            pace: PicosecondsPerFuel(1),
            limits: Limits { written_bytes: 1 << 20, ..Limits::standard() },
            config: Default::default(),
            deadline: None,
            models: ModelGrant::Nothing,
            default_model: "none".into(),
            budgets: Budgets::default(),
            tools: Vec::new(),
            table: "the [[tool]] `plugin`".into(),
            files,
            http: Arc::default(),
        })
    }

    fn session() -> SessionState {
        SessionState::new(SessionId(0), Budgets::default())
    }

    fn context(session: &SessionState, grant: FileGrant) -> Context {
        let setup = setup(grant);
        let desk = Arc::new(Desk::new(setup.pace, setup.limits.fuel));
        Context::new(setup, session.clone(), 0, desk)
    }

    fn folder() -> Arc<Folder> {
        Arc::new(Folder::new([("d/a.json".to_owned(), Arc::from(*b"1"))].into()))
    }

    fn read(context: &Context, path: &str) -> Result<Vec<u8>, FileError> {
        with_file(context, path, |tree, id| tree.bytes(id).to_vec())
    }

    #[test]
    fn files_are_reached_only_inside_the_grant() {
        let session = session();
        let nothing = context(&session, FileGrant::default());
        assert!(
            matches!(read(&nothing, "a.json"), Err(FileError::Refused(m)) if m.contains("[[tool]]"))
        );
        let granted = context(&session, FileGrant::new(folder(), false));
        assert_eq!(read(&granted, "d/a.json").unwrap(), b"1");
        assert!(
            matches!(read(&granted, "d/b.json"), Err(FileError::NotFound(m)) if m.contains("d/a.json"))
        );
        for path in
            ["", "/etc/passwd", "../d/a.json", "d/../d/a.json", "d//a.json", "d\\a.json", "C:/a"]
        {
            assert!(matches!(read(&granted, path), Err(FileError::InvalidPath(_))), "{path}");
            let written = write(&granted, path, Vec::new(), Instant::ZERO);
            assert!(matches!(written, Err(FileError::InvalidPath(_))), "{path}");
        }
    }

    #[test]
    fn a_grant_for_reading_names_the_line_that_allows_writing() {
        let granted = context(&session(), FileGrant::new(folder(), false));
        for refused in
            [write(&granted, "d/a.json", vec![2], Instant::ZERO), remove(&granted, "d/a.json")]
        {
            assert!(
                matches!(refused, Err(FileError::Refused(m)) if m.contains("add `write = true`"))
            );
        }
        assert_eq!(read(&granted, "d/a.json").unwrap(), b"1");
    }

    #[test]
    fn components_with_the_same_folder_see_what_the_session_wrote() {
        let (session, other_session) = (session(), session());
        let folder = folder();
        let writer = context(&session, FileGrant::new(folder.clone(), true));
        let reader = context(&session, FileGrant::new(folder.clone(), false));
        let stranger = context(&other_session, FileGrant::new(folder.clone(), true));
        write(&writer, "new/deep/b", b"two".to_vec(), Instant::ZERO).unwrap();
        remove(&writer, "d/a.json").unwrap();
        assert_eq!(read(&reader, "new/deep/b").unwrap(), b"two");
        assert!(matches!(read(&reader, "d/a.json"), Err(FileError::NotFound(_))));
        assert!(matches!(read(&stranger, "new/deep/b"), Err(FileError::NotFound(_))));
        assert_eq!(read(&stranger, "d/a.json").unwrap(), b"1");
        assert!(matches!(remove(&writer, "d/a.json"), Err(FileError::NotFound(_))));
    }

    #[test]
    fn what_may_not_be_written_is_said_with_its_reason() {
        let granted = context(&session(), FileGrant::new(folder(), true));
        let problem = |path: &str, bytes: usize| {
            let error = write(&granted, path, vec![0; bytes], Instant::ZERO).unwrap_err();
            let (FileError::Refused(text)
            | FileError::NotFound(text)
            | FileError::InvalidPath(text)) = error;
            text
        };
        assert!(problem("big", 2 << 20).contains("raise `written_mib` under [limits]"));
        assert!(problem("d", 1).contains("is a folder"));
        assert!(problem("d/a.json/x", 1).contains("leads through a file"));
    }
}
