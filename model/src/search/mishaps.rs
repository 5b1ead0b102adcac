//! What can go wrong with a call: the errors that it can have, and where its transfer can stop.

use crate::sim::Request;
use hookstate::kernel::{CallKind, Create, Errno};
use std::collections::BTreeSet;

const SECTOR: usize = 512;
const PAGE: usize = 4096;

/// A signal, a broken device, no descriptors, no locks and no space, where the manual page of the call
/// has them: each sort of error for which the code has a way of its own. A quota and a file system
/// that has become read-only are like no space to it.
pub(super) fn errors_of(request: &Request) -> impl Iterator<Item = Errno> {
    let call = request.as_call();
    let creates = matches!(request, Request::Open { how, .. } if how.create != Create::Never);
    let errors: &[Errno] = match call.kind() {
        CallKind::Open if creates => &[Errno::INTR, Errno::IO, Errno::MFILE, Errno::NOSPC],
        CallKind::Open => &[Errno::INTR, Errno::IO, Errno::MFILE],
        CallKind::Flock => &[Errno::INTR, Errno::NOLCK],
        CallKind::Fsync | CallKind::Fdatasync => &[Errno::INTR, Errno::IO, Errno::NOSPC],
        CallKind::Pwrite | CallKind::Append => &[Errno::INTR, Errno::IO, Errno::NOSPC],
        CallKind::Rename | CallKind::Exchange | CallKind::Mkdir => {
            &[Errno::INTR, Errno::IO, Errno::NOSPC]
        }
        _ if call.can_fail() => &[Errno::INTR, Errno::IO],
        _ => &[],
    };
    errors.iter().copied()
}

/// One byte, half of them and all but one; and up to each bound of a sector of 512 bytes that comes in the
/// next 4096, and of a page, which are the places in a file where kernels and disks stop. `start` is where
/// in the file the transfer begins.
pub(super) fn short_counts(request: &Request, start: u64) -> impl Iterator<Item = usize> {
    let length = match request {
        Request::Pwrite { bytes, .. } | Request::Append { bytes, .. } => bytes.len(),
        Request::Pread { length, .. } => *length,
        _ => 0,
    };
    let bounds = |unit: usize| {
        let first = unit - (start % unit as u64) as usize;
        (first..length).step_by(unit)
    };
    let counts: BTreeSet<usize> = [1, length / 2, length.saturating_sub(1)]
        .into_iter()
        .chain(bounds(SECTOR).take(PAGE / SECTOR))
        .chain(bounds(PAGE))
        .filter(|&count| count > 0 && count < length)
        .collect();
    counts.into_iter()
}

/// The request for so many bytes of it.
pub(super) fn shortened(request: &Request, count: usize) -> Request {
    let mut request = request.clone();
    match &mut request {
        Request::Pwrite { bytes, .. } | Request::Append { bytes, .. } => bytes.truncate(count),
        Request::Pread { length, .. } => *length = count,
        other => unreachable!("{other} transfers nothing"),
    }
    request
}
