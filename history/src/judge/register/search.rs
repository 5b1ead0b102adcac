//! Searches for an order of the operations on one register that explains every value that was found.
//!
//! The search is that of Wing and Gong ("Testing and verifying concurrent objects", 1993) with the
//! memory of Lowe ("Testing for linearizability", 2017), as in porcupine. Invocations and responses
//! stand in a list, in the order of their times. The next operation in the order is one whose
//! invocation stands before the first response that is left; it is lifted out of the list, and if
//! the search comes back to it, put back again. Which operations have been lifted and what the value
//! is then is remembered: nothing is gained by coming there a second time.
//!
//! What is remembered is a digest of 128 bits, the sum without carry of one for each operation and one
//! for the value. Among 2^32 of them the odds that two are the same are 1 in 2^65; if it happened, an
//! order could be overlooked.
//!
//! An operation of unknown outcome has no response, so it may stay in the list for ever: it was never
//! made. While it would change nothing it is left alone.

use super::calls::{Call, ValueId};
use crate::limits::{Budget, Stop};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use xxhash_rust::xxh3::xxh3_128;

/// How many operations of the longest order are kept for the evidence.
const LAST_MAX: usize = 8;

/// How many operations that were under way at the same time are kept for it.
const CONCURRENT_MAX: usize = 16;

/// How many steps are made between two looks at the clock.
const STEPS_BETWEEN_CHECKS: u64 = 1 << 10;

/// A list of this many events takes no more than the links of it.
type Index = u32;

/// The end of the list, and its beginning.
const END: Index = 0;

/// What the search came to.
#[derive(Debug)]
pub(super) enum Searched {
    /// There is an order.
    Ordered,
    /// There is none, and this is as far as one comes.
    Stuck(DeadEnd),
    /// A limit was reached.
    Unfinished(String),
}

/// Where the longest order ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeadEnd {
    /// The operation that would have to come next and cannot.
    pub(super) stuck: Call,
    /// The value after the order.
    pub(super) value: ValueId,
    /// How many acknowledged operations the order has.
    pub(super) in_order: u64,
    /// The last of its operations.
    pub(super) last: Vec<Call>,
    /// Other operations that could have come next.
    pub(super) concurrent: Vec<Call>,
}

impl Searched {
    pub(super) const fn dead_end(&self) -> Option<&DeadEnd> {
        match self {
            Self::Stuck(dead_end) => Some(dead_end),
            _ => None,
        }
    }

    pub(super) fn why_not(&self) -> Option<&str> {
        match self {
            Self::Unfinished(why) => Some(why),
            _ => None,
        }
    }
}

impl DeadEnd {
    pub(super) fn lines(&self) -> impl Iterator<Item = u64> + '_ {
        let others = self.last.iter().chain(&self.concurrent);
        others.chain([&self.stuck]).map(|call| call.line)
    }
}

/// The limits that all searches share.
#[derive(Debug)]
pub(super) struct Cache {
    budget: Budget,
    bytes: AtomicU64,
}

impl Cache {
    /// With so many bytes in use already.
    pub(super) const fn new(budget: Budget, bytes: u64) -> Self {
        let bytes = AtomicU64::new(bytes);
        Self { budget, bytes }
    }

    fn take(&self, bytes: u64) -> Result<(), Stop> {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.budget.check_memory(before + bytes)
    }

