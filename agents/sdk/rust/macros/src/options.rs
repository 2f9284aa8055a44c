//! What stands in the parentheses of `#[tool(…)]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Result, Token, Type};

/// The options of a tool.
#[derive(Default)]
pub(crate) struct Options {
    /// `name = "…"`: another name than the function's.
    pub(crate) name: Option<LitStr>,
    /// `output = Type`: what the text that the function returns is JSON of.
    pub(crate) output: Option<Type>,
    /// The hints about the tool's behaviour.
    pub(crate) annotations: Annotations,
}

/// The hints about a tool's behaviour.
#[derive(Default)]
pub(crate) struct Annotations {
    read_only: bool,
    destructive: bool,
    idempotent: bool,
    open_world: bool,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Options> {
        let mut options = Options::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            match key.to_string().as_str() {
                "name" => {
                    input.parse::<Token![=]>()?;
                    options.name = Some(input.parse()?);
                }
                "output" => {
                    input.parse::<Token![=]>()?;
                    options.output = Some(input.parse()?);
                }
                "read_only" => options.annotations.read_only = true,
                "destructive" => options.annotations.destructive = true,
                "idempotent" => options.annotations.idempotent = true,
                "open_world" => options.annotations.open_world = true,
                _ => {
                    return Err(Error::new_spanned(
                        &key,
                        format!(
                            "a tool has no option `{key}`; it takes read_only, destructive, \
                             idempotent, open_world, name = \"…\" and output = Type"
                        ),
                    ));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

impl ToTokens for Annotations {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Annotations { read_only, destructive, idempotent, open_world } = self;
        tokens.extend(quote! {
            ::timeslip_sdk::ToolAnnotations {
                read_only: #read_only,
                destructive: #destructive,
                idempotent: #idempotent,
                open_world: #open_world,
            }
        });
    }
}
