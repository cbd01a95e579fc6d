//! The golden vectors, in the very library that Swift and Kotlin load: for their tests.

/// Runs one case of a room of `core/vectors`: the result as JSON, or `{"error": code}`; none if the room has no such operation.
#[uniffi::export]
pub fn run_vector(room: &str, op: &str, input: &str) -> Option<String> {
    let input = serde_json::from_str(input).ok()?;
    fieldward::golden::run(room, op, &input).map(|result| result.to_string())
}
