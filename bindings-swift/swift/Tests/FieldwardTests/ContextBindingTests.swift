import Foundation
import Testing

@testable import Fieldward

/// What the Secure Enclave's provider wraps, on any system.
@Suite struct ContextBindingTests {
    /// A provider whose mechanism has no associated data.
    struct Plain: KeyProvider {
        let kind = "plain"
        let keyName = "key-1"
        func wrap(_ secret: Data, context: WrapContext) async throws -> Data { ContextBinding.bound(secret, context) }
        func unwrap(_ wrapped: Data, context: WrapContext) async throws -> Data { try ContextBinding.secret(wrapped, context) }
    }

    @Test func theSecretComesBackForItsContextOnly() async throws {
        let store = Store.memory()
        _ = try await config(.of(Plain()), store).create()
        #expect(try await config(.of(Plain()), store).open().id == "device-7")
        struct Shortened: KeyProvider {
            let kind = "plain"
            let keyName = "key-1"
            func wrap(_ secret: Data, context: WrapContext) async throws -> Data { secret }
            func unwrap(_ wrapped: Data, context: WrapContext) async throws -> Data {
                try ContextBinding.secret(wrapped.dropLast(), context)
            }
        }
        #expect(await code { _ = try await config(.of(Shortened()), store).open() } == "provider_wrong_key")
        #expect(code { _ = try ContextBinding.secret(Data(count: 32), context()) } == "provider_bad_reply")
        #expect(try ContextBinding.secret(ContextBinding.bound(Data(count: 32), context()), context()) == Data(count: 32))
    }

    private func context() -> WrapContext {
        WrapContext(.init(keyringId: "k", epoch: 1, purpose: "root", pairs: [:], data: Data([1, 2, 3])))
    }
}
