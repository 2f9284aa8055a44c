//! A badge's suite, as it travels with its plugin: a bench and every file that it leads to.
//!
//! It is an OCI artifact in the plugin's own repository, with a layer for each file and the file's path
//! as the layer's title, so that other programs write it as the folder that it was. Its tag names its
//! digest: that of the bench's meaning, which whoever runs it works out anew.

mod store;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::files::{cannot, make_folder};
use crate::oci::{
    Annotations, Descriptor, EMPTY_CONFIG, EMPTY_TYPE, MANIFEST_TYPE, Manifest, TITLE,
};
use crate::registry::{Moving, Push, Registry, Repository};

pub use store::SuiteStore;

/// What kind of artifact a suite is.
pub const SUITE_TYPE: &str = "application/vnd.timeslip.suite.v1";

/// What its files are.
const FILE_TYPE: &str = "application/octet-stream";

/// The annotation with the path of the bench among the files.
const BENCH_ANNOTATION: &str = "dev.timeslip.bench";

/// What the tags of suites begin with.
const TAG_BEGIN: &str = "suite-";

/// The most files of a suite, and the most bytes of all together.
const FILES_MAX: usize = 2_000;
const BYTES_MAX: u64 = 512 << 20;

/// The longest path of a file.
const PATH_MAX: usize = 1_000;

/// A bench and every file that it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    bench: String,
    files: BTreeMap<String, Vec<u8>>,
}

impl Suite {
    /// A suite of files by their paths, with `/` between the parts; one of them is the bench.
    ///
    /// # Errors
    /// When a path would lead out of the folder that the files are written to, or there is too much.
    pub fn new(bench: String, files: BTreeMap<String, Vec<u8>>) -> Result<Suite> {
        if !files.contains_key(&bench) {
            return Err(MarketError::refused(format!(
                "its bench `{}` is none of its files",
                bench.escape_debug()
            )));
        }
        check_paths(files.keys().map(String::as_str))?;
        check_size(files.len(), files.values().map(|bytes| bytes.len() as u64))?;
        Ok(Suite { bench, files })
    }

    /// The path of the bench.
    pub fn bench(&self) -> &str {
        &self.bench
    }

    /// The files' paths.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// How many files there are.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// Bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|bytes| bytes.len() as u64).sum()
    }

    /// Writes the files into a folder that is not there yet: all of them, or nothing. Gives the bench.
    ///
    /// # Errors
    /// When something is there already, or the disk fails.
    pub fn write(&self, folder: &Path) -> Result<PathBuf> {
        if std::fs::symlink_metadata(folder).is_ok() {
            return Err(MarketError::refused(format!(
                "{} is there already, and is not written over",
                folder.display()
            )));
        }
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
        let above = above.unwrap_or(Path::new("."));
        make_folder(above)?;
        let beside = tempfile::Builder::new()
            .prefix(".suite-")
            .tempdir_in(above)
            .map_err(|error| cannot("make a folder in", above, &error))?;
        for (path, bytes) in &self.files {
            let file = beside.path().join(path);
            make_folder(file.parent().unwrap_or(above))?;
            std::fs::write(&file, bytes).map_err(|error| cannot("write", &file, &error))?;
        }
        std::fs::rename(beside.path(), folder).map_err(|error| cannot("write", folder, &error))?;
        // It has another name now, so that there is nothing left to remove.
        let _ = beside.keep();
        Ok(folder.join(&self.bench))
    }

    /// Whether a folder holds these files.
    fn is_in(&self, folder: &Path) -> bool {
        let is_same = |(path, bytes): (&String, &Vec<u8>)| {
            std::fs::read(folder.join(path)).is_ok_and(|there| there == *bytes)
        };
        self.files.iter().all(is_same)
    }

    fn manifest(&self) -> Manifest {
        let layer = |(path, bytes): (&String, &Vec<u8>)| {
            let mut layer = Descriptor::of(FILE_TYPE, bytes);
            layer.annotations.insert(TITLE.to_owned(), path.clone());
            layer
        };
        Manifest {
            schema_version: 2,
            media_type: Some(MANIFEST_TYPE.to_owned()),
            artifact_type: Some(SUITE_TYPE.to_owned()),
            config: Descriptor::of(EMPTY_TYPE, EMPTY_CONFIG),
            layers: self.files.iter().map(layer).collect(),
            subject: None,
            annotations: Annotations::from([(BENCH_ANNOTATION.to_owned(), self.bench.clone())]),
        }
    }
}