    fn give_back(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Searches the operations on one register, which had this value in the beginning.
pub(super) fn search(calls: &[Call], initial: ValueId, cache: &Cache) -> Searched {
    let mut search = Search::new(calls, initial, cache);
    let found = search.run();
    cache.give_back(search.seen_bytes);
    match found {
        Ok(true) => Searched::Ordered,
        Ok(false) => {
            let deepest = search.deepest.take();
            Searched::Stuck(deepest.expect("a search without an order has come to a dead end"))
        }
        Err(Stop::Limit(why)) => Searched::Unfinished(why),
        Err(Stop::Error(error)) => unreachable!("a search reads nothing: {error}"),
    }
}

struct Search<'a> {
    calls: &'a [Call],
    cache: &'a Cache,
    events: Events,
    value: ValueId,
    /// The operations in the order so far, each with the value before it.
    order: Vec<(Index, ValueId)>,
    /// How many acknowledged operations are not in it.
    left: u64,
    acknowledged: u64,
    digest: u128,
    seen: HashSet<u128>,
    seen_bytes: u64,
    deepest: Option<DeadEnd>,
    steps: u64,
}

impl<'a> Search<'a> {
    fn new(calls: &'a [Call], initial: ValueId, cache: &'a Cache) -> Self {
        let acknowledged = calls.iter().filter(|call| call.responded.is_some()).count() as u64;
        Self {
            calls,
            cache,
            events: Events::of(calls),
            value: initial,
            order: Vec::new(),
            left: acknowledged,
            acknowledged,
            digest: 0,
            seen: HashSet::new(),
            seen_bytes: 0,
            deepest: None,
            steps: 0,
        }
    }

    /// Whether there is an order.
    fn run(&mut self) -> Result<bool, Stop> {
        let mut event = self.events.first();
        while self.left > 0 {
            self.check_time()?;
            event = match self.events.call_at(event) {
                Some(call) if self.may_come_next(call)? => {
                    self.append(event, call);
                    self.events.first()
                }
                Some(_) => self.events.next(event),
                None => {
                    self.remember_dead_end(event);
                    match self.order.pop() {
                        Some((last, before)) => self.put_back(last, before),
                        None => return Ok(false),
                    }
                }
            };
        }
        Ok(true)
    }

    fn check_time(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_BETWEEN_CHECKS) {
            self.cache.budget.check_time()?;
        }
        Ok(())
    }

    /// Whether an operation explains what it found, and leads where the search has not been.
    fn may_come_next(&mut self, call: u32) -> Result<bool, Stop> {
        let Call {
            step, responded, ..
        } = self.calls[call as usize];
        match step.from(self.value) {
            None => Ok(false),
            Some(value) if responded.is_none() && value == self.value => Ok(false),
            Some(value) => self.is_new(self.digest ^ digest_of_call(call) ^ digest_of_value(value)),
        }
    }

    fn is_new(&mut self, state: u128) -> Result<bool, Stop> {
        if self.seen.len() == self.seen.capacity() {
            let more = self.seen.len().max(1 << 6);
            // A table that grows is there twice for a moment; each entry has a byte of its own.
            let bytes = 2 * more as u64 * (size_of::<u128>() as u64 + 1);
            self.cache.take(bytes)?;
            self.seen_bytes += bytes;
            self.seen.reserve(more);
        }
        Ok(self.seen.insert(state))
    }

    fn append(&mut self, event: Index, call: u32) {
        let Call {
            step, responded, ..
        } = self.calls[call as usize];
        self.order.push((event, self.value));
        self.value = step.from(self.value).unwrap_or(self.value);
        self.digest ^= digest_of_call(call);
        self.left -= u64::from(responded.is_some());
        self.events.lift(event);
    }

    /// Takes the last operation out of the order again, and says what to try in its place.
    fn put_back(&mut self, event: Index, before: ValueId) -> Index {
        self.events.put_back(event);
        if let Some(call) = self.events.call_at(event) {
            self.digest ^= digest_of_call(call);
            self.left += u64::from(self.calls[call as usize].responded.is_some());
        }
        self.value = before;
        self.events.next(event)
    }

    /// Before this response nothing can come next.
    fn remember_dead_end(&mut self, response: Index) {
        let in_order = self.acknowledged - self.left;
        let deepest = self.deepest.as_ref();
        if deepest.is_some_and(|deepest| deepest.in_order >= in_order) {
            return;
        }
        let Some(stuck) = self.events.answered_at(response) else {
            return;
        };
        let call = |index: u32| self.calls[index as usize];
        let before = self.events.calls_before(response);
        let concurrent = before.filter(|&other| other != stuck).map(call);
        let last = self.order.iter().rev().take(LAST_MAX).rev();
        let last = last
            .filter_map(|(event, _)| self.events.call_at(*event))
            .map(call);
        self.deepest = Some(DeadEnd {
            stuck: call(stuck),
            value: self.value,
            in_order,
            last: last.collect(),
            concurrent: concurrent.take(CONCURRENT_MAX).collect(),
        });
    }
}

