//! What an operator can do about what fails.

use crate::lifecycle::machine::Cause;

/// What to do about a worker's failure.
pub(super) fn of(cause: Cause, name: &str) -> String {
    let text = match cause {
        Cause::Unreachable => {
            return format!(
                "see that its pRuntime runs, and that its endpoint is right: prb worker edit \
                 {name:?} --endpoint URL"
            );
        }
        Cause::SameKey => {
            return format!("remove one of the two: prb worker remove {name:?}");
        }
        Cause::Busy | Cause::CountersMoved => "wait: it is tried again by itself",
        Cause::Deadline => "see why the machine is slow: its load, and the enclave's memory",
        Cause::Refused => "see what the pRuntime's log says",
        Cause::BadBlock => {
            "wait: the data provider fetches the block anew; if that does not help, prb db check"
        }
        Cause::NoData => {
            "see that a data provider runs and how far it is: prb peer info data-provider"
        }
        Cause::NoHistory => {
            "run a data provider that is not in light mode; or, unless it is to become a \
             gatekeeper, empty the pRuntime's data folder and start it again, so that it begins \
             with a later state"
        }
        Cause::WrongChain | Cause::Stuck => {
            "stop the pRuntime, empty its data folder, and start it again"
        }
        Cause::NoLease => {
            "keep it in one manager's inventory only, and see that the queue's Redis answers"
        }
        Cause::BadGenesis => "use a data provider of this chain",
        Cause::NoReport => "see that the machine reaches the service that attests it",
        Cause::NoAttestation => "update the machine's platform, or use another one",
        Cause::Queue => "see that the queue's Redis answers, or that its disk is not full",
        Cause::ChainView => "see that a node of the parachain answers",
    };
    text.to_owned()
}
