//! A bench at another git revision, in a worktree that is removed again.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::git::{git, run};
use crate::bench::{Bench, Overrides};
use crate::exit::Failure;

/// A bench checked out at another revision.
pub(crate) struct Revision {
    /// The repository.
    root: PathBuf,
    commit: String,
    /// Holds the worktree, and removes it.
    place: tempfile::TempDir,
    /// The bench from the repository's root.
    bench: PathBuf,
}

impl Revision {
    /// Checks a revision out beside the repository, whose own files stay as they are.
    ///
    /// # Errors
    /// When the bench is in no repository, the revision is unknown, or git fails.
    pub(crate) fn check_out(bench: &Path, revision: &str) -> Result<Revision, Failure> {
        let bench = bench.canonicalize().map_err(|error| {
            Failure::usage(format!("cannot find the bench {}: {error}", bench.display()))
        })?;
        let folder = bench.parent().expect("a file has a folder");
        let root = git(folder, &["rev-parse", "--show-toplevel"]).map_err(|problem| {
            Failure::usage(format!(
                "--against needs a git repository, and {} is in none: {problem}",
                folder.display()
            ))
        })?;
        let root = PathBuf::from(root);
        let wanted = format!("{revision}^{{commit}}");
        let commit = git(&root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])
            .map_err(|_| unknown_revision(&root, revision))?;
        let inside = bench.strip_prefix(&root).unwrap_or(&bench).to_owned();
        let place = tempfile::Builder::new()
            .prefix("timeslip-")
            .tempdir()
            .map_err(|error| Failure::run(format!("cannot make a folder: {error}")))?;
        let tree = place.path().join("tree");
        let arguments = ["worktree", "add", "--detach", "--force"];
        let mut command = Command::new("git");
        command.arg("-C").arg(&root).args(arguments).arg(&tree).arg(&commit);
        run(&mut command)
            .map_err(|problem| Failure::run(format!("cannot check out {revision}: {problem}")))?;
        Ok(Revision { root, commit, place, bench: inside })
    }

    /// The commit.
    pub(crate) fn commit(&self) -> &str {
        &self.commit
    }

    /// Reads the bench as it was. What it leads to outside the repository is read where it is.
    ///
    /// # Errors
    /// When the bench was not there, or cannot be used.
    pub(crate) fn load(&self, overrides: &Overrides) -> Result<Bench, Failure> {
        let tree = self.place.path().join("tree");
        if !tree.join(&self.bench).is_file() {
            return Err(Failure::usage(format!(
                "the bench {} was not there at {}\n  fix: compare with a later revision",
                self.bench.display(),
                &self.commit[..12.min(self.commit.len())]
            )));
        }
        Bench::load_at_revision(&tree, &self.root, &self.bench, overrides)
    }
}

impl Drop for Revision {
    fn drop(&mut self) {
        let tree = self.place.path().join("tree");
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.root).args(["worktree", "remove", "--force"]).arg(tree);
        if let Err(problem) = run(&mut command) {
            tracing::warn!(%problem, "the worktree is not removed; `git worktree prune` forgets it");
        }
    }
}

fn unknown_revision(root: &Path, revision: &str) -> Failure {
    let names =
        git(root, &["for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags"]);
    let names = names.unwrap_or_default();
    let near = timeslip_timeline::conversation::nearest(revision, names.lines());
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Failure::usage(format!(
        "--against {revision}: git knows no such revision here{hint}\n  fix: fetch it first; a \
         shallow clone has none but the last"
    ))
}
