//! What the tests of the trader share.

use std::path::Path;

use subxt::utils::H256;

use super::runtime::Runtime;

/// Metadata of the live Khala network (runtime 1251). It is no part of the project: where it is
/// not found the tests that read it say so and pass.
pub(super) fn khala_bytes() -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/khala_metadata.scale");
    let found = std::env::var_os("PRB_KHALA_METADATA").map_or(path, Into::into);
    match std::fs::read(&found) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            eprintln!(
                "NOT TESTED: {} cannot be read ({error}); set PRB_KHALA_METADATA to the SCALE \
                 metadata of Khala's runtime 1251",
                found.display()
            );
            None
        }
    }
}

pub(super) fn runtime_of(metadata: &[u8]) -> Runtime {
    Runtime::decode(metadata, H256([5; 32]), 1251, 6).unwrap()
}

pub(super) fn khala() -> Option<Runtime> {
    khala_bytes().map(|bytes| runtime_of(&bytes))
}
