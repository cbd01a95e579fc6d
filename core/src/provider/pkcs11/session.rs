//! The module, its token, and the sessions with it: pooled, logged in, opened again when they are lost.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;

use super::pin::{self, Pkcs11Pin};
use crate::error::{Error, ErrorCode, Result};
use crate::secret::{SecretBytes, constant_time_eq};

/// Which token.
#[derive(Debug)]
pub(super) enum Token {
    Label(String),
    Serial(String),
}

impl Token {
    pub(super) fn name(&self) -> &str {
        let (Self::Label(name) | Self::Serial(name)) = self;
        name
    }
}

/// What a session is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Using keys. Pooled.
    Read,
    /// Making and destroying keys. Opened for the call.
    Write,
}

/// Why a call of the token failed.
#[derive(Debug)]
pub(super) enum Fault {
    Own(Error),
    Token(TokenError),
    /// Somebody logged the application out.
    LoggedOut,
}

/// The way to one token, from whatever process the caller is in.
pub(super) struct Connection {
    module: PathBuf,
    token: Token,
    pin: Pkcs11Pin,
    sessions: usize,
    timeout: Duration,
    process: ArcSwapOption<Process>,
    /// What the token refused as a PIN.
    refused: ArcSwapOption<SecretBytes>,
}

/// What belongs to one process. A forked child makes its own and leaves its parent's, locks included, alone.
struct Process {
    id: u32,
    client: Pkcs11,
    slot: Slot,
    pool: Mutex<Pool>,
    freed: Condvar,
    login: Mutex<()>,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Session>,
    open: usize,
}

/// A session for one call.
pub(super) struct Lease<'a> {
    session: Session,
    place: Place<'a>,
}

/// One of the sessions that may be open at once. Given up when it is dropped.
struct Place<'a>(&'a Process);

impl Connection {
    pub(super) fn new(module: PathBuf, token: Token, pin: Pkcs11Pin, sessions: usize, timeout: Duration) -> Self {
        let (process, refused) = (ArcSwapOption::empty(), ArcSwapOption::empty());
        Self { module, token, pin, sessions, timeout, process, refused }
    }

    pub(super) const fn token(&self) -> &Token {
        &self.token
    }

    /// Runs `work` with a session. A session that turns out to be lost is replaced once.
    pub(super) fn run<T>(
        &self,
        access: Access,
        work: impl Fn(&Lease<'_>) -> std::result::Result<T, Fault>,
    ) -> Result<T> {
        match self.attempt(access, &work) {
            Err(fault) if fault.is_lost() => self.attempt(access, &work),
            outcome => outcome,
        }
        .map_err(Fault::into_error)
    }

    fn attempt<T>(
        &self,
        access: Access,
        work: impl Fn(&Lease<'_>) -> std::result::Result<T, Fault>,
    ) -> std::result::Result<T, Fault> {
        let process = self.process()?;
        let outcome = self.lease(&process, access).and_then(|lease| {
            let outcome = alone_if(access == Access::Write, &shared_of(process.id), || work(&lease));
            lease.end(access == Access::Read && outcome.is_ok());
            outcome
        });
        if outcome.as_ref().is_err_and(Fault::is_lost) {
            self.forget(&process);
        }
        outcome
    }

    /// What this process knows of the token, found anew in a process that knows nothing.
    fn process(&self) -> std::result::Result<Arc<Process>, Fault> {
        let id = std::process::id();
        let known = || self.process.load_full().filter(|process| process.id == id);
        if let Some(process) = known() {
            return Ok(process);
        }
        // One thread at a time: modules answer others while they are being initialized.
        let shared = shared_of(id);
        let _one_at_a_time = shared.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(process) = known() {
            return Ok(process);
        }
        let client = module(&self.module)?;
        match client.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(TokenError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(error.into()),
        }
        let slot = find_slot(&client, &self.token)?;
        let (pool, freed, login) = (Mutex::default(), Condvar::new(), Mutex::default());
        let process = Arc::new(Process { id, client, slot, pool, freed, login });
        self.process.store(Some(Arc::clone(&process)));
        Ok(process)
    }

    /// Leaves a token that is gone: its sessions are closed, and the next call looks for it again.
    fn forget(&self, process: &Arc<Process>) {
        self.process.compare_and_swap(process, None);
        let idle = std::mem::take(&mut process.pool().idle);
        idle.into_iter().for_each(|session| drop(session.close()));
    }

    fn lease<'a>(&self, process: &'a Process, access: Access) -> std::result::Result<Lease<'a>, Fault> {
        let deadline = Instant::now() + self.timeout;
        let mut pool = process.pool();
        while pool.open >= self.sessions && (access == Access::Write || pool.idle.is_empty()) {
            if let Some(session) = pool.idle.pop() {
                // Room for a session that writes.
                pool.open -= 1;
                drop(session.close());
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Fault::own(ErrorCode::ProviderUnavailable, "no session became free in time"));
            }
            pool = process.freed.wait_timeout(pool, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if access == Access::Read
            && let Some(session) = pool.idle.pop()
        {
            return Ok(Lease { session, place: Place(process) });
        }
        pool.open += 1;
        drop(pool);
        let place = Place(process);
        let session = match access {
            Access::Read => process.client.open_ro_session_no_drop(process.slot)?,
            Access::Write => process.client.open_rw_session_no_drop(process.slot)?,
        };
        match self.log_in(process, &session) {
            Ok(()) => Ok(Lease { session, place }),
            Err(fault) => {
                drop(session.close());
                Err(fault)
            }
        }
    }

    /// Logs in, one thread at a time, and never again with a PIN that was refused: tokens lock after a few.
    fn log_in(&self, process: &Process, session: &Session) -> std::result::Result<(), Fault> {
        let _one_at_a_time = process.login.lock().unwrap_or_else(PoisonError::into_inner);
        let pin = self.pin.read()?;
        let refused = self.refused.load();
        if let (Some(pin), Some(refused)) = (&pin, &*refused)
            && constant_time_eq(pin.expose(), refused.expose())
        {
            return Err(Fault::own(ErrorCode::ProviderDenied, "the token refused this PIN before"));
        }
        let outcome = match &pin {
            Some(pin) => session.login_with_raw(UserType::User, &pin::for_login(pin)),
            None => session.login(UserType::User, None),
        };
        match outcome {
            Ok(()) | Err(TokenError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) => {
                if matches!(error, TokenError::Pkcs11(RvError::PinIncorrect | RvError::PinLocked, _)) {
                    self.refused.store(pin.map(Arc::new));
                }
                Err(error.into())
            }
        }
    }
}

impl Process {
    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    pub(super) fn client(&self) -> &Pkcs11 {
        &self.place.0.client
    }

