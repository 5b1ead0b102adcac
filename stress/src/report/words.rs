//! Numbers as people read them.

/// A time, with two digits and the unit that it takes, as in "38 µs" or "1.2 ms".
pub(crate) fn time(ns: u64) -> String {
    let units = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
    let value = ns as f64;
    let fits = |(_, size): &&(&str, f64)| *size == 1e9 || value < 999.5 * size;
    let (unit, size) = units.iter().find(fits).unwrap_or(&units[3]);
    let shown = value / size;
    let is_short = *size > 1.0 && shown < 9.95;
    format!("{shown:.*} {unit}", usize::from(is_short))
}

/// A share of one, as in "87 %". What is not quite all is not called all.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", (share * 100.0).floor())
}

#[cfg(test)]
mod tests {
    use super::{percent, time};

    #[test]
    fn a_time_has_the_unit_that_makes_it_short() {
        let shown = [
            0,
            850,
            999,
            1000,
            1_249,
            12_345,
            999_499,
            999_500,
            2_310_000,
            61_000_000_000,
        ];
        assert_eq!(
            shown.map(time),
            [
                "0 ns", "850 ns", "999 ns", "1.0 µs", "1.2 µs", "12 µs", "999 µs", "1.0 ms",
                "2.3 ms", "61 s"
            ]
        );
    }

    #[test]
    fn only_all_is_a_hundred_percent() {
        assert_eq!(
            [0.0, 0.874, 0.999, 1.0].map(percent),
            ["0 %", "87 %", "99 %", "100 %"]
        );
    }
}
