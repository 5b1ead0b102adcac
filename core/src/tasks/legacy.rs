//! The file of the program before: `.claude-notifier-timer.json`.
//!
//! `{"tasks": {"<cwd>": {"cwd", "addedTime", "startTime", "lastCheckTime", "triggeredIndexes"}}}`,
//! times as `YYYY-MM-DD HH:mm:ss` in local time without a zone, and as indexes the minutes that were
//! announced. What an import can do without is left out if it cannot be read; anything else that is
//! not as expected refuses the whole file.

use super::bounds::TASK_BYTES_MAX;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A task of the file, with times in milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LegacyTask {
    pub(super) directory: String,
    pub(super) added_ms: u64,
    pub(super) started_ms: u64,
    pub(super) checked_ms: Option<u64>,
    /// The ages at which announcements were due that have been made, in milliseconds.
    pub(super) announced_ms: Vec<u64>,
}

/// The tasks of a file that was written where clocks are ahead of UTC by so many seconds, or what is
/// wrong with it.
pub(super) fn parse(content: &[u8], utc_offset_seconds: i32) -> Result<Vec<LegacyTask>, String> {
    let file: Timer = serde_json::from_slice(content).map_err(|error| error.to_string())?;
    let zone = Zone(i64::from(utc_offset_seconds));
    file.tasks
        .into_iter()
        .map(|(directory, timed)| timed.read(directory, zone))
        .collect()
}

#[derive(Deserialize)]
struct Timer {
    tasks: BTreeMap<String, Timed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Timed {
    start_time: String,
    #[serde(default)]
    added_time: Value,
    #[serde(default)]
    last_check_time: Value,
    #[serde(default)]
    triggered_indexes: Vec<u32>,
}

impl Timed {
    fn read(self, directory: String, zone: Zone) -> Result<LegacyTask, String> {
        if directory.len() > TASK_BYTES_MAX {
            return Err(format!("a directory of {} bytes", directory.len()));
        }
        let Some(started_ms) = zone.unix_ms(&self.start_time) else {
            let time = self.start_time;
            return Err(format!("startTime {time:?} of {directory:?} is no time"));
        };
        let time = |value: &Value| value.as_str().and_then(|text| zone.unix_ms(text));
        let announced = self.triggered_indexes.into_iter();
        Ok(LegacyTask {
            directory,
            added_ms: time(&self.added_time).unwrap_or(started_ms),
            started_ms,
            checked_ms: time(&self.last_check_time),
            announced_ms: announced
                .map(|minutes| u64::from(minutes) * 60_000)
                .collect(),
        })
    }
}

/// How many seconds local time is ahead of UTC.
#[derive(Clone, Copy)]
struct Zone(i64);

impl Zone {
    fn unix_ms(self, local: &str) -> Option<u64> {
        let seconds = seconds_since_epoch(local)? - self.0;
        u64::try_from(seconds).ok()?.checked_mul(1000)
    }
}

/// Of `YYYY-MM-DD HH:mm:ss`, as if it were UTC.
fn seconds_since_epoch(local: &str) -> Option<i64> {
    let (date, time) = local.split_once(' ')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let is_date = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !is_date || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days_since_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Three numbers of so many digits each.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let parts: Vec<&str> = text.split(separator).collect();
    let parts: [&str; 3] = parts.try_into().ok()?;
    let mut numbers = [0; 3];
    for ((number, part), digits) in numbers.iter_mut().zip(parts).zip(digits) {
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    Some(numbers)
}

fn days_in(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// In the Gregorian calendar, of a year that is not negative. Years begin in March here, so that the
/// day that leap years have more is the last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    // 1970-01-01 is day 719468 counted from 0000-03-01.
    365 * year + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{LegacyTask, days_in, days_since_epoch, parse, seconds_since_epoch};

    #[test]
    fn every_day_of_eight_hundred_years_follows_the_day_before() {
        let mut expected = days_since_epoch(1600, 1, 1);
        for year in 1600..2400 {
            for month in 1..=12 {
                for day in 1..=days_in(year, month) {
                    assert_eq!(days_since_epoch(year, month, day), expected);
                    expected += 1;
                }
            }
        }
        assert_eq!(days_since_epoch(1970, 1, 1), 0);
        assert_eq!(days_since_epoch(2000, 2, 29), 11_016);
    }

    #[test]
    fn a_time_is_read_to_the_second_or_not_at_all() {
        // As `date -u -d ... +%s` has it.
        assert_eq!(
            seconds_since_epoch("2026-08-22 13:45:09"),
            Some(1_787_406_309)
        );
        for wrong in [
            "",
            "2026-08-22",
            "2026-08-22T13:45:09",
            "2026-8-22 13:45:09",
            "2026-02-29 13:45:09",
            "2026-13-01 13:45:09",
            "2026-00-01 13:45:09",
            "2026-08-00 13:45:09",
            "2026-08-22 24:00:00",
            "2026-08-22 13:60:00",
            "2026-08-22 13:45:60",
            "2026-08-22 13:45:09 ",
            "2026-08-22 13:45:+9",
            "NaN-NaN-NaN NaN:NaN:NaN",
        ] {
            assert_eq!(seconds_since_epoch(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_offset_is_that_of_places_east_of_greenwich() {
        let task = r#"{"tasks": {"/a": {"startTime": "1970-01-01 02:00:01"}}}"#;
        let expected = LegacyTask {
            directory: "/a".to_owned(),
            added_ms: 1000,
            started_ms: 1000,
            checked_ms: None,
            announced_ms: Vec::new(),
        };
        assert_eq!(parse(task.as_bytes(), 2 * 3600), Ok(vec![expected]));
        // Before the epoch.
        assert!(parse(task.as_bytes(), 3 * 3600).is_err());
    }
}
