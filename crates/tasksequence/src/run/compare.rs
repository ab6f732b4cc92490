//! How values are compared: numbers, text, versions, times and wildcards.

use std::cmp::Ordering;

use crate::condition::Comparison;

/// How two texts were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// Both are numbers.
    AsNumbers,
    /// As text without case.
    AsText,
    /// As text with case: a secret is one.
    WithCase,
}

/// Applies an ordering to a comparison; `None` for those that are no question of order.
pub(super) fn holds(comparison: &Comparison, ordering: Ordering) -> Option<bool> {
    Some(match comparison {
        Comparison::Equals => ordering.is_eq(),
        Comparison::NotEquals => ordering.is_ne(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterEqual => ordering.is_ge(),
        _ => return None,
    })
}

/// Whether the comparison asks which of the two is greater.
pub(super) fn is_ordering(comparison: &Comparison) -> bool {
    use Comparison::{Greater, GreaterEqual, Less, LessEqual};
    matches!(comparison, Less | LessEqual | Greater | GreaterEqual)
}

/// Orders two texts as numbers when both are some, else without case.
pub(super) fn order(left: &str, right: &str) -> (Ordering, Compared) {
    match order_numbers(left, right) {
        Some(ordering) => (ordering, Compared::AsNumbers),
        None => (fold(left).cmp(&fold(right)), Compared::AsText),
    }
}

pub(super) fn same_text(left: &str, right: &str) -> bool {
    fold(left) == fold(right)
}

fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Whole numbers exactly, whatever their length; others with the precision of a double.
fn order_numbers(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (left.trim(), right.trim());
    if let (Ok(left), Ok(right)) = (left.parse::<i128>(), right.parse::<i128>()) {
        return Some(left.cmp(&right));
    }
    decimal(left)?.partial_cmp(&decimal(right)?)
}

/// A number in digits: words such as `inf`, which the parser of Rust takes, are none.
fn decimal(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    if plain { text.parse().ok() } else { None }
}

/// Orders two versions of up to four numbers; a missing one is 0. `None` when one is no version.
pub(super) fn order_versions(left: &str, right: &str) -> Option<Ordering> {
    Some(version(left)?.cmp(&version(right)?))
}

fn version(text: &str) -> Option<[u64; 4]> {
    let mut numbers = [0; 4];
    let mut parts = text.trim().split('.');
    for number in &mut numbers {
        let Some(part) = parts.next() else { break };
        *number = part.trim().parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Matches a pattern in which `any` stands for any text and `one` for any character, without case.
pub(super) fn matches(pattern: &str, text: &str, any: char, one: Option<char>) -> bool {
    let pattern: Vec<char> = fold(pattern).chars().collect();
    let text: Vec<char> = fold(text).chars().collect();
    let (mut at, mut read) = (0, 0);
    // Where the last wildcard stands, and where the text after it was tried last.
    let mut retry: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(&c) if c == any => {
                retry = Some((at, read));
                at += 1;
            }
            Some(&c) if c == text[read] || Some(c) == one => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((wildcard, tried)) = retry else { return false };
                retry = Some((wildcard, tried + 1));
                at = wildcard + 1;
                read = tried + 1;
            }
        }
    }
    pattern[at..].iter().all(|&c| c == any)
}

/// Reads a time in seconds since 1970, UTC; `None` for a form that is not known.
///
/// Forms: `2026-01-31T21:05:00Z`, with a blank or without `Z`, `20260131210500.000000+000` (CIM), and
/// `1/31/2026 9:05:00 PM`. A date alone is its first second.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    cim_seconds(text).or_else(|| {
        let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
        Some(day(date)? * 86_400 + second_of_day(time.trim())?)
    })
}

