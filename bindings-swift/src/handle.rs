//! What a handle holds until its keyring is closed.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use arc_swap::ArcSwapOption;
use fieldward::ErrorCode;

use crate::error::Result;

/// A part of the library that can be taken away while others use it: who uses it goes on, and nobody gets it again.
#[derive(Debug)]
pub(crate) struct Handle<T>(ArcSwapOption<T>);

impl<T> Handle<T> {
    /// # Errors
    ///
    /// `Closed`.
    pub(crate) fn part(&self) -> Result<Arc<T>> {
        #[cfg(feature = "testing")]
        crate::testing::panic_where_armed();
        self.0.load_full().ok_or_else(|| ErrorCode::Closed.into())
    }
}

/// What closing takes away.
trait Close: Send + Sync {
    fn close(&self);
}

impl<T: Send + Sync> Close for Handle<T> {
    fn close(&self) {
        self.0.store(None);
    }
}

/// The handles that one keyring gave out.
#[derive(Default)]
pub(crate) struct Handles(Mutex<Vec<Weak<dyn Close>>>);

impl Handles {
    /// A handle that is closed with the others.
    pub(crate) fn give<T: Send + Sync + 'static>(&self, part: T) -> Arc<Handle<T>> {
        let handle = Arc::new(Handle(ArcSwapOption::from_pointee(part)));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len().is_power_of_two() {
            all.retain(|handle| handle.strong_count() > 0);
        }
        let given: Arc<dyn Close> = Arc::<Handle<T>>::clone(&handle);
        all.push(Arc::downgrade(&given));
        handle
    }

    pub(crate) fn close(&self) {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        all.iter().filter_map(Weak::upgrade).for_each(|handle| handle.close());
    }
}
