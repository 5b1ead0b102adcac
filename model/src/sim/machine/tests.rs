//! Which calls can change places, and that fingerprints tell states apart.

use super::super::footprint::{Footprint, Part, Touch};
use super::super::power::PowerModel;
use super::*;
use hookstate::kernel::{Create, OpenHow};
use proptest::prelude::*;
use std::path::PathBuf;

fn path() -> impl Strategy<Value = PathBuf> {
    prop::sample::select(vec!["/a", "/b"]).prop_map(PathBuf::from)
}

fn open() -> impl Strategy<Value = Request> {
    let access = prop::sample::select(vec![Access::Read, Access::ReadWrite, Access::Append]);
    let create = prop::sample::select(vec![Create::IfMissing, Create::New]);
    let truncate = prop::bool::weighted(0.2);
    (path(), access, create, truncate).prop_map(|(path, access, create, truncate)| {
        let how = OpenHow {
            access,
            create,
            truncate,
        };
        Request::Open { path, how }
    })
}

fn operation() -> impl Strategy<Value = FlockOperation> {
    prop::sample::select(vec![
        FlockOperation::TryShared,
        FlockOperation::TryExclusive,
        FlockOperation::Exclusive,
        FlockOperation::Unlock,
    ])
}

fn request() -> impl Strategy<Value = Request> {
    let fd = || (3..6_u32).prop_map(Fd);
    prop_oneof![
        4 => open(),
        2 => fd().prop_map(|fd| Request::Close { fd }),
        4 => (fd(), operation()).prop_map(|(fd, operation)| Request::Flock { fd, operation }),
        1 => fd().prop_map(|fd| Request::Fstat { fd }),
        1 => path().prop_map(|path| Request::Stat { path }),
        1 => fd().prop_map(|fd| Request::Fstatfs { fd }),
        1 => fd().prop_map(|fd| Request::Pread { fd, length: 9, offset: 0 }),
        1 => fd().prop_map(|fd| Request::Pwrite { fd, bytes: vec![1, 2], offset: 1 }),
        1 => fd().prop_map(|fd| Request::Append { fd, bytes: vec![3, 4] }),
        1 => fd().prop_map(|fd| Request::Ftruncate { fd, length: 5 }),
        1 => fd().prop_map(|fd| Request::Fsync { fd }),
        1 => fd().prop_map(|fd| Request::Fdatasync { fd }),
        1 => fd().prop_map(|fd| Request::Modified { fd }),
        1 => path().prop_map(|path| Request::Mkdir { path, mode: 0o700 }),
        1 => Just(Request::List { directory: PathBuf::from("/") }),
        1 => (path(), path()).prop_map(|(from, to)| Request::Rename { from, to }),
        1 => (path(), path()).prop_map(|(one, other)| Request::Exchange { one, other }),
        1 => path().prop_map(|path| Request::Unlink { path }),
        1 => Just(Request::ClockMonotonic),
        1 => Just(Request::Getrandom),
        1 => Just(Request::SchedYield),
        1 => Just(Request::Nanosleep { duration: Duration::from_millis(1) }),
    ]
}

/// Whether the descriptor of the call, if it has one, is open, and to append if it appends.
fn is_possible(sim: &Sim, process: ProcessId, request: &Request) -> bool {
    let fd = match request {
        Request::Append { fd, .. } => {
            let opened = sim.process(process).descriptors.get(fd);
            return opened.is_some_and(|number| {
                let description = &sim.descriptions[number];
                let file = &sim.inodes[&description.inode].node;
                description.access == Access::Append && matches!(file, Node::Regular(_))
            });
        }
        Request::Fsync { fd } | Request::Fdatasync { fd } | Request::Modified { fd } => fd,
        Request::Close { fd }
        | Request::Flock { fd, .. }
        | Request::Fstat { fd }
        | Request::Fstatfs { fd }
        | Request::Pread { fd, .. }
        | Request::Pwrite { fd, .. }
        | Request::Ftruncate { fd, .. } => fd,
        _ => return true,
    };
    sim.process(process).descriptors.contains_key(fd)
}

