//! What is done, and how often: `kill=2%,stop=1%:50ms,nofile=16`.

use super::limits::Limits;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The kinds, how each is written, and what it does.
pub(crate) const KINDS: [(&str, &str, &str); 6] = [
    (
        "kill",
        "kill=2%",
        "SIGKILL at a random instant, in 2 % of the changes or commands",
    ),
    (
        "stop",
        "stop=1%:50ms",
        "SIGSTOP at a random instant, and SIGCONT 50 ms later",
    ),
    (
        "slow",
        "slow=1%:50ms",
        "the holder of the lock takes 50 ms longer; strategies only",
    ),
    ("enospc", "enospc", "a disk that is full half of the time"),
    (
        "nofile",
        "nofile=16",
        "at most 16 file descriptors in each process",
    ),
    (
        "nproc",
        "nproc=100",
        "at most 100 processes of this user, who must not be root",
    ),
];

/// Everything that is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chaos {
    pub(crate) kill: Option<Share>,
    pub(crate) stop: Option<Pause>,
    pub(crate) slow: Option<Pause>,
    pub(crate) enospc: bool,
    pub(crate) limits: Limits,
}

/// A share of all changes or commands, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Share(pub(super) u32);

/// A pause in a share of all changes or commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pause {
    pub(crate) share: Share,
    pub(crate) ms: u32,
}

impl Pause {
    pub(crate) const fn duration(self) -> Duration {
        Duration::from_millis(self.ms as u64)
    }
}

impl Chaos {
    pub(crate) fn is_any(&self) -> bool {
        *self != Self::default()
    }

    /// Whether anybody is killed, so that it is not known of every change whether it was made.
    pub(crate) const fn kills(&self) -> bool {
        self.kill.is_some()
    }

    fn take(&mut self, word: &str) -> Result<(), String> {
        let (kind, value) = match word.split_once('=') {
            Some((kind, value)) => (kind, Some(value)),
            None => (word, None),
        };
        let wrong = || wrong(kind);
        match kind {
            "kill" => self.kill = Some(value.and_then(share).ok_or_else(wrong)?),
            "stop" => self.stop = Some(value.and_then(pause).ok_or_else(wrong)?),
            "slow" => self.slow = Some(value.and_then(pause).ok_or_else(wrong)?),
            "enospc" if value.is_none() => self.enospc = true,
            "enospc" => return Err(wrong()),
            "nofile" => self.limits.nofile = Some(value.and_then(number).ok_or_else(wrong)?),
            "nproc" => self.limits.nproc = Some(value.and_then(number).ok_or_else(wrong)?),
            _ => return Err(unknown(kind)),
        }
        Ok(())
    }
}

fn wrong(kind: &str) -> String {
    let known = KINDS.iter().find(|(name, ..)| *name == kind);
    let example = known.map_or("", |(_, example, _)| example);
    format!("{kind} is written as in {example}")
}

fn unknown(kind: &str) -> String {
    let names = KINDS.map(|(name, ..)| name).join(", ");
    format!("there is no chaos '{kind}'; there is {names}")
}

/// `2%`, `0.5%`; more than nothing and at most everything.
fn share(text: &str) -> Option<Share> {
    let percent: f64 = text.strip_suffix('%')?.parse().ok()?;
    let millionths = percent * 1e4;
    let is_share = (1.0..=1e6).contains(&millionths);
    is_share.then_some(Share(millionths as u32))
}

/// `1%:50ms`
fn pause(text: &str) -> Option<Pause> {
    let (share_of, rest) = text.split_once(':')?;
    let ms = rest.strip_suffix("ms")?.parse().ok();
    Some(Pause {
        share: share(share_of)?,
        ms: ms.filter(|ms| (1..=60_000).contains(ms))?,
    })
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number| *number > 0)
}

impl FromStr for Chaos {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut chaos = Self::default();
        for word in text.split(',') {
            chaos.take(word.trim())?;
        }
        Ok(chaos)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / 1e4)
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}ms", self.share, self.ms)
    }
}

impl fmt::Display for Chaos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            self.kill.map(|share| format!("kill={share}")),
            self.stop.map(|pause| format!("stop={pause}")),
            self.slow.map(|pause| format!("slow={pause}")),
            self.enospc.then(|| "enospc".to_owned()),
            self.limits.nofile.map(|most| format!("nofile={most}")),
            self.limits.nproc.map(|most| format!("nproc={most}")),
        ];
        f.write_str(&words.into_iter().flatten().collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::{Chaos, KINDS};

    #[test]
    fn what_is_written_is_what_is_read() {
        let every = KINDS.map(|(_, example, _)| example).join(",");
        for text in [
            "kill=100%",
            "kill=0.5%,stop=2.25%:1ms",
            "nofile=4,nproc=9",
            &every,
        ] {
            let chaos: Chaos = text.parse().unwrap();
            assert_eq!(chaos.to_string().parse::<Chaos>().unwrap(), chaos);
            assert!(chaos.is_any());
        }
        assert_eq!(every.parse::<Chaos>().unwrap().to_string(), every);
    }

    #[test]
    fn a_mistake_is_shown_how_it_is_written() {
        let refused = |text: &str| text.parse::<Chaos>().unwrap_err();
        for text in ["kill", "kill=2", "kill=0%", "kill=101%", "kill=x%"] {
            assert_eq!(refused(text), "kill is written as in kill=2%");
        }
        for text in ["stop=1%", "stop=1%:50", "stop=1%:0ms", "stop=50ms"] {
            assert_eq!(refused(text), "stop is written as in stop=1%:50ms");
        }
        assert_eq!(refused("enospc=1"), "enospc is written as in enospc");
        assert_eq!(refused("nofile=0"), "nofile is written as in nofile=16");
        assert_eq!(
            refused("kill=1%,kil=2%"),
            "there is no chaos 'kil'; there is kill, stop, slow, enospc, nofile, nproc"
        );
    }
}
