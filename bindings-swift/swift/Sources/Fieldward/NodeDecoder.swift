import Foundation

/// `Codable` records from nodes. Errors of decoding never leave it: they may quote the record.
struct NodeDecoder: Decoder {
    let node: Node
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    private init(_ node: Node) { self.node = node }

    static func decoded<T: Decodable>(_ type: T.Type, from record: [String: Node]) throws(FieldwardError) -> T {
        do {
            return try NodeDecoder(.object(record)).given(type)
        } catch let error as FieldwardError {
            throw error
        } catch {
            throw .of("serialization_failed")
        }
    }

    fileprivate static func of(_ node: Node?) throws -> NodeDecoder {
        guard let node else { throw FieldwardError.of("serialization_failed", "a member is missing") }
        return NodeDecoder(node)
    }

    /// Gives a value: the types of fields as they are, everything else by its own `init(from:)`.
    fileprivate func given<T: Decodable>(_ type: T.Type) throws -> T {
        let value: Any? =
            switch (type, node) {
            case (is String.Type, let .value(.text(text))): text
            case (is Bool.Type, let .value(.bool(truth))): truth
            case (is Double.Type, let .value(.f64(number))): number
            case (let integer as any FixedWidthInteger.Type, let .value(.i64(number))): integer.init(exactly: number)
            case (is Data.Type, let .value(.bytes(bytes))): bytes
            case (is CalendarDate.Type, let .value(.date(date))): date
            case (is Timestamp.Type, let .value(.timestamp(moment))): moment
            case (is Date.Type, let .value(.timestamp(moment))): try moment.date
            case (is Decimal.Type, let .value(.decimal(text))): decimal(text)
            case (is UUID.Type, let .value(.uuid(uuid))): uuid
            default: nil
            }
        if let value = value as? T { return value }
        if NodeDecoder.isField(type) { throw FieldwardError.of("serialization_failed", "another type, or past its range") }
        return try T(from: self)
    }

    private static func isField(_ type: any Decodable.Type) -> Bool {
        let types: [any Decodable.Type] = [
            String.self, Bool.self, Double.self, Float.self, Data.self, CalendarDate.self, Timestamp.self, Date.self, Decimal.self,
            UUID.self,
        ]
        return type is any FixedWidthInteger.Type || types.contains { $0 == type }
    }

    /// The number, if `Decimal` holds it exactly: 38 digits.
    private func decimal(_ text: String) -> Decimal? {
        guard let number = Decimal(string: text, locale: nil) else { return nil }
        let significant = text.prefix { $0 != "E" }.filter(\.isNumber).drop { $0 == "0" }
        return significant.count <= 38 ? number : nil
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case let .object(members) = node else { throw FieldwardError.of("serialization_failed", "no object") }
        return KeyedDecodingContainer(Keyed<Key>(members: members))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case let .list(elements) = node else { throw FieldwardError.of("serialization_failed", "no list") }
        return Unkeyed(elements: elements)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }
}

private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [String: Node]
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { members.keys.compactMap { Key(stringValue: $0) } }

    private func member(_ key: Key) throws -> NodeDecoder { try .of(members[key.stringValue]) }

    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try member(key).node == .null }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try member(key).given(type) }

    func nestedContainer<Inner: CodingKey>(keyedBy type: Inner.Type, forKey key: Key) throws -> KeyedDecodingContainer<Inner> {
        try member(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try member(key).unkeyedContainer() }
    func superDecoder() throws -> any Decoder { try NodeDecoder.of(.object(members)) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }
}

private struct Unkeyed: UnkeyedDecodingContainer {
    let elements: [Node]
    var codingPath: [any CodingKey] { [] }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }
    var currentIndex = 0

    init(elements: [Node]) { self.elements = elements }

    private mutating func next() throws -> NodeDecoder {
        defer { currentIndex += 1 }
        return try .of(isAtEnd ? nil : elements[currentIndex])
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, elements[currentIndex] == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().given(type) }

    mutating func nestedContainer<Inner: CodingKey>(keyedBy type: Inner.Type) throws -> KeyedDecodingContainer<Inner> {
        try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try next() }
}

private struct Single: SingleValueDecodingContainer {
    let decoder: NodeDecoder
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { decoder.node == .null }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.given(type) }
}
