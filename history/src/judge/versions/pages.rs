//! What is known of each version: whether somebody made the next one of it, when somebody last
//! went on from it or looked at it, and when somebody first had it for an answer.
//!
//! Versions stand in pages. In a good history each is changed exactly once, and nearly in order, so
//! a page in which every version has been changed, and which lies behind, is judged at once and
//! shrinks to a summary: that is why memory does not grow with a good history. What comes later and
//! belongs there is held against the summary; if that does not tell, the history has to be read
//! again with all pages kept ([`Pages::in_doubt`]).

/// How many versions stand in a page.
pub(super) const PAGE: u64 = 1 << 12;

const WORDS: usize = PAGE as usize / 64;

/// How many pages behind the newest a page is kept though every version in it has been changed:
/// about as many versions may a line be late without raising a doubt.
const PAGES_KEPT: usize = 16;

/// Versions above this are not kept: no history has as many changes.
pub(super) const VERSIONS_MAX: u64 = 1 << 32;

/// Before everything, and after everything.
pub(super) const NEVER: u64 = u64::MAX;

/// All pages, from the version before the first change on. Versions are counted from there.
#[derive(Debug)]
pub(super) struct Pages {
    entries: Vec<Entry>,
    /// The pages that are kept whole.
    kept: Vec<usize>,
    shrinks: bool,
    in_doubt: bool,
    /// One more than the highest version that has been told of.
    end: u64,
    /// The first rollback that was found in a page before it shrank.
    found: Option<Rollback>,
}

/// A page or what is left of it.
#[derive(Debug, Default)]
pub(super) enum Entry {
    #[default]
    Untold,
    Kept(Box<Page>),
    Complete(Summary),
}

/// What is known of some versions. There is no invocation before 0 and no response after [`NEVER`],
/// so these stand for none.
#[derive(Debug)]
pub(super) struct Page {
    made: [u64; WORDS],
    made_count: u64,
    /// The last invocation of an operation that found this version.
    pub(super) last_invoked: [u64; PAGE as usize],
    /// The first response of an operation that found or made this version.
    pub(super) first_responded: [u64; PAGE as usize],
}

/// The same of a whole page, each version of which has been changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    pub(super) last_invoked: u64,
    pub(super) first_responded: u64,
}

/// Where to find two operations of which the second found an older version than the first had been
/// given before: the first response among versions from `newer_from` to before `newer_to`, and
/// the last invocation among versions below `older_below`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rollback {
    pub(super) newer_from: u64,
    pub(super) newer_to: u64,
    pub(super) older_below: u64,
}

impl Pages {
    /// Pages that shrink, or do not.
    pub(super) const fn new(shrinks: bool) -> Self {
        Self {
            entries: Vec::new(),
            kept: Vec::new(),
            shrinks,
            in_doubt: false,
            end: 0,
            found: None,
        }
    }

    /// Takes note of a change of `version`, and says whether it is the first one.
    pub(super) fn change(&mut self, version: u64, invoked: u64, responded: u64) -> bool {
        self.found_by(version, invoked);
        let is_first = match &mut self.entries[index(version)] {
            Entry::Kept(page) => page.make(version),
            Entry::Untold | Entry::Complete(_) => false,
        };
        self.answered(version + 1, responded);
        is_first
    }

    /// Takes note that somebody found `version`.
    pub(super) fn look(&mut self, version: u64, invoked: u64, responded: u64) {
        self.found_by(version, invoked);
        self.answered(version, responded);
    }

