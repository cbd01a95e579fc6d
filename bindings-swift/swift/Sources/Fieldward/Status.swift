internal import FieldwardNative

/// The states of a key version, as NIST SP 800-57 names them.
public enum KeyState: String, Sendable, CaseIterable {
    case preActive = "pre-active"
    case active
    case suspended
    case deactivated
    case compromised
    case destroyed
}

/// The keyring at one moment. Holds no secret.
public struct KeyringStatus: Sendable, Hashable {
    /// The keyring's id.
    public let keyringID: String
    /// The document's generation.
    public let generation: UInt64
    /// The root epoch.
    public let epoch: UInt32
    /// When this was computed, in seconds since 1970.
    public let time: Int64
    /// When the document was last read and verified, in seconds since 1970.
    public let verifiedAt: Int64
    /// The version that encrypts.
    public let currentVersion: UInt32
    /// Since when, in seconds since 1970.
    public let currentSince: Int64
    /// Every data key version, oldest first.
    public let versions: [VersionStatus]
    /// Every index key, oldest first.
    public let indexKeys: [IndexKeyStatus]
    /// The providers that can open the document.
    public let providers: [ProviderStatus]

    init(_ native: Status) {
        (keyringID, generation, epoch) = (native.keyringId, native.generation, native.epoch)
        (time, verifiedAt) = (native.time, native.verifiedAt)
        (currentVersion, currentSince) = (native.currentVersion, native.currentSince)
        versions = native.versions.map(VersionStatus.init)
        indexKeys = native.indexKeys.map(IndexKeyStatus.init)
        providers = native.providers.map(ProviderStatus.init)
    }
}

/// A data key version at one moment.
public struct VersionStatus: Sendable, Hashable {
    /// Its number, from 1.
    public let version: UInt32
    /// What envelopes name it by, eight hexadecimal digits.
    public let keyID: String
    /// Its effective state; `nil` for one that this package does not know.
    public let state: KeyState?
    /// Whether it encrypts now.
    public let isCurrent: Bool
    /// When it was made, in seconds since 1970.
    public let created: Int64
    /// When it takes over, if it waits.
    public let activeFrom: Int64?
    /// Once it is destroyed: the provider keys under which older copies of the document still open. None of them: it is erased.
    public let remaining: [HeldKey]?

    init(_ native: FieldwardNative.VersionStatus) {
        (version, keyID, state) = (native.version, native.keyId, KeyState(rawValue: native.state))
        (isCurrent, created, activeFrom) = (native.isCurrent, native.created, native.activeFrom)
        remaining = native.remaining?.map(HeldKey.init)
    }
}

/// An index key at one moment.
public struct IndexKeyStatus: Sendable, Hashable {
    /// Its number, from 1.
    public let number: UInt32
    /// When it was made, in seconds since 1970.
    public let created: Int64
    /// Whether it is destroyed.
    public let isDestroyed: Bool

    init(_ native: FieldwardNative.IndexKeyStatus) {
        (number, created, isDestroyed) = (native.number, native.created, native.isDestroyed)
    }
}

/// A provider's entry.
public struct ProviderStatus: Sendable, Hashable {
    /// The caller's name for it.
    public let name: String
    /// Its kind.
    public let kind: String
    /// The key that wraps the root.
    public let keyName: String
    /// Whether the library had it made for this epoch, so that it can be destroyed with it.
    public let isMade: Bool

    init(_ native: FieldwardNative.ProviderStatus) {
        (name, kind, keyName, isMade) = (native.name, native.kind, native.keyName, native.isMade)
    }
}

/// Numbers of what replaced a compromised root.
public struct RootReplaced: Sendable, Hashable {
    /// The new epoch.
    public let epoch: UInt32
    /// The new version.
    public let version: UInt32
    /// The new index key. Re-indexing is due.
    public let indexKey: UInt32

    init(_ native: FieldwardNative.RootReplaced) {
        (epoch, version, indexKey) = (native.epoch, native.version, native.indexKey)
    }
}
