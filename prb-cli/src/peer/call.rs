//! `prb peer call`.

use anyhow::Result;
use prb_walkie::rpc::{self, Method, json};
use serde_json::Value;

use super::client::Client;
use super::request;
use super::target::Target;
use crate::Failure;
use crate::args::CallArgs;
use crate::output;

pub(super) async fn run(args: &CallArgs) -> Result<(), Failure> {
    let target = Target::read(&args.peer)?;
    let method = find(&args.method)?;
    let request = request::read(&args.request)?;
    let request = json::encode_request(method, &request)
        .map_err(|error| Failure::Usage(format!("the request is {error}")))?;
    let client = Client::connect(&target, &args.reach).await?;
    let result = if method.is_streaming() {
        follow(&client, method, request).await
    } else {
        let answer = client.call(method, request).await;
        answer
            .and_then(|answer| show(&json::decode_answer_in_full(method, answer)?, args.reach.json))
    };
    client.close().await;
    Ok(result?)
}

fn find(name: &str) -> Result<&'static Method, Failure> {
    rpc::method(name).ok_or_else(|| {
        let known: Vec<_> = rpc::methods().map(Method::name).collect();
        Failure::Usage(format!("there is no method {name}; there are {}", known.join(", ")))
    })
}

/// A line for each message, until the service ends the stream.
async fn follow(client: &Client, method: &Method, request: bytes::Bytes) -> Result<()> {
    let Client::Grpc(client) = client else {
        anyhow::bail!(
            "{} is a stream: it can be had over gRPC, on the service's host",
            method.name()
        )
    };
    let mut messages = client.stream(method, request).await?;
    loop {
        match messages.message().await {
            Ok(Some(message)) => show(&json::decode_answer_in_full(method, message)?, true)?,
            Ok(None) => return Ok(()),
            Err(status) => return Err(client.refused(method, &status)),
        }
    }
}

fn show(answer: &Value, one_line: bool) -> Result<()> {
    Ok(output::answer(one_line, answer, &format!("{answer:#}"))?)
}
