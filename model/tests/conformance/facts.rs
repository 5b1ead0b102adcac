//! The facts, each of them a sentence that is true of both kernels.

#[cfg(target_os = "linux")]
use crate::host::Tmpfs;
use crate::host::{Disk, Real};
use crate::world::{Calls, Planted, Simulated, TornWrite, World};
use hookstate::kernel::{
    Access, Call, Create, Errno, FileType, FlockOperation, Kernel, OpenHow, Watched, Watcher, Way,
};
use std::sync::Barrier;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Makes a test on each kernel of every function that is given by name.
macro_rules! facts {
    ($($(#[$only:meta])* $fact:ident)+) => {
        mod on_the_simulated_kernel {
            $($(#[$only])* #[test] fn $fact() { super::$fact(&super::Simulated::new()) })+
        }
        #[cfg(target_os = "linux")]
        mod on_tmpfs {
            $($(#[$only])* #[test] fn $fact() { super::$fact(&super::Real::<super::Tmpfs>::new()) })+
        }
        mod on_the_disk {
            $($(#[$only])* #[test] fn $fact() { super::$fact(&super::Real::<super::Disk>::new()) })+
        }
    };
}

facts! {
    a_lock_belongs_to_the_description_and_not_to_the_process
    shared_locks_share
    an_exclusive_lock_excludes_both_modes
    a_shared_lock_excludes_an_exclusive_one
    a_lock_hinders_nobody_who_does_not_ask_for_it
    closing_the_descriptor_releases_the_lock
    a_lock_lives_as_long_as_a_descriptor_of_its_description
    unlocking_one_descriptor_unlocks_all_of_the_description
    a_child_keeps_the_lock_of_its_dead_parent
    a_child_that_unlocks_unlocks_for_its_parent
    killing_the_holder_releases_the_lock
    unlocking_what_is_not_locked_succeeds
    locking_again_in_the_same_mode_changes_nothing
    the_only_holder_can_change_the_mode
    a_refused_upgrade_loses_the_shared_lock
    a_downgrade_lets_others_share
    a_read_only_descriptor_can_lock_exclusively
    a_directory_can_be_locked
    waiting_for_a_lock_ends_when_it_is_released
    two_that_wait_to_have_their_shared_lock_alone_both_get_it
    a_waiter_gets_the_lock_of_a_file_that_rename_has_replaced
    a_waiter_gets_the_lock_of_a_file_that_was_unlinked
    exchange_takes_the_locks_along_with_the_files
    opening_a_missing_name_is_enoent
    a_missing_parent_is_enoent_for_every_call
    a_file_as_parent_is_enotdir_for_every_call
    creating_opens_what_exists_and_leaves_it_alone
    exclusive_creation_has_one_winner
    a_truncating_open_empties_the_file
    a_symbolic_link_is_not_followed_to_a_file
    a_directory_opens_for_listing_only
    a_file_does_not_open_as_a_directory
    a_new_file_is_empty_regular_and_ours
    stat_follows_the_name_and_fstat_the_file
    rename_replaces_in_one_step
    rename_keeps_the_replaced_file_readable_for_those_who_have_it_open
    rename_moves_between_directories
    rename_of_a_missing_name_is_enoent
    rename_onto_itself_does_nothing
    rename_minds_directories
    exchange_swaps_two_files
    exchange_needs_both_names
    exchange_minds_directories
    unlinked_files_live_on_for_those_who_have_them_open
    a_name_that_is_made_again_names_another_file
    unlink_refuses_directories_and_missing_names
    mkdir_refuses_a_taken_name
    list_gives_every_name_once
    list_refuses_what_is_no_directory
    reading_at_the_end_gives_nothing
    a_write_beyond_the_end_leaves_zeros
    a_hole_of_a_terabyte_reads_as_zeros
    a_write_inside_leaves_the_rest
    a_kill_inside_a_write_leaves_whole_pages_of_it
    a_short_write_does_not_truncate
    an_empty_write_changes_nothing
    an_append_goes_to_the_end_wherever_that_is_by_then
    pwrite_on_an_append_descriptor_goes_to_the_end
    ftruncate_cuts_and_extends_with_zeros
    read_only_descriptors_do_not_write
    directories_are_not_written_or_read
    fallocate_changes_neither_size_nor_content
    offsets_beyond_the_signed_range_are_einval
    syncing_succeeds_for_files_and_directories
    #[cfg(target_os = "linux")]
    a_fifo_opens_and_locks_and_holds_no_state
    a_file_was_modified_when_its_content_was_last_changed
    the_monotonic_clock_counts_the_sleeps
    each_draw_of_chance_is_another_number
    a_process_is_what_it_was
}

const HELD: hookstate::kernel::Result<()> = Err(Errno::WOULDBLOCK);

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

fn a_child_keeps_the_lock_of_its_dead_parent<W: World>(world: &W) {
    let (parent, other) = (world.process(), world.process());
    let path = world.path("a");
    let (held, yours) = (parent.create(&path), other.create(&path));
    assert_eq!(parent.try_exclusive(&held), Ok(()));
    let (child, inherited) = world.fork(&parent, &[&held]);
    world.kill(parent, vec![held]);
    assert_eq!(other.try_exclusive(&yours), HELD);
    world.kill(child, inherited);
    assert_eq!(other.try_exclusive(&yours), Ok(()));
}

fn a_child_that_unlocks_unlocks_for_its_parent<W: World>(world: &W) {
    let (parent, other) = (world.process(), world.process());
    let path = world.path("a");
    let (held, yours) = (parent.create(&path), other.create(&path));
    let (child, inherited) = world.fork(&parent, &[&held]);
    assert_eq!(parent.try_exclusive(&held), Ok(()));
    assert_eq!(child.try_exclusive(&inherited[0]), Ok(()), "it has it too");
    assert_eq!(child.unlock(&inherited[0]), Ok(()));
    assert_eq!(other.try_exclusive(&yours), Ok(()));
}

fn killing_the_holder_releases_the_lock<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let (mine, yours) = (p.create(&path), q.create(&path));
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    let copy = world.dup(&p, &mine);
    assert_eq!(q.try_exclusive(&yours), HELD);
    world.kill(p, vec![mine, copy]);
    assert_eq!(q.try_exclusive(&yours), Ok(()));
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

fn opening_a_missing_name_is_enoent<W: World>(world: &W) {
    let process = world.process();
    for access in [
        Access::Read,
        Access::ReadWrite,
        Access::Append,
        Access::Directory,
    ] {
        let opened = process.open_for(access, &world.path("a"));
        assert_eq!(opened.err(), Some(Errno::NOENT), "{access:?}");
    }
    assert_eq!(process.stat(&world.path("a")), Err(Errno::NOENT));
}

fn a_missing_parent_is_enoent_for_every_call<W: World>(world: &W) {
    every_call_under(world, "missing", Errno::NOENT);
}

fn a_file_as_parent_is_enotdir_for_every_call<W: World>(world: &W) {
    let process = world.process();
    process.close(process.create(&world.path("file")));
    every_call_under(world, "file", Errno::NOTDIR);
}

fn every_call_under<W: World>(world: &W, parent: &str, errno: Errno) {
    let process = world.process();
    let path = world.path(parent).join("a");
    let existing = world.path("existing");
    process.close(process.create(&existing));
    let create = process.open(&path, OpenHow::or_create(Access::ReadWrite));
    assert_eq!(create.err(), Some(errno));
    assert_eq!(process.create_new(&path).err(), Some(errno));
    assert_eq!(process.open_for(Access::Read, &path).err(), Some(errno));
    assert_eq!(process.stat(&path), Err(errno));
    assert_eq!(process.unlink(&path), Err(errno));
    assert_eq!(process.mkdir(&path, 0o700), Err(errno));
    assert_eq!(process.list(&path), Err(errno));
    assert_eq!(process.rename(&path, &existing), Err(errno));
    assert_eq!(process.rename(&existing, &path), Err(errno));
    assert_eq!(process.exchange(&path, &existing), Err(errno));
    assert_eq!(process.exchange(&existing, &path), Err(errno));
}

fn creating_opens_what_exists_and_leaves_it_alone<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let mine = p.create_with(&path, b"content");
    let yours = q.create(&path);
    assert_eq!(q.content(&yours), b"content");
    assert_eq!(
        p.fstat(&mine).unwrap().identity,
        q.fstat(&yours).unwrap().identity
    );
}

fn exclusive_creation_has_one_winner<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    assert!(p.create_new(&path).is_ok());
    assert_eq!(q.create_new(&path).err(), Some(Errno::EXIST));
    assert_eq!(world.plant(Planted::Symlink, &world.path("link")), Ok(()));
    let over_link = q.create_new(&world.path("link"));
    assert_eq!(over_link.err(), Some(Errno::EXIST));
    let over_directory = q.create_new(world.directory());
    assert_eq!(over_directory.err(), Some(Errno::EXIST));
}

fn a_truncating_open_empties_the_file<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let mine = p.create_with(&path, b"content");
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    let how = OpenHow {
        access: Access::ReadWrite,
        create: Create::IfMissing,
        truncate: true,
    };
    assert!(q.open(&path, how).is_ok(), "a lock does not hinder it");
    assert_eq!(p.content(&mine), b"");
}

fn a_symbolic_link_is_not_followed_to_a_file<W: World>(world: &W) {
    let process = world.process();
    let link = world.path("link");
    assert_eq!(world.plant(Planted::Symlink, &link), Ok(()));
    for access in [Access::Read, Access::ReadWrite, Access::Append] {
        let opened = process.open_for(access, &link);
        assert_eq!(opened.err(), Some(Errno::LOOP), "{access:?}");
    }
    let create = process.open(&link, OpenHow::or_create(Access::ReadWrite));
    assert_eq!(create.err(), Some(Errno::LOOP));
    let directory = process.open_for(Access::Directory, &link);
    assert_eq!(directory.err(), Some(Errno::NOENT), "it leads nowhere");
    assert_eq!(process.stat(&link).unwrap().file_type, FileType::Symlink);
    assert_eq!(process.list(&link), Err(Errno::NOENT));
    assert_eq!(process.mkdir(&link, 0o700), Err(Errno::EXIST));
    assert_eq!(process.stat(&link.join("a")), Err(Errno::NOENT));
    assert_eq!(process.unlink(&link), Ok(()));
}

fn a_directory_opens_for_listing_only<W: World>(world: &W) {
    let process = world.process();
    let path = world.directory();
    let directory = process.open_for(Access::Directory, path).unwrap();
    let stat = process.fstat(&directory).unwrap();
    assert_eq!(stat.file_type, FileType::Directory);
    assert_eq!(stat.identity, process.stat(path).unwrap().identity);
    for access in [Access::ReadWrite, Access::Append] {
        let opened = process.open_for(access, path);
        assert_eq!(opened.err(), Some(Errno::ISDIR), "{access:?}");
    }
    let created = process.open(path, OpenHow::or_create(Access::Read));
    assert_eq!(created.err(), Some(Errno::ISDIR));
}

fn a_file_does_not_open_as_a_directory<W: World>(world: &W) {
    let process = world.process();
    let path = world.path("a");
    process.close(process.create(&path));
    let opened = process.open_for(Access::Directory, &path);
    assert_eq!(opened.err(), Some(Errno::NOTDIR));
}

fn a_new_file_is_empty_regular_and_ours<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create(&world.path("a"));
    let stat = process.fstat(&fd).unwrap();
    assert_eq!(stat.size, 0);
    assert_eq!(stat.file_type, FileType::Regular);
    assert_eq!(stat.uid, process.geteuid());
}

fn stat_follows_the_name_and_fstat_the_file<W: World>(world: &W) {
    let process = world.process();
    let (a, b) = (world.path("a"), world.path("b"));
    let fd = process.create_with(&a, b"four");
    assert_eq!(process.stat(&a), process.fstat(&fd));
    process.close(process.create(&b));
    assert_eq!(process.rename(&b, &a), Ok(()));
    assert_ne!(
        process.stat(&a).unwrap().identity,
        process.fstat(&fd).unwrap().identity
    );
    assert_eq!(process.stat(&a).unwrap().size, 0);
    assert_eq!(process.size(&fd), 4);
}

fn rename_replaces_in_one_step<W: World>(world: &W) {
    let process = world.process();
    let (a, b) = (world.path("a"), world.path("b"));
    process.close(process.create_with(&a, b"old"));
    process.close(process.create_with(&b, b"new"));
    assert_eq!(process.rename(&b, &a), Ok(()));
    assert_eq!(process.content_at(&a), b"new");
    assert_eq!(process.stat(&b), Err(Errno::NOENT));
}

fn rename_keeps_the_replaced_file_readable_for_those_who_have_it_open<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let (a, b) = (world.path("a"), world.path("b"));
    let replaced = q.create_with(&a, b"old");
    p.close(p.create_with(&b, b"new"));
    assert_eq!(p.rename(&b, &a), Ok(()));
    assert_eq!(q.content(&replaced), b"old");
    assert_eq!(q.pwrite(&replaced, b"lost", 0), Ok(4));
    assert_eq!(p.content_at(&a), b"new");
}

fn rename_moves_between_directories<W: World>(world: &W) {
    let process = world.process();
    let (a, sub) = (world.path("a"), world.path("sub"));
    process.close(process.create_with(&a, b"moved"));
    assert_eq!(process.mkdir(&sub, 0o700), Ok(()));
    assert_eq!(process.rename(&a, &sub.join("b")), Ok(()));
    assert_eq!(process.stat(&a), Err(Errno::NOENT));
    assert_eq!(process.content_at(&sub.join("b")), b"moved");
}

fn rename_of_a_missing_name_is_enoent<W: World>(world: &W) {
    let process = world.process();
    let (a, b) = (world.path("a"), world.path("b"));
    process.close(process.create(&a));
    assert_eq!(process.rename(&b, &a), Err(Errno::NOENT));
    assert_eq!(process.rename(&b, &b), Err(Errno::NOENT));
    assert!(process.stat(&a).is_ok());
}

fn rename_onto_itself_does_nothing<W: World>(world: &W) {
    let process = world.process();
    let a = world.path("a");
    process.close(process.create_with(&a, b"kept"));
    assert_eq!(process.rename(&a, &a), Ok(()));
    assert_eq!(process.content_at(&a), b"kept");
}

fn rename_minds_directories<W: World>(world: &W) {
    let process = world.process();
    let (file, empty, full) = (world.path("file"), world.path("empty"), world.path("full"));
    process.close(process.create(&file));
    assert_eq!(process.mkdir(&empty, 0o700), Ok(()));
    assert_eq!(process.mkdir(&full, 0o700), Ok(()));
    process.close(process.create(&full.join("inside")));
    assert_eq!(process.rename(&file, &empty), Err(Errno::ISDIR));
    assert_eq!(process.rename(&empty, &file), Err(Errno::NOTDIR));
    assert_eq!(process.rename(&empty, &full), Err(Errno::NOTEMPTY));
    assert_eq!(process.rename(&full, &full.join("sub")), Err(Errno::INVAL));
    let inside = full.join("inside");
    assert_eq!(process.rename(&inside, &full), Err(Errno::NOTEMPTY));
    assert_eq!(process.rename(&full, &empty), Ok(()));
    assert!(process.stat(&empty.join("inside")).is_ok());
}

fn exchange_swaps_two_files<W: World>(world: &W) {
    let process = world.process();
    let (a, b) = (world.path("a"), world.path("b"));
    let (first, second) = (process.create_with(&a, b"1"), process.create_with(&b, b"2"));
    assert_eq!(process.exchange(&a, &b), Ok(()));
    assert_eq!(process.content_at(&a), b"2");
    assert_eq!(process.content_at(&b), b"1");
    assert_eq!(process.stat(&a), process.fstat(&second));
    assert_eq!(process.stat(&b), process.fstat(&first));
    assert_eq!(process.exchange(&a, &a), Ok(()));
    assert_eq!(process.content_at(&a), b"2");
}

fn exchange_needs_both_names<W: World>(world: &W) {
    let process = world.process();
    let (a, b) = (world.path("a"), world.path("b"));
    process.close(process.create(&a));
    assert_eq!(process.exchange(&a, &b), Err(Errno::NOENT));
    assert_eq!(process.exchange(&b, &a), Err(Errno::NOENT));
    assert!(process.stat(&a).is_ok());
    assert_eq!(process.stat(&b), Err(Errno::NOENT));
}

fn exchange_minds_directories<W: World>(world: &W) {
    let process = world.process();
    let (file, directory) = (world.path("file"), world.path("directory"));
    process.close(process.create_with(&file, b"content"));
    assert_eq!(process.mkdir(&directory, 0o700), Ok(()));
    assert_eq!(process.exchange(&file, &directory), Ok(()));
    assert_eq!(process.content_at(&directory), b"content");
    let inside = file.join("inside");
    process.close(process.create(&inside));
    assert_eq!(process.exchange(&file, &inside), Err(Errno::INVAL));
    assert_eq!(process.exchange(&inside, &file), Err(Errno::INVAL));
}

fn unlinked_files_live_on_for_those_who_have_them_open<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let fd = q.create_with(&path, b"old");
    assert_eq!(p.unlink(&path), Ok(()));
    assert_eq!(q.content(&fd), b"old");
    assert_eq!(q.pwrite(&fd, b"newer", 0), Ok(5));
    assert_eq!(q.size(&fd), 5);
}

fn a_name_that_is_made_again_names_another_file<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let old = q.create_with(&path, b"old");
    assert_eq!(p.unlink(&path), Ok(()));
    let new = p.create_new(&path).unwrap();
    assert_eq!(p.content(&new), b"");
    assert_ne!(
        q.fstat(&old).unwrap().identity,
        p.fstat(&new).unwrap().identity
    );
}

fn unlink_refuses_directories_and_missing_names<W: World>(world: &W) {
    let process = world.process();
    let (sub, missing) = (world.path("sub"), world.path("missing"));
    assert_eq!(process.mkdir(&sub, 0o700), Ok(()));
    assert_eq!(process.unlink(&sub), Err(Errno::ISDIR));
    assert_eq!(process.unlink(&missing), Err(Errno::NOENT));
}

fn mkdir_refuses_a_taken_name<W: World>(world: &W) {
    let process = world.process();
    let (file, sub) = (world.path("file"), world.path("sub"));
    process.close(process.create(&file));
    assert_eq!(process.mkdir(&file, 0o700), Err(Errno::EXIST));
    assert_eq!(process.mkdir(&sub, 0o700), Ok(()));
    assert_eq!(process.mkdir(&sub, 0o700), Err(Errno::EXIST));
    assert_eq!(
        process.mkdir(std::path::Path::new("/"), 0o700),
        Err(Errno::EXIST)
    );
    assert_eq!(process.stat(&sub).unwrap().file_type, FileType::Directory);
}

fn list_gives_every_name_once<W: World>(world: &W) {
    let process = world.process();
    assert_eq!(process.list(world.directory()), Ok(vec![]));
    for name in ["b", "a", "c.corrupt-1"] {
        process.close(process.create(&world.path(name)));
    }
    assert_eq!(process.mkdir(&world.path("sub"), 0o700), Ok(()));
    let mut names = process.list(world.directory()).unwrap();
    names.sort();
    assert_eq!(names, ["a", "b", "c.corrupt-1", "sub"]);
}

fn list_refuses_what_is_no_directory<W: World>(world: &W) {
    let process = world.process();
    let file = world.path("file");
    process.close(process.create(&file));
    assert_eq!(process.list(&file), Err(Errno::NOTDIR));
    assert_eq!(process.list(&world.path("missing")), Err(Errno::NOENT));
}

fn reading_at_the_end_gives_nothing<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"content");
    let mut into = [0xff; 16];
    assert_eq!(process.pread(&fd, &mut into, 3), Ok(4));
    assert_eq!(&into[..5], b"tent\xff");
    assert_eq!(process.pread(&fd, &mut into, 7), Ok(0));
    assert_eq!(process.pread(&fd, &mut into, 99), Ok(0));
    assert_eq!(process.pread(&fd, &mut [], 0), Ok(0));
}

