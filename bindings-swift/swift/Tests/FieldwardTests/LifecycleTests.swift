import Fieldward
import Foundation
import Testing

/// The end of keys: destruction with its proof, exports, recovery, epochs.
@Suite struct LifecycleTests {
    let patient = RecordID("p-7")
    let start: Int64 = 1_767_225_600

    func ssn(_ keyring: Keyring) throws -> Field { try keyring.field(.patient(), "ssn") }

    /// A directory for a provider that makes a key for each epoch, so that it can be destroyed.
    func directory() throws -> String {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        return directory
    }

    actor Kept {
        var document: Data?
        func keep(_ document: Data) { self.document = document }
    }

    @Test func destructionWithProof() async throws {
        let (directory, clock) = (try directory(), ManualClock(start))
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let keys = try Provider.keyDirectory(directory, name: "local")
        let keyring = try await config(keys, clock: clock).create()
        let stored = try ssn(keyring).encrypt("999-41-1234", record: patient)
        let export = try keyring.export()
        try await keyring.rotateImmediately()
        clock.advance(91 * 86_400)
        #expect(clock.now == start + 91 * 86_400)
        try await keyring.refresh()
        let version = try #require(try keyring.status().versions.first)
        #expect(version.state == .deactivated && version.remaining == nil, "the rollback window is over")
        let id = version.keyID
        #expect(try await thrown { try await keyring.destroy(1, keyID: id, reason: "over") }.code == "confirmation_required")
        #expect(
            try await thrown { try await keyring.destroy(1, keyID: "00000000", reason: "over", waiveExports: "none") }.code
                == "confirmation_required")
        #expect(
            try await thrown { try await keyring.destroy(1, keyID: id, reason: "", waiveExports: "none") }.code
                == "reason_required")
        #expect(
            try await thrown { try await keyring.destroy(9, keyID: id, reason: "over", waiveExports: "none") }.code
                == "version_unknown")

        // the first export is not kept: no provider key is destroyed
        let stopped = try await keyring.destroy(1, keyID: id, reason: "over") { _ in throw Broken(text: "999-41-1234") }
        #expect(stopped.exportError?.code == "store_unavailable")
        #expect(stopped.exportError?.underlying as? Broken == Broken(text: "999-41-1234"))
        #expect(!stopped.isErased && stopped.remaining.map(\.epoch) == [1] && stopped.remaining.first?.provider == "primary")
        #expect(code { _ = try ssn(keyring).decrypt(stored, record: patient) } == "key_destroyed")
        // whoever has the older document still reads
        let old = try await config(keys).recover(export: export)
        #expect(try ssn(old).decrypt(stored, record: patient) == "999-41-1234")

        let kept = Kept()
        let reached = try await keyring.destroy(1, keyID: id, reason: "over") { await kept.keep($0) }
        #expect(reached.target == "version 1" && reached.keyID == id && reached.time == start + 91 * 86_400)
        #expect(reached.epoch == 2 && reached.isErased && reached.remaining == [] && reached.unreadableEpochs == [1])
        #expect(reached.indexValuesRemain && reached.exportError == nil)
        let destroyed = try #require(try keyring.status().versions.first)
        #expect(destroyed.state == .destroyed && destroyed.remaining == [])
        #expect(try await thrown { _ = try await config(keys).recover(export: export) }.kind == .provider)
        let document = try #require(await kept.document)
        let recovered = try await config(keys).recover(export: document)
        #expect(code { _ = try ssn(recovered).decrypt(stored, record: patient) } == "key_destroyed")
        let inside = try await keyring.destroy(1, keyID: id, reason: "over") { _ in try await keyring.refresh() }
        #expect(inside.exportError?.code == "invalid_argument", "it must not wait for the keyring that asks it")
    }

    @Test func indexKey() async throws {
        let keyring = try await memoryKeyring()
        #expect(try await keyring.addIndexKey() == 2)
        #expect(
            try await thrown { try await keyring.destroyIndexKey(3, reason: "over", waiveExports: "none") }.code
                == "index_key_unknown")
        #expect(try await thrown { try await keyring.destroyIndexKey(1, reason: "over") }.code == "confirmation_required")
        let reached = try await keyring.destroyIndexKey(1, reason: "re-indexed", waiveExports: "none were made")
        #expect(reached.target == "index key 1" && reached.keyID == nil && !reached.indexValuesRemain)
        #expect(!reached.isErased, "the provider's key is not the library's to destroy")
        #expect(try keyring.status().indexKeys.map(\.isDestroyed) == [true, false])
        #expect(code { _ = try ssn(keyring).query("exact", "999-41-1234") } == "index_key_destroyed")
    }

    actor Gone: KeyProvider {
        nonisolated let kind = "own"
        nonisolated let keyName = "key-1"
        private var isGone = false
        func go() { isGone = true }
        func wrap(_ secret: Data, context: WrapContext) async throws -> Data {
            guard !isGone else { throw Broken(text: "gone") }
            return Data(secret.reversed())
        }
        func unwrap(_ wrapped: Data, context: WrapContext) async throws -> Data { try await wrap(wrapped, context: context) }
    }

    @Test func epochsWithoutAProvider() async throws {
        let (gone, keyring) = (Gone(), try await memoryKeyring())
        try await keyring.addProvider("second", .of(gone))
        #expect(try keyring.status().providers.map(\.kind) == ["local", "own"])
        #expect(try keyring.status().providers.last?.keyName == "key-1")
        await gone.go()
        #expect(try await thrown { try await keyring.startEpoch() }.code == "epoch_incomplete")
        #expect(
            try await thrown { try await keyring.markRootCompromised(reason: "a laptop was lost") }.code == "epoch_incomplete")
        let replaced = try await keyring.markRootCompromised(reason: "a laptop was lost", dropProviders: ["second"])
        #expect(replaced.epoch == 2 && replaced.version == 2 && replaced.indexKey == 2)
        #expect(try keyring.status().providers.map(\.name) == ["primary"])
        #expect(try keyring.status().versions.first?.state == .compromised)
    }

    @Test func recovery() async throws {
        let provider = try Provider.generated()
        let keyring = try await config(provider).create()
        let (export, before) = (try keyring.export(), try ssn(keyring).encrypt("x", record: patient))
        try await keyring.rotateImmediately()
        let after = try ssn(keyring).encrypt("x", record: patient)
        let envelopes = [try #require(before?.data), try #require(after?.data), Data("no envelope".utf8)]
        let recovered = try await config(provider).recover(export: export)
        let lost = try #require(try keyring.status().versions.last).keyID
        #expect(try recovered.unknownKeyIDs(envelopes) == [lost])
        #expect(code { _ = try ssn(recovered).decrypt(after, record: patient) } == "key_unknown")
        #expect(try ssn(recovered).decrypt(before, record: patient) == "x")
        #expect(try keyring.unknownKeyIDs(envelopes) == [])
        #expect(
            try await thrown { _ = try await config(provider).recover(export: Data("999-41-1234".utf8)) }.code
                == "keyring_malformed")
    }

    @Test func pinThatLostItsEpoch() async throws {
        let (provider, pin, store) = (try Provider.generated(), Pin.memory(), Store.memory())
        func pinned(_ store: Store, accept: Data? = nil) -> KeyringConfig {
            var config = KeyringConfig(id: "device-7", providers: ["primary": provider], store: store, pin: pin)
            config.acceptIdentity = accept
            return config
        }
        let keyring = try await pinned(.memory()).create()
        let export = try keyring.export()
        try await keyring.startEpoch()
        let recovered = try await config(provider, store).recover(export: export)
        let refused = try await thrown { _ = try await pinned(store).open() }
        #expect(["keyring_rolled_back", "keyring_foreign"].contains(refused.code))
        let opened = try await pinned(store, accept: recovered.rootIdentity).open()
        #expect(try opened.status().generation == recovered.status().generation)
        #expect(try await thrown { _ = try await pinned(store, accept: Data(count: 31)).open() }.code == "invalid_key_length")
    }

    @Test func statusSaysAllOfIt() async throws {
        let (directory, clock) = (try directory(), ManualClock(start))
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let keyring = try await config(.keyDirectory(directory, name: "local"), clock: clock).create()
        clock.advance(60)
        let status = try keyring.status()
        #expect(status.keyringID == "device-7")
        #expect([status.time, status.currentSince, status.verifiedAt] == [start + 60, start, start])
        #expect(status.indexKeys.map(\.number) == [1] && status.indexKeys.first?.created == start)
        #expect(status.providers.first?.isMade == true)
        clock.advance(3_600)
        let field = try ssn(keyring)
        #expect(try field.decrypt(field.encrypt("x", record: patient), record: patient) == "x", "it reads the store again")
    }
}
