//! The methods of pRuntime's API: names, messages, limits and what each generation knows.

use parity_scale_codec::Decode;
use prost::Message as _;

use super::config::Mode;
use super::proto;

/// Why a call is not answered with a result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The application says no, in pRuntime's words: HTTP 500.
    #[error("{0}")]
    Application(String),
    /// The request, or a payload in it, does not decode: HTTP 400.
    #[error("DecodeError({0})")]
    Decode(String),
    /// There is no such method: HTTP 404.
    #[error("Method Not Found")]
    NotFound,
    /// The process ends without an answer.
    #[error("aborted: {0}")]
    Abort(String),
}

impl Refusal {
    pub(crate) fn application(text: &(impl ToString + ?Sized)) -> Self {
        Self::Application(text.to_string())
    }
}

/// Decodes a SCALE payload; bytes behind it are ignored.
pub(crate) fn decode_scale<T: Decode>(mut bytes: &[u8]) -> Result<T, Refusal> {
    T::decode(&mut bytes).map_err(|error| Refusal::Decode(error.to_string()))
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The longest body of any method of version 0.2.x; longer ones are cut there.
pub(crate) const V0_2_LIMIT: usize = 100 * MIB;

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $answer:ty, $limit:expr, $modes:pat,)+) => {
        /// A method of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Method { $($(#[$doc])* $name,)+ }

        /// A decoded request.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Request { $($(#[$doc])* $name($request),)+ }

        /// An answer to a request.
        #[expect(clippy::large_enum_variant, reason = "an answer lives as long as its call")]
        #[derive(Clone, Debug, PartialEq)]
        pub enum Answer { $($(#[$doc])* $name($answer),)+ }

        impl Method {
            /// The method of this name, if this generation of pRuntime has it.
            pub fn parse(name: &str, mode: Mode) -> Option<Self> {
                match name {
                    $(stringify!($name) if matches!(mode, $modes) => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// The longest accepted body, in bytes.
            pub fn body_limit(self, mode: Mode) -> usize {
                match (mode, self) {
                    (Mode::V0_2, _) => V0_2_LIMIT,
                    $((Mode::V2, Self::$name) => $limit,)+
                }
            }

            /// Reads a protobuf request.
            pub fn decode_protobuf(self, body: &[u8]) -> Result<Request, Refusal> {
                match self {
                    $(Self::$name => <$request>::decode(body).map(Request::$name),)+
                }
                .map_err(|error| Refusal::Decode(error.to_string()))
            }

            /// Reads a JSON request; nothing at all is an empty message.
            pub fn decode_json(self, body: &[u8]) -> Result<Request, Refusal> {
                let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
                match self {
                    $(Self::$name => serde_json::from_slice(body).map(Request::$name),)+
                }
                .map_err(|error| Refusal::Decode(error.to_string()))
            }
        }

        impl Request {
            /// The method the request is for.
            pub fn method(&self) -> Method {
                match self { $(Self::$name(_) => Method::$name,)+ }
            }
        }

        impl Answer {
            /// As protobuf.
            pub fn encode_protobuf(&self) -> Vec<u8> {
                match self { $(Self::$name(answer) => answer.encode_to_vec(),)+ }
            }

            /// As JSON: snake_case names, bytes as integers.
            pub fn encode_json(&self) -> serde_json::Result<Vec<u8>> {
                match self { $(Self::$name(answer) => serde_json::to_vec(answer),)+ }
            }
        }
    };
}

methods! {
    /// The counters, the keys, the score.
    GetInfo(proto::Empty) -> proto::PhactoryInfo, KIB, _,
    /// Returns its argument.
    Echo(proto::EchoMessage) -> proto::EchoMessage, MIB, _,
    /// Binds the pRuntime to a chain.
    InitRuntime(proto::InitRuntimeRequest) -> proto::InitRuntimeResponse, 100 * MIB, _,
    /// What to register with, and the attestation.
    GetRuntimeInfo(proto::GetRuntimeInfoRequest) -> proto::InitRuntimeResponse, KIB, _,
    /// Relay headers.
    SyncHeader(proto::HeadersToSync) -> proto::SyncedTo, 100 * MIB, _,
    /// Para headers.
    SyncParaHeader(proto::ParaHeadersToSync) -> proto::SyncedTo, 100 * MIB, _,
    /// Both in one call, the relay part standing even if the para part fails.
    SyncCombinedHeaders(proto::CombinedHeadersToSync) -> proto::HeadersSyncedTo, 100 * MIB, _,
    /// Storage changes of para blocks.
    DispatchBlocks(proto::Blocks) -> proto::SyncedTo, 100 * MIB, _,
    /// The worker's messages for the chain.
    GetEgressMessages(proto::Empty) -> proto::GetEgressMessagesResponse, KIB, _,
    /// For gatekeepers only; the double knows nothing that it could answer as one.
    GetWorkerState(proto::GetWorkerStateRequest) -> proto::Empty, KIB, _,
    /// A later state instead of the genesis state.
    LoadChainState(proto::ChainState) -> proto::Empty, 500 * MIB, Mode::V2,
    /// For safe mode only, which the double never is in.
    LoadStorageProof(proto::StorageProof) -> proto::Empty, 10 * MIB, Mode::V2,
    /// Saves the state.
    TakeCheckpoint(proto::Empty) -> proto::SyncedTo, KIB, Mode::V2,
    /// Ends the process.
    Stop(proto::StopOptions) -> proto::Empty, KIB, Mode::V2,
    /// Adds an address and signs all of them.
    AddEndpoint(proto::AddEndpointRequest) -> proto::GetEndpointResponse, 10 * KIB, Mode::V2,
    /// Signs the added addresses again.
    RefreshEndpointSigningTime(proto::Empty) -> proto::GetEndpointResponse, 10 * KIB, Mode::V2,
    /// The added addresses as last signed.
    GetEndpointInfo(proto::Empty) -> proto::GetEndpointResponse, KIB, Mode::V2,
    /// Signs given addresses.
    SignEndpointInfo(proto::SignEndpointsRequest) -> proto::GetEndpointResponse, 32 * KIB, Mode::V2,
}

impl Method {
    /// Whether the method is refused while blocks are dispatched in the background.
    pub fn changes_state(self) -> bool {
        matches!(
            self,
            Self::InitRuntime
                | Self::SyncHeader
                | Self::SyncParaHeader
                | Self::SyncCombinedHeaders
                | Self::DispatchBlocks
                | Self::LoadChainState
                | Self::LoadStorageProof
                | Self::TakeCheckpoint
                | Self::AddEndpoint
                | Self::RefreshEndpointSigningTime
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generation_has_its_methods() {
        assert_eq!(Method::parse("DispatchBlocks", Mode::V0_2), Some(Method::DispatchBlocks));
        assert_eq!(Method::parse("LoadChainState", Mode::V2), Some(Method::LoadChainState));
        assert_eq!(Method::parse("LoadChainState", Mode::V0_2), None);
        assert_eq!(Method::parse("getInfo", Mode::V2), None);
    }

    #[test]
    fn json_requests_may_leave_fields_out() {
        let request = Method::Echo.decode_json(br#"{"echo_msg":[1,2,255]}"#).expect("bytes");
        assert_eq!(request, Request::Echo(proto::EchoMessage { echo_msg: vec![1, 2, 255] }));
        let request = Method::GetRuntimeInfo.decode_json(b" ").expect("an empty message");
        assert_eq!(request, Request::GetRuntimeInfo(proto::GetRuntimeInfoRequest::default()));
        assert!(matches!(Method::Echo.decode_json(b"nonsense"), Err(Refusal::Decode(_))));
    }
}
