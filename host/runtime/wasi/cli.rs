//! A program's surroundings: no environment, no arguments but the component's name, an end.

use wasmtime::component::Resource;

use super::Host;
use super::stdio::{TerminalInput, TerminalOutput};
use super::streams::{InputStream, OutputStream};
use crate::asking::{self, Caller};
use crate::bindings::wasi::wasi::cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr,
    terminal_stdin, terminal_stdout,
};
use crate::context::Context;
use crate::stop::GuestExit;

impl environment::Host for Context {}
impl exit::Host for Context {}
impl stdin::Host for Context {}
impl stdout::Host for Context {}
impl stderr::Host for Context {}
impl terminal_input::Host for Context {}
impl terminal_input::HostTerminalInput for Context {}
impl terminal_output::Host for Context {}
impl terminal_output::HostTerminalOutput for Context {}
impl terminal_stdin::Host for Context {}
impl terminal_stdout::Host for Context {}
impl terminal_stderr::Host for Context {}

impl environment::HostWithStore<Context> for Host {
    fn get_environment(mut caller: Caller<'_>) -> wasmtime::Result<Vec<(String, String)>> {
        asking::enter(&mut caller)?;
        Ok(Vec::new())
    }

    fn get_arguments(mut caller: Caller<'_>) -> wasmtime::Result<Vec<String>> {
        asking::enter(&mut caller)?;
        Ok(vec![caller.get().setup.name.to_string()])
    }

    fn initial_cwd(mut caller: Caller<'_>) -> wasmtime::Result<Option<String>> {
        asking::enter(&mut caller)?;
        Ok(None)
    }
}

impl exit::HostWithStore<Context> for Host {
    fn exit(mut caller: Caller<'_>, status: Result<(), ()>) -> wasmtime::Result<()> {
        asking::enter(&mut caller)?;
        Err(GuestExit { status: u8::from(status.is_err()) }.into())
    }

    fn exit_with_code(mut caller: Caller<'_>, status: u8) -> wasmtime::Result<()> {
        asking::enter(&mut caller)?;
        Err(GuestExit { status }.into())
    }
}

impl stdin::HostWithStore<Context> for Host {
    fn get_stdin(mut caller: Caller<'_>) -> wasmtime::Result<Resource<InputStream>> {
        asking::enter(&mut caller)?;
        Ok(caller.get().table.push(InputStream::Empty)?)
    }
}

impl stdout::HostWithStore<Context> for Host {
    fn get_stdout(mut caller: Caller<'_>) -> wasmtime::Result<Resource<OutputStream>> {
        asking::enter(&mut caller)?;
        Ok(caller.get().table.push(OutputStream::Stdout)?)
    }
}

impl stderr::HostWithStore<Context> for Host {
    fn get_stderr(mut caller: Caller<'_>) -> wasmtime::Result<Resource<OutputStream>> {
        asking::enter(&mut caller)?;
        Ok(caller.get().table.push(OutputStream::Stderr)?)
    }
}

impl terminal_input::HostTerminalInputWithStore<Context> for Host {
    fn drop(mut caller: Caller<'_>, terminal: Resource<TerminalInput>) -> wasmtime::Result<()> {
        asking::enter(&mut caller)?;
        caller.get().table.delete(terminal)?;
        Ok(())
    }
}

impl terminal_output::HostTerminalOutputWithStore<Context> for Host {
    fn drop(mut caller: Caller<'_>, terminal: Resource<TerminalOutput>) -> wasmtime::Result<()> {
        asking::enter(&mut caller)?;
        caller.get().table.delete(terminal)?;
        Ok(())
    }
}

impl terminal_stdin::HostWithStore<Context> for Host {
    fn get_terminal_stdin(
        mut caller: Caller<'_>,
    ) -> wasmtime::Result<Option<Resource<TerminalInput>>> {
        asking::enter(&mut caller)?;
        Ok(None)
    }
}

impl terminal_stdout::HostWithStore<Context> for Host {
    fn get_terminal_stdout(
        mut caller: Caller<'_>,
    ) -> wasmtime::Result<Option<Resource<TerminalOutput>>> {
        asking::enter(&mut caller)?;
        Ok(Some(caller.get().table.push(TerminalOutput)?))
    }
}

impl terminal_stderr::HostWithStore<Context> for Host {
    // No terminal, since programs colour their errors on one.
    fn get_terminal_stderr(
        mut caller: Caller<'_>,
    ) -> wasmtime::Result<Option<Resource<TerminalOutput>>> {
        asking::enter(&mut caller)?;
        Ok(None)
    }
}
