//! A parachain that takes signed calls, one or several a block.

use frame_system::{EventRecord, Phase};
use parity_scale_codec::Encode;
use sp_core::{H256, Pair as _, sr25519};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    ApplyExtrinsicResult, DispatchError, DispatchResult, MultiSignature,
    generic::Era,
    transaction_validity::{TransactionSource, TransactionValidity},
};

use super::super::*;
use crate::{
    chain::{Hash, Nonce},
    test_chain::TestChain,
    types::PersistedValidationData,
};

pub(super) const BLOCK_TIME_MS: u64 = 12_000;

pub(super) struct Fixture {
    pub(super) chain: TestChain,
    /// The time of the next block, ms since 1970.
    pub(super) next_time: u64,
}

/// The events of one extrinsic.
pub(super) struct Outcome {
    pub(super) events: Vec<RuntimeEvent>,
}

impl Outcome {
    /// The dispatch result that the events tell, as a bridge reads it.
    pub(super) fn result(&self) -> DispatchResult {
        for event in &self.events {
            match event {
                RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess { .. }) => {
                    return Ok(());
                }
                RuntimeEvent::System(frame_system::Event::ExtrinsicFailed {
                    dispatch_error,
                    ..
                }) => return Err(*dispatch_error),
                _ => {}
            }
        }
        panic!("no result among {:?}", self.events)
    }

    pub(super) fn has(&self, event: impl Into<RuntimeEvent>) -> bool {
        self.events.contains(&event.into())
    }
}

impl Fixture {
    pub(super) fn new() -> Self {
        Self::with(&GenesisConfig { heartbeat_interval: 0, ..Default::default() })
    }

    pub(super) fn with(config: &GenesisConfig) -> Self {
        let chain = TestChain::new(native(), genesis(config));
        Self { chain, next_time: 1_700_000_000_000 }
    }

    pub(super) fn read<R>(&mut self, read: impl FnOnce() -> R) -> R {
        self.chain.read(read)
    }

    pub(super) fn now(&mut self) -> u64 {
        self.read(pallet_timestamp::Now::<Runtime>::get)
    }

    pub(super) fn height(&self) -> u32 {
        self.chain.head().number
    }

    pub(super) fn blocks(&mut self, count: u32) {
        for _ in 0..count {
            self.build(&[]);
        }
    }

    /// Builds a block of these extrinsics and gives their results.
    pub(super) fn build(&mut self, extrinsics: &[Vec<u8>]) -> Vec<ApplyExtrinsicResult> {
        let head = self.chain.head().clone();
        let inherents = Inherents {
            timestamp: self.next_time,
            validation_data: PersistedValidationData {
                parent_head: head.encode(),
                relay_parent_number: head.number * 2 + 1,
                relay_parent_storage_root: H256::repeat_byte(1),
                max_pov_size: 5 * 1024 * 1024,
            },
            extra: None,
        };
        self.next_time += BLOCK_TIME_MS;
        self.chain.build(&inherents.encode(), extrinsics).results
    }

    pub(super) fn nonce(&mut self, signer: Sr25519Keyring) -> Nonce {
        self.chain.call("AccountNonceApi_account_nonce", &signer.to_account_id().encode())
    }

    /// The encoded extrinsic of a call.
    pub(super) fn sign(
        &mut self,
        signer: Sr25519Keyring,
        nonce: Nonce,
        call: RuntimeCall,
    ) -> Vec<u8> {
        let genesis_hash: Hash = self.chain.genesis_hash();
        let extensions: TransactionExtensions = (
            frame_system::CheckNonZeroSender::new(),
            frame_system::CheckSpecVersion::new(),
            frame_system::CheckTxVersion::new(),
            frame_system::CheckGenesis::new(),
            frame_system::CheckEra::from(Era::Immortal),
            frame_system::CheckNonce::from(nonce),
            frame_system::CheckWeight::new(),
            phala_mq::CheckMqSequence::new(),
            pallet_transaction_payment::ChargeTransactionPayment::from(0),
            frame_metadata_hash_extension::CheckMetadataHash::new(false),
        );
        let additional = (
            VERSION.spec_version,
            VERSION.transaction_version,
            genesis_hash,
            genesis_hash,
            None::<[u8; 32]>,
        );
        let mut payload = (&call, &extensions, additional).encode();
        if payload.len() > 256 {
            payload = sp_io::hashing::blake2_256(&payload).to_vec();
        }
        let signature: sr25519::Signature = signer.pair().sign(&payload);
        UncheckedExtrinsic::new_signed(
            call,
            signer.to_account_id().into(),
            MultiSignature::Sr25519(signature),
            extensions,
        )
        .encode()
    }

    /// Builds a block of one call and gives what became of it.
    pub(super) fn submit(
        &mut self,
        signer: Sr25519Keyring,
        call: impl Into<RuntimeCall>,
    ) -> Outcome {
        let nonce = self.nonce(signer);
        let extrinsic = self.sign(signer, nonce, call.into());
        let results = self.build(&[extrinsic]);
        assert!(results[0].is_ok(), "not included: {results:?}");
        // The inherents are extrinsics 0 and 1.
        Outcome { events: self.events_of(2) }
    }

    pub(super) fn result(
        &mut self,
        signer: Sr25519Keyring,
        call: impl Into<RuntimeCall>,
    ) -> DispatchResult {
        self.submit(signer, call).result()
    }

    pub(super) fn error(
        &mut self,
        signer: Sr25519Keyring,
        call: impl Into<RuntimeCall>,
    ) -> DispatchError {
        self.result(signer, call).expect_err("the call must fail")
    }

    pub(super) fn all_events(&mut self) -> Vec<EventRecord<RuntimeEvent, Hash>> {
        self.read(|| {
            frame_system::Pallet::<Runtime>::read_events_no_consensus()
                .map(|record| *record)
                .collect()
        })
    }

    fn events_of(&mut self, extrinsic: u32) -> Vec<RuntimeEvent> {
        self.all_events()
            .into_iter()
            .filter(|record| record.phase == Phase::ApplyExtrinsic(extrinsic))
            .map(|record| record.event)
            .collect()
    }

    pub(super) fn validate(&mut self, extrinsic: &[u8]) -> TransactionValidity {
        let at = self.chain.head().hash();
        let mut arguments = TransactionSource::External.encode();
        arguments.extend_from_slice(extrinsic);
        arguments.extend_from_slice(&at.encode());
        self.chain.call("TaggedTransactionQueue_validate_transaction", &arguments)
    }
}
