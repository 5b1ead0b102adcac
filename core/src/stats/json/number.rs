//! Numbers, with the characters that they were written with.

use super::chars::Chars;

/// A number as it stands in the file: an integer of any length, a float, `NaN`, `Infinity` or
/// `-Infinity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number(Chars);

impl Number {
    /// The number with these characters, of which the parser knows that they are one.
    pub(super) fn verbatim(characters: &str) -> Self {
        Self(characters.into())
    }

    /// A count.
    pub(crate) fn from_count(count: u64) -> Self {
        Self(itoa::Buffer::new().format(count).into())
    }

    /// An integer.
    pub(crate) fn from_integer(integer: i64) -> Self {
        Self(itoa::Buffer::new().format(integer).into())
    }

    /// A float, as Python writes it.
    pub(crate) fn from_f64(value: f64) -> Self {
        Self(repr(value).as_str().into())
    }

    /// The characters.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// As [`as_str`](Self::as_str), for those who need no `str`.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The nearest float. Beyond the largest it is infinite, as with Python's `float`.
    pub(crate) fn value(&self) -> f64 {
        match self.as_str() {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            digits => digits.parse().unwrap_or(f64::NAN),
        }
    }

    /// The count that this is: a whole number as it is, a fraction without what is behind the point,
    /// and zero for what is negative or not a number. More than fits counts as the largest.
    pub(crate) fn count(&self) -> u64 {
        match self.as_str().parse() {
            Ok(count) => count,
            // The conversion rounds towards zero and stays within the bounds.
            Err(_) => self.value() as u64,
        }
    }

    /// Whether Python reads it as an `int`.
    pub(crate) fn is_integer(&self) -> bool {
        self.as_str()
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
    }

    /// As Python's `round(number, 2)`: an integer stays as it is, a float goes to the nearest one
    /// with two decimals, and from the very middle to the even one.
    pub(crate) fn rounded_to_cents(&self) -> Self {
        if self.is_integer() {
            return self.clone();
        }
        Self::from_f64(round_to_cents(self.value()))
    }
}

/// As Python's `round(value, 2)`. Formatting rounds the exact binary value, from the very middle to
/// the even digit, which is what `float.__round__` does.
pub(crate) fn round_to_cents(value: f64) -> f64 {
    format!("{value:.2}").parse().unwrap_or(value)
}

/// As Python's `repr(value)`, or what `json.dump` makes of what is not finite: the fewest digits
/// that read back as the same float, and of those with as many the nearest to it, or the even one if
/// two are as near; with an exponent, of at least two digits, below 1e-4 and from 1e16 on.
fn repr(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = fewest_digits(value);
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let decimals = i32::try_from(decimals_of(digits)).unwrap_or(0) - exponent;
        // At least one, and never fewer than there are: this rounds nothing.
        return format!("{value:.*}", usize::try_from(decimals).unwrap_or(0).max(1));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// In scientific notation. The formatting without a precision finds the fewest digits, but takes the
/// upper one of two that are as near; that with a precision takes the even one. It may take one that
/// does not read back, as the floats below a power of two are closer together than those above.
fn fewest_digits(value: f64) -> String {
    let fewest = format!("{value:e}");
    let digits = fewest
        .split_once('e')
        .map_or(&*fewest, |(digits, _)| digits);
    let nearest = format!("{value:.*e}", decimals_of(digits));
    match nearest.parse::<f64>() {
        Ok(read_back) if value == read_back => nearest,
        _ => fewest,
    }
}

fn decimals_of(digits: &str) -> usize {
    digits
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len())
}

/// Where the number that begins at `start` ends; or what is wrong with it, and where.
#[inline]
pub(super) fn end_of_number(bytes: &[u8], start: usize) -> Result<usize, (&'static str, usize)> {
    let unsigned = start + usize::from(bytes.get(start) == Some(&b'-'));
    let mut end = skip_digits(bytes, unsigned);
    let leading_zero = bytes.get(unsigned) == Some(&b'0');
    if end == unsigned && bytes[unsigned..].starts_with(b"Infinity") {
        return Ok(unsigned + "Infinity".len());
    }
    if end == unsigned || (leading_zero && end > unsigned + 1) {
        return Err(("a number that is none", end));
    }
    if bytes.get(end) == Some(&b'.') {
        let point = end + 1;
        end = skip_digits(bytes, point);
        if end == point {
            return Err(("no digit behind the point", end));
        }
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = end + 1 + sign;
        end = skip_digits(bytes, exponent);
        if end == exponent {
            return Err(("no digit in the exponent", end));
        }
    }
    Ok(end)
}

