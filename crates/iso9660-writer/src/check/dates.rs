//! Whether recorded times are points in time.

use crate::read::bytes::le16;

/// The 7 bytes of a directory record (ECMA-119 §9.1.5); all zero means not specified.
pub(super) fn is_record_date(date: &[u8; 7]) -> bool {
    let [_, month, day, hour, minute, second, zone] = *date;
    *date == [0; 7] || is_moment(month, day, hour, minute, second) && is_zone(zone)
}

/// The 17 bytes of a volume descriptor (ECMA-119 §8.4.26.1); digits 0 and zone 0 mean not specified.
pub(super) fn is_volume_date(date: &[u8; 17]) -> bool {
    let (digits, zone) = date.split_at(16);
    if !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    if digits.iter().all(|&digit| digit == b'0') {
        return zone == [0];
    }
    let pair = |at: usize| (digits[at] - b'0') * 10 + digits[at + 1] - b'0';
    is_moment(pair(4), pair(6), pair(8), pair(10), pair(12)) && is_zone(zone[0])
}

/// A timestamp (ECMA-167 1/7.3): local time with an offset of at most a day.
pub(super) fn is_timestamp(stamp: &[u8]) -> bool {
    let kind_and_zone = le16(stamp, 0);
    // The offset is 12 bits with a sign; -2047 means not specified.
    let zone = (kind_and_zone << 4) as i16 >> 4;
    kind_and_zone >> 12 == 1
        && (zone == -2047 || (-1440..=1440).contains(&zone))
        && (1..=9999).contains(&le16(stamp, 2))
        && is_moment(stamp[4], stamp[5], stamp[6], stamp[7], stamp[8])
        && stamp[9..12].iter().all(|&part| part < 100)
}

fn is_moment(month: u8, day: u8, hour: u8, minute: u8, second: u8) -> bool {
    (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        // A leap second is a point in time too.
        && second <= 60
}

/// Quarters of an hour from Greenwich, with a sign (ECMA-119 §8.4.26.1).
fn is_zone(zone: u8) -> bool {
    (-48..=52).contains(&(zone as i8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_that_no_calendar_has_are_refused() {
        assert!(is_record_date(&[126, 11, 21, 23, 59, 59, 4]));
        assert!(!is_record_date(&[126, 13, 21, 0, 0, 0, 0]));
        assert!(!is_record_date(&[126, 11, 21, 24, 0, 0, 0]));
        assert!(!is_record_date(&[126, 11, 21, 0, 0, 0, 100]));
        assert!(is_volume_date(b"2026112112000000\0"));
        assert!(is_volume_date(b"0000000000000000\0"));
        assert!(!is_volume_date(b"2026112112600000\0"));
        assert!(!is_volume_date(b"                \0"));
        assert!(is_timestamp(&[0, 0x10, 0xEA, 7, 11, 21, 12, 0, 0, 0, 0, 0]));
        assert!(is_timestamp(&[0xC4, 0x1F, 0xEA, 7, 11, 21, 12, 0, 0, 0, 0, 0]));
        assert!(!is_timestamp(&[0, 0x20, 0xEA, 7, 11, 21, 12, 0, 0, 0, 0, 0]));
        assert!(!is_timestamp(&[0; 12]));
    }
}
