//! Compiles pRuntime's protobuf messages without a protoc binary.

use std::env;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let proto = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../proto");
    println!("cargo:rerun-if-changed={}", proto.join("pruntime").display());
    let files = protox::compile([proto.join("pruntime/phactory.proto")], [&proto])?;
    // Headers and blocks are shared by many workers: `Bytes` copies none of them.
    prost_build::Config::new().bytes(["."]).compile_fds(files)?;
    Ok(())
}