impl Registry {
    /// Puts a suite beside the versions of a plugin, under its digest. Pushing the same again changes
    /// nothing.
    ///
    /// # Errors
    /// When the registry fails.
    pub fn push_suite(
        &self,
        repository: &Repository,
        digest: &Digest,
        suite: &Suite,
    ) -> Result<Digest> {
        let mut blobs: Vec<&[u8]> = suite.files.values().map(Vec::as_slice).collect();
        blobs.push(EMPTY_CONFIG);
        self.push(&Push {
            repository,
            blobs: &blobs,
            manifest: &suite.manifest().to_json(),
            tag: &tag_of(digest),
            // The same bench in folders of other names is the same suite.
            moving: Moving::Allowed,
        })
    }

    /// The suite with a digest. Whether its bench has that digest says whoever reads the bench.
    ///
    /// # Errors
    /// When it is not there, is no suite, or the registry fails.
    pub fn suite(&self, repository: &Repository, digest: &Digest) -> Result<Suite> {
        let Some((_, bytes)) = self.tagged(repository, &tag_of(digest))? else {
            return Err(MarketError::not_found(format!(
                "{self}: {} has no suite {digest}; whoever made the badge did not leave it there",
                repository.as_str().replacen('/', ":", 1)
            )));
        };
        let what = format!("{self}: the suite {digest}");
        let manifest = Manifest::parse(&bytes).map_err(|error| error.of(&what))?;
        let mut files = BTreeMap::new();
        for (path, layer) in manifest.suite_files().map_err(|error| error.of(&what))? {
            files.insert(path.to_owned(), self.blob(repository, layer)?);
        }
        let bench = manifest.annotations.get(BENCH_ANNOTATION).cloned().unwrap_or_default();
        Suite::new(bench, files).map_err(|error| error.of(&what))
    }

    /// The digests of the suites beside the versions of a plugin, as their tags name them.
    ///
    /// # Errors
    /// When the registry fails.
    pub fn suites(&self, repository: &Repository) -> Result<Vec<Digest>> {
        let digest =
            |tag: &String| Digest::parse(&format!("sha256:{}", tag.strip_prefix(TAG_BEGIN)?)).ok();
        let mut found: Vec<Digest> = self.tags(repository)?.iter().filter_map(digest).collect();
        found.sort();
        Ok(found)
    }
}

fn tag_of(digest: &Digest) -> String {
    format!("{TAG_BEGIN}{}", digest.hex())
}

impl Manifest {
    /// What leads to the files of a suite, by their paths, held against what a suite may be before
    /// anything of it is fetched.
    ///
    /// # Errors
    /// When it is no suite's manifest, a path would lead out of a folder, or there is too much.
    pub fn suite_files(&self) -> Result<BTreeMap<&str, &Descriptor>> {
        if self.artifact_type.as_deref() != Some(SUITE_TYPE) {
            return Err(MarketError::refused(format!(
                "it is no suite: its type is `{}`, and a suite's is `{SUITE_TYPE}`",
                self.artifact_type.as_deref().unwrap_or_default().escape_debug()
            )));
        }
        let titles = self.layers.iter().map(|layer| layer.annotations.get(TITLE));
        let paths = || titles.clone().map(|title| title.map_or("", String::as_str));
        check_paths(paths())?;
        check_size(self.layers.len(), self.layers.iter().map(|layer| layer.size))?;
        Ok(paths().zip(&self.layers).collect())
    }
}

fn check_size(count: usize, sizes: impl Iterator<Item = u64>) -> Result<()> {
    let bytes = sizes.fold(0u64, u64::saturating_add);
    match count <= FILES_MAX && bytes <= BYTES_MAX {
        true => Ok(()),
        false => Err(MarketError::refused(format!(
            "it has {count} files with {bytes} bytes, and a suite has at most {FILES_MAX} with \
             {BYTES_MAX}"
        ))),
    }
}

