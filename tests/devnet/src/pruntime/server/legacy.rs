//! The calls older than pRPC: SCALE bodies, JSON answers, always status 200.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use sp_core::Pair;

use super::body::{self, BodyError};
use super::{Service, json as json_body};
use crate::pruntime::call::{Refusal, decode_scale};
use crate::pruntime::config::Mode;
use crate::pruntime::instance::{Instance, now_ms};
use crate::pruntime::phactory::Phactory;
use crate::pruntime::scale::{
    BlockHeaderWithChanges, SyncCombinedHeadersReq, SyncHeaderReq, SyncParachainHeaderReq,
};

const BODY_LIMIT: usize = 100 * 1024 * 1024;

/// What 2.x signs in front of an answer: a wrapped RPC response.
const RPC_RESPONSE: [u8; 2] = [0xff, 0x01];

/// Answers `/get_info`.
pub(super) async fn get_info(service: &Service, instance: &Arc<Instance>) -> Response {
    let info = instance.read(Phactory::info).await;
    respond(service, instance, Ok(json!(info))).await
}

/// Answers `/bin_api/{name}`.
pub(super) async fn answer(
    service: &Service,
    instance: &Arc<Instance>,
    name: &str,
    request: Request,
) -> Response {
    let known = ["sync_header", "sync_para_header", "sync_combined_headers", "dispatch_block"];
    if !known.contains(&name) {
        return super::not_found();
    }
    let bytes = match body::read(request.into_body(), BODY_LIMIT).await {
        Ok(bytes) => bytes,
        Err(BodyError::TooLarge(_)) => return plain_error("Entity too large"),
        Err(BodyError::Broken) => return plain_error("Read body failed"),
    };
    let name = name.to_owned();
    let result = instance.change(move |phactory| call(phactory, &name, &bytes)).await;
    respond(service, instance, result).await
}

fn call(phactory: &mut Phactory, name: &str, body: &[u8]) -> Result<serde_json::Value, Refusal> {
    Ok(match name {
        "sync_header" => {
            let request: SyncHeaderReq = decode_scale(body)?;
            json!({ "synced_to": phactory.sync_header(request.headers)? })
        }
        "sync_para_header" => {
            let request: SyncParachainHeaderReq = decode_scale(body)?;
            json!({ "synced_to": phactory.sync_para_header(request.headers, request.proof)? })
        }
        "sync_combined_headers" => {
            let SyncCombinedHeadersReq { relaychain_headers, parachain_headers, proof, .. } =
                decode_scale(body)?;
            let (relay, para) =
                phactory.sync_combined_headers(relaychain_headers, parachain_headers, proof)?;
            json!({ "relaychain_synced_to": relay, "parachain_synced_to": para })
        }
        _ => {
            let blocks: Vec<BlockHeaderWithChanges> = decode_scale(body)?;
            json!({ "dispatched_to": phactory.dispatch_blocks(blocks, now_ms())? })
        }
    })
}

async fn respond(
    service: &Service,
    instance: &Arc<Instance>,
    result: Result<serde_json::Value, Refusal>,
) -> Response {
    let (status, payload) = match result {
        Ok(payload) => ("ok", payload),
        Err(Refusal::Abort(reason)) => return service.exit.abort(reason).await,
        Err(Refusal::Decode(_)) => ("error", json!({ "message": "Decode input parameter failed" })),
        Err(refusal) => ("error", json!({ "message": refusal.to_string() })),
    };
    let payload = payload.to_string();
    let signed = match service.mode {
        Mode::V2 => [&RPC_RESPONSE, payload.as_bytes()].concat(),
        Mode::V0_2 => payload.clone().into_bytes(),
    };
    let signature = instance
        .read(|phactory| phactory.identity().map(|identity| identity.pair().sign(&signed)))
        .await;
    let signature = signature.map(|signature| hex::encode(signature.0));
    let body = json!({ "status": status, "payload": payload, "signature": signature });
    json_body(StatusCode::OK, body.to_string().into_bytes())
}

/// An error of the server itself, whose payload is no JSON.
fn plain_error(text: &str) -> Response {
    let body = json!({ "status": "error", "payload": text, "signature": null });
    json_body(StatusCode::OK, body.to_string().into_bytes())
}
