//! The client against servers behind TLS, which speak HTTP/1.1 or HTTP/2.

use std::path::Path;
use std::sync::Arc;

use h2::Reason;
use http::Response;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use timeslip_timeline::time::Span;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::client_tests::{ask, quick};
use crate::loopback::{follow, good_stream, read_request};
use crate::{Client, Delivery, LiveError, Settings, SetupError};

/// A server with a certificate that it signed itself.
struct SelfSigned {
    base_url: String,
    certificate: String,
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl SelfSigned {
    async fn new(protocol: &[u8]) -> SelfSigned {
        let signed = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![signed.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![protocol.to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        SelfSigned {
            base_url: format!("https://{}/v1", listener.local_addr().unwrap()),
            certificate: signed.cert.pem(),
            listener,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }

    /// The next connection whose client trusts the certificate.
    async fn accept(&self) -> TlsStream<TcpStream> {
        loop {
            let (connection, _) = self.listener.accept().await.unwrap();
            if let Ok(connection) = self.acceptor.accept(connection).await {
                return connection;
            }
        }
    }
}

/// A client that trusts what stands in this text.
fn client(base_url: &str, folder: &Path, certificates: &str) -> Result<Client, SetupError> {
    let path = folder.join("trusted.pem");
    std::fs::write(&path, certificates).unwrap();
    Client::new(Settings { certificates: Some(path), ..quick(base_url) })
}

#[tokio::test]
async fn a_certificate_is_trusted_only_where_the_settings_name_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = SelfSigned::new(b"http/1.1").await;
    let other = SelfSigned::new(b"http/1.1").await.certificate;
    let (base_url, own) = (server.base_url.clone(), server.certificate.clone());
    tokio::spawn(async move {
        loop {
            let mut connection = server.accept().await;
            read_request(&mut connection).await;
            for act in good_stream() {
                follow(&act, &mut connection).await;
            }
            connection.shutdown().await.unwrap();
        }
    });
    let client = |certificates: &str| client(&base_url, folder.path(), certificates);
    let reply = ask(&client(&own).unwrap(), Delivery::Stream).await.unwrap();
    assert_eq!(reply.written.message.content, "Hello");

    let failed = ask(&client(&other).unwrap(), Delivery::Stream).await.unwrap_err();
    assert!(matches!(failed.error, LiveError::Certificate { .. }), "{failed}");
    assert_eq!(failed.attempts.len(), 1);

    let error = client("no certificate").unwrap_err();
    assert!(matches!(error, SetupError::Certificates { .. }), "{error}");
    assert!(error.to_string().contains("it holds no certificate"), "{error}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = SelfSigned::new(b"http/1.1").await;
    let path = folder.path().join("trusted.pem");
    std::fs::write(&path, &server.certificate).unwrap();
    let mut settings = Settings { certificates: Some(path), ..quick(&server.base_url) };
    settings.timeouts.connect = Span::from_millis(40);
    // Nobody accepts the connection; the system alone says that it is there.
    let failed = ask(&Client::new(settings).unwrap(), Delivery::Stream).await.unwrap_err();
    assert!(failed.to_string().contains("no connection within 40.0 ms (`connect`)"), "{failed}");
    assert_eq!(failed.attempts.len(), 3);
}

#[tokio::test]
async fn a_server_that_speaks_http_2_is_asked_so() {
    let chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let folder = tempfile::tempdir().unwrap();
    let server = SelfSigned::new(b"h2").await;
    let client = client(&server.base_url, folder.path(), &server.certificate).unwrap();
    tokio::spawn(async move {
        let mut connection = h2::server::handshake(server.accept().await).await.unwrap();
        let mut is_first = true;
        while let Some(request) = connection.accept().await {
            let (_, mut answer) = request.unwrap();
            let head = Response::builder().header("content-type", "text/event-stream");
            let mut body = answer.send_response(head.body(()).unwrap(), false).unwrap();
            body.send_data(chunk.into(), false).unwrap();
            match std::mem::take(&mut is_first) {
                true => body.send_data(end.into(), true).unwrap(),
                false => {
                    // The next turn of the connection sends what is written so far.
                    tokio::spawn(async move {
                        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                        body.send_reset(Reason::INTERNAL_ERROR);
                    });
                }
            }
        }
    });
    let reply = ask(&client, Delivery::Stream).await.unwrap();
    assert_eq!(reply.written.message.content, "a");
    // The same connection serves the second call, whose stream the server gives up.
    let failed = ask(&client, Delivery::Stream).await.unwrap_err();
    assert!(matches!(failed.error, LiveError::Broken { received_bytes: 1.., .. }), "{failed}");
    assert_eq!(failed.attempts.len(), 1);
}
