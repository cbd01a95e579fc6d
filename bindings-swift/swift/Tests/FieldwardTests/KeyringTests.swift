import Fieldward
import Foundation
import Testing

/// The life of keyrings: files, providers of one's own, rotation, closing, threads.
@Suite struct KeyringTests {
    let id = RecordID("p-7")

    func ssn(_ keyring: Keyring) throws -> Field { try keyring.field(.patient(), "ssn") }

    @Test func keyFileAndDirectory() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/root.key"
        func config(_ provider: Provider) -> KeyringConfig {
            KeyringConfig(
                id: "device-7", providers: ["primary": provider], store: .file(directory), pin: .file(directory + "/pin"))
        }
        let keyring = try await config(.newKeyFile(path)).create()
        let stored = try ssn(keyring).encrypt("999-41-1234", record: id)
        keyring.close()
        let again = try await config(.keyFile(path)).open()
        #expect(try ssn(again).decrypt(stored, record: id) == "999-41-1234")
        #expect(await code { _ = try await config(.keyFile(path)).create() } == "keyring_exists")
        #expect(await code { _ = try await config(.generated()).open() }.hasPrefix("provider_"))
    }

    @Test func passphrase() async throws {
        let store = Store.memory()
        let created = try await config(.passphrase("correct horse", name: "person", hash: .sha512, iterations: 100_000), store).create()
        let stored = try ssn(created).encrypt("x", record: id)
        let opened = try await config(.passphrase("correct horse", name: "person", hash: .sha512), store).open()
        #expect(try ssn(opened).decrypt(stored, record: id) == "x")
        #expect(await code { _ = try await config(.passphrase("wrong horse", name: "person"), store).open() } != "nothing")
        #expect(code { _ = try Provider.passphrase("correct horse", name: "person", iterations: 1_000) } == "iterations_out_of_range")
    }

    @Test func rotationRollbackAndStates() async throws {
        let keyring = try await memoryKeyring()
        let field = try ssn(keyring)
        let stored = try field.encrypt("x", record: id)
        #expect(try await keyring.rotateImmediately() == 2)
        #expect(try field.needsRotation(stored))
        let moved = try field.reencrypt(stored, record: id).stored
        #expect(try !field.needsRotation(moved))
        #expect(try await keyring.rollback() == 1)
        #expect(await code { _ = try await keyring.rotate(after: 0) } == "propagation_too_short")
        #expect(try await keyring.rotate(after: 172_800) == 3)
        try await keyring.markCompromised(2, reason: "a test")
        #expect(code { _ = try field.decrypt(moved, record: id) } == "key_compromised")
        let allowed = try ssn(keyring.allow(.compromised, reason: "a test")).open(moved, record: id)
        #expect(allowed.value == "x" && !allowed.isTrusted)
        let version = try #require(try keyring.status().versions.first { $0.version == 2 })
        #expect(version.state == .compromised)
        let reached = try await keyring.destroy(2, keyID: version.keyID, reason: "a test", waiveExports: "none were made")
        #expect(!reached.isErased)
        #expect(code { _ = try field.decrypt(moved, record: id) } == "key_destroyed")
    }

    /// A provider as an app would write it. Its cipher is a stand-in: a keyring of the library's own.
    actor Vault: KeyProvider {
        nonisolated let kind = "vault"
        nonisolated let keyName = "key-1"
        private(set) var calls = 0
        private let field: Field

        init() async throws {
            field = try await cipher()
        }

        func wrap(_ secret: Data, context: WrapContext) async throws -> Data {
            try await Task.sleep(nanoseconds: 5_000_000)
            return try field.encrypt(.bytes(secret), record: RecordID(.bytes(context.data)))!.data!
        }

        func unwrap(_ wrapped: Data, context: WrapContext) async throws -> Data {
            calls += 1
            try await Task.sleep(nanoseconds: 5_000_000)
            guard case let .bytes(secret) = try? field.decrypt(wrapped, record: RecordID(.bytes(context.data))) else {
                throw FieldwardError.provider("provider_wrong_key")
            }
            return secret
        }
    }

    @Test func providerInSwift() async throws {
        let (store, vault) = (Store.memory(), try await Vault())
        let stored = try ssn(try await config(.of(vault), store).create()).encrypt("x", record: id)
        let before = await vault.calls
        let keyring = try await config(.of(vault), store).open()
        #expect(try ssn(keyring).decrypt(stored, record: id) == "x")
        #expect(await vault.calls == before + 1, "one call opens a keyring")
        try await keyring.addProvider("second", .generated())
        #expect(try keyring.status().providers.map(\.name) == ["primary", "second"])
        let other = try await Vault()
        #expect(await code { _ = try await config(.of(other), store).open() } == "provider_wrong_key")
    }

    @Test func closing() async throws {
        let keyring = try await memoryKeyring()
        let (field, records) = (try ssn(keyring), try keyring.records(.patient()))
        let stored = try field.encrypt("x", record: id)
        keyring.close()
        keyring.close()
        #expect(code { _ = try field.encrypt("x", record: id) } == "closed")
        #expect(code { _ = try field.decrypt(stored, record: id) } == "closed")
        #expect(code { _ = try records.encrypt(["patient_id": "p-7"] as [String: Node]) } == "closed")
        #expect(code { _ = try keyring.id } == "closed")
        #expect(code { _ = try keyring.status() } == "closed")
        #expect(code { _ = try ssn(keyring) } == "closed")
        #expect(await code { try await keyring.rotateImmediately() } == "closed")
    }

    @Test func exportAndRecovery() async throws {
        let provider = try Provider.generated()
        let keyring = try await config(provider).create()
        let stored = try ssn(keyring).encrypt("x", record: id)
        let recovered = try await config(provider).recover(export: keyring.export())
        #expect(try ssn(recovered).decrypt(stored, record: id) == "x")
        #expect(try keyring.rootIdentity == recovered.rootIdentity)
        #expect(try keyring.rootIdentity.count == 32)
    }

    @Test func manyThreads() async throws {
        let keyring = try await memoryKeyring()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for job in 0..<16 {
                group.addTask {
                    for round in 0..<200 {
                        // a handle of its own each time, freed while others work
                        let field = try keyring.field(.patient(), "ssn")
                        let text = Value.text("\(job)-\(round)")
                        let stored = try field.encrypt(text, record: RecordID("p-7"))
                        #expect(try field.decrypt(stored, record: RecordID("p-7")) == text)
                    }
                }
            }
            group.addTask { try await keyring.rotateImmediately() }
            try await group.waitForAll()
        }
    }

    @Test func manyOpenings() async throws {
        let (store, vault) = (Store.memory(), try await Vault())
        _ = try await config(.of(vault), store).create()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { _ = try await config(.of(vault), store).open() } }
            try await group.waitForAll()
        }
    }

    @Test func closingWhileOthersWork() async throws {
        let keyring = try await memoryKeyring()
        let field = try ssn(keyring)
        let done = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var done = 0
                    while true {
                        let code = code { _ = try field.encrypt("x", record: RecordID("p-7")) }
                        guard code == "nothing" else {
                            #expect(code == "closed")
                            return done
                        }
                        done += 1
                        await Task.yield()
                    }
                }
            }
            try? await Task.sleep(nanoseconds: 50_000_000)
            keyring.close()
            return await group.reduce(0, +)
        }
        #expect(done > 0)
    }
}
