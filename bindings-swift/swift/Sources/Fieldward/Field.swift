internal import FieldwardNative
import Foundation

/// Encrypts and decrypts the values of one field of one tenant. Any thread may use it; no call waits for a provider.
///
/// Calls for many values are one crossing into the library, off the caller's thread: results come in order, and what fails names its
/// row in `FieldwardError.row`. At most 1,048,576 rows and 256 MiB go in or come out at once.
///
///     let ssn = try keyring.field(.patient(), "ssn")
///     let stored = try ssn.encrypt("999-41-1234", record: RecordID("p-7"))
///     assert(try ssn.decrypt(stored, record: RecordID("p-7")) == "999-41-1234")
public final class Field: Sendable, Redacted {
    private let native: FieldwardNative.Field

    init(_ native: FieldwardNative.Field) { self.native = native }

    /// The field's id: enters keys, and never changes.
    public var id: String { get throws(FieldwardError) { try guarded { try native.id() } } }

    /// Encrypts a value under the current key. Null stays null; empty text and empty bytes are encrypted.
    public func encrypt(_ value: Value?, record: RecordID? = nil) throws(FieldwardError) -> Stored? {
        Stored(try guarded { try native.encrypt(value: value?.native, record: record?.native) })
    }

    /// Decrypts what is stored: the type that went in comes out.
    public func decrypt(_ stored: Stored?, record: RecordID? = nil) throws(FieldwardError) -> Value? {
        try guarded { try native.decrypt(stored: stored.native, record: record?.native).map { try Value($0) } }
    }

    /// Decrypts what stands in a binary column.
    public func decrypt(_ bytes: Data, record: RecordID? = nil) throws(FieldwardError) -> Value? {
        try decrypt(.bytes(bytes), record: record)
    }

    /// Decrypts what stands in a text column.
    public func decrypt(text: String, record: RecordID? = nil) throws(FieldwardError) -> Value? {
        try decrypt(.text(text), record: record)
    }

    /// Decrypts, and tells which key it was and whether the value can be trusted.
    public func open(_ stored: Stored?, record: RecordID? = nil) throws(FieldwardError) -> Opened {
        try guarded {
            let opened = try native.open(stored: stored.native, record: record?.native)
            return Opened(
                value: try opened.value.map { try Value($0) }, keyID: opened.keyId, isTrusted: opened.isTrusted)
        }
    }

    /// What every index of the field stores for a value, by column: bytes, text, a list of them, or null.
    public func indexValues(_ value: Value?) throws(FieldwardError) -> [String: Node] {
        try guarded { try Node.object(try native.indexValues(value: value?.native)) }
    }

    /// What an index's column is compared with to find a value.
    public func query(_ index: String, _ value: Value) throws(FieldwardError) -> Query {
        Query(try guarded { try native.query(index: index, value: value.native) })
    }

    /// What the column of a deterministic field is compared with: one envelope for each key version that is not destroyed.
    public func tokens(_ value: Value) throws(FieldwardError) -> [Stored] {
        try guarded { try native.tokens(value: value.native).compactMap(Stored.init) }
    }

    /// Whether a stored value is what a query asked for: confirms the candidates of a truncated index.
    public func matches(
        _ index: String, _ query: Value, _ stored: Stored?, record: RecordID? = nil
    ) throws(FieldwardError) -> Bool {
        try guarded {
            try native.matches(index: index, query: query.native, stored: stored.native, record: record?.native)
        }
    }

    /// Whether a stored value should be re-encrypted. Reads the header only.
    public func needsRotation(_ stored: Stored?) throws(FieldwardError) -> Bool {
        try guarded { try native.needsRotation(stored: stored.native) }
    }

