use crate::{LayoutError, Timestamp};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// A point in time as directory entries have it (Microsoft FAT specification, section 6.3), in
/// UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DosTime {
    date: u16,
    /// In units of two seconds.
    time: u16,
    /// The odd second, in hundredths.
    tenths: u8,
}

impl DosTime {
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
            tenths: (second % 2 * 100) as u8,
        })
    }

    /// DIR_CrtTimeTenth, DIR_CrtTime, DIR_CrtDate and DIR_LstAccDate.
    pub(crate) fn created(self) -> [u8; 7] {
        let (time, date) = (self.time.to_le_bytes(), self.date.to_le_bytes());
        [self.tenths, time[0], time[1], date[0], date[1], date[0], date[1]]
    }

    /// DIR_WrtTime and DIR_WrtDate.
    pub(crate) fn written(self) -> [u8; 4] {
        let (time, date) = (self.time.to_le_bytes(), self.date.to_le_bytes());
        [time[0], time[1], date[0], date[1]]
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
        let DosTime { date, time, tenths } = DosTime::new(Timestamp(seconds)).unwrap();
        let tenths = u16::from(tenths);
        let (hour, minute, second) = (time >> 11, time >> 5 & 63, (time & 31) * 2);
        [1980 + (date >> 9), date >> 5 & 15, date & 31, hour, minute, second, tenths]
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
            let error = DosTime::new(Timestamp(seconds)).unwrap_err();
            assert_eq!(error, LayoutError::TimeOutOfRange(Timestamp(seconds)));
        }
    }
}
