//! The bytes of a regular file, with its holes.

use super::shared::Shared;
use super::sorted::SortedMap;

const CHUNK: u64 = 4096;

/// A sparse sequence of bytes. Two contents that read the same are equal and hash the same. A
/// chunk that did not change is neither copied nor hashed again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Content {
    size: u64,
    /// By number. Invariant: no chunk is empty, ends in a zero, or reaches beyond the size.
    chunks: SortedMap<u64, Shared<Vec<u8>>>,
}

impl Content {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The bytes from `offset`, at most `length`, fewer at the end of the file.
    pub(super) fn read(&self, offset: u64, length: usize) -> Vec<u8> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.min(left)];
        for (number, within, range) in pieces(offset, bytes.len()) {
            if let Some(kept) = self
                .chunks
                .get(&number)
                .and_then(|chunk| chunk.get(within..))
            {
                let count = kept.len().min(range.len());
                bytes[range.start..range.start + count].copy_from_slice(&kept[..count]);
            }
        }
        bytes
    }

    /// Puts `bytes` at `offset`; what is skipped beyond the old end reads as zeros.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        for (number, within, range) in pieces(offset, bytes.len()) {
            let chunk = self.chunks.or_default(number).to_mut();
            let end = within + range.len();
            if chunk.len() < end {
                chunk.resize(end, 0);
            }
            chunk[within..end].copy_from_slice(&bytes[range]);
            self.trim(number);
        }
        self.size = self.size.max(offset + bytes.len() as u64);
    }

    /// Cuts the file, or extends it by a hole.
    pub(super) fn set_size(&mut self, size: u64) {
        self.size = size;
        self.chunks.truncate(&size.div_ceil(CHUNK));
        let last = size / CHUNK;
        if let Some(chunk) = self.chunks.get_mut(&last) {
            chunk.to_mut().truncate(within_chunk(size));
            self.trim(last);
        }
    }

    fn trim(&mut self, number: u64) {
        let chunk = self.chunks.or_default(number).to_mut();
        let used = chunk
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |last| last + 1);
        chunk.truncate(used);
        if used == 0 {
            self.chunks.remove(&number);
        }
    }
}

/// Splits a transfer at chunk boundaries into (chunk, position in it, range of the transfer).
fn pieces(
    offset: u64,
    length: usize,
) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let at = offset + done as u64;
        let within = within_chunk(at);
        let count = (CHUNK as usize - within).min(length - done);
        let piece = (at / CHUNK, within, done..done + count);
        done += count;
        Some(piece)
    })
}

fn within_chunk(offset: u64) -> usize {
    usize::try_from(offset % CHUNK).expect("a chunk is smaller than the address space")
}

#[cfg(test)]
mod tests {
    use super::Content;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Change {
        Write(u64, Vec<u8>),
        SetSize(u64),
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            (0..10_000_u64, prop::collection::vec(0..3_u8, 0..5_000))
                .prop_map(|(offset, bytes)| Change::Write(offset, bytes)),
            (0..12_000_u64).prop_map(Change::SetSize),
        ]
    }

    fn change_plain(bytes: &mut Vec<u8>, change: &Change) {
        match change {
            Change::Write(offset, new) if !new.is_empty() => {
                let start = *offset as usize;
                let end = start + new.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[start..end].copy_from_slice(new);
            }
            Change::Write(..) => {}
            Change::SetSize(size) => bytes.resize(*size as usize, 0),
        }
    }

    proptest! {
        #[test]
        fn a_content_reads_as_the_plain_bytes_would(
            changes in prop::collection::vec(change(), 1..8),
            offset in 0..15_000_u64,
            length in 0..9_000_usize,
        ) {
            let mut content = Content::default();
            let mut plain = Vec::new();
            for change in &changes {
                match change {
                    Change::Write(offset, bytes) => content.write(*offset, bytes),
                    Change::SetSize(size) => content.set_size(*size),
                }
                change_plain(&mut plain, change);
            }
            prop_assert_eq!(content.size(), plain.len() as u64);
            let from = (offset as usize).min(plain.len());
            let to = (from + length).min(plain.len());
            prop_assert_eq!(content.read(offset, length), &plain[from..to]);

            let mut copied = Content::default();
            copied.write(0, &plain);
            prop_assert_eq!(copied, content, "equal bytes are equal contents");
        }
    }

    #[test]
    fn a_hole_of_a_terabyte_costs_nothing() {
        let mut content = Content::default();
        content.write(1 << 40, b"x");
        assert_eq!(content.size(), (1 << 40) + 1);
        assert_eq!(content.read((1 << 40) - 2, 9), b"\0\0x");
    }
}
