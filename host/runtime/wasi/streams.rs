//! Streams: a file's bytes, the journal's lines, or nothing. None of them makes a guest wait.

use timeslip_timeline::time::Instant;
use wasmtime::component::Resource;

use super::Host;
use super::descriptor::error_code;
use super::poll::Pollable;
use super::stdio::{self, Output};
use crate::asking::{self, Caller};
use crate::bindings::wasi::wasi::filesystem::types::ErrorCode;
use crate::bindings::wasi::wasi::io::{error, streams};
use crate::context::Context;
use crate::files::OpenFile;
use crate::stop::LimitHit;

/// Where a guest reads.
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
pub enum InputStream {
    /// There is nothing.
    Empty,
    /// A file, from an offset on.
    File(OpenFile, u64),
}

/// Where a guest writes.
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
pub enum OutputStream {
    /// The journal, at level `info`.
    Stdout,
    /// The journal, at level `warn`.
    Stderr,
    /// A file, from an offset on.
    File(OpenFile, u64),
    /// A file, at its end.
    Append(OpenFile),
}

/// Why a stream failed.
#[derive(Clone, Copy, Debug)]
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
pub struct StreamFault(pub(super) ErrorCode);

/// The most bytes that one read gives.
pub(super) const READ_BYTES_MAX: u64 = 64 << 10;

/// The most bytes that one write takes.
const WRITE_BYTES_MAX: u64 = 1 << 20;

type Streamed<T> = wasmtime::Result<Result<T, streams::StreamError>>;

impl error::Host for Context {}
impl error::HostError for Context {}
impl streams::Host for Context {}
impl streams::HostInputStream for Context {}
impl streams::HostOutputStream for Context {}

impl error::HostErrorWithStore<Context> for Host {
    fn to_debug_string(
        mut caller: Caller<'_>,
        fault: Resource<StreamFault>,
    ) -> wasmtime::Result<String> {
        asking::enter(&mut caller)?;
        Ok(caller.get().table.get(&fault)?.0.message().to_owned())
    }

    fn drop(mut caller: Caller<'_>, fault: Resource<StreamFault>) -> wasmtime::Result<()> {
        asking::enter(&mut caller)?;
        caller.get().table.delete(fault)?;
        Ok(())
    }
}

impl streams::HostInputStreamWithStore<Context> for Host {
    fn read(mut caller: Caller<'_>, stream: Resource<InputStream>, len: u64) -> Streamed<Vec<u8>> {
        read(&mut caller, &stream, len)
    }

    fn blocking_read(
        mut caller: Caller<'_>,
        stream: Resource<InputStream>,
        len: u64,
    ) -> Streamed<Vec<u8>> {
        read(&mut caller, &stream, len)
    }

    fn skip(mut caller: Caller<'_>, stream: Resource<InputStream>, len: u64) -> Streamed<u64> {
        Ok(read(&mut caller, &stream, len)?.map(|bytes| bytes.len() as u64))
    }

    fn blocking_skip(
        mut caller: Caller<'_>,
        stream: Resource<InputStream>,
        len: u64,
    ) -> Streamed<u64> {
        Ok(read(&mut caller, &stream, len)?.map(|bytes| bytes.len() as u64))
    }

    fn subscribe(
        mut caller: Caller<'_>,
        _: Resource<InputStream>,
    ) -> wasmtime::Result<Resource<Pollable>> {
        always_ready(&mut caller)
    }

    fn drop(mut caller: Caller<'_>, stream: Resource<InputStream>) -> wasmtime::Result<()> {
        asking::enter(&mut caller)?;
        caller.get().table.delete(stream)?;
        Ok(())
    }
}

impl streams::HostOutputStreamWithStore<Context> for Host {
    fn check_write(mut caller: Caller<'_>, _: Resource<OutputStream>) -> Streamed<u64> {
        asking::enter(&mut caller)?;
        Ok(Ok(WRITE_BYTES_MAX))
    }

    fn write(
        mut caller: Caller<'_>,
        stream: Resource<OutputStream>,
        contents: Vec<u8>,
    ) -> Streamed<()> {
        write(&mut caller, &stream, &contents)
    }

    fn blocking_write_and_flush(
        mut caller: Caller<'_>,
        stream: Resource<OutputStream>,
        contents: Vec<u8>,
    ) -> Streamed<()> {
        write(&mut caller, &stream, &contents)
    }

    fn flush(mut caller: Caller<'_>, _: Resource<OutputStream>) -> Streamed<()> {
        asking::enter(&mut caller)?;
        Ok(Ok(()))
    }

