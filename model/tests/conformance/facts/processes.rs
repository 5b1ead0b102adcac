//! What a process has of its own: children that inherit its locks, a death that leaves a write half
//! done, a clock, chance and an identity.

use super::locks::HELD;
use crate::world::{Calls, TornWrite, World};
use hookstate::kernel::Kernel;
use std::time::Duration;

facts! {
    a_child_keeps_the_lock_of_its_dead_parent
    a_child_that_unlocks_unlocks_for_its_parent
    killing_the_holder_releases_the_lock
    a_kill_inside_a_write_leaves_whole_pages_of_it
    the_monotonic_clock_counts_the_sleeps
    each_draw_of_chance_is_another_number
    a_process_is_what_it_was
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