    pub(super) fn slot(&self) -> Slot {
        self.place.0.slot
    }

    /// Back to the pool, if the session is as good as before; else it is closed, before its place is free: the token counts too.
    fn end(self, is_good: bool) {
        let Self { session, place } = self;
        if is_good {
            let process = place.0;
            process.pool().idle.push(session);
            process.freed.notify_one();
            std::mem::forget(place);
        } else {
            drop(session.close());
            drop(place);
        }
    }
}

impl Deref for Lease<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut pool = self.0.pool();
        pool.open = pool.open.saturating_sub(1);
        drop(pool);
        self.0.freed.notify_one();
    }
}

impl Fault {
    pub(super) fn own(code: ErrorCode, detail: &str) -> Self {
        Self::Own(Error::with_detail(code, detail))
    }

    /// Whether a new session may do what this one could not.
    fn is_lost(&self) -> bool {
        let Self::Token(TokenError::Pkcs11(code, _)) = self else { return matches!(self, Self::LoggedOut) };
        matches!(
            code,
            RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::UserNotLoggedIn
                | RvError::CryptokiNotInitialized
                | RvError::SlotIdInvalid
                | RvError::DeviceRemoved
                | RvError::DeviceError
                | RvError::TokenNotPresent
                | RvError::ObjectHandleInvalid
                | RvError::KeyHandleInvalid
                | RvError::OperationActive
        )
    }

    fn into_error(self) -> Error {
        let error = match self {
            Self::Own(error) => return error,
            Self::LoggedOut => return Error::with_detail(ErrorCode::ProviderDenied, "the token keeps logging out"),
            Self::Token(error) => error,
        };
        let code = match &error {
            TokenError::Pkcs11(code, function) => code_of(*code, *function),
            TokenError::MissingSymbol(_) | TokenError::NullFunctionPointer | TokenError::NotSupported => {
                ErrorCode::ProviderUnsupported
            }
            TokenError::LibraryLoading(_) => ErrorCode::ProviderUnavailable,
            _ => ErrorCode::ProviderBadReply,
        };
        let detail = match &error {
            TokenError::Pkcs11(code, function) => format!("{function}: {code:?}"),
            TokenError::LibraryLoading(_) => "the module cannot be loaded".into(),
            _ => "PKCS #11".into(),
        };
        Error::with_detail(code, detail).caused_by(error)
    }
}

