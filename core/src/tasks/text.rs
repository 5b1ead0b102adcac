//! Bytes as text, without loss: ids and paths are bytes, and the names of JSON are text.
//!
//! What is UTF-8 stays as it is, but for the percent sign. That, and each byte that is not UTF-8, is
//! written as `%` and two hexadecimal digits. So no two byte strings share a text.

use std::fmt::Write;

/// The text of these bytes.
pub(super) fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(&chunk.valid().replace('%', "%25"));
        for byte in chunk.invalid() {
            // Writing to a string does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// The bytes of this text. A percent sign without two digits, which [`to_text`] does not write, is
/// itself.
pub(super) fn to_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        match escaped(rest) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[3..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

fn escaped(rest: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = *rest else {
        return None;
    };
    let digit = |byte| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::{to_bytes, to_text};
    use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn text_stays_readable() {
        assert_eq!(to_text("/home/zoë/a b".as_bytes()), "/home/zoë/a b");
        assert_eq!(to_text(b"50%\xff\0"), "50%25%FF\0");
    }

    #[test]
    fn a_percent_sign_that_nobody_escaped_is_itself() {
        assert_eq!(to_bytes("100%"), b"100%");
        assert_eq!(to_bytes("%zz%4"), b"%zz%4");
        assert_eq!(to_bytes("%4a"), b"J");
    }

    proptest! {
        #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

        #[test]
        fn any_bytes_come_back_from_their_text(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(to_bytes(&to_text(&bytes)), bytes);
        }

        #[test]
        fn texts_of_different_bytes_differ(one in "[%0-9A-F\u{e9}]{0,6}", other in "[%0-9A-F\u{e9}]{0,6}") {
            prop_assert!(one == other || to_text(one.as_bytes()) != to_text(other.as_bytes()));
        }
    }
}
