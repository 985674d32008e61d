//! What an error of Redis means.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::queue::QueueError;

/// Whether the connection that gave this error is of no more use: it is broken, or leads to a
/// server that is no primary (any more).
pub(super) fn breaks_connection(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io | ErrorKind::Parse | ErrorKind::AuthenticationFailed => true,
        ErrorKind::Server(kind) => {
            matches!(
                kind,
                ServerErrorKind::ReadOnly
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::BusyLoading
            ) || said(error, "UNBLOCKED")
                || said(error, "READONLY")
        }
        _ => said(error, "UNBLOCKED") || said(error, "READONLY"),
    }
}

/// The error as the queue's callers see it; `address` holds no secret.
pub(super) fn queue_error(error: &RedisError, address: &str) -> QueueError {
    let reason = format!("Redis at {address}: {error}");
    if said(error, "OOM") {
        return QueueError::StoreFull { reason };
    }
    let refused = ["NOAUTH", "WRONGPASS", "NOPERM", "WRONGTYPE"];
    match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig => {
            QueueError::StoreRefuses { reason }
        }
        _ if refused.iter().any(|code| said(error, code)) => QueueError::StoreRefuses { reason },
        _ => QueueError::Store { reason },
    }
}

/// Whether the server's answer has this code; older servers put it into the text of another one
/// when a script meets it.
fn said(error: &RedisError, code: &str) -> bool {
    error.code() == Some(code) || error.to_string().contains(code)
}