fn a_write_beyond_the_end_leaves_zeros<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"ab");
    assert_eq!(process.pwrite(&fd, b"z", 5000), Ok(1));
    assert_eq!(process.size(&fd), 5001);
    let mut expected = vec![0; 5001];
    expected[..2].copy_from_slice(b"ab");
    expected[5000] = b'z';
    assert_eq!(process.content(&fd), expected);
}

fn a_hole_of_a_terabyte_reads_as_zeros<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"a");
    let far = 1 << 40;
    assert_eq!(process.pwrite(&fd, b"z", far), Ok(1));
    assert_eq!(process.size(&fd), far + 1);
    let mut into = [0xff; 8];
    assert_eq!(process.pread(&fd, &mut into, far / 2), Ok(8));
    assert_eq!(into, [0; 8]);
    assert_eq!(process.pread(&fd, &mut into, far - 1), Ok(2));
    assert_eq!(&into[..2], b"\0z");
    assert_eq!(process.ftruncate(&fd, 2), Ok(()));
    assert_eq!(process.content(&fd), b"a\0");
}

fn a_kill_inside_a_write_leaves_whole_pages_of_it<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let old = vec![b'o'; 9_000];
    let fd = p.create_with(&path, &old);
    let yours = q.create(&path);
    assert_eq!(p.try_exclusive(&fd), Ok(()));
    let write = TornWrite {
        index: 0,
        bytes: vec![b'n'; 8_000],
        offset: 96,
        at: 96,
        pages: 1,
    };
    world.tear(p, vec![fd], write);
    assert_eq!(q.try_exclusive(&yours), Ok(()), "it is dead");
    let mut left = old;
    left[96..4096].fill(b'n');
    assert_eq!(q.content(&yours), left);
}

