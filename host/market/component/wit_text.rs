//! A component's interfaces as WIT, to be read.

use wit_component::{OutputToString, WitPrinter};
use wit_parser::PackageId;
use wit_parser::decoding::decode;

use super::sections::damaged;
use crate::error::Result;

/// The world of a component and every interface in it, as `wasm-tools component wit` prints them.
///
/// # Errors
/// When the component cannot be decoded.
pub fn wit_text(component: &[u8]) -> Result<String> {
    let decoded = decode(component).map_err(|error| damaged(&error))?;
    let (resolve, main) = (decoded.resolve(), decoded.package());
    let others: Vec<PackageId> =
        resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != main).collect();
    let mut printer = WitPrinter::new(OutputToString::default());
    printer.print(resolve, main, &others).map_err(|error| damaged(&error))?;
    Ok(printer.output.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_printed_with_their_functions() {
        let component = wat::parse_str(
            "(component (import \"acme:door/lock@1.0.0\" (instance
                (export \"open\" (func (param \"key\" string) (result bool))))))",
        );
        let text = wit_text(&component.unwrap()).unwrap();
        assert!(text.contains("import acme:door/lock@1.0.0;"), "{text}");
        assert!(text.contains("open: func(key: string) -> bool;"), "{text}");
        assert!(wit_text(b"\0asm").is_err());
    }
}
