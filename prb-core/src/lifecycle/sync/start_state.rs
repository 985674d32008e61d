//! A full state that a worker begins with in place of the genesis', checked before any worker
//! sees it.
//!
//! A worker takes any state and finds out with its first block whether it was the right one. Then
//! it is too late: it takes no other, and has to be started anew.

use bytes::{Buf, Bytes};
use parity_scale_codec::{Compact, Decode};
use prost::encoding::{WireType, encode_key, encode_varint, uint32};
use subxt::utils::H256;

use crate::chain::keys::CHILD_STORAGE_PREFIX;
use crate::chain::verify::para_state::{ParaState, StateError};

/// Workers refuse longer requests.
const MAX_BYTES: u64 = 500 << 20;

/// A state that is its block's.
#[derive(Debug)]
pub(crate) struct StartState {
    number: u32,
    /// SCALE ChainState, the request that gives it to a worker; the state of a live chain has
    /// 100 MB.
    request: Bytes,
}

/// Why no worker may begin with a state.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartStateError {
    /// No worker takes as much.
    #[error("it has {0} bytes, more than a worker takes")]
    TooLarge(u64),
    /// It has not the length announced.
    #[error("it has {found} bytes, not the {announced} that were announced")]
    Length {
        /// As announced.
        announced: u64,
        /// As it came.
        found: u64,
    },
    /// It is not a list of keys and values.
    #[error("it does not decode: {0}")]
    Undecodable(#[from] parity_scale_codec::Error),
    /// Such a state holds the roots of child tries and not what they hold.
    #[error("it has child tries, whose contents a worker cannot be given")]
    ChildTries,
    /// It is no state.
    #[error(transparent)]
    State(#[from] StateError),
    /// It is another block's.
    #[error("its root is {found:?}, and the block's header says {expected:?}")]
    Root {
        /// In the header.
        expected: H256,
        /// Of the state.
        found: H256,
    },
}

/// A request that is put together from the state's parts.
#[derive(Debug)]
pub(crate) struct StartStateBuilder {
    number: u32,
    /// Bytes of the state.
    announced: u64,
    request: Vec<u8>,
    /// Where the state begins in it.
    begin: usize,
}

impl StartStateBuilder {
    /// Of the state of block `number`, which has `bytes` bytes.
    pub(crate) fn new(number: u32, bytes: u64) -> Result<Self, StartStateError> {
        if bytes > MAX_BYTES {
            return Err(StartStateError::TooLarge(bytes));
        }
        // Written here, as the state would have to be copied to be encoded as a whole.
        let mut request = Vec::with_capacity(bytes as usize + 32);
        uint32::encode(1, &number, &mut request);
        encode_key(2, WireType::LengthDelimited, &mut request);
        encode_varint(bytes, &mut request);
        let begin = request.len();
        Ok(Self { number, announced: bytes, request, begin })
    }

    /// Adds the next part.
    pub(crate) fn push(&mut self, part: &[u8]) -> Result<(), StartStateError> {
        let found = (self.request.len() - self.begin + part.len()) as u64;
        if found > self.announced {
            return Err(StartStateError::Length { announced: self.announced, found });
        }
        self.request.extend_from_slice(part);
        Ok(())
    }

    /// The state, if it is the one with this root.
    pub(crate) fn check(self, expected: H256) -> Result<StartState, StartStateError> {
        let Self { number, announced, request, begin } = self;
        let encoded = &request[begin..];
        if encoded.len() as u64 != announced {
            let found = encoded.len() as u64;
            return Err(StartStateError::Length { announced, found });
        }
        let found = root(encoded)?;
        if found.0 != expected.0 {
            return Err(StartStateError::Root { expected, found });
        }
        Ok(StartState { number, request: request.into() })
    }
}

impl StartState {
    /// The block whose state it is.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// The request that gives it to a worker, the same for all of them.
    pub(crate) fn request(&self) -> Bytes {
        self.request.clone()
    }
}

/// The root of a SCALE StorageState, read pair by pair: it is large.
fn root(mut encoded: &[u8]) -> Result<H256, StartStateError> {
    let Compact(count) = Compact::<u32>::decode(&mut encoded)?;
    let mut failure = None;
    let pairs = (0..count).map_while(|_| match pair(&mut encoded) {
        Ok(pair) => Some(pair),
        Err(error) => {
            failure = Some(error);
            None
        }
    });
    let state = ParaState::new(pairs, Vec::new())?;
    match failure {
        Some(error) => Err(error),
        None if encoded.has_remaining() => {
            Err(parity_scale_codec::Error::from("something follows its last value").into())
        }
        None => Ok(state.root()),
    }
}

fn pair(encoded: &mut &[u8]) -> Result<(Vec<u8>, Vec<u8>), StartStateError> {
    let (key, value) = <(Vec<u8>, Vec<u8>)>::decode(encoded)?;
    if key.starts_with(CHILD_STORAGE_PREFIX) {
        return Err(StartStateError::ChildTries);
    }
    Ok((key, value))
}

#[cfg(test)]
mod tests {
    use parity_scale_codec::Encode;
    use prost::Message;

    use super::*;
    use crate::pruntime::proto::ChainState;
    use crate::scale::storage::StorageState;
    use crate::test_vectors::Vectors;

    fn check(state: &[u8], announced: usize, root: H256) -> Result<StartState, StartStateError> {
        let mut builder = StartStateBuilder::new(7, announced as u64)?;
        for part in state.chunks(1000) {
            builder.push(part)?;
        }
        builder.check(root)
    }

    #[test]
    fn the_state_of_a_block_becomes_the_request_for_it() {
        let vectors = Vectors::load();
        let state = &vectors.genesis_state;
        let checked = check(state, state.len(), vectors.para[0].state_root).unwrap();
        let request = ChainState::decode(checked.request()).unwrap();
        assert_eq!((checked.number(), request.block_number), (7, 7));
        assert_eq!(request.encoded_state, state[..]);
    }

    #[test]
    fn no_worker_sees_another_blocks_state_or_half_of_one() {
        let vectors = Vectors::load();
        let (state, root) = (&vectors.genesis_state, vectors.para[0].state_root);
        let fails = |state: &[u8], announced| check(state, announced, root).unwrap_err();
        let error = check(state, state.len(), vectors.para[1].state_root).unwrap_err();
        assert!(matches!(error, StartStateError::Root { .. }), "{error}");
        let half = &state[..state.len() / 2];
        assert!(matches!(fails(half, half.len()), StartStateError::Undecodable(_)));
        assert!(matches!(fails(half, state.len()), StartStateError::Length { .. }));
        assert!(matches!(fails(state, state.len() - 1), StartStateError::Length { .. }));
        let longer = [state, &[0][..]].concat();
        assert!(matches!(fails(&longer, longer.len()), StartStateError::Undecodable(_)));
        let endless = StartStateBuilder::new(7, MAX_BYTES + 1).unwrap_err();
        assert!(matches!(endless, StartStateError::TooLarge(_)));
    }

    #[test]
    fn a_state_with_child_tries_is_not_for_workers() {
        let child = [CHILD_STORAGE_PREFIX, b"child"].concat();
        let pairs: StorageState = vec![(b"a".to_vec(), vec![1]), (child, vec![0; 32])];
        let root = ParaState::new(pairs.clone(), Vec::new()).unwrap().root();
        let encoded = pairs.encode();
        let error = check(&encoded, encoded.len(), root).unwrap_err();
        assert!(matches!(error, StartStateError::ChildTries), "{error}");
    }
}
