//! Hashes of several things at once: a processor with wide registers takes little longer for a few
//! of them than for one.

use blake2b_simd::Params;
use blake2b_simd::many::{HashManyJob, hash_many};

/// BLAKE2b of 128 bits of each.
pub(crate) fn blake2_128_of_each(inputs: &[&[u8]]) -> Vec<[u8; 16]> {
    of_each(inputs)
}

/// BLAKE2b of 256 bits of each.
pub(crate) fn blake2_256_of_each(inputs: &[&[u8]]) -> Vec<[u8; 32]> {
    of_each(inputs)
}

fn of_each<const N: usize>(inputs: &[&[u8]]) -> Vec<[u8; N]> {
    let mut params = Params::new();
    params.hash_length(N);
    let mut jobs: Vec<_> = inputs.iter().map(|input| HashManyJob::new(&params, input)).collect();
    hash_many(&mut jobs);
    let hash = |job: &HashManyJob<'_>| {
        let mut bytes = [0; N];
        bytes.copy_from_slice(job.to_hash().as_bytes());
        bytes
    };
    jobs.iter().map(hash).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sp_crypto_hashing::{blake2_128, blake2_256};

    use super::*;

    proptest! {
        #[test]
        fn each_has_the_hash_that_it_has_alone(
            inputs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..20),
        ) {
            let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
            let short: Vec<_> = inputs.iter().map(|input| blake2_128(input)).collect();
            let long: Vec<_> = inputs.iter().map(|input| blake2_256(input)).collect();
            prop_assert_eq!(blake2_128_of_each(&inputs), short);
            prop_assert_eq!(blake2_256_of_each(&inputs), long);
        }
    }
}