impl From<TokenError> for Fault {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

fn code_of(code: RvError, function: Function) -> ErrorCode {
    let opens = matches!(function, Function::Decrypt | Function::DecryptInit | Function::UnwrapKey);
    match code {
        RvError::PinIncorrect
        | RvError::PinInvalid
        | RvError::PinLenRange
        | RvError::PinExpired
        | RvError::PinLocked
        | RvError::UserPinNotInitialized
        | RvError::UserNotLoggedIn
        | RvError::UserAnotherAlreadyLoggedIn
        | RvError::UserTypeInvalid
        | RvError::ActionProhibited
        | RvError::FunctionRejected
        | RvError::KeyFunctionNotPermitted
        | RvError::TokenWriteProtected => ErrorCode::ProviderDenied,
        RvError::EncryptedDataInvalid
        | RvError::EncryptedDataLenRange
        | RvError::WrappedKeyInvalid
        | RvError::WrappedKeyLenRange
        | RvError::KeyTypeInconsistent
        | RvError::KeySizeRange => ErrorCode::ProviderWrongKey,
        RvError::DataInvalid | RvError::DataLenRange | RvError::TemplateInconsistent if opens => {
            ErrorCode::ProviderWrongKey
        }
        RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::FunctionNotSupported
        | RvError::RandomNoRng
        | RvError::TemplateInconsistent
        | RvError::AttributeTypeInvalid
        | RvError::AttributeValueInvalid => ErrorCode::ProviderUnsupported,
        _ => ErrorCode::ProviderUnavailable,
    }
}

/// What the connections of one process share. A forked child finds its parent's, which another thread may have held, and makes its own.
struct Shared {
    id: u32,
    /// Held while a module is initialized: it answers other threads meanwhile.
    starting: Mutex<()>,
    /// Held alone while keys are made or destroyed: SoftHSM 2.6 fails where another thread of the process uses keys meanwhile.
    keys: RwLock<()>,
}

fn shared_of(id: u32) -> Arc<Shared> {
    static CURRENT: ArcSwapOption<Shared> = ArcSwapOption::const_empty();
    loop {
        let current = CURRENT.load_full();
        if let Some(shared) = current.as_ref().filter(|shared| shared.id == id) {
            return Arc::clone(shared);
        }
        let fresh = Shared { id, starting: Mutex::new(()), keys: RwLock::new(()) };
        CURRENT.compare_and_swap(&current, Some(Arc::new(fresh)));
    }
}

/// Runs `work` with keys, alone where it makes or destroys some.
fn alone_if<T>(alone: bool, shared: &Shared, work: impl FnOnce() -> T) -> T {
    if alone {
        let _guard = shared.keys.write().unwrap_or_else(PoisonError::into_inner);
        return work();
    }
    let _guard = shared.keys.read().unwrap_or_else(PoisonError::into_inner);
    work()
}

/// A module, once loaded, stays: many have threads of their own, and other users in the process.
fn module(path: &Path) -> std::result::Result<Pkcs11, Fault> {
    static LOADED: LazyLock<ArcSwap<Vec<(PathBuf, Pkcs11)>>> = LazyLock::new(ArcSwap::default);
    if let Some((_, client)) = LOADED.load().iter().find(|(other, _)| other == path) {
        return Ok(client.clone());
    }
    let client = Pkcs11::new(path)?;
    LOADED.rcu(|loaded| {
        let mut loaded = Vec::clone(loaded);
        loaded.push((path.to_owned(), client.clone()));
        loaded
    });
    Ok(client)
}

/// A token that cannot tell who it is keeps nobody from the others.
fn find_slot(client: &Pkcs11, token: &Token) -> std::result::Result<Slot, Fault> {
    let mut found = None;
    let mut failed = None;
    for slot in client.get_slots_with_token()? {
        let info = match client.get_token_info(slot) {
            Ok(info) if info.token_initialized() => info,
            Ok(_) => continue,
            Err(error) => {
                failed = Some(error);
                continue;
            }
        };
        let is_it = match token {
            Token::Label(label) => info.label() == label,
            Token::Serial(serial) => info.serial_number() == serial,
        };
        if is_it && found.replace(slot).is_some() {
            return Err(Fault::own(ErrorCode::ProviderMismatch, "two tokens have this label or serial number"));
        }
    }
    let missing = || Fault::own(ErrorCode::ProviderUnavailable, "no token has this label or serial number");
    found.ok_or_else(|| failed.map_or_else(missing, Fault::Token))
}
