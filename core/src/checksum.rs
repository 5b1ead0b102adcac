//! CRC-32 (ISO-HDLC, the one of zip and Ethernet), in two speeds.

use crc::{CRC_32_ISO_HDLC, Crc, Table};

/// One kilobyte of table: a fresh process has to read it into its caches for one record.
static SMALL: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);
/// Sixteen kilobytes of table, about four times as fast once they are in the caches.
static LARGE: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);

/// From how many bytes on the large table pays.
const LARGE_FROM: usize = 16 << 10;

/// The checksum of `bytes`.
pub(crate) fn of(bytes: &[u8]) -> u32 {
    if bytes.len() < LARGE_FROM {
        SMALL.checksum(bytes)
    } else {
        LARGE.checksum(bytes)
    }
}

/// The checksum of `one` and `other` one after the other.
pub(crate) fn of_two(one: &[u8], other: &[u8]) -> u32 {
    if other.len() < LARGE_FROM {
        let mut digest = SMALL.digest();
        digest.update(one);
        digest.update(other);
        digest.finalize()
    } else {
        let mut digest = LARGE.digest();
        digest.update(one);
        digest.update(other);
        digest.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::{CRC_32_ISO_HDLC, Crc, LARGE_FROM, of, of_two};
    use crc::NoTable;

    #[test]
    fn both_tables_agree_with_the_definition() {
        assert_eq!(of(b"123456789"), CRC_32_ISO_HDLC.check);
        let definition = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);
        for length in [0, 1, LARGE_FROM - 1, LARGE_FROM, 3 * LARGE_FROM + 5] {
            let bytes: Vec<u8> = (0..length).map(|n| (n * n % 251) as u8).collect();
            assert_eq!(of(&bytes), definition.checksum(&bytes), "{length} bytes");
            let (one, other) = bytes.split_at(length / 3);
            assert_eq!(of_two(one, other), of(&bytes), "{length} bytes");
        }
    }
}
