//! Aligned columns for lists on a terminal.

/// Lines of text in columns, two blanks apart; the last column is as long as it is.
pub(crate) fn columns(rows: &[impl AsRef<[String]>]) -> String {
    columns_apart(rows, 2)
}

/// Lines of text in columns, so many blanks apart.
pub(crate) fn columns_apart(rows: &[impl AsRef<[String]>], blanks: usize) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.as_ref().len()), 0);
        for (width, cell) in widths.iter_mut().zip(row.as_ref()) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.as_ref().iter().zip(&widths) {
            line.push_str(cell);
            let gap = width + blanks - cell.chars().count();
            line.extend(std::iter::repeat_n(' ', gap));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_begin_below_each_other() {
        let row = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        assert_eq!(
            columns(&[row("a", "1"), row("longer", "2"), row("b", "")]),
            "a       1\nlonger  2\nb\n"
        );
    }
}
