//! Whether every call was counted exactly once, wherever it ended up.

use hookstate::stats::SessionFile;
use std::collections::BTreeMap;

/// Who calls and how often: the calls are named `NAME-0`, `NAME-1` and so on.
pub struct Account {
    expected: BTreeMap<String, u64>,
}

impl Account {
    pub fn of(callers: &[String], calls: u32) -> Self {
        let names = callers
            .iter()
            .flat_map(|caller| (0..calls).map(move |number| format!("{caller}-{number}")));
        Self {
            expected: names.map(|name| (name, 1)).collect(),
        }
    }

    /// Says what is wrong if the calls in the files together are not just these, by every way in
    /// which they are counted.
    pub fn settle<'a>(
        &self,
        files: impl IntoIterator<Item = &'a SessionFile>,
    ) -> Result<(), String> {
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        let (mut calls, mut timings) = (0, 0);
        for file in files {
            calls += file.tool_count();
            timings += file
                .hook_timings()
                .iter()
                .map(|(_, of)| of.count())
                .sum::<u64>();
            for (name, count) in file.tool_names() {
                *found.entry(name).or_default() += count;
            }
        }
        let expected = self.expected.len() as u64;
        let lost = self
            .expected
            .keys()
            .filter(|name| !found.contains_key(*name));
        let twice = found.values().filter(|count| **count > 1);
        let (lost, twice) = (lost.count(), twice.count());
        if found == self.expected && calls == expected && timings == expected {
            return Ok(());
        }
        Err(format!(
            "expected {expected}: {calls} calls and {timings} timings, {lost} lost, {twice} twice"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::Account;
    use crate::scratch::parsed;

    fn file(count: u64, names: &str, timings: &str) -> hookstate::stats::SessionFile {
        parsed(&format!(
            r#"{{"tool_count": {count}, "tool_names": {{{names}}}, "hook_timings": {{"P": {timings}}}}}"#
        ))
    }

    #[test]
    fn it_notices_what_is_lost_doubled_or_counted_in_one_way_only() {
        let account = Account::of(&["a".to_owned()], 2);
        let right = file(2, r#""a-0": 1, "a-1": 1"#, "[0.0, 1.0]");
        assert_eq!(account.settle([&right]), Ok(()));
        let halves = [
            file(1, r#""a-0": 1"#, "[0.0]"),
            file(1, r#""a-1": 1"#, "[1.0]"),
        ];
        assert_eq!(account.settle(&halves), Ok(()));
        let wrong = [
            file(2, r#""a-0": 1"#, "[0.0, 1.0]"),
            file(2, r#""a-0": 2"#, "[0.0, 1.0]"),
            file(1, r#""a-0": 1, "a-1": 1"#, "[0.0, 1.0]"),
            file(2, r#""a-0": 1, "a-1": 1"#, "[0.0]"),
            file(2, r#""a-0": 1, "a-1": 1, "b-0": 1"#, "[0.0, 1.0]"),
        ];
        for file in &wrong {
            account.settle([file]).expect_err("it is wrong");
        }
        account.settle([&right, &right]).expect_err("twice");
        account.settle([]).expect_err("nothing");
    }
}
