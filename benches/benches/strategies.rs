//! What a change and a read cost with each strategy, by one process and by eight at once.

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use hookstate::kernel::Host;
use hookstate::strategy::{ALL, Strategy};
use hookstate_benches::crowd::{Crowd, worked};
use hookstate_benches::place;
use hookstate_benches::session::{self, Change};
use std::time::Duration;

fn main() {
    if worked() {
        return;
    }
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    one_process(&mut criterion);
    eight_processes(&mut criterion);
    criterion.final_summary();
}

/// Changes before a read: as many records has the log that is folded.
const CHANGES_BEFORE_READ: u32 = 100;

/// From open to close, with nobody else there. The log is compacted as it grows, and that counts.
fn one_process(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one process");
    group.sample_size(50);
    for strategy in ALL {
        let directory = place::directory();
        let store = session::store(directory.path(), strategy, Host);
        session::begin(&store);
        for change in Change::ALL {
            group.bench_function(
                BenchmarkId::new(change.name(), strategy.name()),
                |bencher| {
                    bencher.iter(|| change.make(&store));
                },
            );
        }
        Change::LockedModify.make(&store);
        for _ in 0..CHANGES_BEFORE_READ {
            Change::Apply.make(&store);
        }
        group.bench_function(BenchmarkId::new("read", strategy.name()), |bencher| {
            bencher.iter(|| store.read().expect("a read succeeds").value.calls);
        });
    }
    group.finish();
}

/// Per change, as long as all eight take for all of theirs together.
fn eight_processes(criterion: &mut Criterion) {
    let crowd = Crowd {
        processes: 8,
        changes: 250,
    };
    let mut group = criterion.benchmark_group("8 processes");
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .throughput(Throughput::Elements(crowd.total()));
    for strategy in ALL {
        for change in Change::ALL {
            group.bench_function(
                BenchmarkId::new(change.name(), strategy.name()),
                |bencher| {
                    bencher.iter_custom(|batches| {
                        (0..batches).map(|_| crowd.batch(strategy, change)).sum()
                    });
                },
            );
        }
    }
    group.finish();
}
