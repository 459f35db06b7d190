//! Work that all processors share.

use std::num::NonZero;

/// What `work` makes of all items, in their order: of slices of them at once, one for each processor, as long as
/// each has at least `least` items.
pub(crate) fn shared_out<T: Sync, R: Send>(
    items: &[T],
    least: usize,
    work: impl Fn(&[T]) -> Vec<R> + Sync,
) -> Vec<R> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let at_once = processors.min(items.len() / least.max(1)).max(1);
    if at_once == 1 {
        return work(items);
    }
    let work = &work;
    std::thread::scope(|scope| {
        let slices = items.chunks(items.len().div_ceil(at_once));
        let workers: Vec<_> = slices
            .map(|slice| scope.spawn(move || work(slice)))
            .collect();
        let joined = workers.into_iter().map(|worker| match worker.join() {
            Ok(results) => results,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for count in [0, 1, 2, 7, 64, 1_001] {
            let items: Vec<usize> = (0..count).collect();
            for least in [0, 1, 3, 5_000] {
                let twice = shared_out(&items, least, |some| some.iter().map(|n| n * 2).collect());
                let wanted: Vec<usize> = items.iter().map(|n| n * 2).collect();
                assert_eq!(twice, wanted, "{count} items, at least {least}");
            }
        }
    }
}
