//! Compiles `proto/prb` without a protoc binary.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto");
    println!("cargo:rerun-if-changed={}", proto.join("prb").display());
    let files = protox::compile([proto.join("prb/message.proto")], [&proto])?;
    // Blob bodies are shared by many readers: `Bytes` copies none of them.
    prost_build::Config::new()
        .bytes([".prb.data_provider", ".prb.db.Genesis"])
        .compile_fds(files)?;
    Ok(())
}
