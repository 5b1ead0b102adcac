//! Whoever waits for a lock gets it when it is free, even that of a file which has lost its name
//! meanwhile.

use super::locks::HELD;
use crate::world::{Calls, World};
use hookstate::kernel::{Errno, FlockOperation, Kernel};
use std::sync::Barrier;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

facts! {
    waiting_for_a_lock_ends_when_it_is_released
    two_that_wait_to_have_their_shared_lock_alone_both_get_it
    a_waiter_gets_the_lock_of_a_file_that_rename_has_replaced
    a_waiter_gets_the_lock_of_a_file_that_was_unlinked
}

fn waiting_for_a_lock_ends_when_it_is_released<W: World>(world: &W) {
    bounded(|| waits_until_it_is_released(world));
}

fn waits_until_it_is_released<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let mine = p.create(&path);
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let yours = q.create(&path);
            assert_eq!(q.flock(&yours, FlockOperation::Exclusive), Ok(()));
            let seen = q.content(&yours);
            assert_eq!(q.unlock(&yours), Ok(()));
            assert_eq!(q.flock(&yours, FlockOperation::Shared), Ok(()));
            seen
        });
        assert_eq!(p.pwrite(&mine, b"written under the lock", 0), Ok(22));
        assert_eq!(p.unlock(&mine), Ok(()));
        let seen = waiter.join().expect("the waiter got its locks");
        assert_eq!(seen, b"written under the lock");
    });
}

fn two_that_wait_to_have_their_shared_lock_alone_both_get_it<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let both_share = Barrier::new(2);
    let has_it_alone = |process: &W::Process| {
        let fd = process.create(&path);
        assert_eq!(process.try_shared(&fd), Ok(()));
        both_share.wait();
        assert_eq!(process.flock(&fd, FlockOperation::Exclusive), Ok(()));
        assert_eq!(process.unlock(&fd), Ok(()));
    };
    bounded(|| {
        std::thread::scope(|scope| {
            let first = scope.spawn(|| has_it_alone(&p));
            let second = scope.spawn(|| has_it_alone(&q));
            assert!(first.join().is_ok() && second.join().is_ok());
        });
    });
}

fn a_waiter_gets_the_lock_of_a_file_that_rename_has_replaced<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let (path, spare) = (world.path("a"), world.path("a.spare"));
    let (mine, yours) = (p.create_with(&path, b"old"), q.create(&path));
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(q.try_exclusive(&yours), HELD);
    p.close(p.create_with(&spare, b"new"));
    assert_eq!(p.rename(&spare, &path), Ok(()));
    p.close(mine);
    assert_eq!(q.try_exclusive(&yours), Ok(()), "the lock of the dead file");
    assert_eq!(q.content(&yours), b"old");
    assert_ne!(
        q.fstat(&yours).unwrap().identity,
        q.stat(&path).unwrap().identity
    );
    let newcomer = p.create(&path);
    assert_eq!(p.try_exclusive(&newcomer), Ok(()), "so exclusion is broken");
}

fn a_waiter_gets_the_lock_of_a_file_that_was_unlinked<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let (mine, yours) = (p.create(&path), q.create(&path));
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(p.unlink(&path), Ok(()));
    p.close(mine);
    assert_eq!(q.try_exclusive(&yours), Ok(()));
    assert_eq!(q.stat(&path), Err(Errno::NOENT));
    let newcomer = p.create_new(&path).unwrap();
    assert_eq!(p.try_exclusive(&newcomer), Ok(()));
    assert_ne!(
        q.fstat(&yours).unwrap().identity,
        p.fstat(&newcomer).unwrap().identity,
        "an inode that is open is not given away"
    );
}

/// Ends the run if the work, which has to wait for a lock, waits for ever.
fn bounded<R>(work: impl FnOnce() -> R) -> R {
    let (working, ended) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        if ended.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
            eprintln!("a lock that is free was not granted within a minute");
            std::process::exit(1);
        }
    });
    let result = work();
    drop(working);
    result
}
