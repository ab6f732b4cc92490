use crate::{LayoutError, Timestamp};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What says that a time is in UTC (exFAT specification, section 7.4.10): the offset is valid, and
/// none.
const UTC: u8 = 0x80;

/// A point in time as directory entries have it (exFAT specification, section 7.4.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExfatTime {
    date: u16,
    /// In units of two seconds.
    time: u16,
    /// The odd second, in hundredths.
    hundredths: u8,
}

impl ExfatTime {
    pub(crate) fn new(timestamp: Timestamp) -> Result<Self, LayoutError> {
        let (days, seconds) =
            (timestamp.0.div_euclid(DAY_SECONDS), timestamp.0.rem_euclid(DAY_SECONDS));
        let (year, month, day) = date(days);
        if !(1980..=2107).contains(&year) {
            return Err(LayoutError::TimeOutOfRange(timestamp));
        }
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        Ok(Self {
            date: ((year - 1980) as u16) << 9 | u16::from(month) << 5 | u16::from(day),
            time: (hour << 11 | minute << 5 | (second / 2)) as u16,
            hundredths: (second % 2 * 100) as u8,
        })
    }

    /// The fields of a File entry from CreateTimestamp (offset 8) to LastAccessedUtcOffset: the same
    /// time in all of them.
    pub(crate) fn fields(self) -> [u8; 17] {
        let stamp = u32::from(self.date) << 16 | u32::from(self.time);
        let mut fields = [0; 17];
        for field in fields[..12].chunks_exact_mut(4) {
            field.copy_from_slice(&stamp.to_le_bytes());
        }
        // The time of the last access has no hundredths.
        fields[12..].copy_from_slice(&[self.hundredths, self.hundredths, UTC, UTC, UTC]);
        fields
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

    fn parts(seconds: i64) -> [u16; 7] {
        let ExfatTime { date, time, hundredths } = ExfatTime::new(Timestamp(seconds)).unwrap();
        let hundredths = u16::from(hundredths);
        let (hour, minute, second) = (time >> 11, time >> 5 & 63, (time & 31) * 2);
        [1980 + (date >> 9), date >> 5 & 15, date & 31, hour, minute, second, hundredths]
    }

    #[test]
    fn seconds_become_the_date_of_the_calendar() {
        assert_eq!(parts(315_532_800), [1980, 1, 1, 0, 0, 0, 0]);
        assert_eq!(parts(951_782_399), [2000, 2, 28, 23, 59, 58, 100]);
        assert_eq!(parts(951_782_400), [2000, 2, 29, 0, 0, 0, 0]);
        assert_eq!(parts(1_795_219_200), [2026, 11, 21, 0, 0, 0, 0]);
        assert_eq!(parts(4_354_819_199), [2107, 12, 31, 23, 59, 58, 100]);
    }

    #[test]
    fn years_that_an_entry_cannot_hold_are_refused() {
        for seconds in [315_532_799, 4_354_819_200, i64::MAX, i64::MIN] {
            let error = ExfatTime::new(Timestamp(seconds)).unwrap_err();
            assert_eq!(error, LayoutError::TimeOutOfRange(Timestamp(seconds)));
        }
    }
}
