internal import FieldwardNative
import Foundation

/// What makes or opens a keyring: one for each user or device is the usual one in an app.
///
///     let config = KeyringConfig(id: "device-7", providers: ["primary": try .keyFile(path)], store: .file(directory))
///     let keyring = try await config.open()
public struct KeyringConfig: Sendable, Redacted {
    /// 1 to 64 of `a-z 0-9 - _ .`; stands in the document.
    public var id: String
    /// What can open it, by your names.
    public var providers: [String: Provider]
    /// Where its document is kept.
    public var store: Store
    /// What remembers how far the document has come. A file store brings one; a store in memory needs one, or `noPin`.
    public var pin: Pin?
    /// Why there is none.
    public var noPin: String?
    /// The age at which the store is read again in the background, in seconds.
    public var refreshAfter: UInt64?
    /// The age at which what was read no longer encrypts, in seconds.
    public var maxStaleness: UInt64?
    /// How long a rotation can be rolled back, in seconds; for `create` only.
    public var rollbackWindow: UInt64?
    /// The identity of a root that another process set in the place of this one's, 32 bytes.
    public var acceptIdentity: Data?
    /// Where the audit log goes. Without a sink, nothing is logged.
    public var audit: [Sink] = []
    /// How long a use of a key waits for the store where it must, in seconds; 5 unless said otherwise.
    public var storeTimeout: UInt64?
    /// How many derived keys are kept beside those of handles; 1,024 unless said otherwise.
    public var cacheCapacity: UInt32?
    /// A clock in place of the system's.
    public var clock: ManualClock?

    public init(id: String, providers: [String: Provider], store: Store, pin: Pin? = nil, noPin: String? = nil) {
        (self.id, self.providers, self.store, self.pin, self.noPin) = (id, providers, store, pin, noPin)
    }

    /// Makes a new keyring. One that exists is refused as `keyring_exists`.
    public func create() async throws(FieldwardError) -> Keyring {
        try await begun { try .create(config: $0) }
    }

    /// Opens the keyring that the store holds: one call of a provider, whatever its age.
    public func open() async throws(FieldwardError) -> Keyring {
        try await begun { try .open(config: $0) }
    }

    /// Opens an exported document and saves it.
    public func recover(export: Data) async throws(FieldwardError) -> Keyring {
        try await begun { try .recover(config: $0, export: export.within("keyring_too_large")) }
    }

    private func begun(_ begin: @escaping @Sendable (Config) throws -> FieldwardNative.Keyring) async throws(FieldwardError) -> Keyring {
        let opening = Opening()
        return Keyring(try await waiting { try begin(native(opening)) }, opening)
    }

    private func native(_ opening: Opening) throws -> Config {
        let providers = try providers.sorted { $0.key < $1.key }.map { name, provider in
            NamedProvider(name: name, provider: try provider.of(opening))
        }
        return Config(
            keyringId: id, providers: providers, store: store.of(opening), pin: pin?.of(opening), noPin: noPin,
            refreshAfter: refreshAfter, maxStaleness: maxStaleness, rollbackWindow: rollbackWindow,
            acceptIdentity: acceptIdentity, audit: audit.map { $0.of(opening) }, storeTimeout: storeTimeout,
            cacheCapacity: cacheCapacity, clock: clock?.native)
    }

    public var description: String { "KeyringConfig(\(id))" }
}

/// The versioned keys of one user, device, tenant or application, open. Any thread may use it.
///
/// `close` wipes its keys and closes every handle that it gave out: they throw the code `closed` from then on.
public final class Keyring: Sendable, Redacted {
    private let native: FieldwardNative.Keyring
    private let opening: Opening

    init(_ native: FieldwardNative.Keyring, _ opening: Opening) { (self.native, self.opening) = (native, opening) }

    /// The keyring's id.
    public var id: String { get throws(FieldwardError) { try guarded { try native.id() } } }

    /// A handle for one field of a schema, of one tenant where there are tenants. Make it once and keep it.
    public func field(_ schema: Schema, _ name: String, tenant: String? = nil) throws(FieldwardError) -> Field {
        Field(try guarded { try native.field(schema: schema.native, name: name, tenant: tenant) })
    }

