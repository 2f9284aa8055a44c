//! Things that do not depend on each other, done on several threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Does `work` for each of `count` things, on several threads; results in the order of the things.
pub(crate) fn in_parallel<T: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<T>>> = (0..count).map(|_| Mutex::new(None)).collect();
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(result) = results.get(index) else { break };
            *result.lock().expect("each is written once") = Some(work(index));
        }
    };
    std::thread::scope(|scope| {
        (1..threads.min(count)).for_each(|_| drop(scope.spawn(worker)));
        worker();
    });
    let of = |result: Mutex<Option<T>>| {
        result.into_inner().expect("each is written once").expect("all was done")
    };
    results.into_iter().map(of).collect()
}
