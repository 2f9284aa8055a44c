//! A small registry in memory that speaks the OCI distribution protocol.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use super::{Reply, Request, serve};
use crate::digest::Digest;

/// A registry in memory.
#[derive(Clone)]
pub(crate) struct Memory {
    /// Its host and port.
    pub(crate) host: String,
    contents: Arc<Mutex<Contents>>,
}

#[derive(Default)]
struct Contents {
    blobs: HashMap<String, Vec<u8>>,
    /// By repository, then by tag and by digest.
    manifests: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Paths of blobs that were read.
    read: Vec<String>,
}

impl Memory {
    pub(crate) fn start() -> Memory {
        let contents = Arc::new(Mutex::new(Contents::default()));
        let serving = contents.clone();
        let host = serve(move |request| serving.lock().unwrap().reply(request));
        Memory { host, contents }
    }

    /// How often the blob with a digest was read.
    pub(crate) fn reads_of(&self, digest: &Digest) -> usize {
        let contents = self.contents.lock().unwrap();
        contents.read.iter().filter(|path| path.ends_with(digest.as_str())).count()
    }

    /// Puts other bytes in the place of a blob.
    pub(crate) fn replace_blob(&self, digest: &Digest, bytes: &[u8]) {
        let before = self.contents.lock().unwrap().blobs.insert(digest.to_string(), bytes.to_vec());
        assert!(before.is_some(), "there was no blob {digest}");
    }

    /// Takes the tags of a repository away that begin so.
    pub(crate) fn remove_tags(&self, repository: &str, begin: &str) {
        let mut contents = self.contents.lock().unwrap();
        let tags = contents.manifests.get_mut(repository).expect("the repository is there");
        tags.retain(|tag, _| !tag.starts_with(begin));
    }
}

impl Contents {
    fn reply(&mut self, request: &Request) -> Reply {
        let path = request.path.strip_prefix("/v2/").unwrap_or_default();
        if let Some((repository, rest)) = path.split_once("/blobs/uploads/") {
            return self.upload(repository, rest, &request.body);
        }
        if let Some((_, digest)) = path.split_once("/blobs/") {
            if request.method == "GET" {
                self.read.push(path.to_owned());
            }
            return found(self.blobs.get(digest).map(Vec::as_slice));
        }
        if let Some((repository, _)) = path.split_once("/tags/list") {
            let Some(of) = self.manifests.get(repository) else { return found(None) };
            let tags: Vec<&String> = of.keys().filter(|tag| !tag.contains(':')).collect();
            let json = serde_json::json!({ "tags": tags });
            return found(Some(&serde_json::to_vec(&json).unwrap()));
        }
        let Some((repository, reference)) = path.split_once("/manifests/") else {
            return found(None);
        };
        if request.method != "PUT" {
            let of = self.manifests.get(repository);
            return found(of.and_then(|of| of.get(reference)).map(Vec::as_slice));
        }
        let (of, body) = (self.manifests.entry(repository.to_owned()).or_default(), &request.body);
        of.insert(Digest::of(body).to_string(), body.clone());
        of.insert(reference.to_owned(), body.clone());
        Reply::new(201, &[], b"")
    }

    fn upload(&mut self, repository: &str, rest: &str, body: &[u8]) -> Reply {
        let Some((_, digest)) = rest.split_once("digest=") else {
            let location = format!("location: /v2/{repository}/blobs/uploads/one?x=y");
            return Reply::new(202, &[&location], b"");
        };
        self.blobs.insert(digest.replace("%3A", ":"), body.to_vec());
        Reply::new(201, &[], b"")
    }
}

fn found(bytes: Option<&[u8]>) -> Reply {
    bytes.map_or_else(|| Reply::new(404, &[], b""), |bytes| Reply::new(200, &[], bytes))
}
