//! Writes the Swift and Kotlin sources for the library: `uniffi-bindgen generate --library LIBRARY --language LANGUAGE`.

fn main() {
    uniffi::uniffi_bindgen_main();
}