fn a_write_inside_leaves_the_rest<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"0123456789");
    assert_eq!(process.pwrite(&fd, b"ab", 0), Ok(2));
    assert_eq!(process.pwrite(&fd, b"yz", 6), Ok(2));
    assert_eq!(process.content(&fd), b"ab2345yz89");
}

/// Lets every transfer move three bytes at most.
struct ThreeBytes;

impl Watcher for ThreeBytes {
    fn before(&self, _call: &Call<'_>) -> Way {
        Way::Short(3)
    }
}

fn a_short_write_does_not_truncate<W: World>(world: &W) {
    let process = Watched::new(world.process(), ThreeBytes);
    let path = world.path("a");
    let before = world.process();
    before.close(before.create_with(&path, b"0123456789"));
    let fd = process.create(&path);
    assert_eq!(process.pwrite(&fd, b"abcdefgh", 0), Ok(3));
    assert_eq!(process.size(&fd), 10);
    assert_eq!(before.content_at(&path), b"abc3456789");
    assert_eq!(process.pread(&fd, &mut [0; 10], 0), Ok(3));
}

fn an_empty_write_changes_nothing<W: World>(world: &W) {
    let process = world.process();
    let path = world.path("a");
    let fd = process.create_with(&path, b"content");
    assert_eq!(process.pwrite(&fd, b"", 0), Ok(0));
    assert_eq!(process.pwrite(&fd, b"", 100), Ok(0));
    let appending = process.open_for(Access::Append, &path).unwrap();
    assert_eq!(process.append(&appending, b""), Ok(0));
    assert_eq!(process.content(&fd), b"content");
}

