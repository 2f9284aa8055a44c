//! Work on many items, a number of them at once.

use std::cell::RefCell;
use std::future::Future;

use timeslip_sdk::{Failure, try_join_all};

/// Works on all items, a number of them at once, and gives the results in the items' order. After a
/// failure no more items are begun.
pub(crate) async fn each<A, B, W>(
    at_once: usize,
    items: Vec<A>,
    work: impl Fn(A) -> W,
) -> Result<Vec<B>, Failure>
where
    W: Future<Output = Result<B, Failure>>,
{
    let workers = at_once.min(items.len());
    let results: RefCell<Vec<Option<B>>> = RefCell::new(items.iter().map(|_| None).collect());
    let waiting = RefCell::new(items.into_iter().enumerate());
    let worker = || async {
        loop {
            let Some((index, item)) = waiting.borrow_mut().next() else {
                return Ok::<_, Failure>(());
            };
            let result = work(item).await?;
            results.borrow_mut()[index] = Some(result);
        }
    };
    try_join_all((0..workers).map(|_| worker())).await?;
    Ok(results.into_inner().into_iter().flatten().collect())
}
