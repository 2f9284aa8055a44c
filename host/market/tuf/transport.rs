//! Files of metadata that were fetched, as `tough` asks for them.

use std::sync::Arc;

use futures_util::stream;
use reqwest::Url;
use tough::{Bytes, Transport, TransportError, TransportErrorKind, TransportStream, async_trait};

use super::metadata::Files;

/// The address below which the files are.
const BASE: &str = "memory:///";

/// Files in memory.
#[derive(Clone, Debug)]
pub(super) struct MemoryTransport {
    files: Arc<Files>,
}

impl MemoryTransport {
    pub(super) fn new(files: Files) -> MemoryTransport {
        MemoryTransport { files: Arc::new(files) }
    }

    /// The address below which the files are.
    pub(super) fn base() -> Url {
        Url::parse(BASE).expect("it is an address")
    }
}

#[async_trait]
impl Transport for MemoryTransport {
    async fn fetch(&self, url: Url) -> Result<TransportStream, TransportError> {
        match self.files.get(url.path().trim_start_matches('/')) {
            None => Err(TransportError::new(TransportErrorKind::FileNotFound, url)),
            Some(bytes) => Ok(Box::pin(stream::iter([Ok(Bytes::from(bytes.clone()))]))),
        }
    }
}