fn an_append_goes_to_the_end_wherever_that_is_by_then<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let mine = p.open(&path, OpenHow::or_create(Access::Append)).unwrap();
    let yours = q.open_for(Access::Append, &path).unwrap();
    assert_eq!(p.append(&mine, b"one "), Ok(4));
    assert_eq!(q.append(&yours, b"two "), Ok(4));
    assert_eq!(p.append(&mine, b"three"), Ok(5));
    assert_eq!(q.content(&yours), b"one two three");
    assert_eq!(p.ftruncate(&mine, 4), Ok(()));
    assert_eq!(q.append(&yours, b"four"), Ok(4));
    assert_eq!(p.content(&mine), b"one four");
}

fn pwrite_on_an_append_descriptor_goes_to_the_end<W: World>(world: &W) {
    let process = world.process();
    let path = world.path("a");
    process.close(process.create_with(&path, b"start"));
    let fd = process.open_for(Access::Append, &path).unwrap();
    assert_eq!(process.pwrite(&fd, b" end", 0), Ok(4));
    assert_eq!(process.content(&fd), b"start end");
}

fn ftruncate_cuts_and_extends_with_zeros<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"0123456789");
    assert_eq!(process.ftruncate(&fd, 4), Ok(()));
    assert_eq!(process.content(&fd), b"0123");
    assert_eq!(process.ftruncate(&fd, 6), Ok(()));
    assert_eq!(process.content(&fd), b"0123\0\0");
    assert_eq!(process.ftruncate(&fd, 5000), Ok(()));
    assert_eq!(process.size(&fd), 5000);
    assert_eq!(process.ftruncate(&fd, 0), Ok(()));
    assert_eq!(process.content(&fd), b"");
}

