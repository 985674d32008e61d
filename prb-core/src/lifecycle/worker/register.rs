//! Gets a fresh report from a worker and makes a registration of it.

use parity_scale_codec::{Decode, Encode};
use subxt::utils::{AccountId32, H256};

use super::cause::{Failure, fail};
use super::hands::Hands;
use crate::lifecycle::machine::Cause;
use crate::pruntime::proto;
use crate::queue::Action;
use crate::scale::registration::{Attestation, WorkerRegistrationInfo, WorkerRegistrationInfoV2};

impl Hands {
    /// A registration for the pool's operator.
    ///
    /// The report is always made anew: the chain takes none that is two hours old, and a worker
    /// keeps one for an hour.
    pub(super) async fn registration(&self, public_key: [u8; 32]) -> Result<Action, Failure> {
        let operator = self.assignment().operator;
        let request = proto::GetRuntimeInfoRequest {
            force_refresh_ra: true,
            encoded_operator: Some(operator.encode().into()),
        };
        let answer = self.pruntime.runtime_info(&request).await?;
        let start = self.shared.start().await?.hash();
        match registration(answer, public_key, operator, start)? {
            Action::RegisterWorkerV2 { runtime_info, attestation } => {
                let attestation = self.shared.collaterals.complete(&attestation).await?;
                Ok(Action::RegisterWorkerV2 { runtime_info, attestation })
            }
            older => Ok(older),
        }
    }
}

/// Workers of 0.2.x give their report in fields of the answer, later ones as SCALE.
fn registration(
    answer: proto::InitRuntimeResponse,
    public_key: [u8; 32],
    operator: AccountId32,
    start: H256,
) -> Result<Action, Failure> {
    let Some(attestation) = answer.attestation else {
        let text = "the worker has no report of its attestation yet";
        return fail(Cause::NoReport, text);
    };
    let runtime_info = answer.encoded_runtime_info.to_vec();
    let bytes = &mut &runtime_info[..];
    let said = if attestation.payload.is_some() {
        WorkerRegistrationInfo::decode(bytes)
            .map(|info| (info.pubkey, info.operator, info.genesis_block_hash))
    } else {
        WorkerRegistrationInfoV2::decode(bytes)
            .map(|info| (info.pubkey, info.operator, info.genesis_block_hash))
    };
    match said {
        Err(_) => return fail(Cause::Refused, "the worker's registration does not decode"),
        Ok(said) if said != (public_key, Some(operator), start) => {
            // A dispatch in the background may swallow a change of the operator.
            let text = "the worker's registration is not for its key, operator and start block";
            return fail(Cause::NoReport, text);
        }
        Ok(_) => {}
    }
    Ok(match attestation.payload {
        Some(report) => Action::RegisterWorker {
            runtime_info,
            attestation: Attestation::SgxIas {
                ra_report: report.report.into_bytes(),
                signature: report.signature.to_vec(),
                raw_signing_cert: report.signing_cert.to_vec(),
            }
            .encode(),
        },
        None => Action::RegisterWorkerV2 {
            runtime_info,
            attestation: attestation.encoded_report.to_vec(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATOR: AccountId32 = AccountId32([3; 32]);

    fn answer(attestation: Option<proto::Attestation>) -> proto::InitRuntimeResponse {
        let first = WorkerRegistrationInfo {
            version: 0,
            machine_id: vec![],
            pubkey: [1; 32],
            ecdh_pubkey: [2; 32],
            genesis_block_hash: H256::repeat_byte(9),
            features: vec![],
            operator: Some(OPERATOR),
        };
        let mut info = first.encode();
        if attestation.as_ref().is_none_or(|it| it.payload.is_none()) {
            info.extend([0; 8]);
        }
        proto::InitRuntimeResponse {
            encoded_runtime_info: info.into(),
            attestation,
            ..proto::InitRuntimeResponse::default()
        }
    }

    fn register(answer: proto::InitRuntimeResponse) -> Result<Action, Failure> {
        registration(answer, [1; 32], OPERATOR, H256::repeat_byte(9))
    }

    fn newer() -> proto::Attestation {
        proto::Attestation { encoded_report: vec![0].into(), ..proto::Attestation::default() }
    }

    #[test]
    fn each_generation_registers_in_its_own_form() {
        let Ok(Action::RegisterWorkerV2 { attestation, .. }) = register(answer(Some(newer())))
        else {
            panic!("the newer form")
        };
        assert_eq!(attestation, [0]);
        let report = proto::AttestationReport {
            report: "{}".to_owned(),
            signature: vec![5].into(),
            signing_cert: vec![6].into(),
        };
        let older = proto::Attestation { payload: Some(report), ..proto::Attestation::default() };
        let Ok(Action::RegisterWorker { attestation, .. }) = register(answer(Some(older))) else {
            panic!("the older form")
        };
        assert_eq!(hex::encode(attestation), "00087b7d04050406");
    }

    #[test]
    fn a_report_that_is_missing_or_of_another_worker_is_not_sent() {
        let missing = register(answer(None)).unwrap_err();
        assert_eq!(missing.cause, Cause::NoReport);
        for (key, operator, start) in [
            ([7; 32], OPERATOR, H256::repeat_byte(9)),
            ([1; 32], AccountId32([7; 32]), H256::repeat_byte(9)),
            ([1; 32], OPERATOR, H256::repeat_byte(7)),
        ] {
            let other = registration(answer(Some(newer())), key, operator, start).unwrap_err();
            assert_eq!(other.cause, Cause::NoReport);
        }
    }
}
