//! Slices on tracks: on one track each lies inside another or beside it, as viewers of traces want
//! it.

/// The tracks of one thing, and the ends of what is open on each.
#[derive(Debug, Default)]
pub(super) struct Tracks {
    open: Vec<Vec<u64>>,
}

impl Tracks {
    /// The first track on which a slice fits: it lies inside what is open there, or nothing is open.
    /// Slices come in the order of their beginnings.
    pub(super) fn place(&mut self, begin: u64, end: u64) -> usize {
        for (index, open) in self.open.iter_mut().enumerate() {
            while open.last().is_some_and(|last| *last <= begin) {
                open.pop();
            }
            if open.last().is_none_or(|last| *last >= end) {
                open.push(end);
                return index;
            }
        }
        self.open.push(vec![end]);
        self.open.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_without_lying_inside_stands_on_another_track() {
        let mut tracks = Tracks::default();
        let places = [(0, 100), (10, 30), (20, 40), (30, 35), (100, 110), (100, 120)];
        assert_eq!(places.map(|(begin, end)| tracks.place(begin, end)), [0, 0, 1, 0, 0, 1]);
    }
}
