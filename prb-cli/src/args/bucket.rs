//! Where sealed chunks lie, and who writes them.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use prb_core::data_provider::{Bucket, BucketCredentials};

use self::credentials::read;
use crate::Failure;

mod credentials;

/// Where sealed chunks lie, and who writes them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Store")]
pub struct BucketArgs {
    /// Bucket of an S3-speaking server for all that is sealed, instead of the folder, as
    /// s3://BUCKET/PREFIX?region=NAME; with &endpoint=URL for a server that is not Amazon's. Or a
    /// folder that is shared with others, as file:///FOLDER.
    /// Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from a file.
    #[arg(long, value_name = "URL", env = "PRB_BUCKET", hide_env_values = true)]
    pub bucket: Option<BucketUrl>,

    /// File with aws_access_key_id and aws_secret_access_key, as Amazon's tools have it; only its
    /// default profile is read.
    #[arg(long, value_name = "FILE", env = "PRB_BUCKET_CREDENTIALS", requires = "bucket")]
    pub bucket_credentials: Option<PathBuf>,

    /// Only serve what another data provider puts into the bucket: nothing is written there, and
    /// relay chain nodes are not needed.
    #[arg(long, env = "PRB_READ_ONLY", action = ArgAction::SetTrue, requires = "bucket")]
    #[arg(value_parser = BoolishValueParser::new())]
    pub read_only: bool,
}

/// Where a bucket is; somebody may have written a secret into it, so it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct BucketUrl(String);

impl FromStr for BucketUrl {
    type Err = Infallible;

    /// Takes all: what is wrong with it is said by who uses it, who does not repeat it.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for BucketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BucketUrl(..)")
    }
}

impl BucketArgs {
    /// The bucket, if there is one.
    pub(crate) fn bucket(&self) -> Result<Option<Bucket>, Failure> {
        let Some(BucketUrl(url)) = &self.bucket else { return Ok(None) };
        let bucket: Bucket =
            url.parse().map_err(|error| Failure::Usage(format!("--bucket: {error}")))?;
        let credentials = self.bucket_credentials.as_deref().map(load).transpose()?;
        Ok(Some(match credentials {
            Some(credentials) => bucket.with_credentials(credentials),
            None => bucket,
        }))
    }
}

fn load(file: &Path) -> Result<BucketCredentials, Failure> {
    let wrong = |reason: String| {
        Failure::Usage(format!("--bucket-credentials: {}: {reason}", file.display()))
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    read(&text).map_err(|lacks| wrong(format!("its default profile has no {lacks}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(url: &str, credentials: Option<&Path>) -> BucketArgs {
        BucketArgs {
            bucket: Some(url.parse().unwrap()),
            bucket_credentials: credentials.map(Path::to_owned),
            read_only: false,
        }
    }

    #[test]
    fn a_secret_in_the_url_is_refused_and_never_shown() {
        let args = args("s3://key:hush@chain-data", None);
        let Err(Failure::Usage(refused)) = args.bucket() else { panic!("it was taken") };
        assert!(refused.contains("--bucket") && refused.contains("environment"), "{refused}");
        assert!(!format!("{args:?} {refused}").contains("hush"));
        assert!(BucketArgs::default().bucket().unwrap().is_none());
    }

    #[test]
    fn credentials_come_from_a_file_and_are_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        let args = args("s3://chain-data/khala", Some(&file));
        assert!(matches!(args.bucket(), Err(Failure::Usage(_))), "there is no such file");
        std::fs::write(&file, "[default]\naws_access_key_id = id\n").unwrap();
        let Err(Failure::Usage(refused)) = args.bucket() else { panic!("it was taken") };
        assert!(refused.contains("no aws_secret_access_key"), "{refused}");
        let whole = "[default]\naws_access_key_id = id\naws_secret_access_key = hush\n";
        std::fs::write(&file, whole).unwrap();
        let bucket = args.bucket().unwrap().unwrap();
        assert!(!format!("{bucket:?}").contains("hush"));
    }
}
