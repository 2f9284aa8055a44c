//! Character references of HTML.

/// The references by name that pages use most; the HTML standard has 2,231 of them.
const NAMED: [(&str, char); 44] = [
    ("amp", '&'),
    ("apos", '\''),
    ("bdquo", '„'),
    ("bull", '•'),
    ("cent", '¢'),
    ("copy", '©'),
    ("darr", '↓'),
    ("deg", '°'),
    ("divide", '÷'),
    ("euro", '€'),
    ("frac12", '½'),
    ("gt", '>'),
    ("hellip", '…'),
    ("laquo", '«'),
    ("larr", '←'),
    ("ldquo", '“'),
    ("lsaquo", '‹'),
    ("lsquo", '‘'),
    ("lt", '<'),
    ("mdash", '—'),
    ("micro", 'µ'),
    ("middot", '·'),
    ("minus", '−'),
    ("nbsp", ' '),
    ("ndash", '–'),
    ("para", '¶'),
    ("plusmn", '±'),
    ("pound", '£'),
    ("quot", '"'),
    ("raquo", '»'),
    ("rarr", '→'),
    ("rdquo", '”'),
    ("reg", '®'),
    ("rsaquo", '›'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("sect", '§'),
    ("szlig", 'ß'),
    ("times", '×'),
    ("trade", '™'),
    ("uarr", '↑'),
    ("yen", '¥'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
];

/// The accents of letters whose references are a letter and a name, such as `&eacute;`, with the
/// letters as they stand in the last text.
const ACCENTS: [(&str, &str, &str); 8] = [
    ("acute", "aeiouyAEIOUY", "áéíóúýÁÉÍÓÚÝ"),
    ("caron", "scrzeSCRZE", "ščřžěŠČŘŽĚ"),
    ("cedil", "cC", "çÇ"),
    ("circ", "aeiouAEIOU", "âêîôûÂÊÎÔÛ"),
    ("grave", "aeiouAEIOU", "àèìòùÀÈÌÒÙ"),
    ("ring", "aA", "åÅ"),
    ("tilde", "anoANO", "ãñõÃÑÕ"),
    ("uml", "aeiouyAEIOUY", "äëïöüÿÄËÏÖÜŸ"),
];

/// The longest reference that is looked for, with its signs.
const LENGTH_MAX: usize = 12;

/// Appends a text with its references replaced. What is no reference stays as it is.
pub(crate) fn decode(text: &str, into: &mut String) {
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        into.push_str(&rest[..start]);
        rest = &rest[start..];
        match reference(rest) {
            Some((character, length)) => {
                into.push(character);
                rest = &rest[length..];
            }
            None => {
                into.push('&');
                rest = &rest[1..];
            }
        }
    }
    into.push_str(rest);
}

/// The character of the reference that a text begins with, and the reference's length.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(LENGTH_MAX).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let character = match name.strip_prefix('#') {
        Some(number) => numbered(number)?,
        None => named(name)?,
    };
    Some((character, end + 1))
}

fn numbered(number: &str) -> Option<char> {
    let value = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(value).filter(|character| *character != '\0')
}

fn named(name: &str) -> Option<char> {
    let plain = NAMED.iter().find(|(known, _)| *known == name).map(|(_, character)| *character);
    plain.or_else(|| {
        let (letter, accent) = name.split_at_checked(1)?;
        let (_, letters, accented) = ACCENTS.iter().find(|(known, ..)| *known == accent)?;
        accented.chars().nth(letters.find(letter)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> String {
        let mut decoded = String::new();
        decode(text, &mut decoded);
        decoded
    }

    #[test]
    fn references_become_their_characters() {
        assert_eq!(decoded("a &lt;b&gt; &amp;amp; &quot;c&quot;"), "a <b> &amp; \"c\"");
        assert_eq!(decoded("caf&eacute; &Uuml;ber &scaron;&ccedil;"), "café Über šç");
        assert_eq!(decoded("&#233;&#xE9;&#x1F980;"), "éé🦀");
    }

    #[test]
    fn what_is_no_reference_stays() {
        for text in
            ["a & b", "&", "&;", "&nothing;", "&#;", "&#0;", "&#xD800;", "&#99999999;", "AT&T"]
        {
            assert_eq!(decoded(text), text);
        }
    }
}
