//! The contracts' functions, each handed to `asking`. The blocking twins are the same but for their
//! signatures, so a macro writes what both have in common.

use std::future::poll_fn;

use wasmtime::component::{Accessor, HasSelf, Resource};

use crate::asking::{self, Caller, ChatStream, JournalSpan, PendingAnswer};
use crate::bindings::agent::timeslip::agent::types as wit;
use crate::bindings::agent::timeslip::agent::{model, session, tools, types, user};
use crate::bindings::agent_blocking::timeslip::agent::{
    model_blocking, session_blocking, tools_blocking, user_blocking,
};
use crate::context::Context;
use crate::convert;

type Host = HasSelf<Context>;
type HostAccessor = Accessor<Context, Host>;

impl types::Host for Context {}
impl model::Host for Context {}
impl model::HostChatStream for Context {}
impl tools::Host for Context {}
impl user::Host for Context {}
impl session::Host for Context {}
impl session::HostSpan for Context {}
impl model_blocking::Host for Context {}
impl model_blocking::HostChatStream for Context {}
impl model_blocking::HostPendingChat for Context {}
impl tools_blocking::Host for Context {}
impl tools_blocking::HostPendingToolCall for Context {}
impl user_blocking::Host for Context {}
impl session_blocking::Host for Context {}
impl session_blocking::HostSpan for Context {}

impl model::HostWithStore<Context> for Host {
    async fn chat(
        accessor: &HostAccessor,
        request: wit::ChatRequest,
    ) -> wasmtime::Result<Result<wit::ChatReply, wit::ModelError>> {
        let mut pending = accessor.with(|mut caller| asking::chat(&mut caller, request))?;
        let answer = pending.wait().await;
        Ok(accessor.with(|mut caller| asking::chat_result(caller.get(), answer)))
    }
}

impl model::HostChatStreamWithStore<Context> for Host {
    fn drop(mut caller: Caller<'_>, stream: Resource<ChatStream>) -> wasmtime::Result<()> {
        delete(&mut caller, stream)
    }

    fn new(
        mut caller: Caller<'_>,
        request: wit::ChatRequest,
    ) -> wasmtime::Result<Resource<ChatStream>> {
        let stream = asking::stream(&mut caller, request)?;
        Ok(caller.get().table.push(stream)?)
    }

    async fn next(
        accessor: &HostAccessor,
        stream: Resource<ChatStream>,
    ) -> wasmtime::Result<Result<Option<wit::ChatChunk>, wit::ModelError>> {
        poll_fn(|task| {
            accessor.with(|mut caller| match caller.get().table.get_mut(&stream) {
                Ok(stream) => stream.poll_next(task.waker()).map(Ok),
                Err(error) => std::task::Poll::Ready(Err(error.into())),
            })
        })
        .await
    }

    async fn finish(
        accessor: &HostAccessor,
        stream: Resource<ChatStream>,
    ) -> wasmtime::Result<Result<wit::ChatReply, wit::ModelError>> {
        let whole = poll_fn(|task| {
            accessor.with(|mut caller| match caller.get().table.get_mut(&stream) {
                Ok(stream) => stream.poll_finish(task.waker()).map(Ok),
                Err(error) => std::task::Poll::Ready(Err(error)),
            })
        })
        .await?;
        let answer = whole.map(timeslip_timeline::guest::Answer::Chat);
        Ok(accessor.with(|mut caller| asking::chat_result(caller.get(), answer)))
    }
}

impl tools::HostWithStore<Context> for Host {
    fn list(mut caller: Caller<'_>) -> wasmtime::Result<Vec<wit::ToolDefinition>> {
        list_tools(&mut caller)
    }

    async fn call(
        accessor: &HostAccessor,
        name: String,
        arguments: String,
    ) -> wasmtime::Result<Result<String, wit::ToolError>> {
        let mut pending =
            accessor.with(|mut caller| asking::call_tool(&mut caller, name, arguments))?;
        Ok(asking::tool_result(pending.wait().await))
    }
}

