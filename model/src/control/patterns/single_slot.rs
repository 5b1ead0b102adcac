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
        model: |variant| {
            let trial = Trial::new(FaultModel::LOCAL, |_| Ok(()), judge);
            let trial = trial.process(move |kernel| send(variant, kernel));
            Box::new(trial.process(|kernel| receive(kernel)))
        },
    }),
};

const MESSAGES: [Token; 2] = [10, 11];

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Said {
    Sent,
    Received(Vec<Token>),
}

/// Step 1, for each message.
fn send<K: Kernel>(variant: Variant, kernel: &K) -> Result<Said> {
    for message in MESSAGES {
        let slot = match variant {
            Variant::AsSeen => file("mail"),
            Variant::Repaired => file(&format!("mail.{}.{message}", kernel.getpid())),
        };
        replace(kernel, &file("temporary"), &slot, &message)?;
    }
    Ok(Said::Sent)
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
    let mut received = Ledger::default();
    for said in said.iter().flatten().chain([&rest]) {
        if let Said::Received(messages) = said {
            messages.iter().for_each(|&message| received.add(message));
        }
    }
    let parent = || None;
    let sent = MESSAGES.map(|token| Change {
        token,
        parent: parent(),
    });
    all_kept(&received, &sent.iter().collect::<Vec<_>>())
}
