//! From a core module, as C, Go and Zig compilers write it, to a component.

use std::path::Path;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A world of a folder of WIT.
pub(super) struct World<'a> {
    /// The folder.
    pub(super) folder: &'a Path,
    /// The world's name.
    pub(super) name: &'a str,
}

/// Makes a component of a core module: puts the world into it, and the WASI that its compiler
/// assumes under it.
///
/// # Errors
/// A sentence on what is wrong with the module.
pub(super) fn encode(core: &[u8], world: &World<'_>) -> Result<Vec<u8>, String> {
    let wrong = |error| format!("the module is no component of world {}: {error:#}", world.name);
    let mut module = core.to_vec();
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(world.folder).map_err(wrong)?;
    let id = resolve.select_world(&[package], Some(world.name)).map_err(wrong)?;
    embed_component_metadata(&mut module, &resolve, id, StringEncoding::UTF8).map_err(wrong)?;
    let encoded = ComponentEncoder::default().validate(true).module(&module).and_then(|encoder| {
        encoder
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
            .encode()
    });
    encoded.map_err(wrong)
}

/// Whether these bytes are a component, and not a core module or anything else.
pub(super) fn is_component(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm\x0d\0\x01\0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_becomes_a_component_of_its_world_and_another_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let text = "package a:b; world w { export add: func(a: u32, b: u32) -> u32; }";
        std::fs::write(folder.path().join("w.wit"), text).unwrap();
        let world = World { folder: folder.path(), name: "w" };
        let module = wat::parse_str(
            "(module (func (export \"add\") (param i32 i32) (result i32)
                (i32.add (local.get 0) (local.get 1))))",
        );
        let component = encode(&module.unwrap(), &world).unwrap();
        assert!(is_component(&component));
        assert!(!is_component(b"\0asm\x01\0\0\0"));
        let problem = encode(b"\0asm\x01\0\0\0", &world).unwrap_err();
        assert!(problem.contains("world w") && problem.contains("add"), "{problem}");
    }
}
