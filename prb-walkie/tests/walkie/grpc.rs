//! The same service over gRPC.

use std::time::Duration;

use futures::TryStreamExt;
use prb_walkie::access::token::Token;
use prb_walkie::node::{Config, Grpc, Tls, Walkie};
use prb_walkie::proto::data_provider::{GetBlobByKey, WantBlob};
use prb_walkie::proto::lifecycle::UuidQueryRequest;
use prb_walkie::proto::walkie_rpc_client::WalkieRpcClient;
use prb_walkie::proto::{Empty, WalkieRoles, WalkieSystemInfo};
use prb_walkie::rpc::SERVICE;
use prost::Message;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest as Question;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse as Answer;

use crate::fixture::{body, config, held, start};

fn served(token: Option<Token>, tls: Option<Tls>) -> Config {
    let mut config = config(WalkieRoles::WrLifecycleManager);
    config.grpc = Some(Grpc { address: "127.0.0.1:0".parse().unwrap(), token, tls });
    config
}

async fn client(walkie: &Walkie) -> WalkieRpcClient<Channel> {
    let url = format!("http://{}", walkie.grpc_address().unwrap());
    WalkieRpcClient::connect(url).await.unwrap().max_decoding_message_size(usize::MAX)
}

fn with<T>(token: &Token, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", token.bearer().parse().unwrap());
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_ask_who_is_there_and_fetch_blobs() {
    let walkie = start(served(None, None)).await;
    let mut client = client(&walkie).await;
    let info = client.hello(WalkieSystemInfo::default()).await.unwrap().into_inner();
    assert_eq!(info.peer_id, walkie.peer_id().to_base58());
    let key = "size:20000000";
    let blob = client
        .get_blob_by_key(GetBlobByKey { key: key.into(), ..Default::default() })
        .await
        .unwrap();
    assert_eq!(blob.into_inner().data, body(key, 20_000_000));
    let refused = client.list_pool(Empty {}).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("bearer token"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_opens_everything_and_a_wrong_one_nothing() {
    let token = Token::generate();
    let walkie = start(served(Some(token.clone()), None)).await;
    let mut client = client(&walkie).await;
    assert!(client.list_pool(with(&token, Empty {})).await.is_ok());
    let missing = client.want_blob(with(&token, WantBlob::default())).await.unwrap_err();
    assert_eq!(missing.code(), Code::Unimplemented);
    let wrong = with(&Token::generate(), WalkieSystemInfo::default());
    let refused = client.hello(wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_states_can_be_streamed() {
    let token = Token::generate();
    let walkie = start(served(Some(token.clone()), None)).await;
    let mut client = client(&walkie).await;
    let request = with(&token, UuidQueryRequest::default());
    let updates = client.watch_worker_status(request).await.unwrap().into_inner();
    assert_eq!(updates.try_collect::<Vec<_>>().await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_and_health_are_everybodys() {
    let walkie = start(served(Some(Token::generate()), None)).await;
    let url = format!("http://{}", walkie.grpc_address().unwrap());
    let channel = Endpoint::from_shared(url).unwrap().connect().await.unwrap();

    let request = HealthCheckRequest { service: SERVICE.into() };
    let health = HealthClient::new(channel.clone()).check(request).await.unwrap().into_inner();
    assert_eq!(health.status(), ServingStatus::Serving);

    let ask = |message_request| ServerReflectionRequest {
        message_request: Some(message_request),
        ..ServerReflectionRequest::default()
    };
    let questions = [
        ask(Question::ListServices(String::new())),
        ask(Question::FileContainingSymbol(SERVICE.into())),
    ];
    let answers = ServerReflectionClient::new(channel)
        .server_reflection_info(futures::stream::iter(questions))
        .await
        .unwrap()
        .into_inner();
    let mut answers: Vec<_> = answers.try_collect().await.unwrap();
    let Some(Answer::FileDescriptorResponse(files)) = answers.pop().unwrap().message_response
    else {
        panic!("no descriptors")
    };
    let declared = include_str!("../../../proto/prb/message.proto").lines();
    let declared = declared.filter(|line| line.trim_start().starts_with("rpc ")).count();
    let described = files.file_descriptor_proto.iter().any(|file| {
        let file = prost_types::FileDescriptorProto::decode(&file[..]).unwrap();
        file.service.iter().any(|service| service.method.len() == declared)
    });
    assert!(described, "with all its methods");
    let Some(Answer::ListServicesResponse(services)) = answers.pop().unwrap().message_response
    else {
        panic!("no services")
    };
    assert!(services.service.iter().any(|service| service.name == SERVICE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_ends_with_its_client() {
    let walkie = start(served(None, None)).await;
    let mut client = client(&walkie).await;
    let call = tokio::spawn(async move {
        client.get_blob_by_key(GetBlobByKey { key: "hold:3".into(), ..Default::default() }).await
    });
    held(3, 1).await;
    call.abort();
    held(3, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_and_panics_end_one_call_alone() {
    let walkie = start(served(None, None)).await;
    let mut client = client(&walkie).await;
    let panicked = client
        .get_blob_by_key(GetBlobByKey { key: "panic".into(), ..Default::default() })
        .await
        .unwrap_err();
    assert_eq!(panicked.code(), Code::Internal);
    let mut slow = Request::new(GetBlobByKey { key: "wait:60000".into(), ..Default::default() });
    slow.set_timeout(Duration::from_millis(200));
    let late = client.get_blob_by_key(slow).await.unwrap_err();
    assert!(matches!(late.code(), Code::DeadlineExceeded | Code::Cancelled), "{late}");
    assert!(client.hello(WalkieSystemInfo::default()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_where_there_is_a_certificate() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificates = made.cert.pem();
    let key = zeroize::Zeroizing::new(made.signing_key.serialize_pem().into_bytes());
    let tls = Tls { certificates: certificates.clone().into_bytes(), key };
    let walkie = start(served(None, Some(tls))).await;
    let port = walkie.grpc_address().unwrap().port();
    let trust = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(certificates));
    let endpoint = Endpoint::from_shared(format!("https://localhost:{port}")).unwrap();
    let channel = endpoint.tls_config(trust).unwrap().connect().await.unwrap();
    let hello = WalkieRpcClient::new(channel).hello(WalkieSystemInfo::default()).await;
    assert_eq!(hello.unwrap().into_inner().peer_id, walkie.peer_id().to_base58());
    let plain = WalkieRpcClient::connect(format!("http://127.0.0.1:{port}")).await;
    assert!(match plain {
        Ok(mut client) => client.hello(WalkieSystemInfo::default()).await.is_err(),
        Err(_) => true,
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_port_is_one_clear_error() {
    let first = start(served(None, None)).await;
    let mut second = served(None, None);
    second.grpc.as_mut().unwrap().address = first.grpc_address().unwrap();
    let started = Walkie::builder(second).start(&crate::fixture::identity()).await;
    let error = started.unwrap_err().to_string();
    assert!(error.starts_with("cannot serve gRPC on 127.0.0.1:"), "{error}");
}