fn cim_seconds(text: &str) -> Option<i64> {
    let digits = text.get(..14)?;
    let zone = text.get(14..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| number(&digits[from..to]);
    let days = days_from_civil(part(0, 4)?, part(4, 6)?, part(6, 8)?)?;
    let minutes = if zone.is_empty() { 0 } else { zone.parse::<i64>().ok()? };
    let second = time_of_day(part(8, 10)?, part(10, 12)?, part(12, 14)?)?;
    (-1_440..=1_440).contains(&minutes).then_some(days * 86_400 + second - minutes * 60)
}

fn day(date: &str) -> Option<i64> {
    let separator = if date.contains('/') { '/' } else { '-' };
    let mut parts = date.split(separator).map(number);
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    if parts.next().is_some() {
        return None;
    }
    let [first, second, third] = numbers;
    if separator == '/' {
        days_from_civil(third, first, second)
    } else {
        days_from_civil(first, second, third)
    }
}

fn second_of_day(time: &str) -> Option<i64> {
    let time = time.strip_suffix('Z').unwrap_or(time);
    if time.is_empty() {
        return Some(0);
    }
    let (clock, half) = match time.split_once(' ') {
        Some((clock, half)) => (clock, Some(half.trim())),
        None => (time, None),
    };
    let mut parts = clock.split(':').map(number);
    let hour = parts.next()??;
    let minute = parts.next()??;
    let second = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() {
        return None;
    }
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) && half.eq_ignore_ascii_case("am") => hour % 12,
        Some(half) if (1..=12).contains(&hour) && half.eq_ignore_ascii_case("pm") => hour % 12 + 12,
        Some(_) => return None,
    };
    time_of_day(hour, minute, second)
}

fn time_of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
    let valid = hour < 24 && minute < 60 && second < 61;
    valid.then_some(hour * 3_600 + minute * 60 + second)
}

fn number(text: &str) -> Option<i64> {
    let short = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    if short { text.parse().ok() } else { None }
}

/// The days from 1970-01-01 to a date of the Gregorian calendar; `None` for a date that is none.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month_index = usize::try_from(month - 1).ok().filter(|index| *index < 12)?;
    if year < 1601 || day < 1 || day > lengths[month_index] {
        return None;
    }
    let years = year - 1;
    let before_year = years * 365 + years / 4 - years / 100 + years / 400;
    let before_month: i64 = lengths[..month_index].iter().sum();
    // 719,162 days lie between the first of January of the years 1 and 1970.
    Some(before_year + before_month + day - 1 - 719_162)
}

#[cfg(test)]
mod tests {
    use super::{Compared, matches, order, order_versions, seconds};
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn texts_that_are_numbers_are_ordered_as_numbers() {
        assert_eq!(order("9", " 10 "), (Less, Compared::AsNumbers));
        assert_eq!(order("9.5", "10"), (Less, Compared::AsNumbers));
        let (long, longer) = ("9007199254740992", "9007199254740993");
        assert_eq!(order(long, longer), (Less, Compared::AsNumbers));
        assert_eq!(order("9", "10a"), (Greater, Compared::AsText));
        assert_eq!(order("inf", "1"), (Greater, Compared::AsText));
        assert_eq!(order("ÄB", "äb"), (Equal, Compared::AsText));
    }

    #[test]
    fn versions_are_ordered_by_number_and_nothing_else_is_one() {
        assert_eq!(order_versions("10.0.9", "10.0.10.0"), Some(Less));
        assert_eq!(order_versions("10.0", "10.0.0.0"), Some(Equal));
        assert_eq!(order_versions("10.0", "ten"), None);
        assert_eq!(order_versions("1.2.3.4.5", "1"), None);
    }

    #[test]
    fn wildcards_match_any_text() {
        for (pattern, text, expected) in [
            ("10AB%", "10abCD", true),
            ("10AB%", "910AB", false),
            ("%end", "the end", true),
            ("a%b%c", "a-b-b-c", true),
            ("a%b%c", "a-c-b", false),
            ("", "", true),
            ("%", "", true),
            ("a_c", "abc", false),
        ] {
            assert_eq!(matches(pattern, text, '%', None), expected, "{pattern} {text}");
        }
        assert!(matches("HP*8?0", "hp elitebook 840", '*', Some('?')));
        assert!(!matches("HP*8?0", "hp elitebook 80", '*', Some('?')));
    }

    #[test]
    fn times_of_all_forms_are_one_second() {
        // `date -u -d '2026-01-31 21:05:00' +%s`
        for text in [
            "2026-01-31T21:05:00Z",
            "2026-01-31 21:05:00",
            "20260131210500.000000+000",
            "20260131220500.000000+060",
            "1/31/2026 9:05:00 PM",
        ] {
            assert_eq!(seconds(text), Some(1_769_893_500), "{text}");
        }
        assert_eq!(seconds("1970-01-01"), Some(0));
        assert_eq!(seconds("2024-02-29 00:00:01"), Some(1_709_164_801));
        for text in
            ["", "yesterday", "2023-02-29", "2026-01-31 25:00", "13/1/2026", "1/1/2026 13:00 PM"]
        {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
