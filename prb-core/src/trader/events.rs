//! The events of one extrinsic in a block, as far as they tell how its calls ended.

use parity_scale_codec::{Compact, Decode};
use subxt::ext::scale_value::{Composite, ValueDef, scale};
use subxt::utils::H256;

use super::runtime::Runtime;
use crate::queue::CallOutcome;

/// What an extrinsic's event says about its calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultEvent {
    /// `System.ExtrinsicSuccess`.
    ExtrinsicSuccess,
    /// `System.ExtrinsicFailed`.
    ExtrinsicFailed(CallOutcome),
    /// `Proxy.ProxyExecuted`: the result of the call made for the other account.
    ProxyExecuted(CallOutcome),
    /// `Utility.ItemCompleted` or `Utility.ItemFailed`: the result of one call of a batch.
    Item(CallOutcome),
    /// `Utility.BatchCompleted` or `Utility.BatchCompletedWithErrors`.
    BatchCompleted,
}

/// The block's events cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the events of the block do not decode with the metadata of runtime {spec_version}: {reason}"
)]
pub struct EventsError {
    /// Of the runtime whose metadata was used.
    pub spec_version: u32,
    /// What does not decode.
    pub reason: String,
}

/// The results among the events of the `index`-th extrinsic, in order. `events` is the value of
/// `System.Events`, `runtime` the one that executed the block.
pub fn result_events(
    events: &[u8],
    index: u32,
    runtime: &Runtime,
) -> Result<Vec<ResultEvent>, EventsError> {
    read(events, index, runtime)
        .map_err(|reason| EventsError { spec_version: runtime.spec_version, reason })
}

fn read(events: &[u8], index: u32, runtime: &Runtime) -> Result<Vec<ResultEvent>, String> {
    let rest = &mut &*events;
    let count = Compact::<u32>::decode(rest).map_err(|error| error.to_string())?.0;
    let mut results = Vec::new();
    for _ in 0..count {
        // EventRecord: phase · event · topics
        let ours =
            Phase::decode(rest).map_err(|error| error.to_string())? == Phase::ApplyExtrinsic(index);
        let event = read_event(rest, runtime)?;
        Vec::<H256>::decode(rest).map_err(|error| error.to_string())?;
        if ours {
            results.extend(event.result(runtime)?);
        }
    }
    Ok(results)
}

#[derive(PartialEq, Decode)]
enum Phase {
    ApplyExtrinsic(u32),
    Finalization,
    Initialization,
}

/// An event with the bytes of each of its fields.
struct Event<'a> {
    pallet: &'a str,
    name: &'a str,
    fields: Vec<(Option<&'a str>, &'a [u8])>,
}

fn read_event<'a>(rest: &mut &'a [u8], runtime: &'a Runtime) -> Result<Event<'a>, String> {
    let [pallet, variant] = <[u8; 2]>::decode(rest).map_err(|error| error.to_string())?;
    let unknown = || format!("no event {variant} in pallet {pallet}");
    let pallet = runtime.metadata.pallet_by_event_index(pallet).ok_or_else(unknown)?;
    let variant = pallet.event_variant_by_index(variant).ok_or_else(unknown)?;
    let mut fields = Vec::with_capacity(variant.fields.len());
    for field in &variant.fields {
        let before = *rest;
        runtime.skip(field.ty.id, rest)?;
        let bytes = &before[..before.len() - rest.len()];
        fields.push((field.name.as_deref(), bytes));
    }
    Ok(Event { pallet: pallet.name(), name: &variant.name, fields })
}

impl Event<'_> {
    fn result(&self, runtime: &Runtime) -> Result<Option<ResultEvent>, String> {
        Ok(Some(match (self.pallet, self.name) {
            ("System", "ExtrinsicSuccess") => ResultEvent::ExtrinsicSuccess,
            ("System", "ExtrinsicFailed") => ResultEvent::ExtrinsicFailed(dispatch_error(
                self.field("dispatch_error")?,
                runtime,
            )?),
            ("Proxy", "ProxyExecuted") => {
                ResultEvent::ProxyExecuted(dispatch_result(self.field("result")?, runtime)?)
            }
            ("Utility", "ItemCompleted") => ResultEvent::Item(CallOutcome::Ok),
            ("Utility", "ItemFailed") => {
                ResultEvent::Item(dispatch_error(self.field("error")?, runtime)?)
            }
            ("Utility", "BatchCompleted" | "BatchCompletedWithErrors") => {
                ResultEvent::BatchCompleted
            }
            _ => return Ok(None),
        }))
    }

    fn field(&self, name: &str) -> Result<&[u8], String> {
        let found = self.fields.iter().find(|(field, _)| *field == Some(name));
        found
            .map(|(_, bytes)| *bytes)
            .ok_or_else(|| format!("{}.{} has no field {name}", self.pallet, self.name))
    }
}

/// `Result<(), DispatchError>`.
fn dispatch_result(bytes: &[u8], runtime: &Runtime) -> Result<CallOutcome, String> {
    match bytes.split_first() {
        Some((0, [])) => Ok(CallOutcome::Ok),
        Some((1, error)) => dispatch_error(error, runtime),
        _ => Err("a result is neither Ok nor Err".to_owned()),
    }
}

/// Names a `DispatchError`: the pallet's error with its documentation, or the other variants'
/// names.
pub(super) fn dispatch_error(bytes: &[u8], runtime: &Runtime) -> Result<CallOutcome, String> {
    let metadata = &runtime.metadata;
    let id = metadata.dispatch_error_ty().ok_or("the metadata has no DispatchError")?;
    let decoded = scale::decode_as_type(&mut &*bytes, id, metadata.types())
        .map_err(|error| error.to_string())?;
    let ValueDef::Variant(variant) = decoded.value else {
        return Err("DispatchError is no enum".to_owned());
    };
    if variant.name == "Module" {
        // Module { index: u8, error: [u8; 4] }, in runtimes before 2022 { index: u8, error: u8 }
        let [_, pallet, error, ..] = *bytes else {
            return Err("a module error ends too early".to_owned());
        };
        return Ok(module_error(pallet, error, runtime));
    }
    // Token(FundsUnavailable) and the like carry one more name.
    let inner = match &variant.values {
        Composite::Unnamed(values) => values.first(),
        Composite::Named(values) => values.first().map(|(_, value)| value),
    };
    let error = match inner.map(|inner| &inner.value) {
        Some(ValueDef::Variant(inner)) => format!("{}.{}", variant.name, inner.name),
        _ => variant.name,
    };
    Ok(CallOutcome::Error { error, docs: String::new() })
}

fn module_error(pallet: u8, error: u8, runtime: &Runtime) -> CallOutcome {
    let found = runtime.metadata.pallet_by_error_index(pallet);
    let Some(of) = found else {
        let error = format!("error {error} of the unknown pallet {pallet}");
        return CallOutcome::Error { error, docs: String::new() };
    };
    match of.error_variant_by_index(error) {
        Some(variant) => CallOutcome::Error {
            error: format!("{}.{}", of.name(), variant.name),
            docs: variant.docs.join(" ").trim().to_owned(),
        },
        None => CallOutcome::Error {
            error: format!("unknown error {error} of {}", of.name()),
            docs: String::new(),
        },
    }
}

#[cfg(test)]
mod tests;
