//! CRC-32 (ISO-HDLC, the one of zip and Ethernet), in two speeds.

use crc::{CRC_32_ISO_HDLC, Crc, Table};

/// One kilobyte of table: a fresh process has to read it into its caches for one record.
static SMALL: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

/// From how many bytes on the instructions of the processor pay. crc32fast asks for them at the first
/// use, and in a virtual machine that takes ten microseconds and more, which is what the small table
/// takes for so many bytes. A hook lives too short to make that up in shorter pieces.
const LONG_FROM: usize = 4096;

/// The checksum of `bytes`.
pub(crate) fn of(bytes: &[u8]) -> u32 {
    if bytes.len() < LONG_FROM {
        SMALL.checksum(bytes)
    } else {
        crc32fast::hash(bytes)
    }
}

/// The checksum of one of many pieces of something long, each of them short.
pub(crate) fn of_one_of_many(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// The checksum of `one` and `other` one after the other.
pub(crate) fn of_two(one: &[u8], other: &[u8]) -> u32 {
    if other.len() < LONG_FROM {
        let mut digest = SMALL.digest();
        digest.update(one);
        digest.update(other);
        digest.finalize()
    } else {
        let mut digest = crc32fast::Hasher::new();
        digest.update(one);
        digest.update(other);
        digest.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::{CRC_32_ISO_HDLC, Crc, LONG_FROM, of, of_one_of_many, of_two};
    use crc::NoTable;

    #[test]
    fn all_ways_agree_with_the_definition() {
        assert_eq!(of(b"123456789"), CRC_32_ISO_HDLC.check);
        let definition = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);
        for length in [0, 1, LONG_FROM - 1, LONG_FROM, 512, 40_005] {
            let bytes: Vec<u8> = (0..length).map(|n| (n * n % 251) as u8).collect();
            assert_eq!(of(&bytes), definition.checksum(&bytes), "{length} bytes");
            assert_eq!(of_one_of_many(&bytes), of(&bytes), "{length} bytes");
            let (one, other) = bytes.split_at(length / 3);
            assert_eq!(of_two(one, other), of(&bytes), "{length} bytes");
        }
    }
}