    fn blocking_flush(mut caller: Caller<'_>, _: Resource<OutputStream>) -> Streamed<()> {
        asking::enter(&mut caller)?;
        Ok(Ok(()))
    }

    fn subscribe(
        mut caller: Caller<'_>,
        _: Resource<OutputStream>,
    ) -> wasmtime::Result<Resource<Pollable>> {
        always_ready(&mut caller)
    }

    fn write_zeroes(
        mut caller: Caller<'_>,
        stream: Resource<OutputStream>,
        len: u64,
    ) -> Streamed<()> {
        write(&mut caller, &stream, &zeroes(len)?)
    }

    fn blocking_write_zeroes_and_flush(
        mut caller: Caller<'_>,
        stream: Resource<OutputStream>,
        len: u64,
    ) -> Streamed<()> {
        write(&mut caller, &stream, &zeroes(len)?)
    }

    fn splice(
        mut caller: Caller<'_>,
        stream: Resource<OutputStream>,
        src: Resource<InputStream>,
        len: u64,
    ) -> Streamed<u64> {
        splice(&mut caller, &stream, &src, len)
    }

    fn blocking_splice(
        mut caller: Caller<'_>,
        stream: Resource<OutputStream>,
        src: Resource<InputStream>,
        len: u64,
    ) -> Streamed<u64> {
        splice(&mut caller, &stream, &src, len)
    }

    fn drop(mut caller: Caller<'_>, stream: Resource<OutputStream>) -> wasmtime::Result<()> {
        asking::enter(&mut caller)?;
        caller.get().table.delete(stream)?;
        Ok(())
    }
}

fn always_ready(caller: &mut Caller<'_>) -> wasmtime::Result<Resource<Pollable>> {
    asking::enter(caller)?;
    Ok(caller.get().table.push(Pollable::Ready)?)
}

fn read(caller: &mut Caller<'_>, stream: &Resource<InputStream>, length: u64) -> Streamed<Vec<u8>> {
    asking::enter(caller)?;
    let InputStream::File(file, offset) = caller.get().table.get_mut(stream)? else {
        return Ok(Err(streams::StreamError::Closed));
    };
    let bytes = file.read(*offset, length.min(READ_BYTES_MAX) as usize);
    if bytes.is_empty() && length > 0 {
        return Ok(Err(streams::StreamError::Closed));
    }
    *offset += bytes.len() as u64;
    Ok(Ok(bytes))
}

fn write(caller: &mut Caller<'_>, stream: &Resource<OutputStream>, bytes: &[u8]) -> Streamed<()> {
    let output = match caller.get().table.get(stream)? {
        OutputStream::Stdout => Output::Stdout,
        OutputStream::Stderr => Output::Stderr,
        OutputStream::File(..) | OutputStream::Append(_) => {
            let now = asking::instant(caller)?;
            return write_to_file(caller.get(), stream, bytes, now);
        }
    };
    stdio::write(caller, output, bytes)?;
    Ok(Ok(()))
}

fn write_to_file(
    context: &mut Context,
    stream: &Resource<OutputStream>,
    bytes: &[u8],
    now: Instant,
) -> Streamed<()> {
    let written = match context.table.get_mut(stream)? {
        OutputStream::File(file, offset) => {
            let written = file.write(*offset, bytes, now);
            *offset = offset.saturating_add(bytes.len() as u64);
            written
        }
        OutputStream::Append(file) => file.write(file.length(), bytes, now),
        OutputStream::Stdout | OutputStream::Stderr => Ok(()),
    };
    Ok(match written {
        Ok(()) => Ok(()),
        Err(problem) => {
            let fault = context.table.push(StreamFault(error_code(problem)))?;
            Err(streams::StreamError::LastOperationFailed(fault))
        }
    })
}

fn zeroes(length: u64) -> wasmtime::Result<Vec<u8>> {
    if length > WRITE_BYTES_MAX {
        let message = format!(
            "the component wrote {length} zero bytes in one call; the most is {WRITE_BYTES_MAX}"
        );
        return Err(LimitHit { kind: "boundary_size", message }.into());
    }
    Ok(vec![0; length as usize])
}

fn splice(
    caller: &mut Caller<'_>,
    stream: &Resource<OutputStream>,
    source: &Resource<InputStream>,
    length: u64,
) -> Streamed<u64> {
    let bytes = match read(caller, source, length)? {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(error)),
    };
    Ok(write(caller, stream, &bytes)?.map(|()| bytes.len() as u64))
}