/// Refuses paths that lead out of a folder, that some systems read otherwise, that are there twice, or
/// that are a file and a folder at once.
fn check_paths<'a>(paths: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut sorted: Vec<&str> = paths.collect();
    sorted.sort_unstable();
    let mut all = std::collections::BTreeSet::new();
    for path in sorted {
        let is_part =
            |part: &str| !part.is_empty() && part != "." && part != ".." && part.len() <= 255;
        let is_plain = |c: char| !c.is_control() && !matches!(c, '\\' | ':');
        let refuse = |why: &str| {
            Err(MarketError::refused(format!("its file `{}` {why}", path.escape_debug())))
        };
        if path.len() > PATH_MAX || !path.split('/').all(is_part) || !path.chars().all(is_plain) {
            return refuse("would lead out of the folder it is written to");
        }
        let mut above = path;
        while let Some((folder, _)) = above.rsplit_once('/') {
            if all.contains(folder) {
                return refuse("lies in what is a file as well");
            }
            above = folder;
        }
        if !all.insert(path) {
            return refuse("is there twice");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::on_each;
    use crate::name::PluginName;

    fn suite(files: &[(&str, &str)]) -> Result<Suite> {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        Suite::new("a/timeslip.toml".to_owned(), files.collect())
    }

    fn tool() -> Repository {
        Repository::of(&PluginName::parse("acme:tool").unwrap())
    }

    const FILES: [(&str, &str); 3] =
        [("a/timeslip.toml", "name = \"a\""), ("a/empty", ""), ("b/.timeslip/c.wasm", "\0asm")];

    #[test]
    fn what_is_pushed_is_found_fetched_and_written_as_it_was() {
        on_each(|place| {
            let (registry, digest) = (place.registry("registry"), Digest::of(b"meaning"));
            let told = registry.suite(&tool(), &digest).unwrap_err().to_string();
            assert!(told.contains("acme:tool has no suite sha256:"), "{told}");
            let pushed = suite(&FILES).unwrap();
            let first = registry.push_suite(&tool(), &digest, &pushed).unwrap();
            assert_eq!(registry.push_suite(&tool(), &digest, &pushed), Ok(first));
            assert_eq!(registry.suites(&tool()), Ok(vec![digest.clone()]));
            let fetched = registry.suite(&tool(), &digest).unwrap();
            assert_eq!(fetched, pushed);
            let store = SuiteStore::new(place.path("suites"));
            assert_eq!(store.bench(&digest), Ok(None));
            for _ in 0..2 {
                let bench = store.keep(&digest, &fetched).unwrap();
                assert_eq!(std::fs::read_to_string(&bench).unwrap(), "name = \"a\"");
                assert_eq!(store.bench(&digest), Ok(Some(bench)));
            }
            let component = store.folder(&digest).join("b/.timeslip/c.wasm");
            assert_eq!(std::fs::read(&component).unwrap(), b"\0asm");
            std::fs::write(&component, "damaged").unwrap();
            store.keep(&digest, &fetched).unwrap();
            assert_eq!(std::fs::read(&component).unwrap(), b"\0asm");
            let told = fetched.write(&store.folder(&digest)).unwrap_err().to_string();
            assert!(told.contains("is there already"), "{told}");
        });
    }

    #[test]
    fn a_file_that_would_lead_out_of_the_folder_is_refused() {
        for path in ["../x", "/etc/passwd", "a/../../x", "a//b", "a\\..\\x", "C:x", "", ".", "a/\n"]
        {
            let told = suite(&[FILES[0], (path, "")]).unwrap_err().to_string();
            assert!(told.contains("would lead out of the folder"), "{path}: {told}");
        }
        let told = suite(&[FILES[0], ("a/timeslip.toml/x", "")]).unwrap_err().to_string();
        assert!(told.contains("lies in what is a file as well"), "{told}");
        assert!(suite(&FILES[1..]).unwrap_err().to_string().contains("is none of its files"));
    }

    #[test]
    fn what_somebody_puts_in_the_place_of_a_suite_is_refused_before_it_is_fetched() {
        on_each(|place| {
            let (registry, digest) = (place.registry("registry"), Digest::of(b"meaning"));
            let put = |edit: &dyn Fn(&mut Manifest)| {
                registry.push_suite(&tool(), &digest, &suite(&FILES).unwrap()).unwrap();
                let mut manifest = suite(&FILES).unwrap().manifest();
                edit(&mut manifest);
                let push = Push {
                    repository: &tool(),
                    blobs: &[],
                    manifest: &manifest.to_json(),
                    tag: &tag_of(&digest),
                    moving: Moving::Allowed,
                };
                registry.push(&push).unwrap();
                registry.suite(&tool(), &digest).unwrap_err().to_string()
            };
            let title = |manifest: &mut Manifest, title: &str| {
                manifest.layers[0].annotations.insert(TITLE.to_owned(), title.to_owned());
            };
            let told = put(&|manifest| title(manifest, "../../.bashrc"));
            assert!(told.contains("would lead out of the folder"), "{told}");
            let told = put(&|manifest| title(manifest, "b/.timeslip/c.wasm"));
            assert!(told.contains("is there twice"), "{told}");
            let told = put(&|manifest| manifest.artifact_type = None);
            assert!(told.contains("it is no suite"), "{told}");
            let told = put(&|manifest| manifest.layers[0].size = 1 << 40);
            assert!(told.contains("a suite has at most"), "{told}");
            let told = put(&|manifest| manifest.annotations.clear());
            assert!(told.contains("is none of its files"), "{told}");
        });
    }
}
