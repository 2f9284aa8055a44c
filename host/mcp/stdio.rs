//! Serves one client over standard input and output.

use std::io;

use rmcp::service::{ServerInitializeError, serve_server};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::stdio_pipes;

use crate::http::MESSAGE_BYTES_MAX;
use crate::server::Server;

/// Serves the client at the other end of standard input and output until it goes away.
///
/// # Errors
/// When what it says first is no beginning of the protocol.
pub async fn serve(server: &Server) -> io::Result<()> {
    let (input, output) = stdio_pipes();
    let transport =
        AsyncRwTransport::new_server(input, output).with_max_line_length(MESSAGE_BYTES_MAX);
    match serve_server(server.connection(), transport).await {
        Ok(service) => {
            service.waiting().await.map_err(io::Error::other)?;
            Ok(())
        }
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(ServerInitializeError::ExpectedInitializeRequest(_)) => Err(io::Error::other(
            "the client's first message is no `initialize` request, and neither names a version of \
             the protocol by itself",
        )),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}
