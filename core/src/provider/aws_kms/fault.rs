//! What KMS's errors mean here. Its words are left out: they may repeat what was sent.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};

use crate::error::{Error, ErrorCode};

pub(super) fn error_of<E>(error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let (code, detail) = match error {
        SdkError::ServiceError(said) => match said.err().code().and_then(meaning_of) {
            Some(meaning) => meaning,
            None => return of_status(said.raw().status().as_u16()),
        },
        SdkError::TimeoutError(_) => (ErrorCode::ProviderUnavailable, "no answer in time"),
        SdkError::ResponseError(_) => (ErrorCode::ProviderBadReply, "not a reply of KMS"),
        _ => return of_way(error),
    };
    Error::with_detail(code, detail)
}

/// The errors of KMS's API and those common to all of AWS.
fn meaning_of(code: &str) -> Option<(ErrorCode, &'static str)> {
    Some(match code {
        "InvalidCiphertextException" => (ErrorCode::ProviderWrongKey, "another context, or a changed ciphertext"),
        "IncorrectKeyException" => (ErrorCode::ProviderWrongKey, "another key wrapped it"),
        "NotFoundException" => {
            (ErrorCode::ProviderWrongKey, "no such key in this account and region, or it was deleted")
        }
        "InvalidKeyUsageException" => (ErrorCode::ProviderWrongKey, "not a symmetric key for encryption"),
        "DisabledException" => (ErrorCode::ProviderDenied, "the key is disabled"),
        "KMSInvalidStateException" | "KmsInvalidStateException" => {
            (ErrorCode::ProviderDenied, "the key is pending deletion, or without its material")
        }
        "AccessDenied"
        | "AccessDeniedException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidGrantTokenException"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotAuthorized"
        | "OptInRequired"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => (ErrorCode::ProviderDenied, "credentials, key policy or grant"),
        "DependencyTimeoutException"
        | "InternalFailure"
        | "KeyUnavailableException"
        | "KMSInternalException"
        | "RequestLimitExceeded"
        | "ServiceUnavailable"
        | "Throttling"
        | "ThrottlingException" => (ErrorCode::ProviderUnavailable, "KMS cannot answer for the moment"),
        "UnsupportedOperationException" => (ErrorCode::ProviderUnsupported, "the key does not do this"),
        _ => return None,
    })
}

fn of_status(status: u16) -> Error {
    let code = match status {
        401 | 403 => ErrorCode::ProviderDenied,
        408 | 429 | 500..=599 => ErrorCode::ProviderUnavailable,
        _ => ErrorCode::ProviderBadReply,
    };
    Error::with_detail(code, format!("HTTP {status}"))
}

/// A call that got no reply: the way to KMS, or to credentials.
fn of_way(error: &(dyn StdError + 'static)) -> Error {
    let mut causes = std::iter::successors(Some(error), |error: &&(dyn StdError + 'static)| (*error).source());
    let known = causes.find_map(|cause| {
        if let Some(own) = cause.downcast_ref::<Error>() {
            return Some((own.code(), own.detail().unwrap_or_default().to_owned()));
        }
        Some(match cause.downcast_ref::<CredentialsError>()? {
            CredentialsError::CredentialsNotLoaded(_) => {
                (ErrorCode::ProviderDenied, "no credentials were found".into())
            }
            CredentialsError::InvalidConfiguration(_) => {
                (ErrorCode::ProviderDenied, "the configuration of credentials".into())
            }
            _ => (ErrorCode::ProviderUnavailable, "where credentials come from".into()),
        })
    });
    match known {
        Some((code, detail)) => Error::with_detail(code, detail),
        None => Error::with_detail(ErrorCode::ProviderUnavailable, "not reached"),
    }
}
