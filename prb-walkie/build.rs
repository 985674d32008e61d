//! Compiles `proto/prb` without a protoc binary: messages always, the service and its
//! descriptors with feature `net`.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};

use prost::Message;
use prost_types::field_descriptor_proto::Label;
use prost_types::{DescriptorProto, FileDescriptorSet, OneofDescriptorProto};

fn main() -> Result<(), Box<dyn Error>> {
    let proto = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../proto");
    println!("cargo:rerun-if-changed={}", proto.join("prb").display());
    let files = protox::compile([proto.join("prb/message.proto")], [&proto])?;
    let net = env::var_os("CARGO_FEATURE_NET").is_some();
    if net {
        let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is set by cargo")?);
        std::fs::write(out.join("walkie.bin"), files.encode_to_vec())?;
        let explicit = with_explicit_presence(files.clone());
        std::fs::write(out.join("walkie-explicit.bin"), explicit.encode_to_vec())?;
    }
    tonic_prost_build::configure()
        // Blob bodies are shared by many readers: `Bytes` copies none of them.
        .bytes(".prb.WalkieRpcRequestWrapper")
        .bytes(".prb.WalkieRpcResponseWrapper")
        .bytes(".prb.data_provider")
        .bytes(".prb.db.Genesis")
        // They may hold secrets: `proto/hidden.rs` says what they show.
        .skip_debug([".prb.FullAccount", ".prb.AuthRequest", ".prb.WalkieRpcRequestWrapper"])
        .build_client(net)
        .build_server(net)
        .build_transport(net)
        .generate_default_stubs(true)
        .compile_fds(files)?;
    Ok(())
}

/// The same files with every singular scalar marked `optional`, which changes no byte on the wire.
///
/// JavaScript peers write a field they were given even if it is zero (`"deleted": false`), and
/// show what was on the wire; read through plain proto3 descriptors both would be lost.
fn with_explicit_presence(mut files: FileDescriptorSet) -> FileDescriptorSet {
    for file in &mut files.file {
        file.message_type.iter_mut().for_each(mark);
    }
    files
}

fn mark(message: &mut DescriptorProto) {
    message.nested_type.iter_mut().for_each(mark);
    if message.options.as_ref().is_some_and(prost_types::MessageOptions::map_entry) {
        return;
    }
    for field in &mut message.field {
        let singular = field.label() == Label::Optional;
        let scalar = field.r#type() != prost_types::field_descriptor_proto::Type::Message;
        if singular && scalar && field.oneof_index.is_none() {
            // A proto3 `optional` is a oneof with one member, after all real ones.
            field.proto3_optional = Some(true);
            field.oneof_index = i32::try_from(message.oneof_decl.len()).ok();
            message.oneof_decl.push(OneofDescriptorProto {
                name: Some(format!("_{}", field.name())),
                ..Default::default()
            });
        }
    }
}
