use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A moment as Windows counts: units of 100 nanoseconds since 1601-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filetime(pub u64);

/// The seconds between 1601-01-01 and 1970-01-01.
const UNIX_EPOCH_SECONDS: i128 = 11_644_473_600;

/// How many units a second has.
const PER_SECOND: i128 = 10_000_000;

impl Filetime {
    /// The moment this many seconds after 1970-01-01T00:00:00Z; what lies before 1601 or after the
    /// year 60055 becomes the first or the last moment there is.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        let units = (i128::from(seconds) + UNIX_EPOCH_SECONDS) * PER_SECOND;
        Self(u64::try_from(units.max(0)).unwrap_or(u64::MAX))
    }

    /// The seconds since 1970-01-01T00:00:00Z, rounded down; negative before.
    pub fn unix_seconds(self) -> i64 {
        let seconds = i128::from(self.0) / PER_SECOND - UNIX_EPOCH_SECONDS;
        i64::try_from(seconds).expect("because 2^64 / 10^7 is far below 2^63")
    }

    /// The upper and the lower half, as XML and tools of Windows show them.
    pub fn halves(self) -> (u32, u32) {
        ((self.0 >> 32) as u32, self.0 as u32)
    }
}

impl From<SystemTime> for Filetime {
    fn from(time: SystemTime) -> Self {
        let (distance, is_before) = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => (after, false),
            Err(error) => (error.duration(), true),
        };
        let units = i128::try_from(distance.as_nanos() / 100).unwrap_or(i128::MAX / 2);
        let since = if is_before { -units } else { units };
        let units = (since + UNIX_EPOCH_SECONDS * PER_SECOND).max(0);
        Self(u64::try_from(units).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Filetime {
    /// As ISO 8601 in UTC, to the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.unix_seconds();
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Year, month and day of the proleptic Gregorian calendar, of a number of days since 1970-01-01.
///
/// Years begin in March here, so that the day that is sometimes missing is the last one.
fn civil(days: i64) -> (i64, i64, i64) {
    const ERA_DAYS: i64 = 146_097;
    // 0000-03-01 lies 719,468 days before 1970-01-01.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year + i64::from(month >= 10);
    (year, if month < 10 { month + 3 } else { month - 9 }, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_shown_in_utc() {
        let check = |seconds: i64, text: &str| {
            assert_eq!(Filetime::from_unix_seconds(seconds).to_string(), text);
            assert_eq!(Filetime::from_unix_seconds(seconds).unix_seconds(), seconds);
        };
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_399, "2000-02-28T23:59:59Z");
        check(951_782_400, "2000-02-29T00:00:00Z");
        check(1_735_689_599, "2024-12-31T23:59:59Z");
        check(-11_644_473_600, "1601-01-01T00:00:00Z");
        check(4_107_542_400, "2100-03-01T00:00:00Z");
    }

    #[test]
    fn what_lies_outside_becomes_the_nearest_moment() {
        assert_eq!(Filetime::from_unix_seconds(i64::MIN), Filetime(0));
        assert_eq!(Filetime::from_unix_seconds(i64::MAX), Filetime(u64::MAX));
        assert_eq!(Filetime(u64::MAX).to_string(), "60056-05-28T05:36:10Z");
    }

    #[test]
    fn the_clock_of_the_host_and_seconds_agree() {
        let moment = UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        assert_eq!(Filetime::from(moment), Filetime::from_unix_seconds(1_700_000_000));
        assert_eq!(
            Filetime::from(UNIX_EPOCH - std::time::Duration::from_secs(5)).unix_seconds(),
            -5
        );
    }
}
