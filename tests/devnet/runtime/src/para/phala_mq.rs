//! The message queue: signed messages of off-chain senders in, outbound messages of a block out.

mod check_sequence;

use frame_support::dispatch::DispatchResult;

pub use self::{
    check_sequence::{CheckMqSequence, sequence_tag},
    pallet::*,
};
use crate::types::{Message, SignedMessage};

/// Checks the signature of an off-chain sender.
pub trait MessageVerifier {
    /// Fails if `message` is not signed by its sender.
    fn verify(message: &SignedMessage) -> DispatchResult;
}

/// Reads the messages of the queue.
pub trait MessageConsumer {
    /// Called once for each message. What goes wrong here is the consumer's own affair: the sender
    /// never learns of it.
    fn on_message(message: &Message);
}

#[allow(
    missing_docs,
    clippy::expect_used,
    clippy::if_not_else,
    reason = "FRAME's macro makes such code"
)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::{dispatch::Pays, pallet_prelude::*};
    use frame_system::pallet_prelude::*;

    use super::{Message, MessageConsumer, MessageVerifier, SignedMessage};
    use crate::{
        chain::CALL_WEIGHT,
        types::{MessageOrigin, SystemEvent, topic},
    };

    /// The pallet.
    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// What the pallet needs of its runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// Checks signatures.
        type Verifier: MessageVerifier;
        /// Reads the messages on chain.
        type Consumer: MessageConsumer;
    }

    /// The sequence number expected next of each off-chain sender; absent for 0.
    #[pallet::storage]
    pub type OffchainIngress<T> = StorageMap<_, Twox64Concat, MessageOrigin, u64>;

    /// The messages of the current block that workers read.
    #[pallet::storage]
    pub type OutboundMessages<T> = StorageValue<_, Vec<Message>, ValueQuery>;

    /// Why a message is refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The sender is not an off-chain one.
        #[codec(index = 0)]
        BadSender,
        /// The message is not the sender's next.
        #[codec(index = 1)]
        BadSequence,
        /// The topic is empty or begins with a reserved byte.
        #[codec(index = 2)]
        BadDestination,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            OutboundMessages::<T>::kill();
            Weight::zero()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Takes the next message of an off-chain sender. Anybody may bring it.
        ///
        /// Checked in this order: sender, topic, sequence, signature.
        #[pallet::call_index(0)]
        #[pallet::weight((CALL_WEIGHT, DispatchClass::Normal, pays(signed_message)))]
        pub fn sync_offchain_message(
            origin: OriginFor<T>,
            signed_message: SignedMessage,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            let SignedMessage { message, sequence, .. } = &signed_message;
            ensure!(message.sender.is_offchain(), Error::<T>::BadSender);
            ensure!(message.destination.is_valid(), Error::<T>::BadDestination);
            let expected = Self::next_sequence(&message.sender);
            ensure!(*sequence == expected, Error::<T>::BadSequence);
            T::Verifier::verify(&signed_message)?;
            OffchainIngress::<T>::insert(&message.sender, expected + 1);
            Self::push_message(signed_message.message);
            Ok(())
        }
    }

    impl<T: Config> Pallet<T> {
        /// The sequence number expected next of `sender`.
        pub fn next_sequence(sender: &MessageOrigin) -> u64 {
            OffchainIngress::<T>::get(sender).unwrap_or(0)
        }

        /// Hands a message to the pallets and, unless its topic is for the chain alone, to the
        /// workers.
        pub fn push_message(message: Message) {
            T::Consumer::on_message(&message);
            if message.destination.is_offchain() {
                OutboundMessages::<T>::append(message);
            }
        }

        /// Tells workers about a system event in the name of a pallet.
        pub fn push_system_event(pallet: &[u8], event: &SystemEvent) {
            let sender = MessageOrigin::Pallet(pallet.to_vec());
            Self::push_message(Message::new(sender, topic::SYSTEM_EVENT, event));
        }
    }

    /// Gatekeepers keep the chain going and pay nothing.
    fn pays(signed_message: &SignedMessage) -> Pays {
        match signed_message.message.sender {
            MessageOrigin::Gatekeeper => Pays::No,
            _ => Pays::Yes,
        }
    }
}
