internal import FieldwardNative
import Foundation

/// Encrypts and decrypts the records of one schema, of one tenant: `Codable` types, dictionaries, or JSON text. Any thread may use it.
///
///     struct Patient: Codable { var patient_id: String; var ssn: String?; var ward: Int }
///     let patients = try keyring.records(.patient())
///     let row = try patients.encrypt(Patient(patient_id: "p-7", ssn: "999-41-1234", ward: 3))
///     let patient = try patients.decrypt(Patient.self, from: row)
///
/// | field | Swift |
/// |---|---|
/// | `text` | `String` |
/// | `bytes` | `Data` |
/// | `i64` | `Int`, `Int64` and the other integers |
/// | `f64` | `Double` |
/// | `bool` | `Bool` |
/// | `date` | `CalendarDate` |
/// | `timestamp` | `Date` (UTC), `Timestamp` |
/// | `decimal` | `Decimal` |
/// | `uuid` | `UUID` |
/// | `json` | nested types, arrays and dictionaries |
///
/// `nil` in an optional of a `Codable` type is missing; a `Node` can be null.
public final class Records: Sendable, Redacted {
    private let native: FieldwardNative.Records

    init(_ native: FieldwardNative.Records) { self.native = native }

    /// Encrypts every declared field: a row with envelopes in the places of its fields, and the index columns.
    public func encrypt(_ record: [String: Node]) throws(FieldwardError) -> [String: Node] {
        try guarded { try Node.object(try native.encrypt(record: try crossing(record))) }
    }

    /// Encrypts a `Codable` record.
    public func encrypt(_ record: some Encodable) throws(FieldwardError) -> [String: Node] {
        try encrypt(try NodeEncoder.record(record))
    }

    /// Decrypts every declared field of a row. Index columns are left out.
    public func decrypt(_ row: [String: Node]) throws(FieldwardError) -> [String: Node] {
        try open(row).record
    }

    /// Decrypts a row into a `Codable` record.
    public func decrypt<T: Decodable>(_ type: T.Type, from row: [String: Node]) throws(FieldwardError) -> T {
        try NodeDecoder.decoded(type, from: try decrypt(row))
    }

    /// Decrypts, and tells whether every value can be trusted.
    public func open(_ row: [String: Node]) throws(FieldwardError) -> OpenedRecord {
        try guarded { try OpenedRecord(try native.decrypt(row: try crossing(row))) }
    }

    /// Encrypts many records in one call, off the caller's thread. The first that fails is thrown with its row, and nothing comes out.
    public func encryptMany(_ records: [[String: Node]]) async throws(FieldwardError) -> [[String: Node]] {
        try await waiting { [native] in
            try native.encryptMany(records: try crossing(records)).map { try Node.object($0) }
        }
    }

    /// Encrypts many `Codable` records.
    public func encryptMany<T: Encodable & Sendable>(_ records: [T]) async throws(FieldwardError) -> [[String: Node]] {
        try await encryptMany(try await waiting { try inRows(records) { try NodeEncoder.record($0) } })
    }

    /// Decrypts many rows in one call. The first that fails is thrown with its row, and nothing comes out.
    public func decryptMany(_ rows: [[String: Node]]) async throws(FieldwardError) -> [[String: Node]] {
        try await opened(rows, reports: false).records.compactMap { $0 }
    }

    /// Decrypts many rows into `Codable` records.
    public func decryptMany<T: Decodable & Sendable>(
        _ type: T.Type, from rows: [[String: Node]]
    ) async throws(FieldwardError) -> [T] {
        let records = try await decryptMany(rows)
        return try await waiting { try inRows(records) { try NodeDecoder.decoded(type, from: $0) } }
    }

    /// Decrypts many rows in one call: those that fail are `nil`, and listed with their errors.
    public func openMany(_ rows: [[String: Node]]) async throws(FieldwardError) -> OpenedRecords {
        try await opened(rows, reports: true)
    }

    private func opened(_ rows: [[String: Node]], reports: Bool) async throws(FieldwardError) -> OpenedRecords {
        try await waiting { [native] in
            try OpenedRecords(try native.openMany(rows: try crossing(rows), reports: reports))
        }
    }

    /// Moves every value of a row to the current key, and computes every index value anew.
    public func reencrypt(_ row: [String: Node]) throws(FieldwardError) -> OpenedRecord {
        try guarded { try OpenedRecord(try native.reencrypt(row: try crossing(row))) }
    }

    /// Whether a value of the row should be re-encrypted.
    public func needsRotation(_ row: [String: Node]) throws(FieldwardError) -> Bool {
        try guarded { try native.needsRotation(row: try crossing(row)) }
    }

    /// What an index's column is compared with to find a value of a field.
    public func query(_ field: String, _ index: String, _ value: Value) throws(FieldwardError) -> Query {
        Query(try guarded { try native.query(field: field, index: index, value: value.native) })
    }

    /// Whether a row is what a query asked for: confirms the candidates of a truncated index.
    public func matches(
        _ field: String, _ index: String, _ query: Value, _ row: [String: Node]
    ) throws(FieldwardError) -> Bool {
        try guarded {
            try native.matches(field: field, index: index, query: query.native, row: try crossing(row))
        }
    }

    /// Refuses the names of members, or columns, as `encrypt` refuses them: before there are rows.
    public func checkNames(_ names: [String]) throws(FieldwardError) { try guarded { try native.checkNames(names: names) } }

    /// Whether a member of this name is the column of an index.
    public func isIndexColumn(_ name: String) throws(FieldwardError) -> Bool { try guarded { try native.isIndexColumn(name: name) } }

    /// Encrypts a JSON document into one: envelopes as text, index values as hexadecimal digits. Every field is stored as text.
    public func encrypt(document: String) throws(FieldwardError) -> String {
        try guarded {
            try within(document.utf8.count)
            return try native.encryptDocument(document: document)
        }
    }

    /// Decrypts a stored JSON document.
    public func decrypt(document: String) throws(FieldwardError) -> String {
        try guarded {
            try within(document.utf8.count)
            return try native.decryptDocument(document: document)
        }
    }

    /// Encrypts a record of JSON text into a row, in its order: members in the clear stand as `json`.
    public func encrypt(json: String) throws(FieldwardError) -> [(name: String, node: Node)] {
        try guarded {
            try within(json.utf8.count)
            return try native.encryptJson(record: json).map { ($0.name, try Node($0.node)) }
        }
    }

    /// Decrypts such a row: the very text that went in, but for the space between.
    public func decryptJSON(_ row: [(name: String, node: Node)]) throws(FieldwardError) -> String {
        try guarded {
            try within(row.reduce(0) { $0 + $1.name.utf8.count + $1.node.footprint })
            return try native.decryptJson(row: try row.map { Member(name: $0.name, node: try $0.node.native(1)) })
        }
    }

    public var description: String { "Records" }
}

/// A record and whether every key in it can be trusted.
public struct OpenedRecord: Sendable, Hashable {
    /// The record, or the row.
    public let record: [String: Node]
    /// False if a value stood under a suspended or compromised key, or was never encrypted.
    public let isTrusted: Bool

    init(_ native: FieldwardNative.OpenedRecord) throws(FieldwardError) {
        (record, isTrusted) = (try Node.object(native.members), native.isTrusted)
    }
}
