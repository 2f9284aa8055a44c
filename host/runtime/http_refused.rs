//! `timeslip:tool/http`, of which nothing is granted.

use wasmtime::component::{Accessor, HasSelf};

use crate::asking::{self, Caller};
use crate::bindings::tool::timeslip::tool::http;
use crate::bindings::tool::timeslip::tool::http_types::{
    self, HttpError, HttpRequest, HttpResponse,
};
use crate::bindings::tool_blocking::timeslip::tool::http_blocking;
use crate::context::Context;

type Host = HasSelf<Context>;

impl http_types::Host for Context {}
impl http::Host for Context {}
impl http_blocking::Host for Context {}

impl http::HostWithStore<Context> for Host {
    async fn fetch(
        accessor: &Accessor<Context, Host>,
        request: HttpRequest,
    ) -> wasmtime::Result<Result<HttpResponse, HttpError>> {
        accessor.with(|mut caller| asking::enter(&mut caller))?;
        Ok(Err(refusal(&request)))
    }
}

impl http_blocking::HostWithStore<Context> for Host {
    fn fetch(
        mut caller: Caller<'_>,
        request: HttpRequest,
    ) -> wasmtime::Result<Result<HttpResponse, HttpError>> {
        asking::enter(&mut caller)?;
        Ok(Err(refusal(&request)))
    }
}

fn refusal(request: &HttpRequest) -> HttpError {
    HttpError::Refused(format!("nothing is granted at {}", request.url))
}
