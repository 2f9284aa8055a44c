//! What the macros look for in types and attributes.

use syn::{Attribute, Expr, ExprLit, GenericArgument, Ident, Lit, Meta, PathArguments, Type};

/// The text of doc comments: lines are joined, and an empty line parts paragraphs.
pub(crate) fn doc_text(attributes: &[Attribute]) -> Option<String> {
    let mut paragraphs = vec![String::new()];
    for line in attributes.iter().filter_map(doc_line) {
        let line = line.trim();
        let paragraph = paragraphs.last_mut().expect("there is always one");
        if line.is_empty() {
            paragraphs.push(String::new());
        } else {
            let gap = if paragraph.is_empty() { "" } else { " " };
            paragraph.push_str(gap);
            paragraph.push_str(line);
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    (!paragraphs.is_empty()).then(|| paragraphs.join("\n\n"))
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The name of a type, without the path before it and the parameters behind.
pub(crate) fn last_segment(of: &Type) -> Option<&Ident> {
    match of {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

/// The first parameter of a type of this name, such as `T` of `Option<T>`.
pub(crate) fn only_generic(of: &Type, name: &str) -> Option<Type> {
    let Type::Path(path) = of else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(parameters) = &segment.arguments else { return None };
    parameters.args.iter().find_map(|parameter| match parameter {
        GenericArgument::Type(inner) => Some(inner.clone()),
        _ => None,
    })
}
