//! The field's peers know messages by numbers: these never change.

use prb_walkie::rpc::{DESCRIPTORS, SERVICE};
use prost::Message;
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind};

/// Each message with its fields as number, type and name. `*` is repeated, `?` one of a choice.
const MESSAGES: &str = "
prb.Empty
prb.Placeholder
prb.Ack: 1 bool ack
prb.BN: 1 string value
prb.FullAccount: 1 string mnemonic, 2 string polkadot_json, 3 string ss58_phala, 4 string ss58_polkadot
prb.Account: 1 string ss58_phala, 2 string ss58_polkadot
prb.WalkieSystemInfo: 1 string hostname, 2 string peer_id, 3 prb.WalkieRoles role, 4 string chain_identity, 5 string bridge_identity, 6 prb.AuthStatus auth
prb.WalkieRpcRequestWrapper: 1 uint64 created_at, 2 string nonce, 3 bytes data, 4 string method
prb.WalkieRpcResponseWrapper: 1 uint64 created_at, 2 string request_nonce, 3 string nonce, 4 bytes data, 5 bool has_error, 6 prb.error.ResponseError error
prb.WalkieBroadcastWrapper: 1 uint64 created_at, 2 string nonce, 3 bytes data, 4 string method
prb.AuthRequest: 1 prb.AuthType type, 2 string auth_string
prb.AuthResponse: 1 prb.AuthStatus status, 2 prb.AuthType type, 3 string peer_id
prb.WorkerState: 1 prb.WorkerState.Status status, 2 int32 parent_header_synched_to, 3 int32 para_header_synched_to, 4 int32 para_block_dispatched_to, 5 bool initialized, 6 prb.db.Worker worker, 8 string public_key, 9 string last_message, 10 string session_info_json, 11 string worker_account_id
prb.PoolOrWorkerQueryIdentity: 1 string? uuid, 2 string? name, 3 uint64? pid
prb.QueryWorkerState: 1 prb.PoolOrWorkerQueryIdentity* ids
prb.WorkerStateUpdate: 1 prb.WorkerState* worker_states
prb.error.ResponseError: 1 prb.error.ResponseErrorType type, 2 string message
prb.db.ParentBlock: 1 uint32 number, 2 bytes hash, 3 bytes header, 4 uint32 set_id, 5 bool has_justification, 6 bytes sync_header_data, 7 bytes authority_set_change, 8 uint32 para_number, 9 bytes para_proof
prb.db.ParaBlock: 1 uint32 number, 2 bytes hash, 3 bytes header, 5 bytes dispatch_block_data
prb.db.Genesis: 1 uint32 para_id, 2 uint32 para_number, 3 uint32 parent_number, 4 bytes bridge_genesis_info, 5 bytes genesis_state
prb.db.Window: 1 int32 parent_start_block, 2 int32 parent_stop_block, 3 int32 para_start_block, 4 int32 para_stop_block, 5 int32 window_id, 6 int32 set_id, 7 bool is_finished
prb.db.RangeMeta: 1 uint32 parent_start_block, 2 uint32 parent_stop_block, 3 int32 para_start_block, 4 int32 para_stop_block, 5 uint32* parent_range, 6 uint32* para_range, 7 string dry_sync_header_req_key, 8 int32 latest_set_id, 9 uint32 blob_parent_stop_block, 10 int32 blob_para_stop_block, 11 string blob_sync_header_req_key
prb.db.Pool: 1 string uuid, 2 prb.FullAccount owner, 3 uint64 pid, 4 string name, 5 bool enabled, 6 bool deleted, 7 string real_phala_ss58, 8 bool sync_only
prb.db.Worker: 1 string uuid, 2 uint64 pid, 3 string name, 4 string endpoint, 5 bool enabled, 6 bool deleted, 7 string stake, 8 bool sync_only
prb.data_provider.Info: 1 prb.data_provider.Status status, 2 int32 para_id, 3 int32 parent_start_header, 4 int32 parent_target, 5 int32 parent_fetched_height, 6 int32 parent_processed_height, 7 int32 parent_committed_height, 8 int32 para_target, 9 int32 para_fetched_height, 10 int32 para_processed_height, 11 int32 para_committed_height, 12 uint32 blob_server_port
prb.data_provider.WantBlob: 1 uint32 number, 2 prb.data_provider.BlobType type
prb.data_provider.BlobMeta: 1 uint32 number, 2 bytes hash, 3 string origin_peer, 4 prb.data_provider.BlobType type, 5 string get_token, 6 uint64 token_expires_at
prb.data_provider.GetBlob: 1 string token
prb.data_provider.Blob: 1 prb.data_provider.BlobType type, 2 uint32 number, 3 bytes data
prb.data_provider.GetBlobByKey: 1 string key
prb.data_provider.RawBlob: 1 string key, 2 bool empty, 3 bytes data
prb.lifecycle.UuidQueryRequest: 1 string* ids
prb.lifecycle.CreatePool: 1 prb.db.Pool* pools
prb.lifecycle.UpdatePool: 1 prb.lifecycle.UpdatePool.Item* items
prb.lifecycle.UpdatePool.Item: 1 prb.PoolOrWorkerQueryIdentity id, 2 prb.db.Pool pool
prb.lifecycle.CreateWorker: 1 prb.db.Worker* workers
prb.lifecycle.UpdateWorker: 1 prb.lifecycle.UpdateWorker.Item* items
prb.lifecycle.UpdateWorker.Item: 1 prb.PoolOrWorkerQueryIdentity id, 2 prb.db.Worker worker
prb.lifecycle.PoolList: 1 prb.db.Pool* pools
prb.lifecycle.WorkerList: 1 prb.db.Worker* workers
";

