//! Errors as gRPC tells them, and as peers do.

use tonic::{Code, Status};

use crate::proto::error::{ResponseError, ResponseErrorType};

/// What every peer answers to a method it has no handler for.
pub const NOT_IMPLEMENTED: &str = "Handler not implemented.";

/// A gRPC status as peers understand it.
pub fn to_peer(status: &Status) -> ResponseError {
    let kind = match status.code() {
        Code::Unimplemented | Code::NotFound => ResponseErrorType::NotFound,
        Code::AlreadyExists => ResponseErrorType::Duplicated,
        Code::PermissionDenied | Code::Unauthenticated => ResponseErrorType::Unauthorized,
        Code::Unknown => ResponseErrorType::Unknown,
        _ => ResponseErrorType::Server,
    };
    let message = match status.code() {
        Code::Unimplemented => NOT_IMPLEMENTED,
        _ => status.message(),
    };
    ResponseError { r#type: kind.into(), message: message.to_owned(), code: status.code().into() }
}

/// A peer's error as a gRPC status. The code is the one it sent, or else the type's.
pub fn from_peer(error: &ResponseError) -> Status {
    let code = match Code::from(error.code) {
        Code::Ok => match error.r#type() {
            ResponseErrorType::NotFound if error.message == NOT_IMPLEMENTED => Code::Unimplemented,
            ResponseErrorType::NotFound => Code::NotFound,
            ResponseErrorType::Duplicated => Code::AlreadyExists,
            ResponseErrorType::Unauthorized => Code::PermissionDenied,
            ResponseErrorType::Server => Code::Internal,
            ResponseErrorType::Unknown => Code::Unknown,
        },
        code => code,
    };
    Status::new(code, &error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_a_peer_of_our_own() {
        for code in 1..=16 {
            let status = Status::new(Code::from(code), NOT_IMPLEMENTED);
            assert_eq!(from_peer(&to_peer(&status)).code(), Code::from(code));
        }
    }

    #[test]
    fn older_peers_are_understood_by_the_type_alone() {
        let code = |kind: ResponseErrorType, message: &str| {
            let error = ResponseError { r#type: kind.into(), message: message.into(), code: 0 };
            from_peer(&error).code()
        };
        assert_eq!(code(ResponseErrorType::NotFound, "no such worker"), Code::NotFound);
        assert_eq!(code(ResponseErrorType::NotFound, NOT_IMPLEMENTED), Code::Unimplemented);
        assert_eq!(code(ResponseErrorType::Duplicated, ""), Code::AlreadyExists);
        assert_eq!(code(ResponseErrorType::Unauthorized, ""), Code::PermissionDenied);
        assert_eq!(code(ResponseErrorType::Server, ""), Code::Internal);
        assert_eq!(code(ResponseErrorType::Unknown, ""), Code::Unknown);
    }

    #[test]
    fn a_missing_handler_reads_as_it_always_did() {
        let error = to_peer(&Status::unimplemented("Not yet implemented"));
        assert_eq!(error.r#type(), ResponseErrorType::NotFound);
        assert_eq!(error.message, NOT_IMPLEMENTED);
    }
}
