use crate::{LayoutError, Timestamp};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// A moment of the Gregorian calendar in UTC, in the years that all formats can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CivilTime {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl CivilTime {
    pub(crate) fn new(time: Timestamp) -> Result<Self, LayoutError> {
        let (days, seconds) = (time.0.div_euclid(DAY_SECONDS), time.0.rem_euclid(DAY_SECONDS));
        let (year, month, day) = date(days);
        let year = u16::try_from(year).ok().filter(|year| (1900..=2155).contains(year));
        Ok(Self {
            year: year.ok_or(LayoutError::TimeOutOfRange(time))?,
            month,
            day,
            hour: (seconds / 3600) as u8,
            minute: (seconds / 60 % 60) as u8,
            second: (seconds % 60) as u8,
        })
    }

    /// The 7 bytes of ECMA-119 §9.1.5.
    pub(crate) fn short(&self) -> [u8; 7] {
        let year = (self.year - 1900) as u8;
        [year, self.month, self.day, self.hour, self.minute, self.second, 0]
    }

    /// The 17 bytes of ECMA-119 §8.4.26.1: digits, and 0 for UTC.
    pub(crate) fn digits(&self) -> [u8; 17] {
        let Self { year, month, day, hour, minute, second } = self;
        let text = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}00\0");
        text.into_bytes().try_into().expect("because each field is as wide as its format says")
    }

    /// The 12 bytes of ECMA-167 1/7.3: local time (type 1) with offset 0.
    pub(crate) fn timestamp(&self) -> [u8; 12] {
        let year = self.year.to_le_bytes();
        let Self { month, day, hour, minute, second, .. } = *self;
        [0x00, 0x10, year[0], year[1], month, day, hour, minute, second, 0, 0, 0]
    }
}

/// Year, month and day of a count of days since 1970-01-01.
///
/// Years are counted from March on, so that the leap day is the last of its year.
fn date(days: i64) -> (i64, u8, u8) {
    const DAYS_TO_1970_FROM_MARCH_0000: i64 = 719_468;
    const ERA_DAYS: i64 = 146_097;
    let days = days + DAYS_TO_1970_FROM_MARCH_0000;
    let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month as u8, day as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(seconds: i64) -> String {
        let digits = CivilTime::new(Timestamp(seconds)).unwrap().digits();
        String::from_utf8_lossy(&digits[..14]).into_owned()
    }

    #[test]
    fn seconds_become_the_date_of_the_calendar() {
        assert_eq!(digits(0), "19700101000000");
        assert_eq!(digits(951_782_399), "20000228235959");
        assert_eq!(digits(951_782_400), "20000229000000");
        assert_eq!(digits(1_795_219_200), "20261121000000");
        assert_eq!(digits(-1), "19691231235959");
        assert_eq!(digits(5_869_583_999), "21551231235959");
        assert_eq!(digits(-2_208_988_800), "19000101000000");
    }

    #[test]
    fn years_that_a_format_cannot_hold_are_refused() {
        for seconds in [5_869_584_000, -2_208_988_801, i64::MAX, i64::MIN] {
            let error = CivilTime::new(Timestamp(seconds)).unwrap_err();
            assert_eq!(error, LayoutError::TimeOutOfRange(Timestamp(seconds)));
        }
    }
}
