//! What every [`KeyProvider`] must do.
//!
//! ```
//! # #[cfg(feature = "conformance")] {
//! use fieldward::{LocalKeyProvider, SecretKey, conformance};
//!
//! let provider = LocalKeyProvider::new(SecretKey::generate()?);
//! conformance::provider::check(&provider)?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod component;

use crate::error::{ErrorCode, ErrorKind};
use crate::provider::{KeyProvider, MAX_WRAPPED_LEN, WrapContext, WrappedKey};
use crate::secret::SecretKey;

use super::{Failure, Outcome, must, succeeds};

pub use component::{Component, Report, Situation};

/// Runs every rule against a provider that is configured and reachable. Makes and destroys two keys of its own, named
/// `conformance-1` and `conformance-2`, where the provider can.
///
/// # Errors
///
/// The first rule that does not hold.
pub fn check(provider: &dyn KeyProvider) -> Outcome {
    let rules: [fn(&dyn KeyProvider) -> Outcome; 7] =
        [names, round_trip, contexts, tampering, sizes, threads, made_keys];
    rules.iter().try_for_each(|rule| rule(provider))
}

const CONTEXT: WrapContext<'static> = WrapContext::root("conformance", 7);

fn secret() -> Result<SecretKey, Failure> {
    succeeds("the suite's own secret", SecretKey::generate())
}

fn wrapped(provider: &dyn KeyProvider, secret: &SecretKey) -> Result<WrappedKey, Failure> {
    let wrapped =
        succeeds("wrap succeeds with the configured key", provider.wrap(&provider.key_name(), secret, &CONTEXT))?;
    succeeds("a wrapped key stays within the limits", wrapped.check())?;
    Ok(wrapped)
}

/// Refused as the provider's own refusal, not as success and not as something retryable.
fn refused(rule: &'static str, provider: &dyn KeyProvider, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Outcome {
    match provider.unwrap(wrapped, context) {
        Err(error) if error.kind() == ErrorKind::Provider && !error.is_retryable() => Ok(()),
        Err(cause) => Err(Failure::new(rule, Some(cause))),
        Ok(_) => Err(Failure::new(rule, None)),
    }
}

fn names(provider: &dyn KeyProvider) -> Outcome {
    let printable = |name: &str| (1..=256).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    must("kind is 1 to 256 printable ASCII characters", printable(provider.kind()))?;
    must("the key's name is 1 to 256 printable ASCII characters", printable(&provider.key_name()))?;
    must("the key's name does not change", provider.key_name() == provider.key_name())
}

fn round_trip(provider: &dyn KeyProvider) -> Outcome {
    let secret = secret()?;
    let (one, two) = (wrapped(provider, &secret)?, wrapped(provider, &secret)?);
    must("the entry names the key that wraps it", one.key_name == provider.key_name())?;
    must("wrapping twice gives other bytes", one.ciphertext != two.ciphertext)?;
    let shows = one.ciphertext.windows(8).any(|part| secret.expose().windows(8).any(|other| other == part));
    must("the wrapped bytes do not show the secret", !shows)?;
    for wrapped in [&one, &two, &one] {
        let opened = succeeds("unwrap opens what wrap gave, again and again", provider.unwrap(wrapped, &CONTEXT))?;
        must("unwrap gives the same secret", opened == secret)?;
    }
    let shown = format!("{provider:?} {one:?}");
    must("Debug shows no secret", !shown.contains(&format!("{:?}", secret.expose())))
}

fn contexts(provider: &dyn KeyProvider) -> Outcome {
    let wrapped = wrapped(provider, &secret()?)?;
    let rule = "another context is refused";
    refused(rule, provider, &wrapped, &WrapContext::root("another", 7))?;
    refused(rule, provider, &wrapped, &WrapContext::root("conformance", 8))?;
    refused(rule, provider, &wrapped, &WrapContext { purpose: "audit", ..CONTEXT })
}

