//! Many cases of one property, on all processors.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Checks cases 0 up to `count`, each of which is all that is random about it. One that fails is
/// named.
pub(crate) fn each_of(count: u64, check: impl Fn(u64) + Sync) {
    let threads = std::thread::available_parallelism().map_or(1, |it| it.get() as u64);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let check = &check;
            scope.spawn(move || {
                for case in (thread..count).step_by(threads as usize) {
                    let checked = catch_unwind(AssertUnwindSafe(|| check(case)));
                    if let Err(failure) = checked {
                        eprintln!("it was case {case}");
                        resume_unwind(failure);
                    }
                }
            });
        }
    });
}
