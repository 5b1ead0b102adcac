//! How many operations of a history are judged in a second, from its bytes to the verdict, by one
//! thread; and how many are written.

use criterion::{Criterion, SamplingMode, Throughput};
use hookstate_history::{
    Action, Final, Header, Limits, Model, Operation, Outcome, Token, Verdict, Writer, judge,
};
use std::hint::black_box;
use std::io::Cursor;
use std::time::Duration;

const OPERATIONS: u32 = 1_000_000;

/// As many processes take turns.
const PROCESSES: u32 = 8;

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(5));
    let mut group = criterion.benchmark_group("counter");
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .throughput(Throughput::Elements(OPERATIONS.into()));
    let operations: Vec<Operation> = (0..OPERATIONS).map(change).collect();
    group.bench_function("write", |bencher| {
        bencher.iter(|| written(black_box(&operations)));
    });
    let history = written(&operations);
    group.bench_function("judge", |bencher| {
        bencher.iter(|| {
            let verdict = judge(Cursor::new(black_box(&history)), &Limits::default());
            assert_eq!(verdict.expect("it is a history"), Verdict::Exact);
        });
    });
    group.finish();
    criterion.final_summary();
}

fn change(version: u32) -> Operation {
    let process = 1 + version % PROCESSES;
    let invoked_ns = 1_000_000_000 + u64::from(version) * 1000;
    Operation {
        process,
        action: Action::Add {
            token: Some(Token::Numbered {
                process,
                sequence: 1 + version / PROCESSES,
            }),
            read: Some(version.into()),
            wrote: Some(u64::from(version) + 1),
        },
        invoked_ns,
        responded_ns: Some(invoked_ns + 5000),
        outcome: Outcome::Ok,
    }
}

fn written(operations: &[Operation]) -> Vec<u8> {
    let header = Header {
        model: Model::Counter,
        ..Header::default()
    };
    let mut writer = Writer::new(Vec::new(), &header).expect("memory takes it");
    for operation in operations {
        writer.operation(operation).expect("memory takes it");
    }
    let last = Final {
        total: Some(OPERATIONS.into()),
        tokens: None,
    };
    writer.last(&last).expect("memory takes it");
    writer.finish().expect("memory takes it")
}
