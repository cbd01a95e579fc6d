internal import FieldwardNative

/// An error of the library: act on the `kind`, log the `code`. Never shows data: no plaintext, no key, no ciphertext, no query.
public struct FieldwardError: Error, Sendable, Hashable, Redacted {
    /// What a caller can do about an error.
    public enum Kind: String, Sendable, CaseIterable {
        /// The program calls the library wrongly; never caused by data. A closed handle is `closed`.
        case misuse
        /// A value, record or query does not fit its declaration.
        case input
        /// A schema is wrong.
        case schema
        /// What is stored is not an envelope of this field; visible without a key.
        case envelope
        /// An envelope, wrapped key or document did not authenticate. One opaque case.
        case authentication
        /// The key's state forbids the use, or the key is unknown.
        case key
        /// The keyring document, or a life-cycle call on it.
        case keyring
        /// A key provider.
        case provider
        /// A key store or a pin.
        case store
        /// The audit log.
        case audit
        /// The operating system, or the library itself (`internal`).
        case system
    }

    public let kind: Kind
    /// The stable code of the registry, such as `key_destroyed`.
    public let code: String
    /// What went wrong and where, in one sentence without data.
    public let message: String
    /// Whether the same call may succeed later with nothing changed by the caller.
    public let isRetryable: Bool
    /// The row that it concerns, from 0, where many went in; else `nil`.
    public let row: Int?
    /// What a provider, store or sink of yours threw, where that is how it began. Its text is its own: no description here shows it, and two
    /// errors that differ in it alone are equal.
    public let underlying: (any Error)?

    public var description: String { "\(code): \(message)" }

    /// What a `KeyProvider` throws: `provider_unavailable` (retryable), `provider_denied`, `provider_wrong_key`, `provider_bad_reply`.
    /// A code of another kind is `provider_unavailable`.
    public static func provider(_ code: String) -> FieldwardError {
        let error = of(code)
        return error.kind == .provider ? error : of("provider_unavailable")
    }

    /// What a `KeyStore` throws: `store_unavailable`, `store_timeout`, `store_full` (retryable), `store_denied`, `store_corrupt`. A code of
    /// another kind is `store_unavailable`.
    public static func store(_ code: String) -> FieldwardError {
        let error = of(code)
        return error.kind == .store ? error : of("store_unavailable")
    }

    public static func == (one: FieldwardError, other: FieldwardError) -> Bool {
        one.code == other.code && one.message == other.message && one.row == other.row
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(message)
    }

    init(_ failure: Failure) {
        switch failure {
        case let .Of(kind, code, text, isRetryable, row, thrown):
            self.init(
                kind: Kind(rawValue: kind) ?? .system, code: code, message: text, isRetryable: isRetryable,
                row: row.flatMap { Int(exactly: $0) }, underlying: (thrown as? Kept)?.error)
        }
    }

    private init(kind: Kind, code: String, message: String, isRetryable: Bool, row: Int?, underlying: (any Error)? = nil) {
        (self.kind, self.code, self.message, self.isRetryable, self.row) = (kind, code, message, isRetryable, row)
        self.underlying = underlying
    }

    /// The library's own error of this code.
    static func of(_ code: String, _ detail: String? = nil, row: Int? = nil) -> FieldwardError {
        do {
            try refuse(code: code, detail: detail, row: row.flatMap { UInt64(exactly: $0) })
        } catch let failure as Failure {
            return FieldwardError(failure)
        } catch {}
        return FieldwardError(kind: .system, code: "internal", message: "internal", isRetryable: false, row: row)
    }
}

/// Runs a call into the library; a panic comes out as the code `internal`, without its text.
func guarded<T>(_ call: () throws -> T) throws(FieldwardError) -> T {
    do {
        return try call()
    } catch let failure as Failure {
        throw FieldwardError(failure)
    } catch let error as FieldwardError {
        throw error
    } catch {
        throw .of("internal")
    }
}
