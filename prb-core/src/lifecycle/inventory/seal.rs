//! Operators' secrets, sealed to the identity that lifecycle manager and trader share.

use prb_walkie::identity::Identity;
use zeroize::Zeroizing;

use crate::trader::operator::{OperatorOpener, OperatorSealer};

/// What the secrets are sealed for. Which pool they belong to is inside.
const CONTEXT: &str = "pool operator";

impl OperatorSealer for Identity {
    fn seal(&self, content: &[u8]) -> Result<Vec<u8>, String> {
        Ok(Self::seal(self, CONTEXT, content))
    }
}

impl OperatorOpener for Identity {
    fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        Self::open(self, CONTEXT, sealed).map_err(|error| error.to_string())
    }
}
