internal import FieldwardNative
import Foundation

/// Decrypted values, and what is known about them.
public struct OpenedMany: Sendable, Hashable, Redacted {
    /// The values, in order; `nil` for null and where a row failed.
    public let values: [Value?]
    /// The rows that failed, in order.
    public let failures: [RowFailure]
    /// Rows under a suspended or compromised key, or never encrypted.
    public let untrustedRows: UInt64

    init(_ native: FieldwardNative.OpenedMany) throws {
        values = try native.values.map { try $0.map { try Value($0) } }
        (failures, untrustedRows) = (native.failures.map { RowFailure($0) }, native.untrustedRows)
    }

    public var description: String { "OpenedMany(\(values.count) values, \(failures.count) failures)" }
}

/// Decrypted records, and what is known about them.
public struct OpenedRecords: Sendable, Hashable, Redacted {
    /// The records, in order; `nil` where a row failed.
    public let records: [[String: Node]?]
    /// The rows that failed, in order.
    public let failures: [RowFailure]
    /// Records with a value under a suspended or compromised key, or never encrypted.
    public let untrustedRows: UInt64

    init(_ native: FieldwardNative.OpenedRecords) throws {
        records = try native.records.map { try $0.map { try Node.object($0) } }
        (failures, untrustedRows) = (native.failures.map { RowFailure($0) }, native.untrustedRows)
    }

    public var description: String { "OpenedRecords(\(records.count) records, \(failures.count) failures)" }
}

/// A row that failed, and why.
public struct RowFailure: Sendable, Hashable {
    /// The row, from 0.
    public let row: Int
    /// Why.
    public let error: FieldwardError

    init(_ native: FieldwardNative.RowFailure) {
        (row, error) = (Int(clamping: native.row), FieldwardError(native.error))
    }
}

/// Refuses rows that are too much for one crossing, and gives their record ids as the library takes them.
@discardableResult
func crossing(_ rows: [Int?], _ records: [RecordID]? = nil) throws -> [[FieldwardNative.Value]]? {
    let ids = records?.reduce(0) { $0 + $1.parts.reduce(0) { $0 + $1.footprint } } ?? 0
    let bytes = rows.reduce(ids) { $0 + ($1 ?? 1) }
    try checkCrossing(rows: UInt64(rows.count), bytes: UInt64(bytes))
    return records?.map(\.native)
}

/// Records as the library takes them, if they are not too much for one crossing.
func crossing(_ records: [[String: Node]]) throws -> [[Member]] {
    try crossing(records.map { $0.reduce(0) { $0 + $1.key.utf8.count + $1.value.footprint } })
    return try inRows(records) { try Node.members($0) }
}

/// One row after another; what Swift refuses of one names it, as the library does.
func inRows<T, U>(_ rows: [T], _ call: (T) throws -> U) throws -> [U] {
    try rows.enumerated().map { row, given in
        do {
            return try call(given)
        } catch let error as FieldwardError {
            throw FieldwardError.of(error.code, "row \(row)", row: row)
        }
    }
}

extension Value {
    /// Bytes at the boundary, about.
    var footprint: Int {
        switch self {
        case let .bytes(bytes): 16 + bytes.count
        case let .text(text), let .decimal(text), let .json(text): 16 + text.utf8.count
        default: 48
        }
    }
}

extension Stored {
    var footprint: Int { 16 + (data?.count ?? text?.utf8.count ?? 0) }
}

extension Node {
    /// Bytes at the boundary, about; of what lies deeper than records go, nothing.
    var footprint: Int { footprint(0) }

    private func footprint(_ depth: Int) -> Int {
        switch self {
        case _ where depth > Node.maxDepth: 0
        case .null: 1
        case let .value(value): value.footprint
        case let .list(list): list.reduce(8) { $0 + $1.footprint(depth + 1) }
        case let .object(object): object.reduce(8) { $0 + $1.key.utf8.count + $1.value.footprint(depth + 1) }
        }
    }
}
