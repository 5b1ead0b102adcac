//! What has been seen, by fingerprint.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// By fingerprints, which are as good as hashes can be, so they are not hashed again.
pub(super) type Seen = HashMap<u128, u32, BuildHasherDefault<Low>>;

#[derive(Default)]
pub(super) struct Low(u64);

impl Hasher for Low {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let low = bytes.first_chunk().expect("a fingerprint has 16 bytes");
        self.0 = u64::from_ne_bytes(*low);
    }

    fn write_u128(&mut self, fingerprint: u128) {
        self.write(&fingerprint.to_ne_bytes());
    }
}
