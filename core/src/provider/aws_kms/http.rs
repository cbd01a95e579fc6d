//! The SDK's requests over the HTTPS that every provider uses: TLS 1.3, bounded replies, no redirects.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use ureq::http::{Method, Request, Response};

use crate::error::{Error, ErrorCode, Result};
use crate::provider::https::Https;

/// For KMS, and for the services that credentials come from.
#[derive(Clone, Debug)]
pub(super) struct Client(pub(super) Https);

/// The same, with the time limits of one of them.
#[derive(Clone, Debug)]
struct Connector {
    https: Https,
    connect: Option<Duration>,
    read: Option<Duration>,
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let (connect, read) = (settings.connect_timeout(), settings.read_timeout());
        SharedHttpConnector::new(Connector { https: self.0.clone(), connect, read })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        // Blocking, on a thread that is there for it.
        let call = tokio::task::spawn_blocking(move || this.send(request));
        HttpConnectorFuture::new(async move {
            let ended = call.await.map_err(|error| ConnectorError::other(error.into(), None))?;
            ended.map_err(|error| match error.code() {
                ErrorCode::ProviderUnavailable => ConnectorError::io(error.into()),
                _ => ConnectorError::user(error.into()),
            })
        })
    }
}

impl Connector {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        let request = request.try_into_http1x().map_err(|_| Error::new(ErrorCode::Internal))?;
        let (parts, body) = request.into_parts();
        let body = body.bytes().ok_or_else(|| Error::new(ErrorCode::Internal))?;
        let (connect, read) = (self.connect, self.read);
        let reply = match parts.method {
            Method::GET => self.https.send(Request::from_parts(parts, ()), connect, read),
            _ => self.https.send(Request::from_parts(parts, body), connect, read),
        }?;
        let malformed = |_| Error::with_detail(ErrorCode::ProviderBadReply, "headers of another form");
        let mut response = Response::new(SdkBody::from(reply.body.as_slice()));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        HttpResponse::try_from(response).map_err(malformed)
    }
}
