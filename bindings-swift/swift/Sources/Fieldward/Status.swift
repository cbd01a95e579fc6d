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
    /// The document's generation.
    public let generation: UInt64
    /// The root epoch.
    public let epoch: UInt32
    /// When the document was last read and verified, in seconds since 1970.
    public let verifiedAt: Int64
    /// The version that encrypts.
    public let currentVersion: UInt32
    /// Every data key version, oldest first.
    public let versions: [VersionStatus]
    /// The names of the providers that can open the document.
    public let providers: [String]

    init(_ native: Status) {
        (generation, epoch, verifiedAt) = (native.generation, native.epoch, native.verifiedAt)
        (currentVersion, providers) = (native.currentVersion, native.providers)
        versions = native.versions.map(VersionStatus.init)
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

    init(_ native: FieldwardNative.VersionStatus) {
        (version, keyID, state) = (native.version, native.keyId, KeyState(rawValue: native.state))
        (isCurrent, created, activeFrom) = (native.isCurrent, native.created, native.activeFrom)
    }
}

/// How far a destruction reached.
public struct Destruction: Sendable, Hashable {
    /// What was destroyed, such as `version 3`.
    public let target: String
    /// The root epoch that no longer holds it.
    public let epoch: UInt32
    /// Whether no copy of any document opens it any more.
    public let isErased: Bool
    /// The provider keys under which older copies of the document still open.
    public let remaining: [String]

    init(_ native: FieldwardNative.Destruction) {
        (target, epoch, isErased, remaining) = (native.target, native.epoch, native.isErased, native.remaining)
    }
}
