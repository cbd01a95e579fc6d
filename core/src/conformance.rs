//! Public conformance suites: run them against a provider or a store of your own. Every built-in one passes them.
//!
//! They need the feature `conformance`. Each check returns a [`Failure`] that names the rule it found broken.

pub mod store;
