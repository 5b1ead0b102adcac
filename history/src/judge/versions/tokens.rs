//! Which tokens there are: a bit for each of ours, a digest for any other.

use crate::operation::Token;
use std::collections::BTreeSet;
use xxhash_rust::xxh3::xxh3_128;

/// Numbered tokens of more processes than this are kept as if they had names.
const PROCESSES_MAX: u32 = 1 << 12;

/// How many tokens of one process stand in one piece of memory.
const CHUNK: u32 = 1 << 12;

const WORDS: usize = CHUNK as usize / 64;

/// About what an entry of the ordered set takes, with the room that its nodes leave free.
const NAMED_BYTES: u64 = 32;

/// A token in a few bytes. Digests of different names are taken for different: among ten million of
/// them the odds that two are the same are 1 in 10^24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    Numbered(u32, u32),
    Digest(u128),
}

impl Id {
    #[inline]
    pub(super) fn of(token: &Token) -> Self {
        match token {
            Token::Numbered { process, sequence } if *process < PROCESSES_MAX => {
                Self::Numbered(*process, *sequence)
            }
            Token::Numbered { .. } => Self::Digest(xxh3_128(token.to_string().as_bytes())),
            Token::Named(name) => Self::Digest(xxh3_128(name.as_bytes())),
        }
    }
}

/// A set of tokens.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    lanes: Vec<Lane>,
    digests: BTreeSet<u128>,
    bytes: u64,
}

/// The tokens of one process, in pieces that are there as soon as one of their tokens is.
type Lane = Vec<Option<Box<Chunk>>>;
type Chunk = [u64; WORDS];

impl Tokens {
    /// Adds a token and says whether it is new.
    pub(super) fn insert(&mut self, id: Id) -> bool {
        match id {
            Id::Numbered(process, sequence) => self.insert_numbered(process, sequence),
            Id::Digest(digest) => {
                let is_new = self.digests.insert(digest);
                self.bytes += u64::from(is_new) * NAMED_BYTES;
                is_new
            }
        }
    }

    fn insert_numbered(&mut self, process: u32, sequence: u32) -> bool {
        let (index, word, bit) = place(sequence);
        let lane = grown(&mut self.lanes, process as usize, &mut self.bytes);
        let chunk = grown(lane, index, &mut self.bytes).get_or_insert_with(|| {
            self.bytes += size_of::<Chunk>() as u64;
            Box::new([0; WORDS])
        });
        let is_new = chunk[word] & bit == 0;
        chunk[word] |= bit;
        is_new
    }

    pub(super) fn contains(&self, id: Id) -> bool {
        match id {
            Id::Numbered(process, sequence) => {
                let (index, word, bit) = place(sequence);
                let lane = self.lanes.get(process as usize);
                let chunk = lane.and_then(|lane| lane.get(index)?.as_deref());
                chunk.is_some_and(|chunk| chunk[word] & bit != 0)
            }
            Id::Digest(digest) => self.digests.contains(&digest),
        }
    }

    /// The memory that they take.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Those that are not in `other`, in order.
    pub(super) fn without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = Id> + 'a {
        self.iter().filter(|id| !other.contains(*id))
    }

    fn iter(&self) -> impl Iterator<Item = Id> + '_ {
        let lanes = (0..).zip(&self.lanes);
        let numbered = lanes.flat_map(|(process, lane)| {
            numbers(lane).map(move |sequence| Id::Numbered(process, sequence))
        });
        numbered.chain(self.digests.iter().map(|digest| Id::Digest(*digest)))
    }
}

/// The numbers whose bits are set, in order.
fn numbers(lane: &Lane) -> impl Iterator<Item = u32> + '_ {
    let words = lane.iter().enumerate().flat_map(|(index, chunk)| {
        let words = chunk.iter().flat_map(|chunk| chunk.iter());
        words
            .enumerate()
            .map(move |(word, bits)| (index * WORDS + word, *bits))
    });
    words.flat_map(|(word, bits)| {
        let set = (0..64).filter(move |bit| bits >> bit & 1 == 1);
        set.map(move |bit| word as u32 * 64 + bit)
    })
}

/// In which chunk, in which word of it, and as which bit a token stands.
const fn place(sequence: u32) -> (usize, usize, u64) {
    let (index, rest) = (sequence / CHUNK, sequence % CHUNK);
    (index as usize, rest as usize / 64, 1 << (rest % 64))
}

/// The entry of a list that is made as long as it has to be.
fn grown<'a, T: Default>(list: &'a mut Vec<T>, index: usize, bytes: &mut u64) -> &'a mut T {
    if list.len() <= index {
        *bytes += (index + 1 - list.len()) as u64 * size_of::<T>() as u64;
        list.resize_with(index + 1, T::default);
    }
    &mut list[index]
}

#[cfg(test)]
mod tests {
    use super::{Id, Tokens};
    use crate::operation::Token;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn token() -> impl Strategy<Value = String> {
        let number = prop_oneof![0..3_u32, 4094..4100_u32, 90_000..90_010_u32];
        prop_oneof![
            (number.clone(), number)
                .prop_map(|(process, sequence)| format!("{process}-{sequence}")),
            "[a-c]{0,2}",
        ]
    }

    #[test]
    fn the_last_number_is_one_like_any_other() {
        let (mut tokens, last) = (Tokens::default(), Id::Numbered(0, u32::MAX));
        assert!(tokens.insert(last));
        assert!(tokens.contains(last) && !tokens.insert(last));
        assert_eq!(tokens.iter().collect::<Vec<_>>(), [last]);
    }

    proptest! {
        #[test]
        fn tokens_are_what_a_set_of_their_texts_is(
            one in proptest::collection::vec(token(), 0..20),
            other in proptest::collection::vec(token(), 0..20),
        ) {
            let ours = |texts: &[String]| {
                let mut tokens = Tokens::default();
                let is_new: Vec<bool> = texts.iter().map(|text| tokens.insert(Id::of(&Token::new(text)))).collect();
                (tokens, is_new)
            };
            let theirs = |texts: &[String]| {
                let mut set = BTreeSet::new();
                let is_new: Vec<bool> = texts.iter().map(|text| set.insert(text.clone())).collect();
                (set, is_new)
            };
            let ((a, a_new), (b, _)) = (ours(&one), ours(&other));
            let ((c, c_new), (d, _)) = (theirs(&one), theirs(&other));
            prop_assert_eq!(a_new, c_new);
            let difference: BTreeSet<Id> = a.without(&b).collect();
            let expected: BTreeSet<Id> = c.difference(&d).map(|text| Id::of(&Token::new(text))).collect();
            prop_assert_eq!(difference, expected);
        }
    }
}
