internal import FieldwardNative
import Foundation

/// What stands somewhere in a record: a value, a list, an object or null. In a stored record envelopes are bytes or text.
public enum Node: Sendable, Hashable, Redacted {
    /// Null.
    case null
    /// A value.
    case value(Fieldward.Value)
    /// A list.
    case list([Node])
    /// An object.
    case object([String: Node])

    /// What is stored there, as a driver takes it: bytes.
    public var data: Data? { if case let .value(.bytes(bytes)) = self { bytes } else { nil } }
    /// What is stored there, as a driver takes it: text.
    public var text: String? { if case let .value(.text(text)) = self { text } else { nil } }

    public var description: String {
        switch self {
        case .null: "null"
        case let .value(value): value.description
        case let .list(elements): "list of \(elements.count)"
        case let .object(members): "object of \(members.count)"
        }
    }
}

extension Node: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral text: String) { self = .value(.text(text)) }
    public init(integerLiteral number: Int64) { self = .value(.i64(number)) }
    public init(floatLiteral number: Double) { self = .value(.f64(number)) }
    public init(booleanLiteral truth: Bool) { self = .value(.bool(truth)) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: Node...) { self = .list(elements) }
    public init(dictionaryLiteral members: (String, Node)...) { self = .object(Dictionary(members) { _, last in last }) }
}

extension Node {
    /// The library refuses deeper records; deeper ones never reach it.
    static let maxDepth = 128

    static func members(_ object: [String: Node], depth: Int = 0) throws(FieldwardError) -> [Member] {
        var members: [Member] = []
        for (name, node) in object {
            members.append(Member(name: name, node: try node.native(depth + 1)))
        }
        return members
    }

    func native(_ depth: Int) throws(FieldwardError) -> FieldwardNative.Node {
        guard depth <= Node.maxDepth else { throw .of("record_too_deep") }
        switch self {
        case .null: return .null
        case let .value(value): return .leaf(try value.native)
        case let .object(object): return .members(try Node.members(object, depth: depth))
        case let .list(list):
            var elements: [FieldwardNative.Node] = []
            for node in list { elements.append(try node.native(depth + 1)) }
            return .elements(elements)
        }
    }

    static func object(_ members: [Member]) throws(FieldwardError) -> [String: Node] {
        var object: [String: Node] = [:]
        for member in members { object[member.name] = try Node(member.node) }
        return object
    }

    init(_ native: FieldwardNative.Node) throws(FieldwardError) {
        switch native {
        case .null: self = .null
        case let .leaf(value): self = .value(try Fieldward.Value(value))
        case let .members(members): self = .object(try Node.object(members))
        case let .elements(elements):
            var list: [Node] = []
            for node in elements { list.append(try Node(node)) }
            self = .list(list)
        }
    }
}
