//! Where the tasks of a bench are kept.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::bench::bench_file;
use crate::exit::Failure;

/// The file of a store.
pub(super) struct Place {
    /// The file.
    pub(super) file: PathBuf,
    /// Whether nobody named it.
    is_default: bool,
}

/// The file that is named, or the bench's own in the user's data folder: a server that is started again
/// for the same bench finds what it accepted, wherever it is started.
pub(super) fn place_of_store(named: Option<&Path>, bench: &Path) -> Result<Place, Failure> {
    if let Some(file) = named {
        return Ok(Place { file: file.to_owned(), is_default: false });
    }
    let folder = data_folder().ok_or_else(|| {
        Failure::usage(
            "there is no data folder for the tasks: neither XDG_DATA_HOME nor HOME is set\n  fix: name a \
             file by --store",
        )
    })?;
    let bench = bench_file(bench)?;
    let absolute = std::fs::canonicalize(&bench).unwrap_or(bench);
    let file = folder.join("timeslip/tasks").join(file_name(&absolute));
    Ok(Place { file, is_default: true })
}

impl Place {
    /// Makes the folder of a file that nobody named.
    pub(super) fn make_folder(&self) -> Result<(), Failure> {
        let Some(folder) = self.file.parent().filter(|_| self.is_default) else {
            return Ok(());
        };
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::run(format!(
                "cannot make the folder {} for the tasks: {error}\n  fix: name a file by --store",
                folder.display()
            ))
        })
    }
}

/// The name of a bench's folder, or of its file, and what tells it from others of that name.
fn file_name(bench: &Path) -> String {
    let stem = bench.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let folder = bench.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let name = match stem {
        "timeslip" | "bench" => folder.unwrap_or(stem),
        stem => stem,
    };
    let digest = Sha256::digest(bench.as_os_str().as_encoded_bytes());
    let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{name}-{digest}.db")
}

fn data_folder() -> Option<PathBuf> {
    let named = |variable: &str| {
        std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
    };
    named("XDG_DATA_HOME")
        .or_else(|| named("HOME").map(|home| home.join(".local/share")))
        .or_else(|| named("LOCALAPPDATA"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn benches_of_one_name_have_stores_of_their_own() {
        let name = |path: &str| file_name(Path::new(path));
        assert!(name("/a/airline/timeslip.toml").starts_with("airline-"));
        assert!(name("/a/slow.toml").starts_with("slow-"));
        assert_ne!(name("/a/x/bench.toml"), name("/b/x/bench.toml"));
        assert_eq!(name("/a/x/bench.toml"), name("/a/x/bench.toml"));
    }
}
