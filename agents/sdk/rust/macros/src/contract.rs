//! Where the contracts lie: beside the SDK in a project, and above it in timeslip's own tree.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::quote;

/// Calls `wit_bindgen::generate!` with the folders of the contracts before `options`.
pub(crate) fn expand(options: TokenStream) -> TokenStream {
    let Some(wit) = folder() else {
        let problem = "the contracts are not here: the SDK looks for them in its folder `wit`";
        return quote!(compile_error!(#problem););
    };
    let [agent, tool] = ["agent", "tool"].map(|package| wit.join(package).display().to_string());
    quote! {
        ::wit_bindgen::generate!({ path: [#agent, #tool], #options });
    }
}

fn folder() -> Option<PathBuf> {
    let sdk = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    let candidates = ["wit", "../../../wit"].map(|place| sdk.join(place));
    candidates.into_iter().find(|candidate: &PathBuf| Path::is_dir(&candidate.join("agent")))
}