    /// A handle for whole records of a schema, of one tenant where there are tenants. Make it once and keep it.
    public func records(_ schema: Schema, tenant: String? = nil) throws(FieldwardError) -> Records {
        Records(try guarded { try native.records(schema: schema.native, tenant: tenant) })
    }

    /// A handle that also decrypts under suspended or compromised keys, for re-encryption. What it gives is marked untrusted.
    public func allow(_ state: KeyState, reason: String) throws(FieldwardError) -> Keyring {
        Keyring(try changed { try native.allow(state: state.rawValue, reason: reason) }, opening)
    }

    /// The keyring with a duty: its decryptions are logged, with actor and reason.
    public func readingAs(_ actor: String, reason: String) throws(FieldwardError) -> Keyring {
        Keyring(try changed { try native.readingAs(actor: actor, reason: reason) }, opening)
    }

    /// Publishes a new version that takes over after so many seconds, 24 hours unless said otherwise; returns its number.
    @discardableResult
    public func rotate(after seconds: UInt64? = nil) async throws(FieldwardError) -> UInt32 {
        try await changing { native in try native.rotate(after: seconds, atOnce: false) }
    }

    /// Publishes a new version that takes over at once, before other processes can know it; returns its number.
    @discardableResult
    public func rotateImmediately() async throws(FieldwardError) -> UInt32 {
        try await changing { native in try native.rotate(after: nil, atOnce: true) }
    }

    /// Goes back to the version that was current before, inside the rollback window; returns its number.
    @discardableResult
    public func rollback() async throws(FieldwardError) -> UInt32 {
        try await changing { native in try native.rollback() }
    }

    /// Suspends a version: it neither encrypts nor decrypts until it is resumed.
    public func suspend(_ version: UInt32, reason: String) async throws(FieldwardError) {
        try await changing { native in try native.suspend(version: version, reason: reason) }
    }

    /// Takes up a suspended version again.
    public func resume(_ version: UInt32, reason: String) async throws(FieldwardError) {
        try await changing { native in try native.resume(version: version, reason: reason) }
    }

    /// Marks a version compromised: it is read only by name, for re-encryption.
    public func markCompromised(_ version: UInt32, reason: String) async throws(FieldwardError) {
        try await changing { native in try native.markCompromised(version: version, reason: reason) }
    }

    /// Marks the root compromised: every version is; a new epoch, version and index key begin. `dropProviders` names entries that
    /// cannot be reached, which are left out: `epoch_incomplete` without it.
    @discardableResult
    public func markRootCompromised(
        reason: String, dropProviders: [String] = []
    ) async throws(FieldwardError) -> RootReplaced {
        RootReplaced(
            try await changing { native in
                try native.markRootCompromised(reason: reason, dropProviders: dropProviders)
            })
    }

    /// Starts a new root epoch; returns its number.
    @discardableResult
    public func startEpoch(dropProviders: [String] = []) async throws(FieldwardError) -> UInt32 {
        try await changing { native in try native.startEpoch(dropProviders: dropProviders) }
    }

    /// Adds an index key, for a re-index; returns its number.
    @discardableResult
    public func addIndexKey() async throws(FieldwardError) -> UInt32 {
        try await changing { native in try native.addIndexKey() }
    }

    /// Destroys a version, confirmed by its key id: what it encrypted can never be read again.
    ///
    /// Say what becomes of earlier exports, or it is `confirmation_required`: `waiveExports` is a reason to leave them as they are,
    /// `keepExport` takes the new document, within a minute, before any provider's key is destroyed. It must not wait for this keyring.
    @discardableResult
    public func destroy(
        _ version: UInt32, keyID: String, reason: String, waiveExports: String? = nil, dropProviders: [String] = [],
        keepExport: (@Sendable (Data) async throws -> Void)? = nil
    ) async throws(FieldwardError) -> Destruction {
        let request = DestroyRequest(
            reason: reason, version: version, keyId: keyID, indexKey: nil, waiveExports: waiveExports,
            dropProviders: dropProviders)
        return try await destroy(request, keepExport)
    }