fn read_only_descriptors_do_not_write<W: World>(world: &W) {
    let process = world.process();
    let path = world.path("a");
    process.close(process.create_with(&path, b"kept"));
    let fd = process.open_for(Access::Read, &path).unwrap();
    assert_eq!(process.pwrite(&fd, b"x", 0), Err(Errno::BADF));
    assert_eq!(process.append(&fd, b"x"), Err(Errno::BADF));
    assert_eq!(process.fallocate(&fd, 0, 10), Err(Errno::BADF));
    assert_eq!(process.ftruncate(&fd, 0), Err(Errno::INVAL));
    assert_eq!(process.content(&fd), b"kept");
}

fn directories_are_not_written_or_read<W: World>(world: &W) {
    let process = world.process();
    let fd = process
        .open_for(Access::Directory, world.directory())
        .unwrap();
    assert_eq!(process.pread(&fd, &mut [0; 4], 0), Err(Errno::ISDIR));
    assert_eq!(process.pwrite(&fd, b"x", 0), Err(Errno::BADF));
    assert_eq!(process.ftruncate(&fd, 0), Err(Errno::INVAL));
}

fn fallocate_changes_neither_size_nor_content<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"content");
    let reserved = process.fallocate(&fd, 0, 100_000);
    // Some file systems have none; the protocols must do without.
    assert!(
        matches!(reserved, Ok(()) | Err(Errno::OPNOTSUPP)),
        "{reserved:?}"
    );
    assert_eq!(process.content(&fd), b"content");
    assert_eq!(process.fallocate(&fd, 0, 0), Err(Errno::INVAL));
}