impl user::HostWithStore<Context> for Host {
    async fn ask(
        accessor: &HostAccessor,
        message: String,
    ) -> wasmtime::Result<Result<String, wit::UserError>> {
        let mut pending = accessor.with(|mut caller| asking::ask_user(&mut caller, message))?;
        Ok(asking::user_result(pending.wait().await))
    }
}

impl model_blocking::HostWithStore<Context> for Host {
    async fn chat(
        mut caller: Caller<'_>,
        request: wit::ChatRequest,
    ) -> wasmtime::Result<Result<wit::ChatReply, wit::ModelError>> {
        let mut pending = asking::chat(&mut caller, request)?;
        let answer = pending.wait().await;
        Ok(asking::chat_result(caller.get(), answer))
    }

    fn start(
        mut caller: Caller<'_>,
        request: wit::ChatRequest,
    ) -> wasmtime::Result<Resource<PendingAnswer>> {
        let pending = asking::chat(&mut caller, request)?;
        Ok(caller.get().table.push(pending)?)
    }
}

impl model_blocking::HostPendingChatWithStore<Context> for Host {
    fn drop(mut caller: Caller<'_>, pending: Resource<PendingAnswer>) -> wasmtime::Result<()> {
        delete(&mut caller, pending)
    }

    async fn wait(
        mut caller: Caller<'_>,
        pending: Resource<PendingAnswer>,
    ) -> wasmtime::Result<Result<wit::ChatReply, wit::ModelError>> {
        asking::enter(&mut caller)?;
        let answer = caller.get().table.get_mut(&pending)?.wait().await;
        Ok(asking::chat_result(caller.get(), answer))
    }
}

impl model_blocking::HostChatStreamWithStore<Context> for Host {
    fn drop(mut caller: Caller<'_>, stream: Resource<ChatStream>) -> wasmtime::Result<()> {
        delete(&mut caller, stream)
    }

    fn new(
        mut caller: Caller<'_>,
        request: wit::ChatRequest,
    ) -> wasmtime::Result<Resource<ChatStream>> {
        let stream = asking::stream(&mut caller, request)?;
        Ok(caller.get().table.push(stream)?)
    }

    async fn next(
        mut caller: Caller<'_>,
        stream: Resource<ChatStream>,
    ) -> wasmtime::Result<Result<Option<wit::ChatChunk>, wit::ModelError>> {
        asking::enter(&mut caller)?;
        let stream = caller.get().table.get_mut(&stream)?;
        Ok(poll_fn(|task| stream.poll_next(task.waker())).await)
    }

    async fn finish(
        mut caller: Caller<'_>,
        stream: Resource<ChatStream>,
    ) -> wasmtime::Result<Result<wit::ChatReply, wit::ModelError>> {
        asking::enter(&mut caller)?;
        let stream = caller.get().table.get_mut(&stream)?;
        let whole = poll_fn(|task| stream.poll_finish(task.waker())).await;
        let answer = whole.map(timeslip_timeline::guest::Answer::Chat);
        Ok(asking::chat_result(caller.get(), answer))
    }
}

impl tools_blocking::HostWithStore<Context> for Host {
    fn list(mut caller: Caller<'_>) -> wasmtime::Result<Vec<wit::ToolDefinition>> {
        list_tools(&mut caller)
    }

    async fn call(
        mut caller: Caller<'_>,
        name: String,
        arguments: String,
    ) -> wasmtime::Result<Result<String, wit::ToolError>> {
        let mut pending = asking::call_tool(&mut caller, name, arguments)?;
        Ok(asking::tool_result(pending.wait().await))
    }

    fn start(
        mut caller: Caller<'_>,
        name: String,
        arguments: String,
    ) -> wasmtime::Result<Resource<PendingAnswer>> {
        let pending = asking::call_tool(&mut caller, name, arguments)?;
        Ok(caller.get().table.push(pending)?)
    }
}

