internal import FieldwardNative

/// The declared fields of one table or kind of document.
public struct Schema: Sendable, CustomStringConvertible {
    let native: FieldwardNative.Schema
    /// The stable id of the table: enters keys, and never changes.
    public let table: String
    /// Every declared field, in order.
    public let fields: [FieldDeclaration]

    private init(_ make: () throws -> FieldwardNative.Schema) throws(FieldwardError) {
        (native, table, fields) = try guarded {
            let native = try make()
            return (native, try native.table(), try native.fields().map(FieldDeclaration.init))
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
    /// The columns of its indexes, by the index's name.
    public let indexes: [String: String]

    init(_ native: FieldwardNative.FieldDeclaration) {
        (id, name, path, type) = (native.id, native.name, native.path, native.valueType)
        (isDeterministic, isText, isBound) = (native.isDeterministic, native.isText, native.isBound)
        isRequired = native.isRequired
        indexes = Dictionary(native.indexes.map { ($0.name, $0.column) }) { first, _ in first }
    }
}