fn offsets_beyond_the_signed_range_are_einval<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create(&world.path("a"));
    let beyond = 1 << 63;
    assert_eq!(process.pread(&fd, &mut [0; 4], beyond), Err(Errno::INVAL));
    assert_eq!(process.pwrite(&fd, b"x", beyond), Err(Errno::INVAL));
    assert_eq!(process.ftruncate(&fd, beyond), Err(Errno::INVAL));
}

fn syncing_succeeds_for_files_and_directories<W: World>(world: &W) {
    let process = world.process();
    let fd = process.create_with(&world.path("a"), b"content");
    assert_eq!(process.fdatasync(&fd), Ok(()));
    assert_eq!(process.fsync(&fd), Ok(()));
    let directory = process
        .open_for(Access::Directory, world.directory())
        .unwrap();
    assert_eq!(process.fsync(&directory), Ok(()));
}

#[cfg(target_os = "linux")]
fn a_fifo_opens_and_locks_and_holds_no_state<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("fifo");
    assert_eq!(world.plant(Planted::Fifo, &path), Ok(()));
    assert_eq!(world.plant(Planted::Fifo, &path), Err(Errno::EXIST));
    let (mine, yours) = (p.create(&path), q.open_for(Access::Read, &path).unwrap());
    let stat = p.fstat(&mine).unwrap();
    assert_eq!((stat.file_type, stat.size), (FileType::Other, 0));
    assert_eq!(p.try_exclusive(&mine), Ok(()));
    assert_eq!(q.try_shared(&yours), HELD);
    assert_eq!(p.pread(&mine, &mut [0; 4], 0), Err(Errno::SPIPE));
    assert_eq!(p.pwrite(&mine, b"x", 0), Err(Errno::SPIPE));
    assert_eq!(p.ftruncate(&mine, 0), Err(Errno::INVAL));
    assert_eq!(p.fallocate(&mine, 0, 1), Err(Errno::SPIPE));
    assert_eq!(p.fsync(&mine), Err(Errno::INVAL));
    assert_eq!(p.fdatasync(&mine), Err(Errno::INVAL));
    assert_eq!(q.list(&path), Err(Errno::NOTDIR));
    let directory = q.open_for(Access::Directory, &path);
    assert_eq!(directory.err(), Some(Errno::NOTDIR));
}

