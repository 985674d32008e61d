//! What messages that may hold secrets show of themselves.

use std::fmt;

use super::{AuthRequest, FullAccount, WalkieRpcRequestWrapper};

impl fmt::Debug for FullAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FullAccount")
            .field("ss58_phala", &self.ss58_phala)
            .field("ss58_polkadot", &self.ss58_polkadot)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AuthRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthRequest").field("type", &self.r#type()).finish_non_exhaustive()
    }
}

/// The request inside may be one that carries a secret.
impl fmt::Debug for WalkieRpcRequestWrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WalkieRpcRequestWrapper")
            .field("created_at", &self.created_at)
            .field("nonce", &self.nonce)
            .field("method", &self.method)
            .field("timeout_ms", &self.timeout_ms)
            .field("data", &format_args!("{} bytes", self.data.len()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::super::{db, lifecycle};
    use super::*;

    #[test]
    fn requests_with_secrets_show_none() {
        let mnemonic = "bottom drive obey".to_owned();
        let polkadot_json = "7b22656e63".to_owned();
        let owner = FullAccount { mnemonic, polkadot_json, ..FullAccount::default() };
        let pool = db::Pool { pid: 2, owner: Some(owner), ..db::Pool::default() };
        let request = lifecycle::CreatePool { pools: vec![pool] };
        let wrapper = WalkieRpcRequestWrapper {
            method: "CreatePool".to_owned(),
            data: request.encode_to_vec().into(),
            ..WalkieRpcRequestWrapper::default()
        };
        let auth = AuthRequest { auth_string: "c0ffee".to_owned(), ..AuthRequest::default() };
        for shown in [format!("{request:?}"), format!("{wrapper:?}"), format!("{auth:?}")] {
            for secret in ["bottom", "7b22656e63", "c0ffee"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        assert!(format!("{request:?}").contains("pid: 2"));
    }
}
