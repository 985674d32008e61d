//! `prb peer info`.

use anyhow::{Context, Result};
use prb_walkie::proto::WalkieRoles;
use prb_walkie::rpc::{self, json};
use serde_json::{Value, json};

use super::client::Client;
use super::target::Target;
use crate::Failure;
use crate::args::InfoArgs;
use crate::output::answer;

pub(super) async fn run(args: &InfoArgs) -> Result<(), Failure> {
    let target = Target::read(&args.peer)?;
    let client = Client::connect(&target, &args.reach).await?;
    let info = ask(&client).await;
    client.close().await;
    let info = info?;
    Ok(answer(args.reach.json, &info, &format!("{info:#}"))?)
}

/// Who the service is, and how it is as far as it tells us.
async fn ask(client: &Client) -> Result<Value> {
    let service = call(client, "Hello").await?;
    let role = service["role"].as_str().and_then(WalkieRoles::from_str_name);
    let method = match role.unwrap_or(WalkieRoles::WrClient) {
        WalkieRoles::WrDataProviderInt | WalkieRoles::WrDataProviderExt => "GetDataProviderInfo",
        WalkieRoles::WrLifecycleManager => "GetWorkerStatus",
        WalkieRoles::WrTrader => "GetTraderStatus",
        WalkieRoles::WrClient => return Ok(json!({ "service": service })),
    };
    Ok(match call(client, method).await {
        Ok(status) => json!({ "service": service, "status": status }),
        // What a service keeps to itself is no reason not to say who it is.
        Err(error) => json!({ "service": service, "withheld": format!("{error:#}") }),
    })
}

/// Calls a method with nothing said.
async fn call(client: &Client, name: &str) -> Result<Value> {
    let method = rpc::method(name).with_context(|| format!("there is no method {name}"))?;
    let request = json::encode_request(method, &json!({}))?;
    Ok(json::decode_answer_in_full(method, client.call(method, request).await?)?)
}