/// Each enum's values, from 0 on.
const ENUMS: &str = "
prb.WalkieRoles: WR_CLIENT WR_DATA_PROVIDER_INT WR_DATA_PROVIDER_EXT WR_LIFECYCLE_MANAGER WR_TRADER
prb.AuthStatus: AS_NONE AS_NEED_AUTH AS_GRANTED AS_REJECTED AS_BLOCKED
prb.AuthType: AT_NONE AT_PSK AT_WHITE_LIST
prb.WorkerState.Status: S_IDLE S_STARTING S_SYNCHING S_SYNCHED S_PRE_ACTIVE S_ACTIVE S_KICKED S_ERROR
prb.error.ResponseErrorType: UNKNOWN SERVER NOT_FOUND DUPLICATED UNAUTHORIZED
prb.data_provider.Status: S_UNKNOWN S_SYHCHING S_IDLE
prb.data_provider.BlobType: BT_UNKNOWN BT_PARENT_BLOCK BT_PARA_BLOCK
";

/// Each method's request and response.
const METHODS: &str = "
Hello: prb.WalkieSystemInfo prb.WalkieSystemInfo
Auth: prb.AuthRequest prb.AuthResponse
GetDataProviderInfo: prb.Empty prb.data_provider.Info
GetBlobByKey: prb.data_provider.GetBlobByKey prb.data_provider.RawBlob
WantBlob: prb.data_provider.WantBlob prb.data_provider.BlobMeta
GetBlobWithToken: prb.data_provider.GetBlob prb.data_provider.Blob
ListPool: prb.Empty prb.lifecycle.PoolList
CreatePool: prb.lifecycle.CreatePool prb.lifecycle.PoolList
UpdatePool: prb.lifecycle.UpdatePool prb.lifecycle.PoolList
ListWorker: prb.Empty prb.lifecycle.WorkerList
CreateWorker: prb.lifecycle.CreateWorker prb.lifecycle.WorkerList
UpdateWorker: prb.lifecycle.UpdateWorker prb.lifecycle.WorkerList
RestartWorker: prb.lifecycle.UuidQueryRequest prb.WorkerStateUpdate
RefreshRaAndRestartWorker: prb.lifecycle.UuidQueryRequest prb.WorkerStateUpdate
KickWorker: prb.lifecycle.UuidQueryRequest prb.WorkerStateUpdate
GetWorkerStatus: prb.lifecycle.UuidQueryRequest prb.WorkerStateUpdate
";

fn pool() -> DescriptorPool {
    DescriptorPool::decode(DESCRIPTORS).unwrap()
}

fn lines(table: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = table.lines().filter(|line| !line.is_empty());
    lines.map(|line| line.split_once(": ").unwrap_or((line, "")))
}

fn described(field: &FieldDescriptor) -> String {
    let kind = match field.kind() {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(kind) => kind.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    };
    let mark = match field.containing_oneof() {
        Some(_) => "?",
        None if field.is_list() => "*",
        None => "",
    };
    format!("{} {kind}{mark} {}", field.number(), field.name())
}

#[test]
fn every_field_keeps_its_number_type_and_name() {
    let pool = pool();
    let mut fields = 0;
    for (name, expected) in lines(MESSAGES) {
        let message = pool.get_message_by_name(name).unwrap_or_else(|| panic!("{name} is gone"));
        let present: Vec<_> = message.fields().map(|field| described(&field)).collect();
        for field in expected.split(", ").filter(|field| !field.is_empty()) {
            assert!(present.iter().any(|is| is == field), "{name}: {field}, among {present:?}");
            fields += 1;
        }
    }
    assert_eq!(fields, 141);
}

#[test]
fn every_enum_value_keeps_its_number() {
    let pool = pool();
    for (name, expected) in lines(ENUMS) {
        let kind = pool.get_enum_by_name(name).unwrap_or_else(|| panic!("{name} is gone"));
        for (number, value) in (0..).zip(expected.split(' ')) {
            let is = kind.get_value(number).unwrap_or_else(|| panic!("{name} {number}"));
            assert_eq!(is.name(), value, "{name}");
        }
    }
}

#[test]
fn every_method_keeps_its_messages() {
    let service = pool().get_service_by_name(SERVICE).unwrap();
    for (name, expected) in lines(METHODS) {
        let method = service.methods().find(|method| method.name() == name).unwrap();
        let is = format!("{} {}", method.input().full_name(), method.output().full_name());
        assert_eq!(is, expected, "{name}");
        assert!(!method.is_client_streaming() && !method.is_server_streaming(), "{name}");
    }
    assert_eq!(lines(METHODS).count(), 16);
}

#[test]
fn everything_in_the_protocol_is_described() {
    let files = prost_types::FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let mut missing = Vec::new();
    for file in files.file.iter().filter(|file| file.package().starts_with("prb")) {
        let comments: std::collections::HashSet<_> = file
            .source_code_info
            .iter()
            .flat_map(|info| &info.location)
            .filter(|location| !location.leading_comments().trim().is_empty())
            .map(|location| location.path.clone())
            .collect();
        // Paths of the descriptor: 4 messages, 5 enums, 6 services, 2 methods of a service.
        let mut check = |path: Vec<i32>, name: &str| {
            if !comments.contains(&path) {
                missing.push(format!("{}: {name}", file.name()));
            }
        };
        for (at, message) in (0..).zip(&file.message_type) {
            check(vec![4, at], message.name());
        }
        for (at, kind) in (0..).zip(&file.enum_type) {
            check(vec![5, at], kind.name());
        }
        for (at, service) in (0..).zip(&file.service) {
            check(vec![6, at], service.name());
            for (method_at, method) in (0..).zip(&service.method) {
                check(vec![6, at, 2, method_at], method.name());
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
