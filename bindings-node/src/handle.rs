//! What a handle holds until its keyring is closed.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use fieldward::{Error, ErrorCode};

use crate::error::Result;
use crate::panic::drop_guarded;

/// A part of the library that closing takes away. Work on other threads has a clone of its own, and ends first.
pub(crate) struct Handle<T>(RefCell<Option<T>>);

impl<T> Handle<T> {
    pub(crate) const fn new(part: T) -> Self {
        Self(RefCell::new(Some(part)))
    }

    /// # Errors
    ///
    /// `Closed`.
    #[inline]
    pub(crate) fn with<R>(&self, call: impl FnOnce(&T) -> Result<R>) -> Result<R> {
        let held = self.0.try_borrow().map_err(|_| Error::new(ErrorCode::Internal))?;
        call(held.as_ref().ok_or_else(|| Error::new(ErrorCode::Closed))?)
    }
}

impl<T: Clone> Handle<T> {
    /// # Errors
    ///
    /// `Closed`.
    pub(crate) fn get(&self) -> Result<T> {
        self.with(|held| Ok(held.clone()))
    }
}

trait Close {
    fn close(&self);
}

impl<T> Close for Handle<T> {
    fn close(&self) {
        // In use is only what a getter of the caller's own record calls back from.
        if let Ok(mut held) = self.0.try_borrow_mut() {
            held.take();
        }
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        drop_guarded(self.0.take());
    }
}

/// The handles that one keyring gave out, in the thread that has it.
#[derive(Default)]
pub(crate) struct Handles(RefCell<Vec<Weak<dyn Close>>>);

impl Handles {
    /// A handle that is closed with the others.
    pub(crate) fn give<T: 'static>(&self, part: T) -> Rc<Handle<T>> {
        let handle = Rc::new(Handle::new(part));
        let given: Rc<dyn Close> = Rc::<Handle<T>>::clone(&handle);
        let mut all = self.0.borrow_mut();
        if all.len().is_power_of_two() {
            all.retain(|handle| handle.strong_count() > 0);
        }
        all.push(Rc::downgrade(&given));
        handle
    }

    pub(crate) fn close(&self) {
        let all = self.0.take();
        all.iter().filter_map(Weak::upgrade).for_each(|handle| handle.close());
    }
}
