//! The recorded chains as sources, which may be made to answer wrongly.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use parity_scale_codec::{Decode, Encode};
use subxt::utils::H256;
use tokio::sync::watch;

use super::client::{Pair, Subscription};
use super::health::{EndpointHealth, Need};
use super::source::{Answer, ChainSource};
use super::{ChainError, Endpoint, Refusal};
use crate::scale::grandpa::FinalityProof;
use crate::scale::header::{EncodedHeader, Header};
use crate::scale::storage::StorageChanges;
use crate::test_vectors::{self, Vectors};

/// What goes wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// `grandpa_proveFinality` is not there, as on old nodes.
    CannotProve,
    /// The node was warp-synced.
    WarpSynced,
    /// No proof is known.
    NoProof,
    /// The justification in the proof is damaged.
    BadJustification,
    /// A header in the proof is another fork's.
    OtherFork,
    /// The read proof is of another block.
    OtherProof,
    /// The connection breaks.
    Disconnect,
    /// The state is pruned.
    Pruned,
    /// One more key has changed.
    WrongChanges,
    /// The storage changes are cut off.
    CutChanges,
    /// The parachain's node follows another fork.
    OtherHeader,
}

/// One of the recorded chains, as far as it has come.
pub(crate) struct Recorded {
    relay: bool,
    tip: watch::Sender<u32>,
    faults: Mutex<HashMap<Fault, u32>>,
    /// How often another node was asked for.
    pub(crate) distrusted: watch::Sender<u32>,
}

impl Recorded {
    pub(crate) fn relay(tip: u32) -> Self {
        Self::new(true, tip)
    }

    pub(crate) fn para(tip: u32) -> Self {
        Self::new(false, tip)
    }

    fn new(relay: bool, tip: u32) -> Self {
        let (tip, distrusted) = (watch::Sender::new(tip), watch::Sender::new(0));
        Self { relay, tip, faults: Mutex::default(), distrusted }
    }

    /// Goes on to a higher final block.
    pub(crate) fn grow(&self, tip: u32) {
        self.tip.send_replace(tip);
    }

    /// Answers wrongly so many times.
    pub(crate) fn fail(&self, fault: Fault, times: u32) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).insert(fault, times);
    }

    fn fails(&self, fault: Fault) -> bool {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(times) = faults.get_mut(&fault).filter(|times| **times > 0) else { return false };
        *times -= 1;
        true
    }

    fn tip(&self) -> u32 {
        *self.tip.borrow()
    }

    fn known(&self) -> impl Iterator<Item = (u32, H256, &'static [u8])> {
        let vectors = Vectors::load();
        let relay = vectors.relay.iter().map(|b| (b.number, b.hash, &b.header[..]));
        let para = vectors.para.iter().map(|b| (b.number, b.hash, &b.header[..]));
        let tip = self.tip();
        let is_relay = self.relay;
        relay
            .filter(move |_| is_relay)
            .chain(para.filter(move |_| !is_relay))
            .filter(move |(number, ..)| *number <= tip)
    }

    fn find(&self, hash: H256) -> Result<EncodedHeader, ChainError> {
        let bytes = self.known().find(|(_, known, _)| *known == hash).map(|(.., bytes)| bytes);
        let bytes = bytes.ok_or_else(|| self.refusal(4003, "UnknownBlock: not here"))?;
        Ok(EncodedHeader::decode(Bytes::from_static(bytes)).unwrap())
    }

    fn at(&self, number: u32) -> Option<H256> {
        self.known().find(|(known, ..)| *known == number).map(|(_, hash, _)| hash)
    }

    fn hash_at(&self, number: u32) -> Option<H256> {
        let other = !self.relay && number > 1 && self.fails(Fault::OtherHeader);
        self.at(number - u32::from(other))
    }

    fn header_at(&self, number: u32) -> Header {
        self.find(self.at(number).unwrap()).unwrap().header().clone()
    }

    fn refusal(&self, code: i32, message: &str) -> ChainError {
        ChainError::Refused {
            endpoint: Endpoint::new(&self.endpoint()),
            method: "a request".to_owned(),
            code,
            message: message.to_owned(),
            refusal: Refusal::of(code, message, ""),
        }
    }

    fn answer<'a, T: Send + 'a>(&'a self, value: Result<T, ChainError>) -> Answer<'a, T> {
        if self.fails(Fault::Disconnect) {
            let error = ChainError::Disconnected {
                endpoint: Endpoint::new(&self.endpoint()),
                method: "a request".to_owned(),
                reason: "for a test".to_owned(),
            };
            return async { Err(error) }.boxed();
        }
        async { value }.boxed()
    }

    /// The last block that a proof for `number` reaches.
    fn proven_to(&self, number: u32) -> Option<u32> {
        let changes = &Vectors::load().change_blocks;
        let closed = changes.iter().copied().find(|change| *change >= number);
        closed
            .filter(|change| *change <= self.tip())
            .or(Some(self.tip()))
            .filter(|to| *to >= number)
    }

    fn finality_proof(&self, number: u32) -> Result<Option<Bytes>, ChainError> {
        if self.fails(Fault::CannotProve) {
            return Err(self.refusal(-32601, "Method not found"));
        }
        if self.fails(Fault::WarpSynced) {
            return Err(self.refusal(
                4,
                "GRANDPA prove finality rpc failed: Block not covered by authority set changes",
            ));
        }
        if self.fails(Fault::NoProof) {
            return Ok(None);
        }
        if number > self.tip() {
            let message = "GRANDPA prove finality rpc failed: Block not yet finalized";
            return Err(self.refusal(4, message));
        }
        let Some(to) = self.proven_to(number) else { return Ok(None) };
        let last = &Vectors::load().relay[to as usize];
        let mut justification = last.justification.clone();
        if self.fails(Fault::BadJustification) {
            let middle = justification.len() / 2;
            justification[middle] ^= 1;
        }
        let mut unknown_headers: Vec<Header> =
            (number + 1..=to).map(|number| self.header_at(number)).collect();
        if self.fails(Fault::OtherFork)
            && let Some(header) = unknown_headers.first_mut()
        {
            header.extrinsics_root = H256::zero();
        }
        let proof = FinalityProof { block: last.hash, justification, unknown_headers };
        Ok(Some(proof.encode().into()))
    }
}

