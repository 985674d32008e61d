//! Many cases of one property, on all processors.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rand::{Error, RngCore};

/// SplitMix64: all that is random about a case. The generators at hand are made to keep secrets,
/// which without optimization takes longer than the case itself.
pub(crate) struct CaseRng(u64);

impl CaseRng {
    pub(crate) fn new(case: u64) -> Self {
        Self(case)
    }
}

impl RngCore for CaseRng {
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

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
