//! What is asked of a blob server, as text.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;

use super::{Blob, BlobError, BlobKey, BlobSource, ParseBlobKeyError};

/// A request, as it stands in a frame and in GetBlobByKey.
///
/// A key asks for a blob. `{key}?wait={milliseconds}` also waits for one that does not exist yet;
/// who does not know this answers that there is nothing under such a key. `info` asks for
/// `data_provider.Info`. `bad-block:{n}` says that a worker got another state root from parachain
/// block n, and is answered with nothing in it.
///
/// ```
/// use std::time::Duration;
/// use prb_core::blob::{BlobKey, BlobRequest};
///
/// let request = BlobRequest::Get { key: BlobKey::Relay(42), wait: Duration::from_secs(30) };
/// assert_eq!(request.to_string(), "relay:42?wait=30000");
/// assert_eq!("relay:42?wait=30000".parse(), Ok(request));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlobRequest {
    /// A blob.
    Get {
        /// Which.
        key: BlobKey,
        /// How long to wait for it, in whole milliseconds.
        wait: Duration,
    },
    /// The provider's heights and chunk sizes.
    Info,
    /// A worker got another state root from this parachain block.
    BadBlock(u32),
}

impl BlobRequest {
    /// How long the answer may be waited for on purpose.
    pub fn wait(&self) -> Duration {
        if let Self::Get { wait, .. } = self { *wait } else { Duration::ZERO }
    }

    /// What `source` answers; `None` if there is nothing.
    pub async fn answer(self, source: &dyn BlobSource) -> Result<Option<Blob>, BlobError> {
        match self {
            Self::Get { key, wait } => source.get_blob(key, wait).await,
            Self::Info => Ok(Some(Bytes::from(source.info().await?.encode_to_vec()).into())),
            Self::BadBlock(number) => {
                source.report_bad_block(number).await?;
                Ok(Some(Bytes::new().into()))
            }
        }
    }
}

const INFO: &str = "info";
const BAD_BLOCK: &str = "bad-block:";

impl fmt::Display for BlobRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get { key, wait } if wait.is_zero() => write!(f, "{key}"),
            Self::Get { key, wait } => write!(f, "{key}?wait={}", wait.as_millis()),
            Self::Info => f.write_str(INFO),
            Self::BadBlock(number) => write!(f, "{BAD_BLOCK}{number}"),
        }
    }
}

impl FromStr for BlobRequest {
    type Err = ParseBlobKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseBlobKeyError(text.to_owned());
        let text = text.trim();
        if text == INFO {
            return Ok(Self::Info);
        }
        if let Some(number) = text.strip_prefix(BAD_BLOCK) {
            return number.parse().map(Self::BadBlock).map_err(|_| wrong());
        }
        let Some((key, wait)) = text.split_once('?') else {
            return Ok(Self::Get { key: text.parse()?, wait: Duration::ZERO });
        };
        let wait = wait.strip_prefix("wait=").and_then(|wait| wait.parse::<u32>().ok());
        let wait = Duration::from_millis(wait.ok_or_else(wrong)?.into());
        Ok(Self::Get { key: key.parse().map_err(|_| wrong())?, wait })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn requests() -> impl Strategy<Value = BlobRequest> {
        let key = prop_oneof![
            any::<u32>().prop_map(BlobKey::Genesis),
            any::<u32>().prop_map(BlobKey::Relay),
            any::<u32>().prop_map(BlobKey::Headers),
            any::<u32>().prop_map(BlobKey::Blocks),
            Just(BlobKey::States),
            any::<(u32, u32)>().prop_map(|(number, part)| BlobKey::StatePart { number, part }),
        ];
        let get = (key, any::<u32>()).prop_map(|(key, wait)| BlobRequest::Get {
            key,
            wait: Duration::from_millis(wait.into()),
        });
        prop_oneof![get, Just(BlobRequest::Info), any::<u32>().prop_map(BlobRequest::BadBlock)]
    }

    proptest! {
        #[test]
        fn a_request_is_its_text(request in requests()) {
            prop_assert_eq!(request.to_string().parse(), Ok(request));
        }

        #[test]
        fn any_text_is_a_request_or_refused(text in "\\PC{0,40}|[a-z]{4,7}[:?=0-9a-z-]{0,20}") {
            if let Ok(request) = text.parse::<BlobRequest>() {
                prop_assert_eq!(request.to_string().parse(), Ok(request));
            }
        }
    }

    #[test]
    fn spaces_around_a_key_are_no_part_of_it() {
        let relay = BlobRequest::Get { key: BlobKey::Relay(3), wait: Duration::ZERO };
        assert_eq!(" relay:3\n".parse(), Ok(relay));
        for wrong in
            ["", "relay:3?", "relay:3?wait=", "relay:3?wait=-1", "bad-block:", "info?wait=1"]
        {
            assert!(wrong.parse::<BlobRequest>().is_err(), "{wrong}");
        }
    }
}