impl ChainSource for Recorded {
    fn endpoint(&self) -> String {
        format!("ws://recorded-{}", if self.relay { "relay" } else { "para" })
    }

    fn distrust(&self) {
        self.distrusted.send_modify(|count| *count += 1);
    }

    fn pinned(self: Arc<Self>, _: Need) -> Arc<dyn ChainSource> {
        self
    }

    fn is_preferred(&self, _: Need) -> bool {
        true
    }

    fn health(&self) -> Vec<EndpointHealth> {
        vec![EndpointHealth { endpoint: self.endpoint(), ..EndpointHealth::default() }]
    }

    fn look(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }

    fn genesis_hash(&self) -> Answer<'_, H256> {
        self.answer(Ok(self.at(0).unwrap()))
    }

    fn block_hash(&self, number: u32) -> Answer<'_, Option<H256>> {
        self.answer(Ok(self.hash_at(number)))
    }

    fn block_hashes(&self, numbers: Vec<u32>) -> Answer<'_, Vec<Option<H256>>> {
        self.answer(Ok(numbers.into_iter().map(|number| self.hash_at(number)).collect()))
    }

    fn header(&self, hash: H256) -> Answer<'_, EncodedHeader> {
        self.answer(self.find(hash))
    }

    fn justified_header(&self, hash: H256) -> Answer<'_, (EncodedHeader, Option<Bytes>)> {
        self.answer(self.find(hash).map(|header| {
            // As real nodes: at changes of the authorities and now and then.
            let number = header.number();
            let stored = Vectors::load().change_blocks.contains(&number) || number % 7 == 0;
            let justification = &Vectors::load().relay[number as usize].justification;
            (header, stored.then(|| Bytes::from_static(justification)))
        }))
    }

    fn finalized_head(&self) -> Answer<'_, EncodedHeader> {
        self.answer(self.find(self.at(self.tip()).unwrap()))
    }

    fn prove_finality(&self, number: u32) -> Answer<'_, Option<Bytes>> {
        self.answer(self.finality_proof(number))
    }

    fn read_proof(&self, _: Vec<Vec<u8>>, at: H256) -> Answer<'_, Vec<Vec<u8>>> {
        let number = self.find(at).map(|header| header.number());
        let other = u32::from(self.fails(Fault::OtherProof));
        self.answer(number.map(|number| {
            test_vectors::proofs().get(&(number - other)).cloned().unwrap_or_default()
        }))
    }

    fn storage(&self, _: Vec<u8>, _: H256) -> Answer<'_, Option<Vec<u8>>> {
        self.answer(Ok(None))
    }

    fn pairs(&self, _: H256) -> Answer<'_, Vec<Pair>> {
        let state = Vec::<Pair>::decode(&mut &Vectors::load().genesis_state[..]).unwrap();
        self.answer(Ok(state))
    }

    fn storage_changes_at(&self, hash: H256) -> Answer<'_, Bytes> {
        let changes = self.find(hash).map(|header| {
            let block = &Vectors::load().para[header.number() as usize];
            block.block_header_with_changes[header.bytes().len()..].to_vec()
        });
        if self.fails(Fault::Pruned) {
            return self.answer(Err(self.refusal(1, "State already discarded for this block")));
        }
        self.answer(changes.map(|mut changes| {
            if self.fails(Fault::WrongChanges) {
                let mut wrong = StorageChanges::decode(&mut &changes[..]).unwrap();
                wrong.main_storage_changes.push((b"wrong".to_vec(), Some(Vec::new())));
                changes = wrong.encode();
            }
            if self.fails(Fault::CutChanges) {
                changes.pop();
            }
            changes.into()
        }))
    }

    fn finalized_heads(&self) -> Answer<'_, Subscription<EncodedHeader>> {
        let tips =
            futures::stream::unfold((self.tip.subscribe(), true), |(mut tip, first)| async move {
                if !first {
                    tip.changed().await.ok()?;
                }
                let number = *tip.borrow_and_update();
                Some((number, (tip, false)))
            });
        let heads = tips.map(|number| {
            let bytes = &Vectors::load().relay[number as usize].header[..];
            Ok(EncodedHeader::decode(Bytes::from_static(bytes)).unwrap())
        });
        self.answer(Ok(heads.boxed()))
    }

    fn justifications(&self) -> Answer<'_, Subscription<Bytes>> {
        let tips = futures::stream::unfold(self.tip.subscribe(), |mut tip| async move {
            tip.changed().await.ok()?;
            let number = *tip.borrow_and_update();
            Some((number, tip))
        });
        let justifications = tips.map(|number| {
            Ok(Bytes::from_static(&Vectors::load().relay[number as usize].justification))
        });
        self.answer(Ok(justifications.boxed()))
    }
}