    /// Moves a stored value to the current key, and computes every index value anew.
    ///
    /// `to` moves it to another field, or to the same field of another tenant; `newRecord` binds it to another record.
    public func reencrypt(
        _ stored: Stored?, record: RecordID? = nil, to: Field? = nil, newRecord: RecordID? = nil
    ) throws(FieldwardError) -> Reencrypted {
        try guarded {
            let moved = try native.reencrypt(
                stored: stored.native, record: record?.native, to: to?.native, newRecord: newRecord?.native)
            return Reencrypted(
                stored: Stored(moved.stored), indexValues: try Node.object(moved.indexValues), isTrusted: moved.isTrusted)
        }
    }

    /// Encrypts many values, with a record id for each where the field binds one. The first that fails is thrown, and nothing comes out.
    public func encryptMany(_ values: [Value?], records: [RecordID]? = nil) async throws(FieldwardError) -> [Stored?] {
        try await waiting { [native] in
            let records = try crossing(values.map(\.?.footprint), records)
            return try native.encryptMany(values: values.map { try $0?.native }, records: records).map { Stored($0) }
        }
    }

    /// Decrypts many stored values. The first that fails is thrown, and nothing comes out.
    public func decryptMany(_ stored: [Stored?], records: [RecordID]? = nil) async throws(FieldwardError) -> [Value?] {
        try await opened(stored, records, reports: false).values
    }

    /// Decrypts many stored values: those that fail are `nil`, and listed with their errors.
    public func openMany(_ stored: [Stored?], records: [RecordID]? = nil) async throws(FieldwardError) -> OpenedMany {
        try await opened(stored, records, reports: true)
    }

    private func opened(_ stored: [Stored?], _ records: [RecordID]?, reports: Bool) async throws(FieldwardError) -> OpenedMany {
        try await waiting { [native] in
            let records = try crossing(stored.map(\.?.footprint), records)
            return try OpenedMany(try native.openMany(stored: stored.map { try $0.native }, records: records, reports: reports))
        }
    }

    /// `indexValues` of many values.
    public func indexValuesMany(_ values: [Value?]) async throws(FieldwardError) -> [[String: Node]] {
        try await waiting { [native] in
            try crossing(values.map(\.?.footprint))
            return try native.indexValuesMany(values: values.map { try $0?.native }).map { try Node.object($0) }
        }
    }

    /// `query` of many values.
    public func queryMany(_ index: String, _ values: [Value]) async throws(FieldwardError) -> [Query] {
        try await waiting { [native] in
            try crossing(values.map(\.footprint))
            return try native.queryMany(index: index, values: values.map { try $0.native }).map { Query($0) }
        }
    }

    /// `tokens` of many values.
    public func tokensMany(_ values: [Value]) async throws(FieldwardError) -> [[Stored]] {
        try await waiting { [native] in
            try crossing(values.map(\.footprint))
            return try native.tokensMany(values: values.map { try $0.native }).map { $0.compactMap { Stored($0) } }
        }
    }

    public var description: String { "Field" }
}

/// A decrypted value and what is known about its key.
public struct Opened: Sendable, Hashable {
    /// The value; `nil` for null.
    public let value: Value?
    /// The key that it was encrypted under, eight hexadecimal digits; `nil` for null and for legacy plaintext.
    public let keyID: String?
    /// False if the key is suspended or compromised, or the value was never encrypted.
    public let isTrusted: Bool
}

/// A value that was moved to the current key.
public struct Reencrypted: Sendable, Hashable {
    /// The new envelope.
    public let stored: Stored?
    /// Every index value, by column.
    public let indexValues: [String: Node]
    /// False if the value stood under a suspended or compromised key, or was never encrypted.
    public let isTrusted: Bool
}

/// What an index's column is compared with: rows whose column holds one of the tokens; of words, all of them.
public struct Query: Sendable, Hashable {
    /// The index's column.
    public let column: String
    /// The tokens, sorted: bytes, or lowercase hexadecimal digits where the field is stored as text.
    public let tokens: [Stored]
    /// False if the rows found are candidates, to be confirmed with `matches`.
    public let isExact: Bool

    init(_ native: FieldwardNative.Query) {
        (column, tokens, isExact) = (native.column, native.tokens.compactMap(Stored.init), native.isExact)
    }
}
