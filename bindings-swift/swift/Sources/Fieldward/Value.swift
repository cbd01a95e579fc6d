internal import FieldwardNative
import Foundation

/// A value in the clear, of the type that its field declares. `description`, `Mirror` and the like show the type only.
public enum Value: Sendable {
    /// Bytes.
    case bytes(Data)
    /// Text.
    case text(String)
    /// A signed 64-bit integer.
    case i64(Int64)
    /// A 64-bit float, every bit kept.
    case f64(Double)
    /// True or false.
    case bool(Bool)
    /// A day, years 1 to 9999.
    case date(CalendarDate)
    /// A moment with its offset, or a local time.
    case timestamp(Timestamp)
    /// A decimal number in its canonical text, which keeps its scale, such as `-1.10`.
    case decimal(String)
    /// JSON text, exactly as given.
    case json(String)
    /// A UUID.
    case uuid(UUID)

    /// The type's name in schemas.
    public var type: String {
        switch self {
        case .bytes: "bytes"
        case .text: "text"
        case .i64: "i64"
        case .f64: "f64"
        case .bool: "bool"
        case .date: "date"
        case .timestamp: "timestamp"
        case .decimal: "decimal"
        case .json: "json"
        case .uuid: "uuid"
        }
    }
}

extension Value: Hashable {
    /// Floats by their bits: NaN is itself, and the zeros differ. Text by its code points: composed and decomposed differ.
    public static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case let (.bytes(left), .bytes(right)): left == right
        case let (.text(left), .text(right)), let (.decimal(left), .decimal(right)), let (.json(left), .json(right)):
            left.utf8.elementsEqual(right.utf8)
        case let (.i64(left), .i64(right)): left == right
        case let (.f64(left), .f64(right)): left.bitPattern == right.bitPattern
        case let (.bool(left), .bool(right)): left == right
        case let (.date(left), .date(right)): left == right
        case let (.timestamp(left), .timestamp(right)): left == right
        case let (.uuid(left), .uuid(right)): left == right
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(type)
        switch self {
        case let .bytes(bytes): hasher.combine(bytes)
        case let .text(text), let .decimal(text), let .json(text): text.utf8.forEach { hasher.combine($0) }
        case let .i64(number): hasher.combine(number)
        case let .f64(number): hasher.combine(number.bitPattern)
        case let .bool(truth): hasher.combine(truth)
        case let .date(date): hasher.combine(date)
        case let .timestamp(moment): hasher.combine(moment)
        case let .uuid(uuid): hasher.combine(uuid)
        }
    }
}

extension Value: Redacted {
    public var description: String { "Value(\(type))" }
}

extension Value: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self = .text(text) }
}

extension Value {
    /// As the library takes it. What is longer than any value never reaches the boundary.
    var native: FieldwardNative.Value {
        get throws(FieldwardError) {
            guard footprint <= 16 + 16 << 20 else { throw .of("value_too_long") }
            return converted
        }
    }

    private var converted: FieldwardNative.Value {
        switch self {
        case let .bytes(bytes): .bytes(bytes)
        case let .text(text): .text(text)
        case let .i64(number): .i64(number)
        case let .f64(number): .f64(number)
        case let .bool(truth): .bool(truth)
        case let .date(date): .date(date.text)
        case let .timestamp(moment): .timestamp(moment.text)
        case let .decimal(text): .decimal(text)
        case let .json(text): .json(text)
        case let .uuid(uuid): .uuid(withUnsafeBytes(of: uuid.uuid) { Data($0) })
        }
    }

    init(_ native: FieldwardNative.Value) throws(FieldwardError) {
        switch native {
        case let .bytes(bytes): self = .bytes(bytes)
        case let .text(text): self = .text(text)
        case let .i64(number): self = .i64(number)
        case let .f64(number): self = .f64(number)
        case let .bool(truth): self = .bool(truth)
        case let .date(text): self = .date(try CalendarDate(text))
        case let .timestamp(text): self = .timestamp(Timestamp(text))
        case let .decimal(text): self = .decimal(text)
        case let .json(text): self = .json(text)
        case let .uuid(bytes):
            guard bytes.count == 16 else { throw .of("internal") }
            self = .uuid(bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) })
        }
    }
}

/// Shows its description, and nothing inside, to `print`, `dump`, `Mirror` and debuggers.
protocol Redacted: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {}

extension Redacted {
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The record that a value is bound to: text, bytes, an integer or a UUID, or several of them in order.
public struct RecordID: Sendable, Hashable, Redacted {
    let parts: [Value]

    public init(_ parts: Value...) { self.parts = parts }
    public init(parts: [Value]) { self.parts = parts }
    public init(_ text: String) { parts = [.text(text)] }
    public init(_ number: Int64) { parts = [.i64(number)] }
    public init(_ uuid: UUID) { parts = [.uuid(uuid)] }

    public var description: String { "RecordID(\(parts.count) parts)" }

    var native: [FieldwardNative.Value] {
        get throws(FieldwardError) {
            var native: [FieldwardNative.Value] = []
            for part in parts { native.append(try part.native) }
            return native
        }
    }
}

/// What stands in the database for a value: an envelope's bytes, or its text form. Null stands as `nil`.
public enum Stored: Sendable, Hashable, Redacted {
    /// For a binary column.
    case bytes(Data)
    /// For a text column or a JSON document.
    case text(String)

    /// The bytes, if it is stored as bytes.
    public var data: Data? { if case let .bytes(bytes) = self { bytes } else { nil } }
    /// The text, if it is stored as text.
    public var text: String? { if case let .text(text) = self { text } else { nil } }

    public var description: String {
        switch self {
        case let .bytes(bytes): "Stored(\(bytes.count) bytes)"
        case let .text(text): "Stored(\(text.utf8.count) bytes of text)"
        }
    }

    init?(_ native: FieldwardNative.Stored) {
        switch native {
        case .null: return nil
        case let .bytes(bytes): self = .bytes(bytes)
        case let .text(text): self = .text(text)
        }
    }
}

extension Stored? {
    /// As the library takes it. What is longer than any envelope never reaches the boundary.
    var native: FieldwardNative.Stored {
        get throws(FieldwardError) {
            guard (self?.footprint ?? 0) <= 32 << 20 else { throw .of("envelope_too_long") }
            return switch self {
            case nil: .null
            case let .bytes(bytes): .bytes(bytes)
            case let .text(text): .text(text)
            }
        }
    }
}
