import Foundation

/// `Codable` records as nodes. Errors of encoding never leave it: they may quote the record.
final class NodeEncoder: Encoder {
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]
    private let depth: Int
    fileprivate var made: Made = .node(.null)

    /// What was encoded so far.
    fileprivate indirect enum Made {
        case node(Node)
        case list([NodeEncoder])
        case object([String: NodeEncoder])

        var node: Node {
            switch self {
            case let .node(node): node
            case let .list(elements): .list(elements.map { $0.made.node })
            case let .object(members): .object(members.mapValues { $0.made.node })
            }
        }
    }

    private init(depth: Int) { self.depth = depth }

    static func record(_ record: some Encodable) throws(FieldwardError) -> [String: Node] {
        guard case let .object(members) = try encoded(record) else { throw .of("record_shape") }
        return members
    }

    private static func encoded(_ value: some Encodable) throws(FieldwardError) -> Node {
        let encoder = NodeEncoder(depth: 0)
        do {
            try encoder.take(value)
        } catch let error as FieldwardError {
            throw error
        } catch {
            throw .of("serialization_failed")
        }
        return encoder.made.node
    }

    fileprivate func inner() throws(FieldwardError) -> NodeEncoder {
        guard depth < Node.maxDepth else { throw .of("record_too_deep") }
        return NodeEncoder(depth: depth + 1)
    }

    /// Takes a value: the types of fields as they are, everything else by its own `encode`.
    fileprivate func take(_ value: some Encodable) throws {
        switch value {
        case let text as String: made = .node(.value(.text(text)))
        case let truth as Bool: made = .node(.value(.bool(truth)))
        case let number as Double: made = .node(.value(.f64(number)))
        case let number as any FixedWidthInteger:
            guard let number = Int64(exactly: number) else { throw FieldwardError.of("value_out_of_range") }
            made = .node(.value(.i64(number)))
        case is Float: throw FieldwardError.of("wrong_type", "Float: use Double")
        case let bytes as Data: made = .node(.value(.bytes(bytes)))
        case let date as CalendarDate: made = .node(.value(.date(date)))
        case let moment as Timestamp: made = .node(.value(.timestamp(moment)))
        case let date as Date: made = .node(.value(.timestamp(try Timestamp(date))))
        case let number as Decimal: made = .node(.value(.decimal(try text(of: number))))
        case let uuid as UUID: made = .node(.value(.uuid(uuid)))
        default: try value.encode(to: self)
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .object = made {} else { made = .object([:]) }
        return KeyedEncodingContainer(Keyed<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .list = made {} else { made = .list([]) }
        return Unkeyed(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(encoder: self) }

    private func text(of number: Decimal) throws(FieldwardError) -> String {
        guard number.isFinite else { throw .of("value_out_of_range") }
        return number.description
    }
}

private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: NodeEncoder
    var codingPath: [any CodingKey] { [] }

    private func member(_ key: Key) throws -> NodeEncoder {
        let inner = try encoder.inner()
        guard case var .object(members) = encoder.made else { throw FieldwardError.of("serialization_failed") }
        members[key.stringValue] = inner
        encoder.made = .object(members)
        return inner
    }

    mutating func encodeNil(forKey key: Key) throws { _ = try member(key) }
    mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try member(key).take(value) }

    mutating func nestedContainer<Inner: CodingKey>(
        keyedBy type: Inner.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Inner> {
        (try? member(key))?.container(keyedBy: type) ?? encoder.container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        (try? member(key))?.unkeyedContainer() ?? encoder.unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder { encoder }
    mutating func superEncoder(forKey key: Key) -> any Encoder { (try? member(key)) ?? encoder }
}

private struct Unkeyed: UnkeyedEncodingContainer {
    let encoder: NodeEncoder
    var codingPath: [any CodingKey] { [] }
    var count: Int { if case let .list(elements) = encoder.made { elements.count } else { 0 } }

    private func element() throws -> NodeEncoder {
        let inner = try encoder.inner()
        guard case let .list(elements) = encoder.made else { throw FieldwardError.of("serialization_failed") }
        encoder.made = .list(elements + [inner])
        return inner
    }

    mutating func encodeNil() throws { _ = try element() }
    mutating func encode<T: Encodable>(_ value: T) throws { try element().take(value) }

    mutating func nestedContainer<Inner: CodingKey>(keyedBy type: Inner.Type) -> KeyedEncodingContainer<Inner> {
        (try? element())?.container(keyedBy: type) ?? encoder.container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        (try? element())?.unkeyedContainer() ?? encoder.unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder { encoder }
}

private struct Single: SingleValueEncodingContainer {
    let encoder: NodeEncoder
    var codingPath: [any CodingKey] { [] }

    mutating func encodeNil() throws { encoder.made = .node(.null) }
    mutating func encode<T: Encodable>(_ value: T) throws { try encoder.take(value) }
}
