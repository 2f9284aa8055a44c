//! What `#[tool]` makes of a function: the function, and a type of the same name that implements
//! `Tool`. A struct with braces is a type alone, so both may have one name.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, LitStr, Result, ReturnType, Type};

use crate::arguments::Argument;
use crate::options::Options;
use crate::syntax::{doc_text, last_segment, only_generic};

pub(crate) fn expand(options: TokenStream, function: TokenStream) -> Result<TokenStream> {
    let options: Options = syn::parse2(options)?;
    let mut function: ItemFn = syn::parse2(function)?;
    let description = doc_text(&function.attrs).ok_or_else(|| {
        Error::new_spanned(
            &function.sig.ident,
            "a tool needs a doc comment: the model reads it to know what the tool does",
        )
    })?;
    let arguments = function.sig.inputs.iter_mut().map(Argument::take);
    let arguments = arguments.collect::<Result<Vec<Argument>>>()?;
    let output = Output::of(&function.sig.output, options.output.as_ref());
    let (visibility, ident) = (&function.vis, &function.sig.ident);
    let name = options.name.unwrap_or_else(|| LitStr::new(&ident.to_string(), ident.span()));
    let names: Vec<&LitStr> = arguments.iter().map(|argument| &argument.name).collect();
    let defined = arguments.iter().map(Argument::defined);
    let taken = arguments.iter().map(Argument::taken);
    let (output_schema, output_text) = (output.schema(), output.text());
    let wait = function.sig.asyncness.map(|_| quote!(.await));
    let read = if arguments.is_empty() { quote!(_) } else { quote!(mut arguments) };
    let annotations = &options.annotations;
    Ok(quote! {
        #function

        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #[derive(Debug)]
        #visibility struct #ident {}

        impl ::timeslip_sdk::plugin::Tool for #ident {
            const NAME: &'static str = #name;

            fn definition() -> ::timeslip_sdk::ToolDefinition {
                ::timeslip_sdk::plugin::Definition::new()
                    #(#defined)*
                    #output_schema
                    .finish(#name, #description, #annotations)
            }

            async fn call(
                text: &str,
            ) -> ::core::result::Result<::std::string::String, ::timeslip_sdk::ToolError> {
                let #read = ::timeslip_sdk::plugin::Arguments::read(text, &[#(#names),*])?;
                let output = #ident(#(#taken),*) #wait;
                #output_text
            }
        }
    })
}

/// What a function gives.
struct Output {
    /// The type of its JSON; a text has none.
    json: Option<Type>,
    /// Whether the text itself is the output.
    is_text: bool,
    /// Whether the function may fail.
    is_result: bool,
}

impl Output {
    fn of(output: &ReturnType, stated: Option<&Type>) -> Output {
        let returned = match output {
            ReturnType::Default => syn::parse_quote!(()),
            ReturnType::Type(_, returned) => (**returned).clone(),
        };
        let success = only_generic(&returned, "Result");
        let is_result = success.is_some();
        let value = success.unwrap_or(returned);
        let is_text = is_text(&value);
        let json = stated.cloned().or((!is_text && !is_nothing(&value)).then_some(value));
        Output { json, is_text, is_result }
    }

    fn schema(&self) -> TokenStream {
        match &self.json {
            Some(json) => quote!(.output::<#json>()),
            None => quote!(),
        }
    }

    fn text(&self) -> TokenStream {
        let value = if self.is_result { quote!(output?) } else { quote!(output) };
        if self.is_text {
            quote!(::core::result::Result::Ok(::std::string::String::from(#value)))
        } else if self.json.is_some() {
            quote!(::timeslip_sdk::plugin::json_output(&#value))
        } else {
            quote!({
                let () = #value;
                ::core::result::Result::Ok(::std::string::String::from("done"))
            })
        }
    }
}

fn is_text(value: &Type) -> bool {
    match value {
        Type::Reference(reference) => is_text(&reference.elem),
        value => last_segment(value).is_some_and(|name| name == "String" || name == "str"),
    }
}

fn is_nothing(value: &Type) -> bool {
    matches!(value, Type::Tuple(tuple) if tuple.elems.is_empty())
}
