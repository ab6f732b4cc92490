//! Numbers for names that became equal when they were mangled.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// The longest extension that a shortened name keeps.
pub(super) const EXTENSION_LEN_MAX: usize = 16;

/// How many units of a name decide from which counter its number comes.
///
/// A numbered name keeps at least these: the shortest maximum is 31 units, of which 17 may go to
/// the extension and 9 to the number.
const FAMILY_LEN: usize = 5;

/// A unit of a name: a byte or a UTF-16 unit.
pub(super) trait Unit: Copy + Ord + Hash {
    fn from_ascii(byte: u8) -> Self;
    /// Whether it belongs to the same character as the unit before it.
    fn continues(self) -> bool;
    /// The same for units that differ only in case.
    fn fold(self) -> Self;
}

impl Unit for u8 {
    fn from_ascii(byte: u8) -> Self {
        byte
    }

    fn continues(self) -> bool {
        self & 0xC0 == 0x80
    }

    fn fold(self) -> Self {
        self.to_ascii_uppercase()
    }
}

impl Unit for u16 {
    fn from_ascii(byte: u8) -> Self {
        byte.into()
    }

    fn continues(self) -> bool {
        (0xDC00..0xE000).contains(&self)
    }

    fn fold(self) -> Self {
        let Some(character) = char::from_u32(self.into()) else { return self };
        let mut upper = character.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(single), None) => u16::try_from(u32::from(single)).unwrap_or(self),
            _ => self,
        }
    }
}

/// A mangled name in two parts: numbering shortens the stem and keeps the extension.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Mangled<U> {
    pub(super) stem: Vec<U>,
    /// With its dot.
    pub(super) extension: Vec<U>,
    /// Whether the name is the one that the node has in the tree.
    pub(super) faithful: bool,
}

/// How names are numbered.
pub(super) struct Numbering {
    /// The most units of a name.
    pub(super) max: usize,
    /// What stands before the number.
    pub(super) mark: u8,
}

impl<U: Unit> Mangled<U> {
    /// The name in one piece.
    pub(super) fn joined(mut self) -> Vec<U> {
        self.stem.extend(self.extension);
        self.stem
    }

    /// Shortens the stem so that the name has at most `max` units.
    pub(super) fn shorten(&mut self, max: usize) {
        cut(&mut self.stem, max - self.extension.len());
    }

    fn folded(&self) -> Vec<U> {
        self.stem.iter().chain(&self.extension).map(|unit| unit.fold()).collect()
    }

    fn family(&self) -> (Vec<U>, Vec<U>) {
        let stem = self.stem.iter().take(FAMILY_LEN);
        let fold = |unit: &U| unit.fold();
        (stem.map(fold).collect(), self.extension.iter().map(fold).collect())
    }

    fn numbered(&self, number: u32, numbering: &Numbering) -> Self {
        let suffix = format!("{}{number}", char::from(numbering.mark));
        let mut stem = self.stem.clone();
        cut(&mut stem, numbering.max - self.extension.len() - suffix.len());
        stem.extend(suffix.bytes().map(U::from_ascii));
        Self { stem, extension: self.extension.clone(), faithful: false }
    }
}

fn cut<U: Unit>(units: &mut Vec<U>, max: usize) {
    if units.len() <= max {
        return;
    }
    let mut end = max;
    while end > 0 && units[end].continues() {
        end -= 1;
    }
    units.truncate(end);
}

/// Numbers names until no two are equal, not even but for case.
///
/// Of equal names the faithful one, else the first, keeps its name. Every family of names has one
/// counter, and a number is tried once in it, so a directory of n equal names takes n steps.
pub(super) fn make_unique<U: Unit>(names: &mut [Mangled<U>], numbering: &Numbering) {
    let folded: Vec<Vec<U>> = names.iter().map(Mangled::folded).collect();
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_unstable_by(|&a, &b| {
        (&folded[a], !names[a].faithful, a).cmp(&(&folded[b], !names[b].faithful, b))
    });
    let losers: Vec<usize> = order
        .windows(2)
        .filter(|pair| folded[pair[0]] == folded[pair[1]])
        .map(|pair| pair[1])
        .collect();

    let mut taken: HashSet<Vec<U>> = folded.into_iter().collect();
    let mut counters: HashMap<(Vec<U>, Vec<U>), u32> = HashMap::new();
    for loser in losers {
        let counter = counters.entry(names[loser].family()).or_insert(0);
        loop {
            *counter += 1;
            let candidate = names[loser].numbered(*counter, numbering);
            if taken.insert(candidate.folded()) {
                names[loser] = candidate;
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unique(names: &[(&str, &str, bool)], max: usize) -> Vec<String> {
        let mut mangled: Vec<Mangled<u8>> = names
            .iter()
            .map(|&(stem, extension, faithful)| Mangled {
                stem: stem.into(),
                extension: extension.into(),
                faithful,
            })
            .collect();
        make_unique(&mut mangled, &Numbering { max, mark: b'_' });
        mangled.into_iter().map(|name| String::from_utf8(name.joined()).unwrap()).collect()
    }

    #[test]
    fn the_faithful_name_stays_and_the_others_are_numbered() {
        let names = [("A", ".B", false), ("A", ".B", true), ("A", ".B", false)];
        assert_eq!(unique(&names, 31), ["A_1.B", "A.B", "A_2.B"]);
    }

    #[test]
    fn a_number_that_is_a_name_already_is_skipped() {
        let names = [("A", "", false), ("A", "", false), ("A_1", "", true), ("A_3", "", true)];
        assert_eq!(unique(&names, 31), ["A", "A_2", "A_1", "A_3"]);
    }

    #[test]
    fn names_that_differ_only_in_case_count_as_equal() {
        assert_eq!(unique(&[("a", "", true), ("A", "", false)], 31), ["a", "A_1"]);
    }

    #[test]
    fn a_number_takes_its_room_from_the_stem_between_characters() {
        let names = [("abcdeé", ".x", false), ("abcdeé", ".x", false)];
        assert_eq!(unique(&names, 10), ["abcdeé.x", "abcde_1.x"]);
    }

    #[test]
    fn a_hundred_thousand_equal_names_are_numbered_in_turn() {
        let names = unique(&vec![("A", ".B", false); 100_000], 31);
        assert_eq!(names[99_999], "A_99999.B");
    }
}
