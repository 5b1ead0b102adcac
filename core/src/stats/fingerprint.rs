//! What tells a list of values from others, and follows it when values come at its end and go at its
//! beginning.
//!
//! It is the one of Karp and Rabin, "Efficient Randomized Pattern-Matching Algorithms" (IBM Journal of
//! Research and Development 31(2), 1987): a polynomial whose coefficients are the values, modulo a
//! prime. Of the numbers and not of their characters, so it is the same whoever has written them.

use super::json::{Value, write};
use crate::checksum;
use serde::{Deserialize, Serialize};

/// The largest prime of 32 bits, so that a product has room in 64, and a fingerprint in what every
/// program that reads JSON takes for an integer.
const MODULUS: u64 = 4_294_967_291;

/// Where the polynomial is evaluated. 2^32 divided by the golden ratio; any large number does.
const BASE: u64 = 2_654_435_769;

/// The fingerprint of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u64")]
pub(crate) struct Fingerprint(
    // Invariant: less than the modulus.
    u64,
);

impl Fingerprint {
    /// That of these values.
    pub(crate) fn of<V: AsRef<Value>>(values: impl Iterator<Item = V>) -> Self {
        let mut fingerprint = Self::default();
        for value in values {
            fingerprint.push(value.as_ref());
        }
        fingerprint
    }

    /// Follows the list when a value is appended.
    pub(crate) fn push(&mut self, value: &Value) {
        self.0 = (self.0 * BASE + coefficient(value)) % MODULUS;
    }

    /// Follows the list when the first of its `count` values is taken out.
    pub(crate) fn drop_first(&mut self, value: &Value, count: usize) {
        let share = coefficient(value) * power(count.saturating_sub(1)) % MODULUS;
        self.0 = (self.0 + MODULUS - share) % MODULUS;
    }

    /// As the file has it.
    pub(crate) fn to_count(self) -> u64 {
        self.0
    }
}

/// What [`to_count`](Fingerprint::to_count) has made, or another.
impl From<u64> for Fingerprint {
    fn from(count: u64) -> Self {
        Self(count % MODULUS)
    }
}

/// Of a value, so that similar values do not have similar ones. Never 0, or a list would have the
/// same fingerprint with zeros before it.
fn coefficient(value: &Value) -> u64 {
    let checksum = match value {
        // Plus zero, so that a zero has no sign, which other programs may not keep.
        Value::Number(number) => checksum::of(&(number.value() + 0.0).to_bits().to_le_bytes()),
        other => checksum::of(&write(other)),
    };
    u64::from(checksum) % (MODULUS - 1) + 1
}

/// The base to this power, by squaring.
fn power(exponent: usize) -> u64 {
    let (mut result, mut square, mut rest) = (1, BASE, exponent);
    while rest > 0 {
        if rest % 2 == 1 {
            result = result * square % MODULUS;
        }
        square = square * square % MODULUS;
        rest /= 2;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{BASE, Fingerprint, MODULUS, power};
    use crate::stats::json::{Text, Value};
    use proptest::prelude::*;
    use std::borrow::Cow;

    fn of(values: &[Value]) -> Fingerprint {
        Fingerprint::of(values.iter().map(Cow::Borrowed))
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<f64>().prop_map(Value::from),
            "[a-c]".prop_map(|text| Value::Text(Text::new(&text))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_follows_a_list_from_both_ends(
            values in prop::collection::vec(value(), 0..40),
            out in any::<prop::sample::Index>(),
        ) {
            let out = out.index(values.len() + 1);
            let mut fingerprint = of(&values);
            for (place, value) in values[..out].iter().enumerate() {
                fingerprint.drop_first(value, values.len() - place);
            }
            prop_assert_eq!(fingerprint, of(&values[out..]));
        }
    }

    #[test]
    fn lists_that_differ_a_little_differ() {
        let values: Vec<Value> = (0..256_u64).map(Value::from).collect();
        let whole = of(&values);
        for place in 0..values.len() {
            let mut others = values.clone();
            others.swap(place, (place + 1) % values.len());
            assert_ne!(of(&others), whole, "exchanged at {place}");
            let mut others = values.clone();
            others.remove(place);
            assert_ne!(of(&others), whole, "without {place}");
        }
        assert_ne!(of(&[Value::from(0_u64)]), of(&[]));
        assert_ne!(of(&[0.0, 0.0].map(Value::from)), of(&[Value::from(0.0)]));
    }

    #[test]
    fn a_power_is_that_many_factors() {
        let mut expected = 1;
        for exponent in 0..1_000 {
            assert_eq!(power(exponent), expected);
            expected = expected * BASE % MODULUS;
        }
    }
}
