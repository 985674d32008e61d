//! What a data provider answers its peers.

use std::time::Duration;

use prb_walkie::proto::data_provider::{BadBlock, GetBlobByKey, Info, RawBlob};
use prb_walkie::proto::walkie_rpc_server::WalkieRpc;
use prb_walkie::proto::{self, Empty};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::DataProviderHandle;
use crate::blob::{BlobError, BlobKey, BlobSource, ParseBlobKeyError};

/// No get waits longer, whatever its caller asks for: those who wait are counted.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The methods of a data provider, for [`prb_walkie::node::Builder::service`].
#[derive(Clone, Debug)]
pub struct DataProviderRpc {
    provider: DataProviderHandle,
    stopping: CancellationToken,
}

impl DataProviderRpc {
    /// Answers from a running data provider.
    pub fn new(provider: DataProviderHandle) -> Self {
        Self { provider, stopping: CancellationToken::new() }
    }

    /// Ends all gets that wait, now and from now on: a node that stops waits for its handlers.
    pub fn stop_waiting(&self) {
        self.stopping.cancel();
    }
}

#[tonic::async_trait]
impl WalkieRpc for DataProviderRpc {
    async fn get_data_provider_info(&self, _: Request<Empty>) -> Result<Response<Info>, Status> {
        Ok(Response::new(self.provider.status().info))
    }

    async fn get_blob_by_key(
        &self,
        request: Request<GetBlobByKey>,
    ) -> Result<Response<RawBlob>, Status> {
        let GetBlobByKey { key, wait_ms } = request.into_inner();
        let parsed: BlobKey = key.parse().map_err(|error: ParseBlobKeyError| {
            Status::invalid_argument(format!("key: {error}"))
        })?;
        let wait = Duration::from_millis(wait_ms).min(LONGEST_WAIT);
        let found = tokio::select! {
            found = self.provider.get(parsed, wait) => found,
            () = self.stopping.cancelled() => Err(BlobError::Stopping),
        };
        let found = found.map_err(|error| status(&error))?;
        let empty = found.is_none();
        Ok(Response::new(RawBlob { key, empty, data: found.unwrap_or_default() }))
    }

    async fn report_bad_block(
        &self,
        request: Request<BadBlock>,
    ) -> Result<Response<proto::Empty>, Status> {
        let number = request.into_inner().number;
        self.provider.report_bad_block(number).await.map_err(|error| status(&error))?;
        Ok(Response::new(Empty {}))
    }
}

fn status(error: &BlobError) -> Status {
    match error {
        BlobError::Stopping => Status::unavailable(error.to_string()),
        _ => Status::internal(error.to_string()),
    }
}
