//! The macros of `timeslip-sdk`, which re-exports what is meant for others.

mod arguments;
mod contract;
mod options;
mod syntax;
mod tool;

use proc_macro::TokenStream;

/// Bindings of the contracts, wherever the SDK lies.
#[proc_macro]
pub fn contract(options: TokenStream) -> TokenStream {
    contract::expand(options.into()).into()
}

/// Makes a function, `fn` or `async fn`, a tool; `export_tools!` lists it by its name.
///
/// ```ignore
/// /// Finds words in the documents.
/// #[tool(read_only, idempotent)]
/// async fn search(
///     /// What to look for.
///     query: String,
///     /// The most results.
///     #[default(5)] limit: u32,
///     folder: Option<String>,
/// ) -> Result<Vec<Found>, Failure> {
/// ```
///
/// The doc comments are what the model reads. Arguments are values that `serde` can read and
/// `schemars` can describe; one of an `Option` may be left out, and `#[default(…)]` says what stands
/// for one that is. What the function gives is JSON, with its type as the output schema, or, for a
/// `String` or `&str`, the text itself. An error of `Result` is anything that turns into a
/// `ToolError`: a `Failure` or a text (`failed`), or a `ToolError` of another kind.
///
/// Options: `read_only`, `destructive`, `idempotent` and `open_world` are the hints of the contract;
/// `name = "…"` is another name than the function's; `output = Type` states the schema of a text that
/// is already JSON.
#[proc_macro_attribute]
pub fn tool(options: TokenStream, function: TokenStream) -> TokenStream {
    tool::expand(options.into(), function.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
