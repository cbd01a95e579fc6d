internal import FieldwardNative

/// What an envelope's header says.
public struct Inspection: Sendable, Hashable {
    /// The suite: 1 is randomized, 2 deterministic.
    public let suite: UInt8
    /// The key, eight hexadecimal digits.
    public let keyID: String
    /// Bytes of the plaintext, its type byte and any padding included.
    public let plaintextLength: UInt64
    /// Whether it is in text form.
    public let isText: Bool
}

/// Reads an envelope's header. Needs no key, and verifies nothing.
public func inspect(_ stored: Stored) throws(FieldwardError) -> Inspection {
    try guarded {
        let found = try FieldwardNative.inspect(stored: try Optional(stored).native)
        return Inspection(suite: found.suite, keyID: found.keyId, plaintextLength: found.plaintextLen, isText: found.isText)
    }
}
