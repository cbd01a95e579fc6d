@testable import Fieldward
import FieldwardNative
import Foundation
import Testing

/// The library's conformance suites over what is written in Swift, right and wrong.
@Suite struct ConformanceTests {
    /// Its cipher is a stand-in: a field of a keyring of the library's own. A test makes it wrong.
    struct OwnProvider: KeyProvider {
        let kind = "own"
        let keyName = "key-1"
        let field: Fieldward.Field
        var isForgetful = false
        var isOpen = false
        var isRetryable = false

        init() async throws {
            field = try await cipher()
        }

        private func record(_ context: Fieldward.WrapContext) -> RecordID {
            RecordID(.bytes(isForgetful ? Data([0]) : context.data))
        }

        func wrap(_ secret: Data, context: Fieldward.WrapContext) async throws -> Data {
            guard let data = try field.encrypt(.bytes(secret), record: record(context))?.data else { throw Broken(text: "null") }
            return isOpen ? data + secret : data
        }

        func unwrap(_ wrapped: Data, context: Fieldward.WrapContext) async throws -> Data {
            guard case let .bytes(secret) = try? field.decrypt(wrapped, record: record(context)) else {
                if isRetryable { throw Broken(text: "999-41-1234") }
                throw FieldwardError.provider("provider_wrong_key")
            }
            return secret
        }
    }

    func broken(_ provider: some KeyProvider) async throws -> String? {
        // the suite waits on this thread: not on one of Swift's
        let native = try Fieldward.Provider.of(provider).of(Opening())
        return try await waiting { checkProvider(provider: native) }
    }

    @Test func provider() async throws {
        #expect(try await broken(OwnProvider()) == nil)
    }

    @Test func providersThatAreWrong() async throws {
        var forgetful = try await OwnProvider()
        forgetful.isForgetful = true
        #expect(try await broken(forgetful) == "broken rule: another context is refused")
        var open = try await OwnProvider()
        open.isOpen = true
        #expect(try await broken(open) == "broken rule: the wrapped bytes do not show the secret")
        // a refusal that looks like an outage, and its text stays where it is
        var retryable = try await OwnProvider()
        retryable.isRetryable = true
        #expect(try await broken(retryable) == "broken rule: another context is refused: the key provider cannot be reached")
    }

    /// A store in memory. A test makes it wrong.
    actor OwnStore: KeyStore {
        enum Fault { case careless, oneForAll, trimming }
        private var documents: [String: Data] = [:]
        private let fault: Fault?

        init(_ fault: Fault?) { self.fault = fault }

        private func place(_ keyringID: String) -> String { fault == .oneForAll ? "x" : keyringID }

        func load(_ keyringID: String) async throws -> Data? {
            let document = documents[place(keyringID)]
            return fault == .trimming ? document?.dropLast() : document
        }

        func save(
            _ keyringID: String, expected: Fieldward.DocumentTag?, document: Data, tag: Fieldward.DocumentTag
        ) async throws -> Bool {
            let held = try documents[place(keyringID)].map { try Fieldward.DocumentTag(of: $0) }
            guard held == expected || fault == .careless else { return false }
            documents[place(keyringID)] = document
            return true
        }
    }

    final class Stores: HostStores {
        let fault: OwnStore.Fault?
        init(_ fault: OwnStore.Fault?) { self.fault = fault }
        func make() -> FieldwardNative.Store { Fieldward.Store.of(OwnStore(fault)).of(Opening()) }
    }

    func broken(_ fault: OwnStore.Fault?) async throws -> String? {
        try await waiting { checkStore(stores: Stores(fault)) }
    }

    @Test func store() async throws {
        #expect(try await broken(nil) == nil)
    }

    @Test(arguments: [OwnStore.Fault.careless, .oneForAll, .trimming])
    func storesThatAreWrong(fault: OwnStore.Fault) async throws {
        #expect(try await broken(fault)?.hasPrefix("broken rule: ") == true)
    }
}
