//! Names from outside, made safe for a directory.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The longest name that is used as it is, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The beginning of the file names of the state `name`.
///
/// `[A-Za-z0-9_-]{1,64}` is used as it is. Anything else, such as `../../etc/x`, becomes `~` and
/// the first 128 bits of its SHA-256; no name that is used as it is contains a `~`, so the two
/// kinds never meet.
pub(crate) fn file_stem(name: &[u8]) -> String {
    if is_plain(name) {
        return String::from_utf8_lossy(name).into_owned();
    }
    let digest = Sha256::digest(name);
    let mut stem = String::from("~");
    for byte in &digest[..16] {
        // Writing to a string does not fail.
        let _ = write!(stem, "{byte:02x}");
    }
    stem
}

fn is_plain(name: &[u8]) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::file_stem;

    #[test]
    fn a_plain_name_is_used_as_it_is() {
        let longest = "a".repeat(64);
        for name in [
            "a",
            "0b5c1b1e-9d7a-4c7b-8f6e-2f1d3c4b5a69",
            "A_b-9",
            &longest,
        ] {
            assert_eq!(file_stem(name.as_bytes()), name);
        }
    }

    #[test]
    fn any_other_name_becomes_a_hash_that_names_itself() {
        let longer = "a".repeat(65);
        let odd: [&[u8]; 8] = [
            b"",
            b".",
            b"..",
            b"../../etc/x",
            b"a\0b",
            b"a\nb",
            b"\xff\xfe",
            longer.as_bytes(),
        ];
        let mut stems: Vec<String> = odd.iter().map(|name| file_stem(name)).collect();
        for stem in &stems {
            assert_eq!(stem.len(), 33, "{stem}");
            assert!(stem.starts_with('~'), "{stem}");
            assert!(stem[1..].bytes().all(|b| b.is_ascii_hexdigit()), "{stem}");
        }
        stems.sort();
        stems.dedup();
        assert_eq!(stems.len(), odd.len());
        // Known answer: sha256("") begins e3b0c442 98fc1c14 9afbf4c8 996fb924.
        assert_eq!(file_stem(b""), "~e3b0c44298fc1c149afbf4c8996fb924");
    }
}
