import Fieldward
import Foundation
import Testing

/// The repository, where the vectors are.
let root = URL(fileURLWithPath: ProcessInfo.processInfo.environment["FIELDWARD_ROOT"] ?? ".")

func json(_ path: String) throws -> Any {
    try JSONSerialization.jsonObject(with: try Data(contentsOf: root.appendingPathComponent(path)), options: .fragmentsAllowed)
}

/// A keyring in memory.
func config(
    _ provider: Provider? = nil, _ store: Store = .memory(), audit: [Sink] = [], clock: ManualClock? = nil
) throws -> KeyringConfig {
    var config = KeyringConfig(
        id: "device-7", providers: ["primary": try provider ?? .generated()], store: store, noPin: "a test in memory")
    (config.audit, config.clock) = (audit, clock)
    return config
}

func memoryKeyring() async throws -> Keyring { try await config().create() }

/// The code of the error that the call throws.
func code(_ call: () throws -> Void) -> String {
    do {
        try call()
        return "nothing"
    } catch {
        return (error as? FieldwardError)?.code ?? "another error"
    }
}

func code(_ call: () async throws -> Void) async -> String {
    do {
        try await call()
        return "nothing"
    } catch {
        return (error as? FieldwardError)?.code ?? "another error"
    }
}

/// An error of a test's own.
struct Broken: Error, Equatable { let text: String }

/// The error that the call throws.
func thrown(_ call: () async throws -> Void) async throws -> FieldwardError {
    do {
        try await call()
    } catch let error as FieldwardError {
        return error
    }
    throw Broken(text: "nothing was thrown")
}

/// One field of each type, bound to an integer.
func everyType() throws -> Schema {
    let types = ["text", "bytes", "i64", "f64", "bool", "date", "timestamp", "decimal", "uuid", "json"]
    let fields = types.map { #"{"id": "a_\#($0)", "type": "\#($0)", "mode": "randomized"}"# }.joined(separator: ",")
    return try Schema(
        json: #"""
            {"format": "fieldward-schema", "version": 1, "table": "things", "record_id": [{"path": "id", "type": "i64"}],
             "clear": ["ward", "nested"], "fields": [\#(fields), {"id": "code", "type": "text", "mode": "deterministic"}]}
            """#)
}

/// A cipher with associated data, for providers of a test's own: a field of a keyring of the library's.
func cipher() async throws -> Field {
    try await memoryKeyring().field(
        Schema(
            json: #"""
                {"format": "fieldward-schema", "version": 1, "table": "v", "record_id": [{"path": "c", "type": "bytes"}],
                 "fields": [{"id": "secret", "type": "bytes", "mode": "randomized"}]}
                """#), "secret")
}

/// A field without a record id, stored as text, with two indexes.
func named() throws -> Schema {
    try Schema(
        json: #"""
            {"format": "fieldward-schema", "version": 1, "table": "t", "record_binding": "none", "fields": [{"id": "x", "type": "text", "mode": "randomized", "stored": "text",
             "indexes": [{"name": "exact", "column": "x_exact", "transform": "exact", "normalizer": ["casefold"]},
             {"name": "words", "column": "x_words", "transform": "words", "normalizer": ["casefold"], "bits": 32}]}]}
            """#)
}
