//! Compiles pRuntime's protobuf messages without a protoc binary.

use std::env;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let proto = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", proto.join("pruntime").display());
    let files = protox::compile([proto.join("pruntime/phactory.proto")], [&proto])?;
    // pRuntime's JSON mode is the messages as serde sees them: snake_case, bytes as integers.
    prost_build::Config::new()
        .message_attribute(".", "#[derive(serde::Serialize, serde::Deserialize)]")
        .message_attribute(".", "#[serde(default)]")
        .compile_fds(files)?;
    Ok(())
}