    /// Whether something came so late that the summaries do not tell what it means.
    pub(super) const fn in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// How many versions there are to be made, up to the highest that has been told of.
    pub(super) const fn to_make(&self) -> u64 {
        self.end.saturating_sub(1)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The memory that they take.
    pub(super) fn bytes(&self) -> u64 {
        let kept = self.kept.len() * size_of::<Page>();
        (kept + self.entries.len() * size_of::<Entry>()) as u64
    }

    fn found_by(&mut self, version: u64, invoked: u64) {
        let doubt = match self.entry(version) {
            Entry::Kept(page) => {
                let last = &mut page.last_invoked[within(version)];
                *last = invoked.max(*last);
                false
            }
            Entry::Complete(summary) => {
                summary.last_invoked = invoked.max(summary.last_invoked);
                summary.first_responded < invoked
            }
            Entry::Untold => false,
        };
        self.in_doubt |= doubt;
    }

    fn answered(&mut self, version: u64, responded: u64) {
        let doubt = match self.entry(version) {
            Entry::Kept(page) => {
                let first = &mut page.first_responded[within(version)];
                *first = responded.min(*first);
                false
            }
            Entry::Complete(summary) => {
                summary.first_responded = responded.min(summary.first_responded);
                responded < summary.last_invoked
            }
            Entry::Untold => false,
        };
        self.in_doubt |= doubt;
    }

    /// The page of a version, which is there from now on.
    fn entry(&mut self, version: u64) -> &mut Entry {
        self.end = self.end.max(version + 1);
        let index = index(version);
        if !matches!(
            self.entries.get(index),
            Some(Entry::Kept(_) | Entry::Complete(_))
        ) {
            self.add(index);
        }
        &mut self.entries[index]
    }

    #[cold]
    fn add(&mut self, index: usize) {
        if self.shrinks {
            self.shrink();
        }
        if self.entries.len() <= index {
            self.entries.resize_with(index + 1, Entry::default);
        }
        self.entries[index] = Entry::Kept(Box::new(Page::new()));
        self.kept.push(index);
    }

    /// Judges the pages that are complete and lie behind, and keeps their summaries.
    fn shrink(&mut self) {
        let newest = self.entries.len();
        let mut kept = std::mem::take(&mut self.kept);
        kept.retain(|&index| {
            let Entry::Kept(page) = &self.entries[index] else {
                return false;
            };
            if page.made_count < PAGE || index + PAGES_KEPT >= newest {
                return true;
            }
            let (summary, rollback) = page.judge(index as u64 * PAGE, 0);
            self.found = self.found.or(rollback);
            self.entries[index] = Entry::Complete(summary);
            false
        });
        self.kept = kept;
    }

    /// Somebody found an older version than one that had been answered before.
    pub(super) fn rollback(&self) -> Option<Rollback> {
        let mut last_invoked = 0;
        let bases = (0..).step_by(PAGE as usize);
        let found = bases.zip(&self.entries).find_map(|(base, entry)| {
            let (summary, rollback) = match entry {
                Entry::Untold => return None,
                Entry::Kept(page) => page.judge(base, last_invoked),
                Entry::Complete(summary) => (*summary, summary.judge(base, last_invoked)),
            };
            last_invoked = last_invoked.max(summary.last_invoked);
            rollback
        });
        self.found.or(found)
    }
}

impl Page {
    const fn new() -> Self {
        Self {
            made: [0; WORDS],
            made_count: 0,
            last_invoked: [0; PAGE as usize],
            first_responded: [NEVER; PAGE as usize],
        }
    }

    fn make(&mut self, version: u64) -> bool {
        let (word, bit) = (within(version) / 64, 1 << (version % 64));
        let is_first = self.made[word] & bit == 0;
        self.made[word] |= bit;
        self.made_count += u64::from(is_first);
        is_first
    }

    /// Whether somebody has changed this version.
    pub(super) const fn is_made(&self, version: u64) -> bool {
        self.made[within(version) / 64] & (1 << (version % 64)) != 0
    }

    /// Whether somebody has changed each of its versions.
    pub(super) const fn is_complete(&self) -> bool {
        self.made_count == PAGE
    }

    /// What is known of all of it, and the first version that had been answered before somebody
    /// looked and found an older one. `last_invoked` is that of older pages.
    fn judge(&self, base: u64, mut last_invoked: u64) -> (Summary, Option<Rollback>) {
        let mut rollback = None;
        let mut first_responded = NEVER;
        let versions = self.first_responded.iter().zip(&self.last_invoked);
        for (version, (&responded, &invoked)) in (base..).zip(versions) {
            if responded < last_invoked && rollback.is_none() {
                rollback = Some(Rollback {
                    newer_from: version,
                    newer_to: version + 1,
                    older_below: version,
                });
            }
            last_invoked = last_invoked.max(invoked);
            first_responded = first_responded.min(responded);
        }
        let summary = Summary {
            last_invoked,
            first_responded,
        };
        (summary, rollback)
    }
}

impl Summary {
    fn judge(&self, base: u64, last_invoked: u64) -> Option<Rollback> {
        (self.first_responded < last_invoked).then_some(Rollback {
            newer_from: base,
            newer_to: base + PAGE,
            older_below: base,
        })
    }
}

const fn index(version: u64) -> usize {
    (version / PAGE) as usize
}

const fn within(version: u64) -> usize {
    (version % PAGE) as usize
}