fn digest_of_call(call: u32) -> u128 {
    xxh3_128(&call.to_le_bytes())
}

/// Of another length than that of a call, so that no value is taken for one.
fn digest_of_value(value: ValueId) -> u128 {
    xxh3_128(&u64::from(value).to_le_bytes())
}

/// Invocations and responses in the order of their times, as a list from which they can be lifted.
struct Events {
    nodes: Vec<Node>,
}

#[derive(Clone, Copy)]
struct Node {
    call: u32,
    /// The response, if this is the invocation of a call that has one.
    response: Option<Index>,
    is_invocation: bool,
    next: Index,
    previous: Index,
}

impl Events {
    /// At the same time an invocation comes before a response: neither operation was over when the
    /// other began.
    fn of(calls: &[Call]) -> Self {
        let mut events: Vec<(u64, bool, u32)> = Vec::new();
        for (index, call) in (0..).zip(calls) {
            events.push((call.invoked, false, index));
            events.extend(call.responded.map(|time| (time, true, index)));
        }
        events.sort_unstable();
        let length = Index::try_from(events.len()).expect("the events fit in memory");
        let mut nodes = Vec::with_capacity(events.len() + 1);
        nodes.push(Node {
            call: 0,
            response: None,
            is_invocation: false,
            next: 1 % (length + 1),
            previous: length,
        });
        let mut invocations = vec![END; calls.len()];
        for (index, (_, is_response, call)) in (1..).zip(events) {
            let invocation = &mut invocations[call as usize];
            if is_response {
                let invocation: &mut Node = &mut nodes[*invocation as usize];
                invocation.response = Some(index);
            } else {
                *invocation = index;
            }
            nodes.push(Node {
                call,
                response: None,
                is_invocation: !is_response,
                next: (index + 1) % (length + 1),
                previous: index - 1,
            });
        }
        Self { nodes }
    }

    fn first(&self) -> Index {
        self.next(END)
    }

    fn next(&self, event: Index) -> Index {
        self.nodes[event as usize].next
    }

    /// The call that begins here.
    fn call_at(&self, event: Index) -> Option<u32> {
        let node = self.nodes[event as usize];
        node.is_invocation.then_some(node.call)
    }

    /// The call that was answered here.
    fn answered_at(&self, event: Index) -> Option<u32> {
        let node = self.nodes[event as usize];
        (event != END && !node.is_invocation).then_some(node.call)
    }

    /// The calls that begin before this and have not been lifted.
    fn calls_before(&self, event: Index) -> impl Iterator<Item = u32> + '_ {
        let mut at = self.first();
        std::iter::from_fn(move || {
            let call = (at != event).then(|| self.call_at(at)).flatten();
            at = self.next(at);
            call
        })
    }

    fn lift(&mut self, invocation: Index) {
        self.unlink(invocation);
        if let Some(response) = self.nodes[invocation as usize].response {
            self.unlink(response);
        }
    }

    /// The last to be lifted has to be the first to be put back.
    fn put_back(&mut self, invocation: Index) {
        if let Some(response) = self.nodes[invocation as usize].response {
            self.link(response);
        }
        self.link(invocation);
    }

    fn unlink(&mut self, event: Index) {
        let Node { next, previous, .. } = self.nodes[event as usize];
        self.nodes[previous as usize].next = next;
        self.nodes[next as usize].previous = previous;
    }

    fn link(&mut self, event: Index) {
        let Node { next, previous, .. } = self.nodes[event as usize];
        self.nodes[previous as usize].next = event;
        self.nodes[next as usize].previous = event;
    }
}