fn tampering(provider: &dyn KeyProvider) -> Outcome {
    let whole = wrapped(provider, &secret()?)?;
    // Every byte where that is cheap; for slow providers, bytes spread over the whole.
    let step = if whole.params.contains_key("iterations") { whole.ciphertext.len().div_ceil(3) } else { 1 };
    for at in (0..whole.ciphertext.len()).step_by(step) {
        let mut copy = whole.clone();
        copy.ciphertext.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 0x10);
        refused("a changed ciphertext is refused", provider, &copy, &CONTEXT)?;
    }
    let mut copy = whole.clone();
    copy.ciphertext.pop();
    refused("a cut ciphertext is refused", provider, &copy, &CONTEXT)?;
    let mut copy = whole.clone();
    copy.ciphertext.push(0);
    refused("an extended ciphertext is refused", provider, &copy, &CONTEXT)?;
    let mut copy = whole.clone();
    copy.key_name.push('x');
    refused("another key's name is refused", provider, &copy, &CONTEXT)?;
    for name in whole.params.keys() {
        let mut copy = whole.clone();
        copy.params.insert(name.clone(), "1".into());
        refused("a changed parameter is refused", provider, &copy, &CONTEXT)?;
        copy.params.remove(name);
        refused("a missing parameter is refused", provider, &copy, &CONTEXT)?;
    }
    let mut copy = whole;
    copy.params.insert("unknown".into(), "x".into());
    refused("an unknown parameter is refused", provider, &copy, &CONTEXT)
}

fn sizes(provider: &dyn KeyProvider) -> Outcome {
    for length in [0, 1, 31, 32, 64, MAX_WRAPPED_LEN + 1] {
        let mut wrapped = wrapped(provider, &secret()?)?;
        wrapped.ciphertext = vec![0x5a; length];
        refused("ciphertexts of other lengths are refused", provider, &wrapped, &CONTEXT)?;
        if wrapped.params.contains_key("iterations") {
            break;
        }
    }
    Ok(())
}

fn threads(provider: &dyn KeyProvider) -> Outcome {
    let secret = secret()?;
    let whole = wrapped(provider, &secret)?;
    let all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| provider.unwrap(&whole, &CONTEXT))).collect();
        threads.into_iter().all(|thread| thread.join().is_ok_and(|opened| opened.is_ok_and(|opened| opened == secret)))
    });
    must("eight threads unwrap at once", all)
}

fn made_keys(provider: &dyn KeyProvider) -> Outcome {
    let (one, two) = ("conformance-1", "conformance-2");
    if !provider.can_make_keys() {
        let made = provider.make_key(one).map_err(|error| error.code());
        let destroyed = provider.destroy_key(one).map_err(|error| error.code());
        let unsupported = Err(ErrorCode::ProviderUnsupported);
        return must("a provider that cannot make keys says so", made == unsupported && destroyed == unsupported);
    }
    let secret = secret()?;
    succeeds("make_key succeeds", provider.make_key(one))?;
    succeeds("make_key succeeds", provider.make_key(two))?;
    must("make_key refuses a name that exists", provider.make_key(one).is_err())?;
    let wrapped = succeeds("a made key wraps", provider.wrap(one, &secret, &CONTEXT))?;
    let opened = succeeds("a made key unwraps", provider.unwrap(&wrapped, &CONTEXT))?;
    must("a made key gives the same secret", opened == secret)?;
    let swapped = WrappedKey { key_name: two.into(), ..wrapped.clone() };
    refused("another made key is refused", provider, &swapped, &CONTEXT)?;
    succeeds("destroy_key succeeds", provider.destroy_key(one))?;
    succeeds("destroy_key succeeds again", provider.destroy_key(one))?;
    succeeds("destroy_key succeeds", provider.destroy_key(two))?;
    refused("a destroyed key opens nothing", provider, &wrapped, &CONTEXT)
}
