internal import FieldwardNative

/// The declared fields of one table or kind of document.
public struct Schema: Sendable, CustomStringConvertible {
    let native: FieldwardNative.Schema
    /// The stable id of the table: enters keys, and never changes.
    public let table: String
    /// The parts of the record id, in order; `nil` if the schema binds none.
    public let recordID: [RecordIDPart]?
    /// Every declared field, in order.
    public let fields: [FieldDeclaration]

    private init(_ make: () throws -> FieldwardNative.Schema) throws(FieldwardError) {
        (native, table, recordID, fields) = try guarded {
            let native = try make()
            let recordID = try native.recordId()?.map(RecordIDPart.init)
            return (native, try native.table(), recordID, try native.fields().map(FieldDeclaration.init))
        }
    }

    /// Reads a schema in JSON, at most 256 KiB.
    public init(json: String) throws(FieldwardError) {
        try self.init { try FieldwardNative.Schema.fromJson(text: json) }
    }

    /// Reads a schema in TOML: the same model.
    public init(toml: String) throws(FieldwardError) {
        try self.init { try FieldwardNative.Schema.fromToml(text: toml) }
    }

    /// The built-in preset of the table `patients`, bound to `patient_id`.
    public static func patient() throws(FieldwardError) -> Schema {
        try Schema { try FieldwardNative.Schema.patient() }
    }

    /// What is declared of a field, by id or name; `nil` if there is none.
    public func field(_ name: String) -> FieldDeclaration? { fields.first { $0.id == name } ?? fields.first { $0.name == name } }

    public var description: String { "Schema(\(table), \(fields.count) fields)" }
}

/// What is declared of a field.
public struct FieldDeclaration: Sendable, Hashable {
    /// The stable id: enters keys, and never changes.
    public let id: String
    /// The name.
    public let name: String
    /// Where it stands in a record.
    public let path: String
    /// The name, if it is a member of the record itself.
    public let column: String?
    /// The type, such as `text`.
    public let type: String
    /// Whether equal values give equal envelopes.
    public let isDeterministic: Bool
    /// Whether it is stored as text.
    public let isText: Bool
    /// Whether it binds the record's id.
    public let isBound: Bool
    /// Whether a record must have it.
    public let isRequired: Bool
    /// Its indexes, in order.
    public let indexes: [IndexDeclaration]

    init(_ native: FieldwardNative.FieldDeclaration) {
        (id, name, path, column, type) = (native.id, native.name, native.path, native.column, native.valueType)
        (isDeterministic, isText, isBound) = (native.isDeterministic, native.isText, native.isBound)
        isRequired = native.isRequired
        indexes = native.indexes.map(IndexDeclaration.init)
    }
}

/// What is declared of an index.
public struct IndexDeclaration: Sendable, Hashable {
    /// The name.
    public let name: String
    /// The column that its values are stored in.
    public let column: String
    /// False if the rows that it finds are candidates, to be confirmed with `matches`.
    public let isExact: Bool
    /// Whether its column holds a list.
    public let isList: Bool

    init(_ native: FieldwardNative.IndexDeclaration) {
        (name, column, isExact, isList) = (native.name, native.column, native.isExact, native.isList)
    }
}

/// A part of the record id.
public struct RecordIDPart: Sendable, Hashable {
    /// Where it stands in a record.
    public let path: String
    /// The type: `text`, `bytes`, `i64` or `uuid`.
    public let type: String

    init(_ native: FieldwardNative.RecordIdPart) { (path, type) = (native.path, native.valueType) }
}
