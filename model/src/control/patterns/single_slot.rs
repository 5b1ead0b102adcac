//! A mailbox that is a single file, overwritten by the next message.
//!
//! Protocol of the sender
//!   1. Write the message to a temporary file; rename it to `mail`.
//!
//! Protocol of the receiver
//!   2. For each file in the directory whose name begins with `mail`: rename it to a name of its
//!      own; read it; remove it.
//!
//! Missing: in step 1, a name of its own for each message.
//!
//! What is lost: all but the last message, if they come more quickly than they are taken. It takes
//! one sender with two.

use super::trial::{Trial, Verdict, all_kept, file, newcomer, sure};
use super::{Circumstance, Form, Pattern, Protocol, Variant};
use crate::control::file::{failed, load, rename, replace, unlink};
use crate::oracle::{Change, DIRECTORY, Ledger, Token, ViolationKind};
use crate::sim::{FaultModel, Sim};
use hookstate::Result;
use hookstate::kernel::{CallKind, Kernel};
use std::path::{Path, PathBuf};

pub(super) const PATTERN: Pattern = Pattern {
    number: 24,
    name: "single-slot",
    lost: "all but the last message",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Burst,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| {
            let trial = Trial::new(FaultModel::LOCAL, |_| Ok(()), judge);
            let trial = trial.process(receive);
            Box::new(trial.crowd(processes - 1, move |kernel, token| {
                send(variant, kernel, token)
            }))
        },
    }),
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Said {
    Sent(Vec<Change>),
    Received(Vec<Token>),
}

/// Step 1, for each message.
fn send<K: Kernel>(variant: Variant, kernel: &K, first: Token) -> Result<Said> {
    let mut sent = Vec::new();
    for token in [first, first + 1] {
        let slot = match variant {
            Variant::AsSeen => file("mail"),
            Variant::Repaired => file(&format!("mail.{}.{token}", kernel.getpid())),
        };
        let temporary = file(&format!("temporary.{}", kernel.getpid()));
        replace(kernel, &temporary, &slot, &token)?;
        let parent = None;
        sent.push(Change { token, parent });
    }
    Ok(Said::Sent(sent))
}

/// Step 2.
fn receive<K: Kernel>(kernel: &K) -> Result<Said> {
    let taken = file("taken");
    let mut messages = Vec::new();
    for slot in slots(kernel)? {
        rename(kernel, &slot, &taken)?;
        messages.push(load(kernel, &taken)?);
        unlink(kernel, &taken)?;
    }
    Ok(Said::Received(messages))
}

fn slots<K: Kernel>(kernel: &K) -> Result<Vec<PathBuf>> {
    let directory = Path::new(DIRECTORY);
    let names = kernel
        .list(directory)
        .map_err(|errno| failed("list", directory, CallKind::List, errno))?;
    let mail = |name: &_| Path::new(name).to_string_lossy().starts_with("mail");
    let slots = names.into_iter().filter(mail);
    Ok(slots.map(|name| directory.join(name)).collect())
}

/// Each message was received, or is received when everybody has ended.
fn judge(sim: &Sim, said: &[Option<Said>]) -> Verdict {
    let rest = sure(receive(&newcomer(sim)))?;
    let (mut all_sent, mut received) = (Vec::new(), Ledger::default());
    for said in said.iter().flatten().chain([&rest]) {
        match said {
            Said::Sent(sent) => all_sent.extend(sent),
            Said::Received(messages) => messages.iter().for_each(|&token| received.add(token)),
        }
    }
    all_kept(&received, &all_sent)
}
