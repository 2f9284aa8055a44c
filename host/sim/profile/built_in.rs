//! The profiles of the repository's folder, as the program carries them.

include!(concat!(env!("OUT_DIR"), "/built_in_profiles.rs"));
