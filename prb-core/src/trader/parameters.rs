//! What kind of value each parameter of a call is.
//!
//! Arguments of the right length in the wrong order would decode: a pool's number and a worker's
//! key are both plain bytes. So kinds are compared too, before anything is signed.

use std::fmt;

use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive};

use super::runtime::{Runtime, RuntimeError};

/// What a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    /// u64.
    Number,
    /// u128.
    Amount,
    /// 32 bytes.
    Key,
    /// A list of bytes.
    Bytes,
    /// Something with parts, which decoding tells from all else.
    Composed,
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "u64",
            Self::Amount => "u128",
            Self::Key => "32 bytes",
            Self::Bytes => "a list of bytes",
            Self::Composed => "a composed value",
        })
    }
}

/// The parameters that the arguments of a job's call are made for.
pub(super) fn parameters_of(call: &str) -> &'static [Parameter] {
    use Parameter::{Amount, Bytes, Composed, Key, Number};
    match call {
        "sync_offchain_message" => &[Composed],
        "register_worker" | "register_worker_v2" => &[Composed, Composed],
        "update_worker_endpoint" => &[Composed, Bytes],
        "start_computing" | "restart_computing" => &[Number, Key, Amount],
        _ => &[Number, Key],
    }
}

impl Runtime {
    /// Whether a call takes parameters of exactly these kinds.
    pub(super) fn check_parameters(
        &self,
        pallet: &'static str,
        call: &'static str,
        known: &[Parameter],
    ) -> Result<(), RuntimeError> {
        let (_, _, types) = self.call(pallet, call)?;
        let found: Vec<_> = types.into_iter().map(|id| kind(self.metadata.types(), id)).collect();
        if found == known {
            return Ok(());
        }
        let list =
            |of: &[Parameter]| of.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Err(RuntimeError::ReshapedCall {
            pallet,
            call,
            spec_version: self.spec_version,
            reason: format!("it takes ({}), not ({})", list(&found), list(known)),
        })
    }
}

/// What a type is, through wrappers of one field.
fn kind(types: &PortableRegistry, mut id: u32) -> Parameter {
    /// A type cannot be a wrapper of itself; a damaged registry could say so.
    const DEEPEST: usize = 16;
    let primitive = |id| match types.resolve(id).map(|of| &of.type_def) {
        Some(TypeDef::Primitive(primitive)) => Some(primitive.clone()),
        _ => None,
    };
    for _ in 0..DEEPEST {
        match types.resolve(id).map(|of| &of.type_def) {
            Some(TypeDef::Composite(of)) if of.fields.len() == 1 => id = of.fields[0].ty.id,
            Some(TypeDef::Primitive(TypeDefPrimitive::U64)) => return Parameter::Number,
            Some(TypeDef::Primitive(TypeDefPrimitive::U128)) => return Parameter::Amount,
            Some(TypeDef::Array(of))
                if of.len == 32 && primitive(of.type_param.id) == Some(TypeDefPrimitive::U8) =>
            {
                return Parameter::Key;
            }
            Some(TypeDef::Sequence(of))
                if primitive(of.type_param.id) == Some(TypeDefPrimitive::U8) =>
            {
                return Parameter::Bytes;
            }
            _ => break,
        }
    }
    Parameter::Composed
}
