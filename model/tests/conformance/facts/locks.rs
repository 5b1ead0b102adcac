//! Who has a lock, in which mode, and what makes them lose it: a lock belongs to an open file
//! description, and whoever asks for none is not hindered.

use crate::world::{Calls, World};
use hookstate::kernel::{Access, Errno, Kernel, Result};

facts! {
    a_lock_belongs_to_the_description_and_not_to_the_process
    shared_locks_share
    an_exclusive_lock_excludes_both_modes
    a_shared_lock_excludes_an_exclusive_one
    a_lock_hinders_nobody_who_does_not_ask_for_it
    closing_the_descriptor_releases_the_lock
    a_lock_lives_as_long_as_a_descriptor_of_its_description
    unlocking_one_descriptor_unlocks_all_of_the_description
    unlocking_what_is_not_locked_succeeds
    locking_again_in_the_same_mode_changes_nothing
    the_only_holder_can_change_the_mode
    a_refused_upgrade_loses_the_shared_lock
    a_downgrade_lets_others_share
    a_read_only_descriptor_can_lock_exclusively
    a_directory_can_be_locked
    exchange_takes_the_locks_along_with_the_files
}

/// The answer to one who may not have the lock now.
pub(super) const HELD: Result<()> = Err(Errno::WOULDBLOCK);

fn a_lock_belongs_to_the_description_and_not_to_the_process<W: World>(world: &W) {
    let process = world.process();
    let path = world.path("a");
    let (one, other) = (process.create(&path), process.create(&path));
    assert_eq!(process.try_exclusive(&one), Ok(()));
    assert_eq!(process.try_exclusive(&other), HELD);
}

fn shared_locks_share<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let (mine, yours) = (p.create(&path), q.create(&path));
    assert_eq!(p.try_shared(&mine), Ok(()));
    assert_eq!(q.try_shared(&yours), Ok(()));
}

fn an_exclusive_lock_excludes_both_modes<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let (mine, yours) = (p.create(&path), q.create(&path));
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(q.try_shared(&yours), HELD);
    assert_eq!(q.try_exclusive(&yours), HELD);
    assert_eq!(p.unlock(&mine), Ok(()));
    assert_eq!(q.try_exclusive(&yours), Ok(()));
}

fn a_shared_lock_excludes_an_exclusive_one<W: World>(world: &W) {
    let (p, q, r) = (world.process(), world.process(), world.process());
    let path = world.path("a");
    let (first, second, third) = (p.create(&path), q.create(&path), r.create(&path));
    assert_eq!(p.try_shared(&first), Ok(()));
    assert_eq!(q.try_shared(&second), Ok(()));
    assert_eq!(r.try_exclusive(&third), HELD);
    assert_eq!(p.unlock(&first), Ok(()));
    assert_eq!(r.try_exclusive(&third), HELD, "one is still there");
    assert_eq!(q.unlock(&second), Ok(()));
    assert_eq!(r.try_exclusive(&third), Ok(()));
}

fn a_lock_hinders_nobody_who_does_not_ask_for_it<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let mine = p.create_with(&path, b"old");
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    let yours = q.create(&path);
    assert_eq!(q.pwrite(&yours, b"new", 0), Ok(3));
    assert_eq!(p.content(&mine), b"new");
    assert_eq!(q.unlink(&path), Ok(()));
}

fn closing_the_descriptor_releases_the_lock<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let (mine, yours) = (p.create(&path), q.create(&path));
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(q.try_exclusive(&yours), HELD);
    p.close(mine);
    assert_eq!(q.try_exclusive(&yours), Ok(()));
}

fn a_lock_lives_as_long_as_a_descriptor_of_its_description<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let (mine, yours) = (p.create(&path), q.create(&path));
    let copy = world.dup(&p, &mine);
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    p.close(mine);
    assert_eq!(q.try_exclusive(&yours), HELD);
    p.close(copy);
    assert_eq!(q.try_exclusive(&yours), Ok(()));
}

fn unlocking_one_descriptor_unlocks_all_of_the_description<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let (mine, yours) = (p.create(&path), q.create(&path));
    let copy = world.dup(&p, &mine);
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(p.unlock(&copy), Ok(()));
    assert_eq!(q.try_exclusive(&yours), Ok(()));
    p.close(mine);
}

fn unlocking_what_is_not_locked_succeeds<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create(&world.path("a"));
    assert_eq!(process.unlock(&fd), Ok(()));
}

fn locking_again_in_the_same_mode_changes_nothing<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let (mine, yours) = (p.create(&path), q.create(&path));
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(p.unlock(&mine), Ok(()), "locks do not count");
    assert_eq!(q.try_exclusive(&yours), Ok(()));
}

fn the_only_holder_can_change_the_mode<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let (mine, yours) = (p.create(&path), q.create(&path));
    assert_eq!(p.try_shared(&mine), Ok(()));
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(q.try_shared(&yours), HELD);
}

fn a_refused_upgrade_loses_the_shared_lock<W: World>(world: &W) {
    let (p, q, r) = (world.process(), world.process(), world.process());
    let path = world.path("a");
    let (first, second, third) = (p.create(&path), q.create(&path), r.create(&path));
    assert_eq!(p.try_shared(&first), Ok(()));
    assert_eq!(q.try_shared(&second), Ok(()));
    assert_eq!(p.try_exclusive(&first), HELD);
    q.close(second);
    assert_eq!(r.try_exclusive(&third), Ok(()), "nobody holds it any more");
}

fn a_downgrade_lets_others_share<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let (mine, yours) = (p.create(&path), q.create(&path));
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(q.try_shared(&yours), HELD);
    assert_eq!(p.try_shared(&mine), Ok(()));
    assert_eq!(q.try_shared(&yours), Ok(()));
}

fn a_read_only_descriptor_can_lock_exclusively<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let writable = p.create(&path);
    let reading = q.open_for(Access::Read, &path).unwrap();
    assert_eq!(q.try_exclusive(&reading), Ok(()));
    assert_eq!(p.try_shared(&writable), HELD);
}

fn a_directory_can_be_locked<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let opened = |process: &W::Process| process.open_for(Access::Directory, world.directory());
    let (mine, yours) = (opened(&p).unwrap(), opened(&q).unwrap());
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(q.try_shared(&yours), HELD);
    p.close(mine);
    assert_eq!(q.try_shared(&yours), Ok(()));
}

fn exchange_takes_the_locks_along_with_the_files<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let (a, b) = (world.path("a"), world.path("b"));
    let (mine, _spare) = (p.create(&a), p.create(&b));
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(p.exchange(&a, &b), Ok(()));
    let (at_a, at_b) = (q.create(&a), q.create(&b));
    assert_eq!(q.try_exclusive(&at_a), Ok(()));
    assert_eq!(q.try_exclusive(&at_b), HELD);
}
