internal import FieldwardNative
import Foundation

/// A key provider of yours: an HSM, a KMS, a platform's key store. It wraps and unwraps one small secret with a key that it never gives
/// out. Each opening of a keyring asks it once. It must not wait for that keyring: `invalid_argument`.
///
/// Bind the context: pass `context.data` as associated data, or `context.pairs`, so that another context does not open what was wrapped.
/// Throw `FieldwardError.provider("provider_denied")` and the like; whatever else is thrown is `provider_unavailable`. It is the
/// `underlying` error of what the caller sees.
public protocol KeyProvider: Sendable {
    /// What kind of provider it is: stands in the document, and must be the same when it is opened.
    var kind: String { get }
    /// The name of its key: not secret, stands in the document, and must be the same when it is opened.
    var keyName: String { get }
    /// Wraps 32 bytes.
    func wrap(_ secret: Data, context: WrapContext) async throws -> Data
    /// Gives back the 32 bytes that `wrap` got.
    func unwrap(_ wrapped: Data, context: WrapContext) async throws -> Data
}

/// What a wrapped secret is bound to.
public struct WrapContext: Sendable, Hashable {
    /// The keyring's id.
    public let keyringID: String
    /// The root epoch.
    public let epoch: UInt32
    /// What the secret is: `root`.
    public let purpose: String
    /// Names and values, for services that take an encryption context.
    public let pairs: [String: String]
    /// Canonical bytes, for mechanisms that take associated data.
    public let data: Data

    init(_ native: FieldwardNative.WrapContext) {
        (keyringID, epoch, purpose) = (native.keyringId, native.epoch, native.purpose)
        (pairs, data) = (native.pairs, native.data)
    }
}

/// What wraps the root of a keyring.
public struct Provider: Sendable, Redacted {
    private let native: FieldwardNative.Provider
    /// A provider of the caller's, for one opening.
    private let host: (@Sendable (Opening) throws -> FieldwardNative.Provider)?

    init(
        host: (@Sendable (Opening) throws -> FieldwardNative.Provider)? = nil, _ make: () throws -> FieldwardNative.Provider
    ) throws(FieldwardError) {
        (native, kind, keyName) = try guarded {
            let native = try make()
            return (native, try native.kind(), try native.keyName())
        }
        self.host = host
    }

    func of(_ opening: Opening) throws -> FieldwardNative.Provider { try host?(opening) ?? native }

    /// The kind that stands in documents.
    public let kind: String
    /// The name that stands in documents: tells the key apart without telling it.
    public let keyName: String

    public var description: String { "Provider(\(kind))" }

    /// A key of exactly 32 bytes, copied. The caller's copy is the caller's to keep safe.
    public static func local(key: Data) throws(FieldwardError) -> Provider {
        try Provider { try FieldwardNative.Provider.local(key: key) }
    }

    /// A fresh key that this process alone knows: for tests and first steps.
    public static func generated() throws(FieldwardError) -> Provider {
        try Provider { try FieldwardNative.Provider.generated() }
    }

    /// The text form of a key, `fwk1.` and unpadded base64url: from a secret service, or a variable of the environment.
    public static func keyText(_ text: String) throws(FieldwardError) -> Provider {
        try Provider { try FieldwardNative.Provider.keyText(text: text) }
    }

    /// The text form of a key, in a file that only its owner can read.
    public static func keyFile(_ path: String) throws(FieldwardError) -> Provider {
        try Provider { try FieldwardNative.Provider.keyFile(path: path) }
    }

    /// Makes a key file with a fresh key, readable by its owner only. A file that exists is left alone and refused.
    public static func newKeyFile(_ path: String) throws(FieldwardError) -> Provider {
        try Provider { try FieldwardNative.Provider.newKeyFile(path: path) }
    }

    /// One key file for each root epoch in a directory that exists, so that the key of an epoch can be destroyed.
    public static func keyDirectory(_ directory: String, name: String) throws(FieldwardError) -> Provider {
        try Provider { try FieldwardNative.Provider.keyDirectory(directory: directory, name: name) }
    }

    /// The hash of PBKDF2: 600,000 iterations of SHA-256, 220,000 of SHA-512, unless said otherwise.
    public enum PassphraseHash: Sendable {
        case sha256
        case sha512
    }

    /// A passphrase of 8 to 1,024 bytes of UTF-8.
    public static func passphrase(
        _ passphrase: String, name: String, hash: PassphraseHash = .sha256, iterations: UInt32? = nil
    ) throws(FieldwardError) -> Provider {
        try Provider {
            try FieldwardNative.Provider.passphrase(
                name: name, passphrase: Data(passphrase.utf8), isSha512: hash == .sha512, iterations: iterations)
        }
    }

    /// A provider of yours. One that does not answer within so many seconds is cancelled: `provider_unavailable`.
    public static func of(_ provider: some KeyProvider, timeout: TimeInterval = 60) throws(FieldwardError) -> Provider {
        let host: @Sendable (Opening) throws -> FieldwardNative.Provider = { opening in
            try .host(
                kind: provider.kind, keyName: provider.keyName,
                provider: Host(provider: provider, timeout: timeout, opening: opening))
        }
        return try Provider(host: host) { try host(Opening()) }
    }
}

private final class Host: HostProvider {
    let provider: any KeyProvider
    let timeout: TimeInterval
    let opening: Opening

    init(provider: any KeyProvider, timeout: TimeInterval, opening: Opening) {
        (self.provider, self.timeout, self.opening) = (provider, timeout, opening)
    }

    func wrap(secret: Data, context: FieldwardNative.WrapContext) throws -> Data {
        let (provider, context) = (provider, WrapContext(context))
        return try opening.ask(.provider, within: timeout) { try await provider.wrap(secret, context: context).within("provider_bad_reply") }
    }

    func unwrap(wrapped: Data, context: FieldwardNative.WrapContext) throws -> Data {
        let (provider, context) = (provider, WrapContext(context))
        return try opening.ask(.provider, within: timeout) { try await provider.unwrap(wrapped, context: context).within("provider_bad_reply") }
    }
}
