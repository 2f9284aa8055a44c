//! The files of the built-in example, as they stand in the repository.

/// The folder of the example's bench.
pub(crate) const EXAMPLE_FOLDER: &str = "agents/hardware-guide";

/// The files by their paths in the repository.
const FILES: [(&str, &[u8]); 5] = [
    ("agents/hardware-guide/bench.toml", include_bytes!("../../agents/hardware-guide/bench.toml")),
    (
        "agents/hardware-guide/script.toml",
        include_bytes!("../../agents/hardware-guide/script.toml"),
    ),
    (
        "agents/prebuilt/hardware-guide.wasm",
        include_bytes!("../../agents/prebuilt/hardware-guide.wasm"),
    ),
    ("plugins/prebuilt/profiles.wasm", include_bytes!("../../plugins/prebuilt/profiles.wasm")),
    ("plugins/prebuilt/calculator.wasm", include_bytes!("../../plugins/prebuilt/calculator.wasm")),
];

/// The profiles' folder.
const PROFILES: &str = "hardware-profiles";

/// A file by its path in the repository.
pub(crate) fn file(path: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(known, _)| *known == path).map(|(_, bytes)| *bytes)
}

/// The files of a folder by their paths inside it; of folders, the example needs the profiles.
pub(crate) fn folder(path: &str) -> impl Iterator<Item = (String, &'static [u8])> + use<> {
    let files: &[(&str, &[u8])] =
        if path == PROFILES { timeslip_sim::profile::BUILT_IN } else { &[] };
    files.iter().map(|(path, bytes)| ((*path).to_owned(), *bytes))
}
