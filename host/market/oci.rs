//! The records of the OCI image format, as far as artifacts of WebAssembly need them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::component::{COMPONENT_BYTES_MAX, PackedComponent};
use crate::digest::Digest;
use crate::error::{MarketError, Result};

/// Annotations, sorted.
pub type Annotations = BTreeMap<String, String>;

/// A manifest's type.
pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// An index's type.
pub const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// The type of the configuration of a component.
pub const WASM_CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";
/// The type of the one layer of a component.
pub const WASM_LAYER_TYPE: &str = "application/wasm";
/// The type of a configuration that says nothing.
pub const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";
/// What stands in such a configuration.
pub const EMPTY_CONFIG: &[u8] = b"{}";

/// The annotation with a tag.
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation of a layer with the name of its file.
pub(crate) const TITLE: &str = "org.opencontainers.image.title";
/// The annotation with the digest of the permission manifest.
pub const PERMISSIONS_ANNOTATION: &str = "dev.timeslip.permissions";

/// The largest manifest or index.
pub(crate) const MANIFEST_BYTES_MAX: u64 = 4 << 20;
/// The largest index of a folder.
pub(crate) const INDEX_BYTES_MAX: u64 = 64 << 20;

/// What leads to some bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the bytes are.
    pub media_type: String,
    /// Their digest.
    pub digest: Digest,
    /// How many there are.
    pub size: u64,
    /// What kind of artifact the bytes lead to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// What is said of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Annotations,
}

impl Descriptor {
    /// What leads to these bytes.
    pub fn of(media_type: &str, bytes: &[u8]) -> Descriptor {
        Descriptor {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            artifact_type: None,
            annotations: Annotations::new(),
        }
    }

    /// Holds bytes against their length and digest.
    ///
    /// # Errors
    /// When they are others.
    pub fn check(&self, what: &str, bytes: &[u8]) -> Result<()> {
        if bytes.len() as u64 != self.size {
            return Err(MarketError::refused(format!(
                "{what} has {} bytes, and its manifest says {}: it was truncated or changed",
                bytes.len(),
                self.size
            )));
        }
        self.digest.check(what, bytes)
    }
}

/// A manifest: a configuration and layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What kind of artifact it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers.
    pub layers: Vec<Descriptor>,
    /// The manifest that it says something of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Annotations,
}

/// What a manifest must not be, found before its fields are.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "schemaVersion")]
    schema_version: u32,
    #[serde(rename = "mediaType")]
    media_type: Option<String>,
    manifests: Option<serde_json::Value>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is none, or an index.
    pub fn parse(bytes: &[u8]) -> Result<Manifest> {
        let wrong = |error| MarketError::refused(format!("it is no manifest: {error}"));
        let kind: Kind = serde_json::from_slice(bytes).map_err(wrong)?;
        let is_index = kind.manifests.is_some()
            || kind.media_type.as_deref().is_some_and(|kind| kind != MANIFEST_TYPE);
        if is_index {
            return Err(MarketError::refused(
                "an image index, or another kind of object, stands where the manifest of a \
                 component is expected",
            ));
        }
        if kind.schema_version != 2 {
            let version = kind.schema_version;
            return Err(MarketError::refused(format!("its schemaVersion is {version}, and not 2")));
        }
        serde_json::from_slice(bytes).map_err(wrong)
    }

    /// The bytes that are pushed.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a manifest can be written")
    }

    /// The one layer of a component.
    ///
    /// # Errors
    /// When it is no component's manifest.
    pub fn component_layer(&self) -> Result<&Descriptor> {
        if self.config.media_type != WASM_CONFIG_TYPE {
            return Err(MarketError::refused(format!(
                "it is no component: its configuration is `{}`, and a component's is \
                 `{WASM_CONFIG_TYPE}`",
                self.config.media_type.escape_debug()
            )));
        }
        let [layer] = self.layers.as_slice() else {
            return Err(MarketError::refused(format!(
                "a component has exactly one layer, and this manifest has {}",
                self.layers.len()
            )));
        };
        if layer.media_type != WASM_LAYER_TYPE {
            return Err(MarketError::refused(format!(
                "its layer is `{}`, and a component is `{WASM_LAYER_TYPE}`",
                layer.media_type.escape_debug()
            )));
        }
        if layer.size > COMPONENT_BYTES_MAX {
            return Err(MarketError::refused(format!(
                "its component has {} bytes, and at most {COMPONENT_BYTES_MAX} are fetched",
                layer.size
            )));
        }
        layer.annotations.get(TITLE).map_or(Ok(()), |title| check_title(title))?;
        Ok(layer)
    }
}

/// Refuses a title that other programs would write outside their folder. Nothing here becomes a path.
fn check_title(title: &str) -> Result<()> {
    let leads_out = title.is_empty()
        || title.contains(['/', '\\', ':'])
        || title == "."
        || title == ".."
        || title.chars().any(char::is_control);
    match leads_out {
        true => Err(MarketError::refused(format!(
            "its layer has the title `{}`, which would lead out of the folder it is written to",
            title.escape_debug()
        ))),
        false => Ok(()),
    }
}

/// A list of manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
}

impl Default for Index {
    fn default() -> Index {
        Index { schema_version: 2, media_type: Some(INDEX_TYPE.to_owned()), manifests: Vec::new() }
    }
}