/// Two processes after some calls, in which nobody waits for anything in a blocking call. Where something
/// can be lost, each fsync fails, and each fdatasync does not.
fn reached(calls: &[(usize, Request)], power: Option<PowerModel>) -> (Sim, [ProcessId; 2]) {
    let mut sim = Sim::new(FaultModel {
        power,
        ..FaultModel::default()
    });
    let processes = [sim.spawn(1000), sim.spawn(1000)];
    for (who, request) in calls {
        let process = processes[*who];
        if !is_possible(&sim, process, request) {
            continue;
        }
        match request {
            Request::Fsync { .. } if power.is_some() => {
                sim.sync_failed(process, request, Errno::IO);
            }
            _ => {
                sim.step(process, request);
            }
        }
    }
    (sim, processes)
}

fn power() -> impl Strategy<Value = Option<PowerModel>> {
    prop::sample::select(vec![None, Some(PowerModel::Posix)])
}

/// What becomes of those that can be made, up to one that has to wait. After the first none makes a
/// file: which of the free numbers that gets is what the claim leaves open.
fn all_steps(sim: &mut Sim, process: ProcessId, requests: &[Request]) -> Vec<Step> {
    let mut steps = Vec::new();
    for request in requests {
        if steps.last() == Some(&Step::Blocked) {
            break;
        }
        let makes_a_file = match request {
            Request::Open { path, .. } | Request::Mkdir { path, .. } => sim.stat(path).is_err(),
            _ => false,
        };
        if is_possible(sim, process, request) && (steps.is_empty() || !makes_a_file) {
            steps.push(sim.step(process, request));
        }
    }
    steps
}

/// The parts at which two calls meet, unless both only read them.
fn conflicts(one: &Footprint, other: &Footprint) -> Vec<Part> {
    let touched = |part: &Part| Some(*one.get(part)?.max(other.get(part)?));
    let parts = one.keys().copied();
    parts
        .filter(|part| touched(part) == Some(Touch::Changes))
        .collect()
}

/// A sleep that has to go on for a while is a call that will be made again.
fn is_a_pause(request: &Request) -> bool {
    matches!(request, Request::Nanosleep { .. } | Request::SchedYield)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_000,
        max_global_rejects: 200_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// What [`Sim::commutes`] claims, on which the search rests that leaves those orders out.
    #[test]
    fn calls_that_commute_can_change_places_with_all_that_another_does(
        calls in prop::collection::vec((0..2_usize, request()), 0..12),
        (mine, yours) in (request(), prop::collection::vec(request(), 1..5)),
        power in power(),
    ) {
        let (sim, [me, you]) = reached(&calls, power);
        prop_assume!(is_possible(&sim, me, &mine));
        prop_assume!(sim.commutes(me, &mine) && !is_a_pause(&mine));
        let (mut first, mut second) = (sim.clone(), sim);
        let mine_first = first.step(me, &mine);
        let yours_second = all_steps(&mut first, you, &yours);
        let yours_first = all_steps(&mut second, you, &yours);
        prop_assume!(!yours_first.is_empty());
        let mine_second = second.step(me, &mine);
        prop_assert_eq!(mine_first, mine_second);
        prop_assert_eq!(yours_first, yours_second);
        prop_assert_eq!(first.fingerprint(), second.fingerprint());
        prop_assert_eq!(first, second);
    }

    /// What [`Sim::footprint`] claims, on which loom rests where it leaves those orders out. And neither
    /// of the calls changes what the other touches.
    #[test]
    fn calls_with_nothing_in_common_can_change_places(
        calls in prop::collection::vec((0..2_usize, request()), 0..12),
        (mine, yours) in (request(), request()),
    ) {
        let (sim, [me, you]) = reached(&calls, None);
        prop_assume!(is_possible(&sim, me, &mine) && is_possible(&sim, you, &yours));
        prop_assume!(!is_a_pause(&mine) && !is_a_pause(&yours));
        let your_parts = sim.footprint(you, &yours);
        prop_assume!(conflicts(&sim.footprint(me, &mine), &your_parts).is_empty());
        let (mut first, mut second) = (sim.clone(), sim);
        let mine_first = first.step(me, &mine);
        prop_assert_eq!(your_parts, first.footprint(you, &yours));
        let yours_second = first.step(you, &yours);
        let yours_first = second.step(you, &yours);
        let mine_second = second.step(me, &mine);
        prop_assert_eq!(mine_first, mine_second);
        prop_assert_eq!(yours_first, yours_second);
        prop_assert_eq!(first, second);
    }

    /// The same of the end of a process, which a kill can put anywhere.
    #[test]
    fn an_end_can_change_places_with_calls_that_have_nothing_in_common_with_it(
        calls in prop::collection::vec((0..2_usize, request()), 0..12),
        yours in request(),
    ) {
        let (sim, [me, you]) = reached(&calls, None);
        prop_assume!(is_possible(&sim, you, &yours) && !is_a_pause(&yours));
        let your_parts = sim.footprint(you, &yours);
        prop_assume!(conflicts(&sim.footprint_of_end(me), &your_parts).is_empty());
        let (mut first, mut second) = (sim.clone(), sim);
        first.end(me);
        prop_assert_eq!(your_parts, first.footprint(you, &yours));
        prop_assert_eq!(first.step(you, &yours), second.step(you, &yours));
        second.end(me);
        prop_assert_eq!(first, second);
    }

    #[test]
    fn fingerprints_differ_exactly_where_states_do(
        calls in prop::collection::vec((0..2_usize, request()), 1..12),
        power in power(),
    ) {
        let (before, _) = reached(&calls[1..], power);
        let (after, _) = reached(&calls, power);
        prop_assert_eq!(before == after, before.fingerprint() == after.fingerprint());
    }
}

