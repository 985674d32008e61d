//! What became of each call of a finalized extrinsic.

use super::events::ResultEvent;
use crate::queue::CallOutcome;

/// How the calls stand in their extrinsic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Made in another account's name.
    pub proxied: bool,
    /// How many calls; several are a batch.
    pub calls: usize,
}

/// The events do not say what became of the calls.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutcomeError {
    /// Neither success nor failure of the extrinsic.
    #[error("the block has no result of the extrinsic")]
    NoResult,
    /// No result of the call made for another account.
    #[error("the extrinsic has no result of its proxied call")]
    NoProxyResult,
    /// The batch did not come to its end.
    #[error("the extrinsic's batch was not completed")]
    BatchIncomplete,
    /// Results cannot be told apart.
    #[error("the extrinsic's batch has {found} results for {calls} calls")]
    OtherCount {
        /// Calls in the batch.
        calls: usize,
        /// Results found.
        found: usize,
    },
}

/// The result of each call, in order.
///
/// A failed extrinsic fails all its calls. A proxied call has its own result: the extrinsic
/// succeeds even if it failed. Calls of a batch have one item event each, in order, and a batch
/// with failed items succeeds as a whole, also under a proxy.
pub fn outcome(events: &[ResultEvent], shape: Shape) -> Result<Vec<CallOutcome>, OutcomeError> {
    let all = |outcome: &CallOutcome| vec![outcome.clone(); shape.calls];
    let mut succeeded = false;
    let mut proxy = None;
    let mut items = Vec::new();
    let mut completed = false;
    for event in events {
        match event {
            ResultEvent::ExtrinsicFailed(error) => return Ok(all(error)),
            ResultEvent::ExtrinsicSuccess => succeeded = true,
            ResultEvent::ProxyExecuted(result) => proxy = Some(result),
            ResultEvent::Item(result) => items.push(result.clone()),
            ResultEvent::BatchCompleted => completed = true,
        }
    }
    if !succeeded {
        return Err(OutcomeError::NoResult);
    }
    if shape.proxied {
        let result = proxy.ok_or(OutcomeError::NoProxyResult)?;
        if !result.is_ok() {
            return Ok(all(result));
        }
    }
    if shape.calls == 1 {
        return Ok(all(&CallOutcome::Ok));
    }
    if !completed {
        return Err(OutcomeError::BatchIncomplete);
    }
    if items.len() != shape.calls {
        return Err(OutcomeError::OtherCount { calls: shape.calls, found: items.len() });
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn error(name: &str) -> CallOutcome {
        CallOutcome::Error { error: name.to_owned(), docs: String::new() }
    }

    fn any_outcome() -> impl Strategy<Value = CallOutcome> {
        prop_oneof![Just(CallOutcome::Ok), "[A-Z][a-z]{1,4}".prop_map(|name| error(&name)),]
    }

    /// What a runtime emits for calls that end so, executed one by one.
    fn emitted(results: &[CallOutcome], proxied: bool) -> Vec<ResultEvent> {
        let mut events = Vec::new();
        if let [result] = results {
            match (proxied, result.is_ok()) {
                (true, _) => events.push(ResultEvent::ProxyExecuted(result.clone())),
                (false, true) => {}
                (false, false) => return vec![ResultEvent::ExtrinsicFailed(result.clone())],
            }
        } else {
            events.extend(results.iter().cloned().map(ResultEvent::Item));
            events.push(ResultEvent::BatchCompleted);
            if proxied {
                events.push(ResultEvent::ProxyExecuted(CallOutcome::Ok));
            }
        }
        events.push(ResultEvent::ExtrinsicSuccess);
        events
    }

    proptest! {
        #[test]
        fn each_call_gets_its_own_result(
            results in vec(any_outcome(), 1..20), proxied: bool,
        ) {
            let events = emitted(&results, proxied);
            let shape = Shape { proxied, calls: results.len() };
            prop_assert_eq!(outcome(&events, shape), Ok(results));
        }

        #[test]
        fn a_missing_or_doubled_event_never_gives_a_wrong_result(
            results in vec(any_outcome(), 2..20), proxied: bool, at: prop::sample::Index,
            doubled: bool,
        ) {
            let mut events = emitted(&results, proxied);
            let at = at.index(events.len());
            if doubled {
                events.insert(at, events[at].clone());
            } else {
                events.remove(at);
            }
            let shape = Shape { proxied, calls: results.len() };
            if let Ok(told) = outcome(&events, shape) {
                prop_assert_eq!(told, results);
            }
        }
    }

    #[test]
    fn a_refused_proxy_fails_every_call_though_the_extrinsic_succeeds() {
        let refused = error("System.CallFiltered");
        let events = [ResultEvent::ProxyExecuted(refused.clone()), ResultEvent::ExtrinsicSuccess];
        let told = outcome(&events, Shape { proxied: true, calls: 3 }).unwrap();
        assert_eq!(told, [refused.clone(), refused.clone(), refused]);
    }

    #[test]
    fn a_failed_extrinsic_fails_every_call() {
        let no_proxy = error("Proxy.NotProxy");
        let events = [ResultEvent::ExtrinsicFailed(no_proxy.clone())];
        let told = outcome(&events, Shape { proxied: true, calls: 2 }).unwrap();
        assert_eq!(told, [no_proxy.clone(), no_proxy]);
    }
}
