//! Where chunks lie: a local folder, or a bucket of an S3-speaking server.

use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::StoreError;

/// Longest wait for a connection to the server.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(30);
/// A request is repeated within this time; who asked decides what comes after.
const RETRY: Duration = Duration::from_secs(10);
const RETRIES: usize = 2;

/// A bucket for sealed chunks, or a folder that several machines share.
///
/// ```
/// use prb_core::store::Bucket;
///
/// let bucket: Bucket = "s3://chain-data/khala?region=eu-central-1".parse()?;
/// assert_eq!(bucket.to_string(), "s3://chain-data/khala?region=eu-central-1");
/// assert!("s3://key:secret@chain-data".parse::<Bucket>().is_err());
/// assert!("file:///srv/chain-data".parse::<Bucket>().is_ok());
/// # Ok::<_, prb_core::store::StoreError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Bucket {
    url: Url,
    credentials: Option<BucketCredentials>,
}

/// What signs the requests to a bucket.
#[derive(Clone, Debug)]
pub struct BucketCredentials {
    /// The key's id.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: SecretString,
}

impl std::str::FromStr for Bucket {
    type Err = StoreError;

    /// Reads `file:///FOLDER`, or `s3://BUCKET/PREFIX`, with `?endpoint=URL` for another server than Amazon's,
    /// `region=NAME`, and `anonymous=true` for requests without signature. Everything left out,
    /// and the credentials, come from the environment as Amazon's own tools have it
    /// (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_ENDPOINT_URL`, `AWS_REGION`).
    fn from_str(text: &str) -> Result<Self, StoreError> {
        // Nothing of what was given is repeated: it may hold a secret in a wrong place.
        let invalid = |reason: &str| StoreError::Bucket { reason: reason.to_owned() };
        let url = Url::parse(text).map_err(|error| invalid(&format!("it is no URL: {error}")))?;
        if url.scheme() == "file" {
            if url.to_file_path().is_err() || url.query().is_some() {
                return Err(invalid("it is not of the form file:///FOLDER"));
            }
            return Ok(Self { url, credentials: None });
        }
        if url.scheme() != "s3" || url.host_str().is_none_or(str::is_empty) {
            return Err(invalid("it is not of the form s3://BUCKET/PREFIX or file:///FOLDER"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("credentials belong in the environment, not in the URL"));
        }
        for (name, value) in url.query_pairs() {
            match &*name {
                "endpoint" if value.starts_with("http://") || value.starts_with("https://") => {}
                "endpoint" => return Err(invalid("its endpoint is no http or https URL")),
                "region" => {}
                "anonymous" if matches!(&*value, "true" | "false") => {}
                _ => return Err(invalid("it knows endpoint, region and anonymous=true only")),
            }
        }
        Ok(Self { url, credentials: None })
    }
}

impl std::fmt::Display for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.url.fmt(f)
    }
}

impl Bucket {
    /// Signs requests with these credentials instead of those in the environment.
    #[must_use]
    pub fn with_credentials(mut self, credentials: BucketCredentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// The folder, if it is none of a server.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        (self.url.scheme() == "file").then(|| self.url.to_file_path().ok()).flatten()
    }

    /// A client of the bucket; nothing is asked yet.
    pub(super) fn connect(&self) -> Result<Arc<dyn ObjectStore>, StoreError> {
        crate::tls::choose_cryptography();
        let options = ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(ANSWER);
        let retry =
            RetryConfig { max_retries: RETRIES, retry_timeout: RETRY, ..Default::default() };
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(self.url.host_str().unwrap_or_default())
            .with_client_options(options)
            .with_retry(retry);
        if let Some(BucketCredentials { access_key_id, secret_access_key }) = &self.credentials {
            builder = builder
                .with_access_key_id(access_key_id)
                .with_secret_access_key(secret_access_key.expose_secret());
        }
        for (name, value) in self.url.query_pairs() {
            builder = match &*name {
                "endpoint" => builder
                    .with_allow_http(value.starts_with("http://"))
                    .with_endpoint(value.into_owned()),
                "region" => builder.with_region(value.into_owned()),
                "anonymous" => builder.with_skip_signature(value == "true"),
                _ => builder,
            };
        }
        let store = builder.build();
        let store = store.map_err(|error| StoreError::Bucket { reason: error.to_string() })?;
        let prefix = self.url.path().trim_matches('/');
        Ok(if prefix.is_empty() {
            Arc::new(store)
        } else {
            Arc::new(PrefixStore::new(store, prefix))
        })
    }
}

/// Chunks in a local folder, which is made if needed, but not by who only reads.
pub(super) fn local(folder: &FsPath, read_only: bool) -> Result<Arc<dyn ObjectStore>, StoreError> {
    if read_only && !folder.is_dir() {
        return Err(StoreError::Absent { object: folder.display().to_string() });
    }
    let failed = |reason: String| StoreError::Folder { path: folder.display().to_string(), reason };
    std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
    let store = LocalFileSystem::new_with_prefix(folder)
        .map_err(|error| failed(error.to_string()))?
        .with_fsync(true);
    Ok(Arc::new(store))
}

/// Removes what a write to a local folder left behind that never got its name: `name#1`.
pub(super) fn remove_unfinished(folder: &FsPath) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::Folder {
        path: folder.display().to_string(),
        reason: error.to_string(),
    };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            remove_unfinished(&entry.path())?;
            continue;
        }
        let name = entry.file_name();
        let unfinished = name.to_string_lossy().rsplit_once('#').is_some_and(|(_, suffix)| {
            !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_digit())
        });
        if unfinished {
            std::fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_names_no_bucket_is_refused_and_never_repeated() {
        for url in [
            "chain-data",
            "http://chain-data/khala",
            "s3:///khala",
            "s3://key:hunter2@chain-data",
            "s3://chain-data?secret=hunter2",
            "s3://chain-data?endpoint=hunter2",
            "file://hunter2/khala",
            "file:///khala?secret=hunter2",
        ] {
            let error = url.parse::<Bucket>().unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let bucket: Bucket = "s3://chain-data".parse().unwrap();
        let secret_access_key = SecretString::from("hunter2");
        let credentials = BucketCredentials { access_key_id: "id".to_owned(), secret_access_key };
        let shown = format!("{:?}", bucket.with_credentials(credentials));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