#[test]
fn closing_what_others_wait_for_does_not_commute() {
    let path = PathBuf::from("/a");
    let how = OpenHow::or_create(Access::ReadWrite);
    let (mut sim, [me, you]) = reached(&[], None);
    let mut opened = |process| match sim.step(
        process,
        &Request::Open {
            path: path.clone(),
            how,
        },
    ) {
        Step::Done(Ok(Reply::Fd(fd))) => fd,
        other => panic!("{other:?}"),
    };
    let (mine, yours) = (opened(me), opened(you));
    let operation = FlockOperation::Exclusive;
    let close = Request::Close { fd: mine };
    assert!(sim.commutes(me, &close));
    sim.step(
        me,
        &Request::Flock {
            fd: mine,
            operation,
        },
    );
    let waits = sim.step(
        you,
        &Request::Flock {
            fd: yours,
            operation,
        },
    );
    assert_eq!(waits, Step::Blocked);
    assert!(sim.is_waiting(you));
    assert!(!sim.commutes(me, &close));
    sim.step(me, &close);
    assert!(!sim.is_waiting(you));
}

/// The controls of the property above: with any of the parts left out of the footprints it would be wrong.
#[test]
fn calls_that_meet_at_one_part_cannot_change_places() {
    let (mut sim, [me, you]) = reached(&[], None);
    let open = |name, access| Request::Open {
        path: PathBuf::from(name),
        how: OpenHow::or_create(access),
    };
    let appends = |name| open(name, Access::Append);
    let fd = |step| match step {
        Step::Done(Ok(Reply::Fd(fd))) => fd,
        other => panic!("{other:?}"),
    };
    let mine = fd(sim.step(me, &appends("/a")));
    let yours = fd(sim.step(you, &appends("/a")));
    let inode = sim.description(me, mine).inode;
    let append = |fd, byte| Request::Append {
        fd,
        bytes: vec![byte],
    };
    let lock = |fd| Request::Flock {
        fd,
        operation: FlockOperation::TryExclusive,
    };
    let meeting_at = [
        (
            Part::Names,
            [appends("/b"), Request::Stat { path: "/b".into() }],
        ),
        (Part::Content(inode), [append(mine, 1), append(yours, 2)]),
        (Part::Lock(inode), [lock(mine), lock(yours)]),
    ];
    for (part, [my_call, your_call]) in meeting_at {
        let (mine, yours) = (sim.footprint(me, &my_call), sim.footprint(you, &your_call));
        assert_eq!(conflicts(&mine, &yours), [part]);
        let (mut first, mut second) = (sim.clone(), sim.clone());
        let mine_first = first.step(me, &my_call);
        let yours_second = first.step(you, &your_call);
        let yours_first = second.step(you, &your_call);
        let mine_second = second.step(me, &my_call);
        let (one, other) = ((mine_first, yours_second), (mine_second, yours_first));
        assert!(one != other || first != second, "{part:?}");
    }
}
