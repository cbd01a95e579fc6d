//! Examples of the library: short programs in `examples/`, and the program behind `make demo`.

pub mod demo;
pub mod input;
pub mod sample;
