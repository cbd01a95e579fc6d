#if canImport(Security) && canImport(CryptoKit)
import CryptoKit
import Foundation
import Security

/// Wraps with a 256-bit key in this device's Keychain: AES-GCM, the context as associated data. The first wrap makes the key.
///
/// By default the key is there while the device is unlocked, goes into no backup and to no other device: what it wraps opens on this device
/// only, so keep a second provider, or a copy of the data on a server, for the day when the device is lost.
///
///     let provider = try Provider.of(KeychainProvider(account: userID))
public struct KeychainProvider: KeyProvider {
    /// When the key can be used.
    public enum Accessibility: Sendable {
        /// While the device is unlocked.
        case whenUnlocked
        /// From the first unlock after a start: for work in the background.
        case afterFirstUnlock
        /// While the device is unlocked, and only where it has a passcode.
        case whenPasscodeSet
    }

    public let kind = "apple-keychain"
    /// The service and the account of the Keychain item.
    public var keyName: String { "\(service)/\(account)" }
    private let account: String
    private let service: String
    private let accessGroup: String?
    private let accessibility: Accessibility

    /// A key for this account, such as a user's id: printable ASCII, not secret.
    public init(
        account: String, service: String = "fieldward", accessGroup: String? = nil, accessibility: Accessibility = .whenUnlocked
    ) {
        (self.account, self.service, self.accessGroup) = (account, service, accessGroup)
        self.accessibility = accessibility
    }

    public func wrap(_ secret: Data, context: WrapContext) async throws -> Data {
        let sealed = try AES.GCM.seal(secret, using: try key() ?? made(), authenticating: context.data)
        guard let combined = sealed.combined else { throw FieldwardError.provider("provider_bad_reply") }
        return combined
    }

    public func unwrap(_ wrapped: Data, context: WrapContext) async throws -> Data {
        guard let key = try key() else { throw FieldwardError.provider("provider_wrong_key") }
        do {
            return try AES.GCM.open(AES.GCM.SealedBox(combined: wrapped), using: key, authenticating: context.data)
        } catch {
            throw FieldwardError.provider("provider_wrong_key")
        }
    }

    /// Deletes the key: what it wrapped cannot be opened again on any device.
    public func deleteKey() throws {
        let status = SecItemDelete(item as CFDictionary)
        guard status == errSecSuccess || status == errSecItemNotFound else { throw Keychain.error(status) }
    }

    private var item: [CFString: Any] {
        var item: [CFString: Any] = [
            kSecClass: kSecClassGenericPassword, kSecAttrService: service, kSecAttrAccount: account,
            kSecUseDataProtectionKeychain: true,
        ]
        if let accessGroup { item[kSecAttrAccessGroup] = accessGroup }
        return item
    }

    private func key() throws -> SymmetricKey? {
        var found: CFTypeRef?
        let query = item.merging([kSecReturnData: true, kSecMatchLimit: kSecMatchLimitOne]) { _, new in new }
        let status = SecItemCopyMatching(query as CFDictionary, &found)
        if status == errSecItemNotFound { return nil }
        guard status == errSecSuccess, let bytes = found as? Data, bytes.count == 32 else { throw Keychain.error(status) }
        return SymmetricKey(data: bytes)
    }

    private func made() throws -> SymmetricKey {
        let key = SymmetricKey(size: .bits256)
        let accessible =
            switch accessibility {
            case .whenUnlocked: kSecAttrAccessibleWhenUnlockedThisDeviceOnly
            case .afterFirstUnlock: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
            case .whenPasscodeSet: kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly
            }
        let bytes = key.withUnsafeBytes { Data($0) }
        let added = item.merging([kSecValueData: bytes, kSecAttrAccessible: accessible]) { _, new in new }
        let status = SecItemAdd(added as CFDictionary, nil)
        // Another thread or process was first: its key is the key.
        if status == errSecDuplicateItem, let key = try self.key() { return key }
        guard status == errSecSuccess else { throw Keychain.error(status) }
        return key
    }
}

/// What the Keychain's status means to a caller.
enum Keychain {
    static func error(_ status: OSStatus) -> FieldwardError {
        switch status {
        case errSecInteractionNotAllowed, errSecNotAvailable: .provider("provider_unavailable")
        case errSecAuthFailed, errSecUserCanceled, errSecMissingEntitlement: .provider("provider_denied")
        case errSecSuccess, errSecDecode: .provider("provider_bad_reply")
        default: .provider("provider_unavailable")
        }
    }
}
#endif
