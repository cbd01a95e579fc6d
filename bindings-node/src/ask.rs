//! Functions written in JavaScript, asked from another thread: the call is queued for JavaScript's thread, and the asker waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, ThreadId};
use std::time::Duration;

use fieldward::{Error, ErrorCode, Wait};
use napi::bindgen_prelude::{
    CallbackContext, Env, FromNapiValue, Function, JsObjectValue, JsValue, JsValuesTupleIntoVec, Object, PromiseRaw,
    Unknown,
};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{JsError, Status};

use crate::error::{Result, from_js};
use crate::panic::guarded;
use crate::value::object_of;

/// How long an answer may take. Providers have limits of their own, which should be shorter.
const LIMIT: Duration = Duration::from_secs(60);

/// The thread of a keyring's JavaScript, and whether its keyring asks it anything.
#[derive(Clone)]
pub(crate) struct Host {
    thread: ThreadId,
    is_asked: Arc<AtomicBool>,
}

impl Host {
    /// JavaScript's thread is the one that calls this.
    pub(crate) fn new() -> Self {
        Self { thread: thread::current().id(), is_asked: Arc::default() }
    }

    /// Runs a wait. JavaScript's own thread never waits for a read that JavaScript may have to answer: the read goes on without it.
    pub(crate) fn wait(&self, what: Wait, wait: &mut (dyn FnMut() + Send)) {
        let is_own =
            what == Wait::Read && self.is_asked.load(Ordering::Relaxed) && thread::current().id() == self.thread;
        if !is_own {
            wait();
        }
    }
}

/// A function written in JavaScript that takes `A`.
pub(crate) struct Asked<A: 'static + JsValuesTupleIntoVec> {
    function: ThreadsafeFunction<A, Unknown<'static>, A, Status, false, true>,
    host: Host,
    /// What it is when no answer comes.
    unanswered: ErrorCode,
}

impl<A: 'static + JsValuesTupleIntoVec> Asked<A> {
    /// The method of this name.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if there is none.
    pub(crate) fn method(host: &Host, object: &Object<'_>, name: &str, unanswered: ErrorCode) -> Result<Self> {
        let method = object.get_named_property::<Function<'_, A, Unknown<'static>>>(name);
        let method = method.map_err(|_| Error::with_detail(ErrorCode::InvalidArgument, name))?;
        let method = method.bind(*object).map_err(from_js)?;
        Self::function(host, method, unanswered)
    }

    pub(crate) fn function(
        host: &Host,
        function: Function<'_, A, Unknown<'static>>,
        unanswered: ErrorCode,
    ) -> Result<Self> {
        let function = function.build_threadsafe_function::<A>().weak::<true>().build().map_err(from_js)?;
        host.is_asked.store(true, Ordering::Relaxed);
        Ok(Self { function, host: host.clone(), unanswered })
    }

    /// Asks, and waits for the answer, which `read` takes on JavaScript's thread.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        arguments: A,
        read: impl FnOnce(Unknown<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if thread::current().id() == self.host.thread {
            return Err(Error::with_detail(self.unanswered, "asked on JavaScript's own thread"));
        }
        let (answer, answered) = channel();
        let unanswered = self.unanswered;
        let queued = self.function.call_with_return_value(
            arguments,
            ThreadsafeFunctionCallMode::NonBlocking,
            move |returned, env| {
                let asker = answer.clone();
                if let Err(error) = guarded(|| take(&env, returned, answer, read, unanswered)) {
                    tell(&asker, Err(error));
                }
                Ok(())
            },
        );
        if queued != Status::Ok {
            return Err(Error::with_detail(self.unanswered, "JavaScript has ended"));
        }
        answered.recv_timeout(LIMIT).unwrap_or_else(|_| Err(Error::with_detail(self.unanswered, "no answer")))
    }

    /// Calls without waiting for anything.
    ///
    /// # Errors
    ///
    /// What it is when no answer comes, if JavaScript has ended.
    pub(crate) fn tell(&self, arguments: A) -> Result<()> {
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        match self.function.call_with_return_value(arguments, mode, |_, _| Ok(())) {
            Status::Ok => Ok(()),
            _ => Err(Error::with_detail(self.unanswered, "JavaScript has ended")),
        }
    }
}

/// Takes what a call returned: the answer itself, or a promise of it.
fn take<T: Send + 'static>(
    env: &Env,
    returned: napi::Result<Unknown<'static>>,
    answer: Sender<Result<T>>,
    read: impl FnOnce(Unknown<'_>) -> Result<T> + Send + 'static,
    unanswered: ErrorCode,
) -> Result<()> {
    let returned = match returned {
        Ok(returned) if returned.is_promise().unwrap_or(false) => returned,
        Ok(returned) => {
            tell(&answer, read(returned));
            return Ok(());
        }
        Err(error) => return Err(thrown(env, error, unanswered)),
    };
    let rejected = answer.clone();
    // What these callbacks hold is their own: they outlive this call, which their types do not say.
    let settled = PromiseRaw::<Unknown<'static>>::from_unknown(returned).and_then(|promise| {
        promise
            .then(move |resolved: CallbackContext<Unknown<'static>>| {
                tell(&answer, guarded(|| read(resolved.value)));
                Ok(())
            })?
            .catch(move |refused: CallbackContext<Unknown<'static>>| {
                let error = napi::Error::from_unknown_without_coercion(refused.value);
                tell(&rejected, guarded(|| Err(thrown(&refused.env, error, unanswered))));
                Ok(())
            })
    });
    settled.map(drop).map_err(from_js)
}

/// An asker that has given up hears nothing.
fn tell<T>(asker: &Sender<Result<T>>, answer: Result<T>) {
    drop(asker.send(answer));
}

/// What a provider or store threw: the code of a `FieldwardError`, else `otherwise`. The error itself is kept as the source.
fn thrown(env: &Env, error: napi::Error, otherwise: ErrorCode) -> Error {
    let code = error.try_clone().ok().and_then(|error| code_of(JsError::from(error).into_unknown(*env)));
    Error::new(code.unwrap_or(otherwise)).caused_by(error)
}

fn code_of(error: Unknown<'_>) -> Option<ErrorCode> {
    let code: String = object_of(error)?.get("code").ok()??;
    ErrorCode::ALL.iter().copied().find(|known| known.as_str() == code)
}

impl<A: 'static + JsValuesTupleIntoVec> std::fmt::Debug for Asked<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").finish_non_exhaustive()
    }
}
