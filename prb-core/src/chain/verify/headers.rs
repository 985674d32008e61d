//! Whether headers form one chain.

use subxt::utils::H256;

use crate::scale::header::EncodedHeader;

/// Why headers do not continue a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// A height is left out or repeated.
    #[error("header {found} stands where {expected} is wanted")]
    Number {
        /// Wanted.
        expected: u64,
        /// Found.
        found: u32,
    },
    /// A header does not build on the one before it.
    #[error("header {number} builds on {found:?}, not on {expected:?}")]
    Parent {
        /// The header.
        number: u32,
        /// Hash of the header before it.
        expected: H256,
        /// Its parent.
        found: H256,
    },
}

/// Checks that `headers` continue the chain whose last block has hash `parent` and whose next has
/// number `next`: each one higher than the one before and built on it.
pub fn continue_chain(parent: H256, next: u32, headers: &[EncodedHeader]) -> Result<(), LinkError> {
    let mut parent = parent;
    for (expected, header) in (u64::from(next)..).zip(headers) {
        if u64::from(header.number()) != expected {
            return Err(LinkError::Number { expected, found: header.number() });
        }
        let found = header.header().parent_hash;
        if found != parent {
            return Err(LinkError::Parent { number: header.number(), expected: parent, found });
        }
        parent = header.hash();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::test_vectors::Vectors;

    fn relay() -> Vec<EncodedHeader> {
        let blocks = Vectors::load().relay.iter();
        blocks.map(|b| EncodedHeader::decode(Bytes::from(b.header.clone())).unwrap()).collect()
    }

    #[test]
    fn a_real_chain_continues_itself_from_every_block() {
        let headers = relay();
        for (index, header) in headers.iter().enumerate() {
            let next = header.number() + 1;
            assert_eq!(continue_chain(header.hash(), next, &headers[index + 1..]), Ok(()));
        }
        assert_eq!(continue_chain(H256::zero(), 0, &headers), Ok(()));
    }

    proptest! {
        #[test]
        fn a_chain_with_a_header_left_out_repeated_or_moved_is_refused(
            index in 1_usize..60,
            kind in 0..3,
        ) {
            let mut headers = relay();
            match kind {
                0 => drop(headers.remove(index)),
                1 => headers.insert(index, headers[index].clone()),
                _ => headers.swap(index, index + 1),
            }
            prop_assert!(continue_chain(H256::zero(), 0, &headers).is_err());
        }
    }
}
