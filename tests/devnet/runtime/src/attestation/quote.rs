//! The body of an SGX quote: a quote header of 48 bytes and an enclave report of 384 bytes.

use super::RuntimeInfoHash;
use crate::types::Measurement;

pub(super) const BODY_LENGTH: usize = 432;

const MR_ENCLAVE: usize = 112;
const MR_SIGNER: usize = 176;
const ISV_PROD_ID: usize = 304;
const ISV_SVN: usize = 306;
const REPORT_DATA: usize = 368;

/// The identity of an enclave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Enclave {
    /// Hash of the enclave's code.
    pub mr_enclave: [u8; 32],
    /// Hash of the key that signed the enclave.
    pub mr_signer: [u8; 32],
    /// The signer's product number.
    pub isv_prod_id: u16,
    /// The signer's security version.
    pub isv_svn: u16,
}

impl Enclave {
    /// The enclave that doubles pretend to be, and that the embedded parachain allows.
    pub const DEVELOPMENT: Self =
        Self { mr_enclave: [0xd0; 32], mr_signer: [0xd1; 32], isv_prod_id: 1, isv_svn: 1 };

    /// The identity as an allow list holds it.
    pub fn measurement(&self) -> Measurement {
        let mut measurement = Vec::with_capacity(68);
        measurement.extend_from_slice(&self.mr_enclave);
        measurement.extend_from_slice(&self.isv_prod_id.to_le_bytes());
        measurement.extend_from_slice(&self.isv_svn.to_le_bytes());
        measurement.extend_from_slice(&self.mr_signer);
        measurement
    }
}

/// The body of a quote of `enclave` for a runtime info. `version` is the quote's.
pub(super) fn body(version: u16, enclave: &Enclave, hash: &RuntimeInfoHash) -> Vec<u8> {
    let mut body = vec![0; BODY_LENGTH];
    let mut put = |offset: usize, bytes: &[u8]| {
        body[offset..offset + bytes.len()].copy_from_slice(bytes);
    };
    put(0, &version.to_le_bytes());
    put(MR_ENCLAVE, &enclave.mr_enclave);
    put(MR_SIGNER, &enclave.mr_signer);
    put(ISV_PROD_ID, &enclave.isv_prod_id.to_le_bytes());
    put(ISV_SVN, &enclave.isv_svn.to_le_bytes());
    put(REPORT_DATA, hash);
    body
}

/// What a quote body says; none if it has not the length of one.
pub(super) fn parse(body: &[u8]) -> Option<(Enclave, RuntimeInfoHash)> {
    if body.len() != BODY_LENGTH {
        return None;
    }
    let enclave = Enclave {
        mr_enclave: array(body, MR_ENCLAVE)?,
        mr_signer: array(body, MR_SIGNER)?,
        isv_prod_id: u16::from_le_bytes(array(body, ISV_PROD_ID)?),
        isv_svn: u16::from_le_bytes(array(body, ISV_SVN)?),
    };
    Some((enclave, array(body, REPORT_DATA)?))
}

fn array<const N: usize>(body: &[u8], offset: usize) -> Option<[u8; N]> {
    body.get(offset..offset + N)?.try_into().ok()
}
