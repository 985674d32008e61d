//! Builds blocks in memory through a runtime's entry points, and executes each a second time from
//! its parent's state, as an importing node does.

use parity_scale_codec::{Decode, Encode};
use sp_core::storage::{StateVersion, Storage};
use sp_io::TestExternalities;
use sp_runtime::{
    ApplyExtrinsicResult, OpaqueExtrinsic,
    traits::{Block as _, Header as _},
};

use crate::{
    NativeRuntime,
    chain::{Header, OpaqueBlock},
};

pub(crate) struct TestChain {
    pub(crate) runtime: NativeRuntime,
    pub(crate) state: TestExternalities,
    pub(crate) headers: Vec<Header>,
}

pub(crate) struct BuiltBlock {
    pub(crate) header: Header,
    /// Results of the extrinsics after the inherents.
    pub(crate) results: Vec<ApplyExtrinsicResult>,
}

impl TestChain {
    pub(crate) fn new(runtime: NativeRuntime, genesis: Storage) -> Self {
        let state_version = runtime.version.state_version();
        let state = TestExternalities::new_with_state_version(genesis, state_version);
        let header = Header::new(
            0,
            sp_core::H256::zero(),
            *state.backend.root(),
            sp_core::H256::zero(),
            sp_runtime::Digest::default(),
        );
        Self { runtime, state, headers: vec![header] }
    }

    pub(crate) fn head(&self) -> &Header {
        self.headers.last().unwrap()
    }

    pub(crate) fn genesis_hash(&self) -> sp_core::H256 {
        self.headers[0].hash()
    }

    pub(crate) fn call<R: Decode>(&mut self, method: &str, arguments: &[u8]) -> R {
        let dispatch = self.runtime.dispatch;
        let answer = self.state.execute_with(|| dispatch(method, arguments));
        R::decode(&mut answer.expect("the method exists").as_slice()).expect("it answers R")
    }

    pub(crate) fn read<R>(&mut self, read: impl FnOnce() -> R) -> R {
        self.state.execute_with(read)
    }

    pub(crate) fn build(&mut self, inherents: &[u8], extrinsics: &[Vec<u8>]) -> BuiltBlock {
        let before = self.state.as_backend();
        let parent = self.head().clone();
        let next = Header::new(
            parent.number + 1,
            sp_core::H256::default(),
            sp_core::H256::default(),
            parent.hash(),
            sp_runtime::Digest::default(),
        );
        let _: u8 = self.call("Core_initialize_block", &next.encode());
        let mut body: Vec<OpaqueExtrinsic> =
            self.call("BlockBuilder_inherent_extrinsics", inherents);
        for inherent in &body {
            let result: ApplyExtrinsicResult =
                self.call("BlockBuilder_apply_extrinsic", &inherent.encode());
            assert_eq!(result, Ok(Ok(())), "an inherent failed");
        }
        let mut results = Vec::new();
        for extrinsic in extrinsics {
            let result = self.apply(extrinsic);
            if result.is_ok() {
                body.push(OpaqueExtrinsic::decode(&mut extrinsic.as_slice()).unwrap());
            }
            results.push(result);
        }
        let header: Header = self.call("BlockBuilder_finalize_block", &[]);
        self.state.commit_all().unwrap();
        assert_eq!(header.state_root, *self.state.backend.root());
        self.execute_again(before, &OpaqueBlock::new(header.clone(), body));
        self.headers.push(header.clone());
        BuiltBlock { header, results }
    }

    /// Applies an extrinsic; one that cannot be included leaves no trace.
    fn apply(&mut self, extrinsic: &[u8]) -> ApplyExtrinsicResult {
        self.state.execute_with(sp_io::storage::start_transaction);
        let result: ApplyExtrinsicResult = self.call("BlockBuilder_apply_extrinsic", extrinsic);
        let end = if result.is_ok() {
            sp_io::storage::commit_transaction
        } else {
            sp_io::storage::rollback_transaction
        };
        self.state.execute_with(end);
        result
    }

    fn execute_again(
        &mut self,
        before: sp_state_machine::InMemoryBackend<sp_core::Blake2Hasher>,
        block: &OpaqueBlock,
    ) {
        let state_version = self.runtime.version.state_version();
        let mut state =
            TestExternalities::new_with_state_version(Storage::default(), state_version);
        state.backend = before;
        let dispatch = self.runtime.dispatch;
        let answer = state.execute_with(|| dispatch("Core_execute_block", &block.encode()));
        assert!(answer.is_some());
    }
}

#[test]
fn the_relay_state_is_version_1_and_the_parachain_state_version_0() {
    assert_eq!(crate::relay::VERSION.state_version(), StateVersion::V1);
    assert_eq!(crate::para::VERSION.state_version(), StateVersion::V0);
}