    /// Destroys an index key: its index values are then neither made nor found. The rest is as for a version.
    @discardableResult
    public func destroyIndexKey(
        _ number: UInt32, reason: String, waiveExports: String? = nil, dropProviders: [String] = [],
        keepExport: (@Sendable (Data) async throws -> Void)? = nil
    ) async throws(FieldwardError) -> Destruction {
        let request = DestroyRequest(
            reason: reason, version: nil, keyId: nil, indexKey: number, waiveExports: waiveExports,
            dropProviders: dropProviders)
        return try await destroy(request, keepExport)
    }

    private func destroy(
        _ request: DestroyRequest, _ keep: (@Sendable (Data) async throws -> Void)?
    ) async throws(FieldwardError) -> Destruction {
        let export = keep.map { Export($0, opening) }
        return Destruction(try await changing { native in try native.destroy(request: request, keepExport: export) })
    }

    /// Adds a provider that can open the keyring from now on.
    public func addProvider(_ name: String, _ provider: Provider) async throws(FieldwardError) {
        try await changing { [opening] native in try native.addProvider(name: name, provider: provider.of(opening)) }
    }

    /// Puts a provider in the place of the one of this name.
    public func replaceProvider(_ name: String, _ provider: Provider) async throws(FieldwardError) {
        try await changing { [opening] native in try native.replaceProvider(name: name, provider: provider.of(opening)) }
    }

    /// Removes a provider's entry. Older copies of the document still open with it until a new epoch.
    public func removeProvider(_ name: String) async throws(FieldwardError) {
        try await changing { native in try native.removeProvider(name: name) }
    }

    /// Reads the store now; returns whether there was a newer document.
    @discardableResult
    public func refresh() async throws(FieldwardError) -> Bool {
        try await changing { native in try native.refresh() }
    }

    /// The document as it is now, to be kept elsewhere: wrapped keys only.
    public func export() throws(FieldwardError) -> Data { try changed { try native.export() } }

    /// What pins compare and `acceptIdentity` takes: 32 bytes, not secret.
    public var rootIdentity: Data { get throws(FieldwardError) { try changed { try native.rootIdentity() } } }

    /// The key ids of envelopes whose version is in no document, eight hexadecimal digits each: written after the export that was recovered.
    public func unknownKeyIDs(_ envelopes: [Data]) throws(FieldwardError) -> [String] {
        try guarded {
            try crossing(envelopes.map(\.count))
            return try native.unknownKeyIds(envelopes: envelopes)
        }
    }

    /// Versions with their effective states, index keys and providers. Holds no secret.
    public func status() throws(FieldwardError) -> KeyringStatus {
        try changed { KeyringStatus(try native.status()) }
    }

    /// The counters of this process, as the specification names them.
    public func metrics() throws(FieldwardError) -> Node { try Node(guarded { try native.metrics() }) }

    /// The counters of this process, in the text form that Prometheus reads.
    public func prometheus() throws(FieldwardError) -> String { try guarded { try native.prometheus() } }

    /// Verifies the lines of an audit log, of all writers, against the keyring's audit keys and checkpoints: at most 2^20 lines and
    /// 256 MiB.
    public func verifyAudit(_ lines: [String]) async throws(FieldwardError) -> AuditReport {
        AuditReport(
            try await changing { native in
                try crossing(lines.map(\.utf8.count))
                return try native.verifyAudit(lines: lines)
            })
    }

    /// Wipes the keys and closes every handle. Calls under way end first. Closing again does nothing.
    public func close() { _ = try? guarded { try native.closeAll() } }

    public var description: String { "Keyring" }

    /// A call that waits for others' changes of the keyring: not from inside its own providers, stores and sinks.
    private func changed<T>(_ call: () throws -> T) throws(FieldwardError) -> T {
        try opening.check()
        return try guarded(call)
    }

    /// The same, of a call that may ask a provider or store.
    private func changing<T: Sendable>(
        _ call: @escaping @Sendable (FieldwardNative.Keyring) throws -> T
    ) async throws(FieldwardError) -> T {
        try opening.check()
        return try await waiting { [native] in try call(native) }
    }
}