/// Where the digits that begin at `from` end. Eight at a time, since timings have up to 17 of them
/// and a file has hundreds of timings.
#[inline]
fn skip_digits(bytes: &[u8], from: usize) -> usize {
    let mut end = from;
    while let Some(eight) = bytes[end..].first_chunk() {
        match digits_at_the_beginning(*eight) {
            8 => end += 8,
            fewer => return end + fewer,
        }
    }
    while bytes.get(end).is_some_and(u8::is_ascii_digit) {
        end += 1;
    }
    end
}

/// How many of these bytes, from the first on, are digits.
fn digits_at_the_beginning(bytes: [u8; 8]) -> usize {
    const HIGH_HALVES: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    const DIGITS: u64 = 0x3030_3030_3030_3030;
    let word = u64::from_le_bytes(bytes);
    // A digit is 0x30 to 0x39: its high half is 3, also if six is added. A byte that carries into the
    // next one in that addition is no digit itself, and what is behind the first does not matter.
    let plus_six = word.wrapping_add(0x0606_0606_0606_0606);
    let others = ((word & HIGH_HALVES) ^ DIGITS) | ((plus_six & HIGH_HALVES) ^ DIGITS);
    others.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use super::{Number, digits_at_the_beginning, repr, round_to_cents, skip_digits};

    #[test]
    fn floats_are_written_as_python_writes_them() {
        let expected = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (12.5, "12.5"),
            (0.1, "0.1"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (1_795_166_043.403_671, "1795166043.403671"),
            // Two of the fewest digits are as near: ...125 in full.
            (1_842_990.395_019_531_3, "1842990.3950195312"),
            (2_f64.powi(-44), "5.684341886080802e-14"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, characters) in expected {
            assert_eq!(repr(value), characters);
        }
    }

    #[test]
    fn rounding_goes_to_even_from_the_very_middle() {
        let expected = [
            (0.125, 0.12),
            (0.375, 0.38),
            (2.675, 2.67),
            (1.005, 1.0),
            (-0.001, -0.0),
            (12.345_678, 12.35),
            (1e300, 1e300),
        ];
        for (value, rounded) in expected {
            assert_eq!(
                round_to_cents(value).to_bits(),
                f64::to_bits(rounded),
                "{value}"
            );
        }
    }

    #[test]
    fn eight_bytes_are_told_as_one_by_one() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut bytes = *b"95031742";
                bytes[place] = byte;
                bytes[(place + 3) % 8] = byte.wrapping_mul(7);
                let one_by_one = bytes.iter().take_while(|byte| byte.is_ascii_digit());
                assert_eq!(
                    digits_at_the_beginning(bytes),
                    one_by_one.count(),
                    "{bytes:?}"
                );
            }
        }
        for length in 0..40 {
            let digits = "7".repeat(length);
            for behind in ["", ".", ", 12345678", "e12345678"] {
                let text = format!("x{digits}{behind}");
                assert_eq!(skip_digits(text.as_bytes(), 1), 1 + length, "{text}");
            }
        }
    }

    #[test]
    fn a_count_is_read_leniently() {
        let expected = [
            ("7", 7),
            ("1.0", 1),
            ("2.9", 2),
            ("1e3", 1_000),
            ("1e-05", 0),
            ("-3", 0),
            ("NaN", 0),
            ("-Infinity", 0),
            ("Infinity", u64::MAX),
            ("18446744073709551615", u64::MAX),
            ("100000000000000000000000000000000", u64::MAX),
        ];
        for (characters, count) in expected {
            assert_eq!(Number::verbatim(characters).count(), count, "{characters}");
        }
    }
}