/// How far the clock of st_mtim may be behind: a tick of the slowest kernels, which count 100 a second.
const TICK: Duration = Duration::from_millis(10);

fn a_file_was_modified_when_its_content_was_last_changed<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let path = world.path("a");
    let before = p.clock_realtime();
    let fd = p.create(&path);
    let made = p.modified(&fd).expect("an open file");
    assert!(made + TICK >= before && made <= p.clock_realtime());
    let changes: [&dyn Fn() -> hookstate::kernel::Result<usize>; 3] = [
        &|| p.pwrite(&fd, b"four", 0),
        &|| p.pwrite(&fd, b"more", 4),
        &|| p.ftruncate(&fd, 2).map(|()| 0),
    ];
    for change in changes {
        let earlier = q.modified(&q.create(&path)).expect("an open file");
        p.nanosleep(2 * TICK);
        let _ = p.pread(&fd, &mut [0; 4], 0);
        let _ = p
            .fstat(&fd)
            .and_then(|_| p.flock(&fd, FlockOperation::Exclusive));
        assert_eq!(p.modified(&fd), Ok(earlier), "nothing has changed");
        change().expect("a change");
        let later = p.modified(&fd).expect("an open file");
        assert!(later > earlier && later <= p.clock_realtime());
    }
}

fn the_monotonic_clock_counts_the_sleeps<W: World>(world: &W) {
    let process = world.process();
    let (start, wall) = (process.clock_monotonic(), process.clock_realtime());
    let nap = Duration::from_micros(200);
    process.nanosleep(nap);
    process.sched_yield();
    assert!(process.clock_monotonic() >= start + nap);
    let year_2020 = Duration::from_secs(1_577_836_800);
    assert!(wall > year_2020 && process.clock_realtime() > year_2020);
}

fn each_draw_of_chance_is_another_number<W: World>(world: &W) {
    let (p, q) = (world.process(), world.process());
    let mut drawn: Vec<u64> = (0..50)
        .flat_map(|_| [p.getrandom(), q.getrandom()])
        .collect();
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 100);
}

fn a_process_is_what_it_was<W: World>(world: &W) {
    let process = world.process();
    assert_eq!(process.getpid(), process.getpid());
    assert_eq!(process.geteuid(), process.geteuid());
    assert_ne!(process.getpid(), 0);
}
