internal import FieldwardNative
import Foundation

/// A key store of yours: a table, a file service, an object store. It holds one document per keyring id, and replaces it by
/// compare-and-swap. Calls may come from any thread, and must not wait for the keyring whose document it is: `invalid_argument`.
///
/// Throw `FieldwardError.store("store_denied")` and the like; whatever else is thrown is `store_unavailable`. It is the `underlying` error
/// of what the caller sees.
public protocol KeyStore: Sendable {
    /// The document, exactly as it was saved; `nil` if there is none. A store that fails throws.
    func load(_ keyringID: String) async throws -> Data?

    /// Puts `document` in the place of the one tagged `expected` (`nil`: there must be none), in one step. True once it is durable, false if
    /// another one stands there. `tag` is the document's own, to be kept beside it or read again by `DocumentTag(of:)`.
    func save(_ keyringID: String, expected: DocumentTag?, document: Data, tag: DocumentTag) async throws -> Bool
}

/// Which document a store holds. A save compares both parts.
public struct DocumentTag: Sendable, Hashable {
    /// The document's generation: only grows.
    public let generation: UInt64
    /// The document's MAC, 32 bytes. Not secret.
    public let mac: Data

    /// Reads the tag from a document's bytes. It needs no key, and verifies nothing.
    public init(of document: Data) throws(FieldwardError) {
        self.init(try guarded { try documentTag(document: document.within("keyring_too_large")) })
    }

    init(_ native: FieldwardNative.DocumentTag) { (generation, mac) = (native.generation, native.mac) }
}

/// Where the documents of keyrings are kept: wrapped keys only.
public struct Store: Sendable {
    let of: @Sendable (Opening) -> FieldwardNative.Store

    /// One file per keyring in a directory, atomic and durable. It brings a pin of its own, in the user's state directory.
    public static func file(_ directory: String) -> Store {
        let native = FieldwardNative.Store.file(directory: directory)
        return Store { _ in native }
    }

    /// Documents in memory, for tests and demonstrations.
    public static func memory() -> Store {
        let native = FieldwardNative.Store.memory()
        return Store { _ in native }
    }

    /// A store of yours, which brings no pin. One that does not answer within so many seconds is cancelled: `store_timeout`.
    public static func of(_ store: some KeyStore, timeout: TimeInterval = 60) -> Store {
        Store { opening in .host(store: Host(store: store, timeout: timeout, opening: opening)) }
    }
}

private final class Host: HostStore {
    let store: any KeyStore
    let timeout: TimeInterval
    let opening: Opening

    init(store: any KeyStore, timeout: TimeInterval, opening: Opening) {
        (self.store, self.timeout, self.opening) = (store, timeout, opening)
    }

    func load(keyringId: String) throws -> Data? {
        let store = store
        return try opening.ask(.store, within: timeout) { try await store.load(keyringId)?.within("keyring_too_large") }
    }

    func save(
        keyringId: String, expected: FieldwardNative.DocumentTag?, document: Data, tag: FieldwardNative.DocumentTag
    ) throws -> Bool {
        let (store, expected, tag) = (store, expected.map(DocumentTag.init), DocumentTag(tag))
        return try opening.ask(.store, within: timeout) {
            try await store.save(keyringId, expected: expected, document: document, tag: tag)
        }
    }
}
