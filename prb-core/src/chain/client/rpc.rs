//! The client as subxt sees it.

use futures::{FutureExt, StreamExt, TryStreamExt};
use serde_json::value::RawValue;
use subxt_rpcs::client::{RawRpcFuture, RawRpcSubscription, RpcClientT};
use subxt_rpcs::{Error, UserError};

use super::ChainClient;
use super::connection::Params;
use crate::chain::ChainError;
use crate::chain::health::Need;

impl RpcClientT for ChainClient {
    fn request_raw<'a>(
        &'a self,
        method: &'a str,
        params: Option<Box<RawValue>>,
    ) -> RawRpcFuture<'a, Box<RawValue>> {
        let deadline = self.inner.request_timeout;
        let answer = self.put_params(Need::Anything, method, Params(params), deadline);
        answer.map(|answer| answer.map(|(_, answer)| answer).map_err(rpc_error)).boxed()
    }

    fn subscribe_raw<'a>(
        &'a self,
        sub: &'a str,
        params: Option<Box<RawValue>>,
        unsub: &'a str,
    ) -> RawRpcFuture<'a, RawRpcSubscription> {
        let subscription = self.subscribe_params::<Box<RawValue>>(sub, Params(params), unsub);
        subscription
            .map(|subscription| {
                let stream = subscription.map_err(rpc_error)?.map_err(rpc_error).boxed();
                Ok(RawRpcSubscription { stream, id: None })
            })
            .boxed()
    }
}

fn rpc_error(error: ChainError) -> Error {
    match error {
        ChainError::Refused { code, message, .. } => {
            Error::User(UserError { code, message, data: None })
        }
        ChainError::Disconnected { .. } => Error::DisconnectedWillReconnect(error.to_string()),
        error => Error::Client(Box::new(error)),
    }
}
