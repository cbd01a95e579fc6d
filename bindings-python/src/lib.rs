//! The Python package `fieldward`: converts, calls the library, converts back.
//!
//! One file a noun. State, caches, retries and rules live in the library; here is what Python alone needs: its types, its exceptions, its
//! interpreter lock.
#![deny(unsafe_code)]

mod audit;
mod calls;
mod column;
mod document;
mod error;
mod field;
mod handle;
mod json;
mod keyring;
mod lifecycle;
mod name;
mod pin;
mod provider;
mod record;
mod schema;
mod search;
mod store;
mod value;

/// The compiled part of `fieldward`. Import `fieldward`, not this.
#[pyo3::pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::audit::{JsonLinesSink, MemorySink};
    #[pymodule_export]
    use crate::column::{ArrowColumn, DecryptedColumn};
    #[pymodule_export]
    use crate::field::{Field, Opened};
    #[pymodule_export]
    use crate::keyring::{Keyring, ManualClock, backends, create, inspect, open, recover};
    #[pymodule_export]
    use crate::pin::{FilePin, MemoryPin};
    #[pymodule_export]
    use crate::provider::{LocalKeyDirectory, LocalKeyProvider, PassphraseProvider, WrapContext};
    #[pymodule_export]
    use crate::record::Records;
    #[pymodule_export]
    use crate::schema::Schema;
    #[pymodule_export]
    use crate::search::Query;
    #[pymodule_export]
    use crate::store::{DocumentTag, FileStore, MemoryStore};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("ERROR_CODES", crate::error::registry(module.py())?)
    }
}
