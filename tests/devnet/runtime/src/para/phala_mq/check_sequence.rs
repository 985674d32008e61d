//! The transaction extension that keeps messages of one sender in order in the transaction pool.

use std::marker::PhantomData;

use frame_support::{dispatch::DispatchInfo, traits::IsSubType};
use parity_scale_codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;
use sp_runtime::{
    impl_tx_ext_default,
    traits::{
        DispatchInfoOf, DispatchOriginOf, Dispatchable, Implication, TransactionExtension,
        ValidateResult,
    },
    transaction_validity::{
        InvalidTransaction, TransactionSource, TransactionValidityError, ValidTransaction,
    },
};

use super::{Call, Config, Pallet};
use crate::types::MessageOrigin;

/// Checks the sequence number of a top-level `sync_offchain_message`: one already taken is stale,
/// a later one waits in the pool for the one before it. Messages within a batch are not seen.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Default, PartialEq, Eq)]
#[scale_info(skip_type_params(T))]
pub struct CheckMqSequence<T>(PhantomData<T>);

impl<T> CheckMqSequence<T> {
    /// The extension; it has no content.
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> std::fmt::Debug for CheckMqSequence<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CheckMqSequence")
    }
}

/// The pool tag that a message provides, and that the following one of its sender requires.
pub fn sequence_tag(sender: &MessageOrigin, sequence: u64) -> Vec<u8> {
    (b"phala-mq", sender, sequence).encode()
}

/// How a message stands to the sequence number its sender is expected to use next.
fn judge(
    sender: &MessageOrigin,
    sequence: u64,
    expected: u64,
) -> Result<ValidTransaction, TransactionValidityError> {
    if sequence < expected {
        return Err(InvalidTransaction::Stale.into());
    }
    let requires =
        if sequence > expected { vec![sequence_tag(sender, sequence - 1)] } else { Vec::new() };
    let provides = vec![sequence_tag(sender, sequence)];
    Ok(ValidTransaction { requires, provides, ..Default::default() })
}

impl<T> TransactionExtension<T::RuntimeCall> for CheckMqSequence<T>
where
    T: Config + Send + Sync,
    T::RuntimeCall: Dispatchable<Info = DispatchInfo> + IsSubType<Call<T>>,
{
    const IDENTIFIER: &'static str = "CheckMqSequence";
    type Implicit = ();
    type Val = ();
    type Pre = ();

    fn validate(
        &self,
        origin: DispatchOriginOf<T::RuntimeCall>,
        call: &T::RuntimeCall,
        _info: &DispatchInfoOf<T::RuntimeCall>,
        _length: usize,
        _implicit: Self::Implicit,
        _implication: &impl Implication,
        _source: TransactionSource,
    ) -> ValidateResult<Self::Val, T::RuntimeCall> {
        let validity = match call.is_sub_type() {
            Some(Call::sync_offchain_message { signed_message }) => {
                let sender = &signed_message.message.sender;
                judge(sender, signed_message.sequence, Pallet::<T>::next_sequence(sender))?
            }
            _ => ValidTransaction::default(),
        };
        Ok((validity, (), origin))
    }

    fn prepare(
        self,
        (): Self::Val,
        _origin: &DispatchOriginOf<T::RuntimeCall>,
        call: &T::RuntimeCall,
        _info: &DispatchInfoOf<T::RuntimeCall>,
        _length: usize,
    ) -> Result<Self::Pre, TransactionValidityError> {
        if let Some(Call::sync_offchain_message { signed_message }) = call.is_sub_type() {
            let expected = Pallet::<T>::next_sequence(&signed_message.message.sender);
            if signed_message.sequence > expected {
                return Err(InvalidTransaction::Future.into());
            }
        }
        Ok(())
    }

    impl_tx_ext_default!(T::RuntimeCall; weight);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: MessageOrigin = MessageOrigin::Gatekeeper;

    #[test]
    fn a_taken_sequence_number_is_stale() {
        assert_eq!(judge(&SENDER, 4, 5), Err(InvalidTransaction::Stale.into()));
    }

    #[test]
    fn the_next_message_requires_nothing() {
        let valid = judge(&SENDER, 5, 5).unwrap();
        assert!(valid.requires.is_empty());
        assert_eq!(valid.provides, [sequence_tag(&SENDER, 5)]);
    }

    #[test]
    fn a_later_message_requires_the_one_before_it() {
        let valid = judge(&SENDER, 7, 5).unwrap();
        assert_eq!(valid.requires, [sequence_tag(&SENDER, 6)]);
        assert_eq!(valid.provides, [sequence_tag(&SENDER, 7)]);
    }

    #[test]
    fn tags_differ_by_sender() {
        let other = MessageOrigin::Cluster(sp_core::H256::zero());
        assert_ne!(sequence_tag(&SENDER, 1), sequence_tag(&other, 1));
    }
}
