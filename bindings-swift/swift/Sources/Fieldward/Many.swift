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
