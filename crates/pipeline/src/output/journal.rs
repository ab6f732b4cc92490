//! The journal: what a publication does, written down before it is done.
//!
//! One JSON object a line: what this is and its version, the steps in their order, and last the
//! number of steps.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

const FORMAT: &str = "tsmedia-journal";
/// Version 1 was text with tabs, which not every name survived.
const VERSION: u32 = 2;

/// The largest journal that is read: a line for each of some hundred thousand discs.
pub const JOURNAL_MAX: u64 = 64 << 20;

/// A step of a publication. Names are those of files in the journal's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// A disc takes its place.
    Rename {
        /// Its temporary name.
        from: String,
        /// The name that it gets.
        to: String,
        /// Its length.
        bytes: u64,
    },
    /// An image of the older set goes.
    Remove {
        /// Its name.
        name: String,
        /// Its length: a file of another length is none that this step means.
        bytes: u64,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    steps: usize,
}

/// The text of a journal.
pub fn encode(steps: &[Step]) -> String {
    let head = Head { format: FORMAT.to_owned(), version: VERSION };
    let mut text = line(&head);
    steps.iter().for_each(|step| text += &line(step));
    text += &line(&End { steps: steps.len() });
    text
}

fn line(object: &impl Serialize) -> String {
    let text = serde_json::to_string(object).expect("journal lines have text keys and no floats");
    text + "\n"
}

/// Reads a whole journal. `Err` says what is wrong in which line; none of it is to be done then.
pub fn decode(text: &str) -> Result<Vec<Step>, String> {
    let lines: Vec<&str> = text.lines().collect();
    let (Some((first, rest)), true) = (lines.split_first(), text.ends_with('\n')) else {
        return Err("is not complete".to_owned());
    };
    let wrong = |number: usize, what: &dyn std::fmt::Display| format!("line {number}: {what}");
    let head: Head = serde_json::from_str(first).map_err(|error| wrong(1, &error))?;
    if head.format != FORMAT || head.version != VERSION {
        return Err(wrong(1, &"was written by another version, which this one cannot read"));
    }
    let Some((last, middle)) = rest.split_last() else { return Err("is not complete".to_owned()) };
    let mut steps = Vec::with_capacity(middle.len());
    for (text, number) in middle.iter().zip(2..) {
        let step: Step = serde_json::from_str(text).map_err(|error| wrong(number, &error))?;
        if let Some(name) = step.names().into_iter().find(|name| !plain(name)) {
            return Err(wrong(number, &format!("`{name}` is no name of a file in this folder")));
        }
        steps.push(step);
    }
    let end: End = serde_json::from_str(last).map_err(|error| wrong(lines.len(), &error))?;
    if end.steps != steps.len() {
        return Err(wrong(lines.len(), &format!("there are {} steps above", steps.len())));
    }
    Ok(steps)
}

impl Step {
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Rename { from, to, .. } => vec![from, to],
            Self::Remove { name, .. } => vec![name],
        }
    }
}

/// Whether a name stays in the journal's folder.
fn plain(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let first = components.next();
    matches!(first, Some(Component::Normal(found)) if found == name) && components.next().is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step() -> impl Strategy<Value = Step> {
        let name = || "[^/\0]{1,20}".prop_filter("dots are no names", |name| plain(name));
        prop_oneof![
            (name(), name(), any::<u64>()).prop_map(|(from, to, bytes)| Step::Rename {
                from,
                to,
                bytes
            }),
            (name(), any::<u64>()).prop_map(|(name, bytes)| Step::Remove { name, bytes }),
        ]
    }

    proptest! {
        #[test]
        fn a_journal_reads_back_whatever_the_names_hold(steps in prop::collection::vec(step(), 0..5)) {
            prop_assert_eq!(decode(&encode(&steps)), Ok(steps));
        }

        #[test]
        fn a_journal_that_is_cut_off_is_refused(
            steps in prop::collection::vec(step(), 0..5),
            at in any::<prop::sample::Index>(),
        ) {
            let text = encode(&steps);
            let ends: Vec<usize> = text.char_indices().map(|(end, _)| end).collect();
            prop_assert!(decode(&text[..ends[at.index(ends.len())]]).is_err());
        }
    }

    #[test]
    fn every_line_that_is_not_understood_is_named() {
        let journal = |middle: &str, steps: u32| {
            format!(
                "{{\"format\":\"tsmedia-journal\",\"version\":2}}\n{middle}{{\"steps\":{steps}}}\n"
            )
        };
        let remove = "{\"remove\":{\"name\":\"w11.iso\",\"bytes\":3}}\n";
        let step = Step::Remove { name: "w11.iso".to_owned(), bytes: 3 };
        assert_eq!(decode(&journal(remove, 1)), Ok(vec![step]));
        for (text, place) in [
            (journal("remove\tw11.iso\n", 1), "line 2"),
            (journal("\n", 0), "line 2"),
            (journal("{\"link\":{\"name\":\"w11.iso\"}}\n", 1), "line 2"),
            (journal(&remove.replace("w11.iso", "../w11.iso"), 1), "line 2"),
            (journal(&remove.replace("w11.iso", ".."), 1), "line 2"),
            (journal(&remove.replace("w11.iso", "w11.iso/"), 1), "line 2"),
            (journal(&remove.replace("3}", "3,\"mode\":1}"), 1), "line 2"),
            (journal(remove, 2), "line 3"),
            (journal(&format!("{remove}{{\"steps\":1}}\n"), 1), "line 3"),
            (journal(remove, 1).replace("\"version\":2", "\"version\":3"), "line 1"),
            ("tsmedia journal 1\nremove\tw11.iso\nend\n".to_owned(), "line 1"),
            (String::new(), "not complete"),
        ] {
            let message = decode(&text).unwrap_err();
            assert!(message.contains(place), "{message}: {text}");
        }
    }
}
