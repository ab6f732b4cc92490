//! An order in which `vmlinuz-6.9` comes before `vmlinuz-6.10`.

use std::cmp::Ordering;

/// Compares texts with each run of digits as one number.
pub fn natural_order(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one, other);
    while !one.is_empty() && !other.is_empty() {
        let (digits, others) = (digits_of(one), digits_of(other));
        let order = if digits.is_empty() || others.is_empty() {
            one.chars().next().cmp(&other.chars().next())
        } else {
            by_number(digits, others)
        };
        if order != Ordering::Equal {
            return order;
        }
        one = &one[taken(one, digits, others)..];
        other = &other[taken(other, others, digits)..];
    }
    one.len().cmp(&other.len())
}

fn digits_of(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

/// Numbers of any length: the longer one is greater once leading zeros are gone.
fn by_number(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// What was compared: a number where both have one, else a character.
fn taken(text: &str, own: &str, others: &str) -> usize {
    if own.is_empty() || others.is_empty() {
        return text.chars().next().map_or(0, char::len_utf8);
    }
    own.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_texts_are_compared_as_numbers() {
        let mut names = ["6.10.0-2", "6.9.12", "6.10.0-10", "", "6.9", "a2", "a10", "a02b", "ä1"];
        names.sort_by(|one, other| natural_order(one, other));
        assert_eq!(
            names,
            ["", "6.9", "6.9.12", "6.10.0-2", "6.10.0-10", "a2", "a02b", "a10", "ä1"]
        );
    }
}
