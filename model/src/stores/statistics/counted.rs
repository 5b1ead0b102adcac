//! What a statistics file counts, by the tokens of the calls.

use crate::oracle::{Token, Violation};
use hookstate::stats::SessionFile;

/// The agent whose calls all of ours are.
pub(super) const AGENT: &str = "agent";

/// The hook that every call has a timing of.
pub(super) const HOOK: &str = "PostToolUse";

/// Our calls have this and their token for a tool, those of a peer the other.
const OWN: &str = "call-";
const PEERS: &str = "peer-";

/// What a file, or a session that was ended, counts. Each list in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Counted {
    total: u64,
    failed: u64,
    /// By the names of the tools.
    calls: Vec<Token>,
    /// Those of them that are not a peer's.
    own: Vec<Token>,
    /// By the names of the tools that the agent has.
    of_agent: Vec<Token>,
    timings: Vec<Token>,
    /// Whether the totals of timings are those of the lists.
    totals_agree: bool,
}

/// The tool of one of our calls.
pub(super) fn tool(token: Token) -> String {
    format!("{OWN}{token}")
}

/// The tool of the call of a peer.
pub(super) fn tool_of_peer(token: Token) -> String {
    format!("{PEERS}{token}")
}

/// Some calls fail, so that failures are counted too.
pub(super) fn succeeds(token: Token) -> bool {
    !token.is_multiple_of(20)
}

impl Counted {
    /// What is in the file.
    pub(super) fn of(file: &SessionFile) -> Self {
        let names = file.tool_names();
        let agents = file.agents().into_iter();
        let of_agent: Vec<_> = agents.flat_map(|(_, counts)| counts.tool_names).collect();
        let (timings, totals_agree) = timings(file);
        Self {
            total: file.tool_count(),
            failed: file.error_count(),
            own: tokens(&names, &[OWN]),
            calls: tokens(&names, &[OWN, PEERS]),
            of_agent: tokens(&of_agent, &[OWN]),
            timings,
            totals_agree,
        }
    }

    /// The calls, if all that the file says of them agrees.
    pub(super) fn whole(&self) -> Result<&[Token], Violation> {
        let failed = self.calls.iter().filter(|token| !succeeds(**token)).count();
        let is_whole = self.total == self.calls.len() as u64
            && self.failed == failed as u64
            && self.of_agent == self.own
            && self.timings == self.calls
            && self.totals_agree;
        match is_whole {
            true => Ok(&self.calls),
            false => Err(Violation::Torn {
                seen: format!("{self:?}"),
            }),
        }
    }

    /// Whether the call is in it.
    pub(super) fn has(&self, token: Token) -> bool {
        self.calls.contains(&token)
    }

    /// The calls.
    pub(super) fn calls(&self) -> &[Token] {
        &self.calls
    }
}

/// As often as it was called, each tool whose name begins so.
fn tokens(names: &[(String, u64)], prefixes: &[&str]) -> Vec<Token> {
    let token = |name: &str| {
        let mut prefixes = prefixes.iter();
        prefixes.find_map(|prefix| name.strip_prefix(prefix)?.parse::<Token>().ok())
    };
    let times = |count: u64| usize::try_from(count).expect("few calls");
    let named = names.iter();
    let named = named.filter_map(|(name, count)| Some((token(name)?, times(*count))));
    let mut tokens: Vec<Token> = named
        .flat_map(|(token, count)| std::iter::repeat_n(token, count))
        .collect();
    tokens.sort_unstable();
    tokens
}

/// The tokens that the timings are, and whether the totals have as many.
fn timings(file: &SessionFile) -> (Vec<Token>, bool) {
    let mut tokens = Vec::new();
    let mut totals_agree = true;
    for (_, timings) in file.hook_timings() {
        totals_agree &= timings.is_exact();
        let count = timings.count();
        // In the middle of each step of the quantiles, so that no rounding leads to another one.
        let shares = (0..count).map(|rank| (rank as f64 + 0.5) / count as f64);
        let values = shares.map(|share| timings.quantile_ms(share).to_string());
        tokens.extend(values.filter_map(|value| value.parse::<Token>().ok()));
    }
    (tokens, totals_agree)
}
