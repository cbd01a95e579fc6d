internal import FieldwardNative
import Foundation

/// How far a destruction reached. By NIST SP 800-88 a key is erased only if every copy of it goes: memory of other processes keeps it until
/// they refresh, and what `remaining` names opens older copies of the document.
public struct Destruction: Sendable, Hashable {
    /// What was destroyed: `version 3` or `index key 1`.
    public let target: String
    /// The destroyed version's key id; `nil` for an index key.
    public let keyID: String?
    /// When the key left the document, in seconds since 1970.
    public let time: Int64
    /// The root epoch that no longer holds it.
    public let epoch: UInt32
    /// Whether no copy of any document opens it any more.
    public let isErased: Bool
    /// The provider keys under which older copies of the document still open.
    public let remaining: [HeldKey]
    /// Earlier epochs whose exports and backups no provider opens any more.
    public let unreadableEpochs: [UInt32]
    /// Whether index values made from the erased data remain in the database, where they tell which rows are equal.
    public let indexValuesRemain: Bool
    /// Why the export was not kept, if it was not: the provider keys were then left alone. Destroy again to go on.
    public let exportError: FieldwardError?

    init(_ native: FieldwardNative.Destruction) {
        (target, keyID, time, epoch) = (native.target, native.keyId, native.time, native.epoch)
        (isErased, remaining) = (native.isErased, native.remaining.map(HeldKey.init))
        (unreadableEpochs, indexValuesRemain) = (native.unreadableEpochs, native.indexValuesRemain)
        exportError = native.exportError.map(FieldwardError.init)
    }
}

/// A provider key under which an older copy of the document still opens.
public struct HeldKey: Sendable, Hashable {
    /// The root epoch.
    public let epoch: UInt32
    /// The provider's name.
    public let provider: String
    /// Its key's name.
    public let keyName: String

    init(_ native: FieldwardNative.HeldKey) {
        (epoch, provider, keyName) = (native.epoch, native.provider, native.keyName)
    }
}

final class Export: HostExport {
    private let keep: @Sendable (Data) async throws -> Void
    private let opening: Opening

    init(_ keep: @escaping @Sendable (Data) async throws -> Void, _ opening: Opening) {
        (self.keep, self.opening) = (keep, opening)
    }

    func keep(document: Data) throws {
        let keep = keep
        try opening.ask(.store, within: 60) { try await keep(document) }
    }
}
