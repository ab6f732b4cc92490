//! Numbers in words.

use std::time::Duration;

/// Bytes as people read them: `215 MB`, `4.1 GB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
    let unit = UNITS.into_iter().find(|(_, size)| bytes >= *size);
    let Some((name, size)) = unit else { return format!("{bytes} bytes") };
    let tenths = bytes / (size / 10);
    if tenths < 100 {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    } else {
        format!("{} {name}", tenths / 10)
    }
}

/// A time as people read it: `0.3 s`, `14 s`, `3 min 05 s`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_precision_that_people_need() {
        let texts = [0, 999, 1000, 999_999, 1_250_000, 215_999_999, 4_123_456_789].map(bytes);
        assert_eq!(
            texts,
            ["0 bytes", "999 bytes", "1.0 kB", "999 kB", "1.2 MB", "215 MB", "4.1 GB"]
        );
        let times = [300, 9_999, 14_200, 185_000].map(|ms| duration(Duration::from_millis(ms)));
        assert_eq!(times, ["0.3 s", "9.9 s", "14 s", "3 min 05 s"]);
    }
}
