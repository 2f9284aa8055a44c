//! The parameters of a tool's function, which are the tool's arguments.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Error, Expr, FnArg, LitStr, Pat, Result, Type};

use crate::syntax::{doc_text, only_generic};

/// One of a tool's arguments.
pub(crate) struct Argument {
    /// Its name in JSON.
    pub(crate) name: LitStr,
    description: Option<String>,
    kind: Kind,
}

enum Kind {
    Required(Type),
    /// Of an `Option`: the type inside.
    Optional(Type),
    WithDefault(Type, Box<Expr>),
}

impl Argument {
    /// Reads a parameter and takes the attributes away that are meant for the macro.
    pub(crate) fn take(parameter: &mut FnArg) -> Result<Argument> {
        let parameter = match parameter {
            FnArg::Typed(parameter) => parameter,
            FnArg::Receiver(receiver) => {
                return Err(Error::new_spanned(receiver, "a tool is a function without `self`"));
            }
        };
        let Pat::Ident(ident) = &*parameter.pat else {
            return Err(Error::new_spanned(&parameter.pat, "a tool's argument needs a name"));
        };
        if let Type::Reference(reference) = &*parameter.ty {
            return Err(Error::new_spanned(
                reference,
                "a tool's argument is a value of its own: String rather than &str",
            ));
        }
        let text = ident.ident.to_string();
        let name = LitStr::new(text.trim_start_matches("r#"), ident.ident.span());
        let attributes = std::mem::take(&mut parameter.attrs);
        let description = doc_text(&attributes);
        let default = default_of(&attributes)?;
        parameter.attrs = attributes
            .into_iter()
            .filter(|attribute| {
                !attribute.path().is_ident("doc") && !attribute.path().is_ident("default")
            })
            .collect();
        let inner = only_generic(&parameter.ty, "Option");
        let kind = match (default, inner) {
            (Some(default), _) => Kind::WithDefault((*parameter.ty).clone(), Box::new(default)),
            (None, Some(inner)) => Kind::Optional(inner),
            (None, None) => Kind::Required((*parameter.ty).clone()),
        };
        Ok(Argument { name, description, kind })
    }

    /// The call that adds it to the tool's definition.
    pub(crate) fn defined(&self) -> TokenStream {
        let name = &self.name;
        let description = match &self.description {
            Some(text) => quote!(::core::option::Option::Some(#text)),
            None => quote!(::core::option::Option::None),
        };
        match &self.kind {
            Kind::Required(of) => quote!(.required::<#of>(#name, #description)),
            Kind::Optional(of) => quote!(.optional::<#of>(#name, #description)),
            Kind::WithDefault(of, default) => {
                quote!(.with_default::<#of>(#name, #description, #default))
            }
        }
    }

    /// The expression that takes it from a call's arguments.
    pub(crate) fn taken(&self) -> TokenStream {
        let name = &self.name;
        match &self.kind {
            Kind::Required(_) => quote!(arguments.required(#name)?),
            Kind::Optional(_) => quote!(arguments.optional(#name)?),
            Kind::WithDefault(_, default) => quote!(arguments.or_default(#name, || #default)?),
        }
    }
}

/// The expression of `#[default(…)]`.
fn default_of(attributes: &[Attribute]) -> Result<Option<Expr>> {
    let default = attributes.iter().find(|attribute| attribute.path().is_ident("default"));
    default.map(Attribute::parse_args).transpose()
}