impl tools_blocking::HostPendingToolCallWithStore<Context> for Host {
    fn drop(mut caller: Caller<'_>, pending: Resource<PendingAnswer>) -> wasmtime::Result<()> {
        delete(&mut caller, pending)
    }

    async fn wait(
        mut caller: Caller<'_>,
        pending: Resource<PendingAnswer>,
    ) -> wasmtime::Result<Result<String, wit::ToolError>> {
        asking::enter(&mut caller)?;
        let answer = caller.get().table.get_mut(&pending)?.wait().await;
        Ok(asking::tool_result(answer))
    }
}

impl user_blocking::HostWithStore<Context> for Host {
    async fn ask(
        mut caller: Caller<'_>,
        message: String,
    ) -> wasmtime::Result<Result<String, wit::UserError>> {
        let mut pending = asking::ask_user(&mut caller, message)?;
        Ok(asking::user_result(pending.wait().await))
    }
}

/// The functions of `session` that take no time, alike in both worlds.
macro_rules! session_functions {
    () => {
        fn log(
            mut caller: Caller<'_>,
            level: wit::LogLevel,
            message: String,
        ) -> wasmtime::Result<()> {
            asking::log(&mut caller, level, message)
        }

        fn now(mut caller: Caller<'_>) -> wasmtime::Result<u64> {
            Ok(asking::now(&mut caller)?.as_nanos())
        }

        fn random_u64(mut caller: Caller<'_>) -> wasmtime::Result<u64> {
            asking::enter(&mut caller)?;
            Ok(caller.get().chance.next_u64())
        }

        fn random_bytes(mut caller: Caller<'_>, length: u32) -> wasmtime::Result<Vec<u8>> {
            asking::random_bytes(&mut caller, length)
        }

        fn config(mut caller: Caller<'_>, key: String) -> wasmtime::Result<Option<String>> {
            asking::enter(&mut caller)?;
            Ok(caller.get().setup.config.get(&key).cloned())
        }

        fn budget_left(mut caller: Caller<'_>) -> wasmtime::Result<wit::Budget> {
            asking::budget_left(&mut caller)
        }
    };
}

/// The resource `span`, alike in both worlds.
macro_rules! span_functions {
    () => {
        fn new(mut caller: Caller<'_>, name: String) -> wasmtime::Result<Resource<JournalSpan>> {
            let span = asking::begin_span(&mut caller, name)?;
            Ok(caller.get().table.push(span)?)
        }

        fn drop(mut caller: Caller<'_>, span: Resource<JournalSpan>) -> wasmtime::Result<()> {
            let span = caller.get().table.delete(span)?;
            asking::end_span(&mut caller, span)
        }
    };
}

impl session::HostWithStore<Context> for Host {
    session_functions!();

    async fn sleep(accessor: &HostAccessor, duration_ns: u64) -> wasmtime::Result<()> {
        let mut pending = accessor.with(|mut caller| asking::sleep(&mut caller, duration_ns))?;
        pending.wait().await;
        Ok(())
    }
}

impl session::HostSpanWithStore<Context> for Host {
    span_functions!();
}

impl session_blocking::HostWithStore<Context> for Host {
    session_functions!();

    async fn sleep(mut caller: Caller<'_>, duration_ns: u64) -> wasmtime::Result<()> {
        let mut pending = asking::sleep(&mut caller, duration_ns)?;
        pending.wait().await;
        Ok(())
    }
}

impl session_blocking::HostSpanWithStore<Context> for Host {
    span_functions!();
}

fn list_tools(caller: &mut Caller<'_>) -> wasmtime::Result<Vec<wit::ToolDefinition>> {
    asking::enter(caller)?;
    Ok(caller.get().setup.tools.iter().map(convert::wit_tool_definition).collect())
}

fn delete<R: 'static>(caller: &mut Caller<'_>, resource: Resource<R>) -> wasmtime::Result<()> {
    asking::enter(caller)?;
    caller.get().table.delete(resource)?;
    Ok(())
}
