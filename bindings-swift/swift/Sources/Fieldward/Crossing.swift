internal import FieldwardNative
import Foundation

/// Refuses rows that are too much for one crossing, and gives their record ids as the library takes them.
@discardableResult
func crossing(_ rows: [Int?], _ records: [RecordID]? = nil) throws -> [[FieldwardNative.Value]]? {
    let ids = records?.reduce(0) { $0 + $1.parts.reduce(0) { $0 + $1.footprint } } ?? 0
    let bytes = rows.reduce(ids) { $0 + ($1 ?? 1) }
    try checkCrossing(rows: UInt64(rows.count), bytes: UInt64(bytes))
    return try records?.map { try $0.native }
}

/// Records as the library takes them, if they are not too much for one crossing.
func crossing(_ records: [[String: Node]]) throws -> [[Member]] {
    try crossing(records.map(footprint))
    return try inRows(records) { try Node.members($0) }
}

/// A record as the library takes it, if it is not too much for one crossing.
func crossing(_ record: [String: Node]) throws -> [Member] {
    try within(footprint(record))
    return try Node.members(record)
}

/// Refuses bytes that are too much for one crossing: past 2 GiB it would end the program.
func within(_ bytes: Int) throws {
    if bytes > 1 << 20 { try checkCrossing(rows: 1, bytes: UInt64(bytes)) }
}

private func footprint(_ record: [String: Node]) -> Int { record.reduce(0) { $0 + $1.key.utf8.count + $1.value.footprint } }

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
