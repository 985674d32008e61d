//! InitRuntime: binds the process to a chain and an identity.

use prb_devnet_runtime::types::AttestationProvider;

use super::registration::{Registration, provider_of};
use super::{Effect, Phactory, Runtime, RuntimeState};
use crate::pruntime::call::{Refusal, decode_scale};
use crate::pruntime::chain::Chain;
use crate::pruntime::chain_state::ChainState;
use crate::pruntime::config::Mode;
use crate::pruntime::follower::{Follower, LightChain};
use crate::pruntime::identity::SealedIdentity;
use crate::pruntime::proto;
use crate::pruntime::scale::{GenesisBlockInfo, StorageState};
use sp_core::H256;

impl Phactory {
    /// The identity is sealed with the chain before anything is verified: genesis information that
    /// does not hold ends the process *and* leaves its identity bound to it.
    pub(super) fn init(
        &mut self,
        request: &proto::InitRuntimeRequest,
        now_ms: u64,
    ) -> Result<proto::InitRuntimeResponse, Refusal> {
        self.check_no_rcu()?;
        let genesis: GenesisBlockInfo = decode_scale(&request.encoded_genesis_info)?;
        let pairs: StorageState = decode_scale(&request.encoded_genesis_state)?;
        let operator = request.encoded_operator.as_deref().map(decode_scale).transpose()?;
        let provider = self.requested_provider(request)?;
        if self.runtime.is_some() {
            return Err(Refusal::application("Runtime already initialized"));
        }
        let genesis_block_hash = genesis.block_header.hash();
        let state = Self::state_of(pairs, self.settings.light);
        let para_id = state.para_id();
        let sealed =
            self.seal_identity(request.debug_set_key.as_deref(), genesis_block_hash, para_id)?;
        if sealed.dev_mode && provider.is_some() {
            return Err(Refusal::application("RA is disallowed when debug_set_key is enabled"));
        }
        if let Some(provider) =
            provider.filter(|p| provider_of(self.settings.attestation) != Some(*p))
        {
            let text = format!("Unsupported attestation provider: {provider:?}");
            return Err(Refusal::Application(text));
        }
        let state_root = genesis.block_header.state_root;
        let solo_root = (!request.is_parachain).then_some(state_root);
        let root = state.root();
        let follower = self.follower(genesis, state, request.is_parachain)?;
        if solo_root.is_some_and(|expected| expected != root) && !self.settings.light {
            return Err(Refusal::application("state root mismatch"));
        }
        let state = RuntimeState {
            genesis_block_hash,
            para_id,
            genesis_block: 0,
            follower,
            worker: super::Worker::default(),
            registration: Registration::new(operator, provider),
            endpoints: super::Endpoints::default(),
            blocks_since_checkpoint: 0,
        };
        let runtime = Runtime::new(state, &sealed).map_err(|error| Refusal::application(&error))?;
        self.runtime = Some(runtime);
        match self.settings.mode {
            Mode::V2 => self.registration_answer(),
            // This generation attests at once.
            Mode::V0_2 => self.runtime_info(&proto::GetRuntimeInfoRequest::default(), now_ms),
        }
    }

    fn requested_provider(
        &self,
        request: &proto::InitRuntimeRequest,
    ) -> Result<Option<AttestationProvider>, Refusal> {
        match self.settings.mode {
            Mode::V2 => request.attestation_provider.as_deref().map(decode_scale).transpose(),
            Mode::V0_2 if request.skip_ra => Ok(None),
            Mode::V0_2 => Ok(Some(AttestationProvider::Ias)),
        }
    }

    /// A key given for debugging replaces the sealed one each time; otherwise the sealed one is
    /// used, and made if there is none.
    fn seal_identity(
        &mut self,
        debug_key: Option<&[u8]>,
        genesis_block_hash: H256,
        para_id: u32,
    ) -> Result<SealedIdentity, Refusal> {
        let new = match (debug_key, &self.sealed) {
            (Some(key), _) => SealedIdentity::debug(key, genesis_block_hash, para_id)
                .map_err(|error| Refusal::application(&error))?,
            (None, Some(sealed)) => {
                check_binding(sealed, genesis_block_hash, para_id)?;
                return Ok(sealed.clone());
            }
            (None, None) => {
                let seed = self.settings.key_seed.as_ref();
                SealedIdentity::generate(seed, genesis_block_hash, para_id)
            }
        };
        self.effects.push(Effect::Seal(new.clone()));
        self.sealed = Some(new.clone());
        Ok(new)
    }

    fn follower(
        &self,
        genesis: GenesisBlockInfo,
        state: ChainState,
        is_parachain: bool,
    ) -> Result<Follower, Refusal> {
        let mode = self.settings.mode;
        if self.settings.light {
            let first_para_header = u32::from(mode == Mode::V0_2);
            let chain = LightChain::new(genesis.block_header.number, first_para_header);
            return Ok(Follower::Light(chain));
        }
        let chain = Chain::new(genesis, state, is_parachain, mode)
            .map_err(|error| Refusal::Abort(format!("Bridge initialize failed: {error}")))?;
        Ok(Follower::Verifying(Box::new(chain)))
    }
}

fn check_binding(
    sealed: &SealedIdentity,
    genesis_block_hash: H256,
    para_id: u32,
) -> Result<(), Refusal> {
    if sealed.genesis_block_hash != genesis_block_hash {
        return Err(Refusal::Application(format!(
            "Genesis block hash mismatches with saved keys, expected {:?}",
            sealed.genesis_block_hash
        )));
    }
    if sealed.para_id != para_id {
        return Err(Refusal::Application(format!(
            "Parachain id mismatches, saved: {}, in state: {para_id}",
            sealed.para_id
        )));
    }
    Ok(())
}
