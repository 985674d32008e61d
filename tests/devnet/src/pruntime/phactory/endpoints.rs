//! The worker's addresses and its signature under them.

use std::collections::BTreeMap;

use parity_scale_codec::{Decode, Encode};

use super::Phactory;
use crate::pruntime::call::{Refusal, decode_scale};
use crate::pruntime::proto;

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub(super) enum EndpointType {
    I2p,
    Http,
}

/// The added addresses and the last signature under them.
#[derive(Clone, Debug, Default, Encode, Decode)]
pub(super) struct Endpoints {
    added: BTreeMap<EndpointType, String>,
    signed: Option<SignedEndpoints>,
}

#[derive(Clone, Debug, Encode, Decode)]
struct SignedEndpoints {
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl SignedEndpoints {
    fn answer(self) -> proto::GetEndpointResponse {
        proto::GetEndpointResponse {
            encoded_endpoint_payload: Some(self.payload),
            signature: Some(self.signature),
        }
    }
}

impl Phactory {
    pub(super) fn add_endpoint(
        &mut self,
        request: proto::AddEndpointRequest,
    ) -> Result<proto::GetEndpointResponse, Refusal> {
        let kind: EndpointType = decode_scale(&request.encoded_endpoint_type)?;
        self.runtime()?.state.endpoints.added.insert(kind, request.endpoint);
        self.sign_added_endpoints()
    }

    pub(super) fn sign_added_endpoints(&mut self) -> Result<proto::GetEndpointResponse, Refusal> {
        let added = self.runtime()?.state.endpoints.added.values().cloned().collect();
        let signed = self.sign(added)?;
        self.runtime()?.state.endpoints.signed = Some(signed.clone());
        Ok(signed.answer())
    }

    /// Empty as long as no address was added.
    pub(super) fn endpoint_info(&mut self) -> Result<proto::GetEndpointResponse, Refusal> {
        let Some(runtime) = &self.runtime else { return Ok(proto::GetEndpointResponse::default()) };
        let endpoints = &runtime.state.endpoints;
        if endpoints.added.is_empty() {
            return Ok(proto::GetEndpointResponse::default());
        }
        match &endpoints.signed {
            Some(signed) => Ok(signed.clone().answer()),
            None => self.sign_added_endpoints(),
        }
    }

    pub(super) fn sign_endpoint_info(
        &mut self,
        request: &proto::SignEndpointsRequest,
    ) -> Result<proto::GetEndpointResponse, Refusal> {
        let endpoints: Vec<String> = decode_scale(&request.encoded_endpoints)?;
        Ok(self.sign(endpoints)?.answer())
    }

    fn sign(&mut self, endpoints: Vec<String>) -> Result<SignedEndpoints, Refusal> {
        let runtime = self.runtime()?;
        let (payload, signature) = runtime
            .state
            .worker
            .sign_endpoints(endpoints, &runtime.identity)
            .ok_or_else(|| Refusal::application("Endpoints too large"))?;
        Ok(SignedEndpoints { payload: payload.encode(), signature })
    }
}
