//! Has a worker sign where others reach it.

use parity_scale_codec::{Decode, Encode};

use super::cause::{Failure, fail};
use super::hands::Hands;
use crate::lifecycle::machine::Cause;
use crate::pruntime::proto;
use crate::queue::Action;
use crate::scale::registration::{WorkerEndpointPayload, WorkerEndpoints};

/// Of sr25519.
const SIGNATURE: usize = 64;

impl Hands {
    pub(super) async fn publication(&self, public_key: [u8; 32]) -> Result<Action, Failure> {
        let endpoints = self.assignment().record.public_endpoints.clone();
        let request = proto::SignEndpointsRequest { encoded_endpoints: endpoints.encode().into() };
        publication(self.pruntime.sign_endpoints(&request).await?, public_key, endpoints)
    }
}

fn publication(
    answer: proto::GetEndpointResponse,
    public_key: [u8; 32],
    endpoints: Vec<String>,
) -> Result<Action, Failure> {
    let signed = answer.encoded_endpoint_payload.zip(answer.signature);
    let Some((payload, signature)) = signed.filter(|(_, it)| it.len() == SIGNATURE) else {
        return fail(Cause::Refused, "the worker did not sign its endpoints");
    };
    let endpoints = WorkerEndpoints::V1(endpoints);
    match WorkerEndpointPayload::decode(&mut &payload[..]) {
        Ok(said) if said.pubkey == public_key && said.endpoints == endpoints => {
            let (payload, signature) = (payload.to_vec(), signature.to_vec());
            Ok(Action::UpdateEndpoint { payload, signature })
        }
        _ => fail(Cause::Refused, "the worker signed other endpoints than its own"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_is_published() {
        let given = |pubkey, endpoint: &str, signature: usize| {
            let endpoints = WorkerEndpoints::V1(vec![endpoint.to_owned()]);
            let payload = WorkerEndpointPayload { pubkey, endpoints, signing_time: 7 }.encode();
            let answer = proto::GetEndpointResponse {
                encoded_endpoint_payload: Some(payload.clone().into()),
                signature: Some(vec![9; signature].into()),
            };
            (payload, publication(answer, [1; 32], vec!["https://a".to_owned()]))
        };
        let (payload, good) = given([1; 32], "https://a", 64);
        let action = Action::UpdateEndpoint { payload, signature: vec![9; 64] };
        assert!(good.is_ok_and(|good| good == action));
        for (key, endpoint, signature) in
            [([2; 32], "https://a", 64), ([1; 32], "https://b", 64), ([1; 32], "https://a", 63)]
        {
            let (_, wrong) = given(key, endpoint, signature);
            assert!(wrong.is_err_and(|wrong| wrong.cause == Cause::Refused));
        }
        let nothing = publication(proto::GetEndpointResponse::default(), [1; 32], vec![]);
        assert!(nothing.is_err());
    }
}
