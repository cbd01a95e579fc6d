#if canImport(Security) && canImport(CryptoKit)
import Foundation
import Security

/// Wraps with a P-256 key that never leaves this device's Secure Enclave: ECIES by the system, the context beside the secret. The first
/// wrap makes the key. Unwrapping asks the Enclave, and the user where presence is required.
///
///     let provider = try Provider.of(SecureEnclaveProvider(tag: "com.example.app.records"))
public struct SecureEnclaveProvider: KeyProvider {
    public let kind = "apple-secure-enclave"
    /// The application tag of the key.
    public let keyName: String
    private let requiresUser: Bool
    private static let algorithm = SecKeyAlgorithm.eciesEncryptionCofactorVariableIVX963SHA256AESGCM

    /// A key of this application tag: printable ASCII, not secret. `requiresUser` asks for Face ID, Touch ID or the passcode each time that
    /// the keyring is opened.
    public init(tag: String, requiresUser: Bool = false) {
        (keyName, self.requiresUser) = (tag, requiresUser)
    }

    public func wrap(_ secret: Data, context: WrapContext) async throws -> Data {
        guard let open = SecKeyCopyPublicKey(try key() ?? made()),
            let wrapped = SecKeyCreateEncryptedData(
                open, Self.algorithm, ContextBinding.bound(secret, context) as CFData, nil)
        else { throw FieldwardError.provider("provider_unsupported") }
        return wrapped as Data
    }

    public func unwrap(_ wrapped: Data, context: WrapContext) async throws -> Data {
        guard let key = try key() else { throw FieldwardError.provider("provider_wrong_key") }
        var failure: Unmanaged<CFError>?
        guard let bound = SecKeyCreateDecryptedData(key, Self.algorithm, wrapped as CFData, &failure) else {
            throw Self.error(failure, otherwise: "provider_wrong_key")
        }
        return try ContextBinding.secret(bound as Data, context)
    }

    /// Deletes the key: what it wrapped cannot be opened again on any device.
    public func deleteKey() throws {
        let status = SecItemDelete(item as CFDictionary)
        guard status == errSecSuccess || status == errSecItemNotFound else { throw Keychain.error(status) }
    }

    private var item: [CFString: Any] {
        [
            kSecClass: kSecClassKey, kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
            kSecAttrApplicationTag: Data(keyName.utf8), kSecUseDataProtectionKeychain: true,
        ]
    }

    private func key() throws -> SecKey? {
        var found: CFTypeRef?
        let status = SecItemCopyMatching(item.merging([kSecReturnRef: true]) { _, new in new } as CFDictionary, &found)
        if status == errSecItemNotFound { return nil }
        guard status == errSecSuccess, let found, CFGetTypeID(found) == SecKeyGetTypeID() else { throw Keychain.error(status) }
        return (found as! SecKey)
    }

    private func made() throws -> SecKey {
        var failure: Unmanaged<CFError>?
        let flags: SecAccessControlCreateFlags = requiresUser ? [.privateKeyUsage, .userPresence] : [.privateKeyUsage]
        let access = SecAccessControlCreateWithFlags(nil, kSecAttrAccessibleWhenUnlockedThisDeviceOnly, flags, &failure)
        guard let access else { throw Self.error(failure, otherwise: "provider_unsupported") }
        let attributes: [CFString: Any] = [
            kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom, kSecAttrKeySizeInBits: 256, kSecAttrTokenID: kSecAttrTokenIDSecureEnclave,
            kSecUseDataProtectionKeychain: true,
            kSecPrivateKeyAttrs: [
                kSecAttrIsPermanent: true, kSecAttrApplicationTag: Data(keyName.utf8), kSecAttrAccessControl: access,
            ] as [CFString: Any],
        ]
        guard let key = SecKeyCreateRandomKey(attributes as CFDictionary, &failure) else {
            throw Self.error(failure, otherwise: "provider_unsupported")
        }
        return key
    }

    private static func error(_ failure: Unmanaged<CFError>?, otherwise: String) -> FieldwardError {
        guard let failure = failure?.takeRetainedValue() else { return .provider(otherwise) }
        let status = OSStatus(truncatingIfNeeded: CFErrorGetCode(failure))
        return switch status {
        case errSecInteractionNotAllowed, errSecAuthFailed, errSecUserCanceled, errSecMissingEntitlement: Keychain.error(status)
        default: .provider(otherwise)
        }
    }
}
#endif
