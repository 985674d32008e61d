//! Files with credentials, as Amazon's tools have them.

use prb_core::data_provider::BucketCredentials;

const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";

/// The credentials of the default profile; or which line is not there.
pub(super) fn read(text: &str) -> Result<BucketCredentials, &'static str> {
    // What stands before all profiles counts as the default one.
    let (mut in_default, mut id, mut secret) = (true, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(profile) = line.strip_prefix('[') {
            in_default = profile.trim_end_matches(']').trim() == "default";
        } else if let Some((name, value)) = line.split_once('=').filter(|_| in_default) {
            match name.trim() {
                ID => id = Some(value.trim()),
                SECRET => secret = Some(value.trim()),
                _ => {}
            }
        }
    }
    let access_key_id = id.ok_or(ID)?.to_owned();
    let secret_access_key = secret.ok_or(SECRET)?.into();
    Ok(BucketCredentials { access_key_id, secret_access_key })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_default_profile_is_read() {
        let text = "# ours\n[other]\naws_access_key_id=no\naws_secret_access_key=no\n\
                    [default]\r\n aws_access_key_id = yes\r\nregion = x\r\n\
                    aws_secret_access_key = a=b\r\n[third]\naws_access_key_id=no\n";
        let read = read(text).unwrap();
        assert_eq!(read.access_key_id, "yes");
        assert_eq!(read.secret_access_key.expose_secret(), "a=b");
    }

    #[test]
    fn what_is_not_there_is_named() {
        assert_eq!(read("").unwrap_err(), ID);
        assert_eq!(read("[other]\naws_access_key_id = 1\n").unwrap_err(), ID);
        assert_eq!(read("aws_access_key_id = 1\n").unwrap_err(), SECRET);
    }
}