impl Index {
    /// Reads an index.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(bytes: &[u8]) -> Result<Index> {
        let index: Index = serde_json::from_slice(bytes)
            .map_err(|error| MarketError::refused(format!("it is no image index: {error}")))?;
        match index.media_type.as_deref() {
            None | Some(INDEX_TYPE) => Ok(index),
            Some(other) => Err(MarketError::refused(format!(
                "it is no image index: its type is `{}`",
                other.escape_debug()
            ))),
        }
    }

    /// What has a tag.
    pub fn tagged(&self, tag: &str) -> Option<&Descriptor> {
        self.manifests.iter().find(|one| one.annotations.get(REF_NAME).is_some_and(|t| t == tag))
    }
}

/// The type that a manifest or an index says it has.
pub(crate) fn type_of(manifest: &[u8]) -> &'static str {
    let kind: Option<Kind> = serde_json::from_slice(manifest).ok();
    match kind.and_then(|kind| kind.media_type).as_deref() {
        Some(INDEX_TYPE) => INDEX_TYPE,
        _ => MANIFEST_TYPE,
    }
}

/// The configuration of a component.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WasmConfig<'a> {
    created: &'a str,
    architecture: &'static str,
    os: &'static str,
    layer_digests: [&'a Digest; 1],
    component: ComponentConfig<'a>,
}

#[derive(Serialize)]
struct ComponentConfig<'a> {
    exports: &'a [String],
    imports: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
}

/// The instant in the configuration of every component: the same input has the same digest, and when
/// it was published the catalogue says.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// The manifest of a packed component, and its configuration.
pub fn manifest_of(packed: &PackedComponent) -> (Manifest, Vec<u8>) {
    let config = WasmConfig {
        created: CREATED,
        architecture: "wasm",
        os: "wasip2",
        layer_digests: [&packed.digest],
        component: ComponentConfig {
            exports: &packed.surface.exports,
            imports: &packed.surface.imports,
            target: packed.surface.world(),
        },
    };
    let config = serde_json::to_vec(&config).expect("a configuration can be written");
    let mut layer = Descriptor::of(WASM_LAYER_TYPE, &packed.bytes);
    layer.annotations.insert(TITLE.to_owned(), format!("{}.wasm", packed.name.name()));
    let about = &packed.about;
    let mut annotations = Annotations::new();
    let mut say = |key: &str, text: Option<String>| {
        annotations.extend(text.map(|text| (key.to_owned(), text)));
    };
    say(TITLE, Some(packed.name.to_string()));
    say("org.opencontainers.image.version", Some(packed.version.to_string()));
    say("org.opencontainers.image.description", Some(about.description.clone()));
    say("org.opencontainers.image.authors", about.authors.clone());
    say("org.opencontainers.image.licenses", about.licenses.clone());
    say("org.opencontainers.image.source", about.source.clone());
    say("org.opencontainers.image.url", about.homepage.clone());
    say("org.opencontainers.image.revision", about.revision.clone());
    say("org.opencontainers.image.created", Some(CREATED.to_owned()));
    say(PERMISSIONS_ANNOTATION, Some(packed.permissions.digest().to_string()));
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST_TYPE.to_owned()),
        artifact_type: None,
        config: Descriptor::of(WASM_CONFIG_TYPE, &config),
        layers: vec![layer],
        subject: None,
        annotations,
    };
    (manifest, config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let mut layer = Descriptor::of(WASM_LAYER_TYPE, b"component");
        layer.annotations.insert(TITLE.to_owned(), "a.wasm".to_owned());
        Manifest {
            schema_version: 2,
            media_type: Some(MANIFEST_TYPE.to_owned()),
            artifact_type: None,
            config: Descriptor::of(WASM_CONFIG_TYPE, b"{}"),
            layers: vec![layer],
            subject: None,
            annotations: Annotations::new(),
        }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        assert_eq!(Manifest::parse(&manifest().to_json()), Ok(manifest()));
        assert_eq!(manifest().component_layer().unwrap().size, 9);
    }

    #[test]
    fn an_index_or_another_object_in_its_place_is_told() {
        let index = serde_json::to_vec(&Index::default()).unwrap();
        assert!(Manifest::parse(&index).unwrap_err().to_string().contains("an image index"));
        assert!(Manifest::parse(b"{}").is_err() && Manifest::parse(b"\xff").is_err());
    }

    #[test]
    fn what_is_no_component_or_leads_out_of_its_folder_is_refused() {
        let problem = |change: &dyn Fn(&mut Manifest)| {
            let mut manifest = manifest();
            change(&mut manifest);
            manifest.component_layer().unwrap_err().to_string()
        };
        assert!(problem(&|one| one.layers.clear()).contains("this manifest has 0"));
        assert!(problem(&|one| one.layers.push(one.layers[0].clone())).contains("has 2"));
        assert!(
            problem(&|one| one.layers[0].media_type = "text/html".into()).contains("text/html")
        );
        assert!(problem(&|one| one.config.media_type = "x".into()).contains("no component"));
        assert!(problem(&|one| one.layers[0].size = 1 << 40).contains("at most"));
        for title in ["../../etc/passwd", "/etc/passwd", "..", "a\\b", "C:a", "a\u{1b}b", ""] {
            let told = problem(&|one| {
                one.layers[0].annotations.insert(TITLE.into(), title.into());
            });
            assert!(told.contains("would lead out of the folder"), "{title}: {told}");
        }
    }

    #[test]
    fn truncated_and_changed_bytes_are_told() {
        let descriptor = Descriptor::of(WASM_LAYER_TYPE, b"component");
        assert_eq!(descriptor.check("the component", b"component"), Ok(()));
        let told = |bytes| descriptor.check("the component", bytes).unwrap_err().to_string();
        assert!(told(b"comp").contains("has 4 bytes") && told(b"comp").contains("truncated"));
        assert!(told(b"Component").contains("changed or damaged"));
    }
}
