import Fieldward
import Foundation
import Testing

private func block(_ semaphore: DispatchSemaphore) { semaphore.wait() }

/// Providers and stores of one's own: at work, failing, silent, and calling back.
@Suite struct HostTests {
    let id = RecordID("p-7")

    func works(_ keyring: Keyring) throws -> Bool {
        let field = try keyring.field(.patient(), "ssn")
        return try field.decrypt(field.encrypt("x", record: id), record: id) == "x"
    }

    /// A store as an app would write it: one file, replaced as a whole, by one writer at a time.
    actor FolderStore: KeyStore {
        let folder: URL
        init(_ folder: URL) { self.folder = folder }

        private func file(_ keyringID: String) -> URL { folder.appendingPathComponent(keyringID + ".json") }

        func load(_ keyringID: String) async throws -> Data? {
            let file = file(keyringID)
            return FileManager.default.fileExists(atPath: file.path) ? try Data(contentsOf: file) : nil
        }

        func save(_ keyringID: String, expected: DocumentTag?, document: Data, tag: DocumentTag) async throws -> Bool {
            let file = file(keyringID)
            let held = FileManager.default.fileExists(atPath: file.path) ? try DocumentTag(of: Data(contentsOf: file)) : nil
            guard held == expected else { return false }
            try document.write(to: file, options: .atomic)
            return true
        }
    }

    /// A store in memory that does what a test tells it before each answer.
    actor OwnStore: KeyStore {
        var documents: [String: Data] = [:]
        var before: @Sendable () async throws -> Void = {}
        var other: Data?

        func tell(_ before: @escaping @Sendable () async throws -> Void) { self.before = before }
        func give(_ other: Data?) { self.other = other }
        func replace(_ document: Data) { documents["device-7"] = document }
        func document() -> Data? { documents["device-7"] }

        func load(_ keyringID: String) async throws -> Data? {
            try await before()
            return other ?? documents[keyringID]
        }

        func save(_ keyringID: String, expected: DocumentTag?, document: Data, tag: DocumentTag) async throws -> Bool {
            try await before()
            guard try DocumentTag(of: document) == tag else { throw Broken(text: "another tag") }
            guard try documents[keyringID].map({ try DocumentTag(of: $0) }) == expected else { return false }
            documents[keyringID] = document
            return true
        }
    }

    actor OwnProvider: KeyProvider {
        nonisolated let kind = "own"
        nonisolated let keyName = "key-1"
        var before: @Sendable () async throws -> Void = {}

        func tell(_ before: @escaping @Sendable () async throws -> Void) { self.before = before }

        func wrap(_ secret: Data, context: WrapContext) async throws -> Data {
            try await before()
            guard context.pairs.values.contains("device-7") else { throw Broken(text: "another context") }
            return Data(secret.map { $0 ^ 0x5a })
        }

        func unwrap(_ wrapped: Data, context: WrapContext) async throws -> Data { try await wrap(wrapped, context: context) }
    }

    @Test func storeInFiles() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (provider, store) = (try Provider.generated(), Store.of(FolderStore(folder)))
        let one = try await config(provider, store).create()
        let other = try await config(provider, store).open()
        #expect(try await thrown { _ = try await config(provider, store).create() }.code == "keyring_exists")
        #expect(try await one.rotateImmediately() == 2)
        #expect(try await other.rotateImmediately() == 3, "it read the other's version first")
        #expect(try await one.refresh())
        #expect(try one.status().versions.map(\.version) == [1, 2, 3])
        #expect(try works(one) && works(other))
        let held = try #require(try await FolderStore(folder).load("device-7"))
        #expect(try DocumentTag(of: held).generation == 3)
        #expect(try DocumentTag(of: held).mac.count == 32)
        #expect(try await FolderStore(folder).load("device-8") == nil)
    }

    @Test func racingWriters() async throws {
        let (provider, store) = (try Provider.generated(), OwnStore())
        _ = try await config(provider, .of(store)).create()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let keyring = try await config(provider, .of(store)).open()
                    for _ in 0..<5 {
                        while true {
                            let code = await code { try await keyring.addIndexKey() }
                            if code == "nothing" { break }
                            guard code == "store_conflict" else { throw Broken(text: code) }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await config(provider, .of(store)).open().addIndexKey() == 22, "one of its own, and 20 of the writers")
    }

    @Test func lostRace() async throws {
        let (store, another) = (OwnStore(), OwnStore())
        _ = try await config(nil, .of(another)).create()
        let other = try #require(await another.document())
        let keyring = try await config(nil, .of(store)).create()
        // another writer saves between the load and the save
        let calls = Counter()
        await store.tell { if await calls.next() == 2 { await store.replace(other) } }
        let error = try await thrown { try await keyring.rotateImmediately() }
        #expect(error.kind == .store && error.code == "store_conflict" && error.isRetryable)
        #expect(try works(keyring), "what is open goes on")
        #expect(try keyring.status().versions.count == 1)
    }

    actor Counter {
        private var count = 0
        func next() -> Int {
            count += 1
            return count
        }
    }

    @Test func storeThatThrows() async throws {
        let store = OwnStore()
        let keyring = try await config(nil, .of(store)).create()
        await store.tell { throw Broken(text: "999-41-1234") }
        let error = try await thrown { try await keyring.refresh() }
        #expect(error.kind == .store && error.code == "store_unavailable" && error.isRetryable)
        #expect(error.underlying as? Broken == Broken(text: "999-41-1234"))
        #expect(!"\(error) \(String(reflecting: error)) \(error.localizedDescription) \(error.message)".contains("999-41"))
        var dumped = ""
        dump(error, to: &dumped)
        #expect(!dumped.contains("999-41"))
        #expect(try await thrown { try await keyring.rotateImmediately() }.underlying is Broken)
        for code in ["store_denied", "store_full", "store_timeout"] {
            await store.tell { throw FieldwardError.store(code) }
            let error = try await thrown { try await keyring.refresh() }
            #expect(error.code == code && error == .store(code) && error.underlying as? FieldwardError == .store(code))
            #expect(error.isRetryable == (code != "store_denied"))
        }
        #expect(FieldwardError.store("provider_denied").code == "store_unavailable")
        #expect(FieldwardError.store("no such code").code == "store_unavailable")
        #expect(try works(keyring), "what is open goes on")
    }

    @Test func storeThatGivesNoDocument() async throws {
        let (store, provider) = (OwnStore(), try Provider.generated())
        let keyring = try await config(provider, .of(store)).create()
        let whole = try #require(await store.document())
        var edited = whole
        edited[edited.count / 2] ^= 1
        let wrong: [(Data, Set<String>)] = [
            (Data(), ["keyring_malformed"]), (Data("999-41-1234".utf8), ["keyring_malformed"]),
            (whole.dropLast(), ["keyring_malformed"]), (edited, ["keyring_malformed", "authentication_failed"]),
            (Data(count: 2 << 20), ["keyring_too_large"]), (Data(count: 1 << 25 + 1), ["keyring_too_large"]),
        ]
        for (document, codes) in wrong {
            await store.give(document)
            for error in [
                try await thrown { _ = try await config(provider, .of(store)).open() },
                try await thrown { try await keyring.refresh() },
            ] {
                #expect(codes.contains(error.code), "\(error.code)")
                #expect(!"\(error)".contains("999-41"))
            }
        }
        #expect(try works(keyring), "what is open goes on")
        #expect(code { _ = try DocumentTag(of: Data("999-41-1234".utf8)) } == "keyring_malformed")
    }

    @Test func storeThatDoesNotAnswer() async throws {
        let store = OwnStore()
        let (cancelled, isCancelled) = AsyncStream<Void>.makeStream()
        await store.tell {
            try? await Task.sleep(nanoseconds: 600_000_000_000)
            isCancelled.yield()
        }
        let error = try await thrown { _ = try await config(nil, .of(store, timeout: 0.05)).create() }
        #expect(error.kind == .store && error.code == "store_timeout" && error.isRetryable && error.underlying != nil)
        for await _ in cancelled { break }
        // one that blocks its thread, too
        let never = DispatchSemaphore(value: 0)
        await store.tell { block(never) }
        #expect(try await thrown { _ = try await config(nil, .of(store, timeout: 0.05)).create() }.code == "store_timeout")
        never.signal()
        await store.tell {}
        let keyring = try await config(nil, .of(store)).create()
        #expect(try keyring.status().generation == 1, "what came too late was not written")
        #expect(try works(keyring))
    }

    @Test func providerThatThrows() async throws {
        let provider = OwnProvider()
        await provider.tell { throw Broken(text: "999-41-1234") }
        let error = try await thrown { _ = try await config(.of(provider)).create() }
        #expect(error.kind == .provider && error.code == "provider_unavailable" && error.isRetryable)
        #expect(error.underlying as? Broken == Broken(text: "999-41-1234"))
        #expect(!"\(error) \(String(reflecting: error)) \(error.localizedDescription)".contains("999-41"))
        for code in ["provider_denied", "provider_bad_reply", "provider_unavailable"] {
            await provider.tell { throw FieldwardError.provider(code) }
            let error = try await thrown { _ = try await config(.of(provider)).create() }
            #expect(error == .provider(code) && error.isRetryable == (code == "provider_unavailable"))
        }
        #expect(FieldwardError.provider("store_full").code == "provider_unavailable")
    }

    struct Replying: KeyProvider {
        let kind = "own"
        let keyName = "key-1"
        let reply: Data
        func wrap(_ secret: Data, context: WrapContext) async throws -> Data { secret }
        func unwrap(_ wrapped: Data, context: WrapContext) async throws -> Data { reply }
    }

    @Test(arguments: [0, 31, 33, 1 << 25 + 1])
    func providerThatGivesNoKey(length: Int) async throws {
        let (provider, store) = (OwnProvider(), Store.memory())
        _ = try await config(.of(provider), store).create()
        let wrong = Replying(reply: Data(count: length))
        #expect(try await thrown { _ = try await config(.of(wrong), store).open() }.code == "provider_bad_reply")
    }

    @Test func providerThatDoesNotAnswer() async throws {
        let provider = OwnProvider()
        await provider.tell { try await Task.sleep(nanoseconds: 600_000_000_000) }
        let error = try await thrown { _ = try await config(.of(provider, timeout: 0.05)).create() }
        #expect(error.code == "provider_unavailable" && error.underlying != nil)
    }

    @Test func callBackIntoTheKeyring() async throws {
        let (store, provider, seen) = (OwnStore(), OwnProvider(), Seen())
        let keyring = try await config(.of(provider), .of(store)).create()
        let again: @Sendable () async throws -> Void = {
            try await Task.sleep(nanoseconds: 1_000_000)
            #expect(try works(keyring), "values wait for nobody")
            await seen.add(code { _ = try keyring.status() })
            await seen.add(code { _ = try keyring.export() })
            await seen.add(code { try await keyring.refresh() })
            await seen.add(Task { await code { try await keyring.rotateImmediately() } }.value)
        }
        await provider.tell(again)
        try await keyring.startEpoch()
        #expect(await seen.take() == ["invalid_argument"])
        await provider.tell {}
        await store.tell(again)
        try await keyring.rotateImmediately()
        #expect(await seen.take() == ["invalid_argument"])
        // another keyring may be used, and does not hide this one
        let (inner, other) = (OwnProvider(), OwnStore())
        let another = try await config(.of(inner), .of(other)).create()
        await store.tell { try await another.rotateImmediately() }
        try await keyring.rotateImmediately()
        await other.tell { await seen.add(code { _ = try keyring.status() }) }
        try await keyring.rotateImmediately()
        #expect(await seen.take() == ["invalid_argument"])
        // one that does not know better gets the refusal as the underlying error
        await store.tell { try await keyring.refresh() }
        let error = try await thrown { try await keyring.refresh() }
        #expect(error.code == "invalid_argument" && (error.underlying as? FieldwardError)?.kind == .misuse)
    }

    actor Seen {
        private var codes: Set<String> = []
        func add(_ code: String) { codes.insert(code) }
        func take() -> Set<String> {
            defer { codes = [] }
            return codes
        }
    }

    @Test func manyOpeningsOfSlowStores() async throws {
        let (store, provider) = (OwnStore(), OwnProvider())
        _ = try await config(.of(provider), .of(store)).create()
        await store.tell { try await Task.sleep(nanoseconds: 5_000_000) }
        await provider.tell { try await Task.sleep(nanoseconds: 5_000_000) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { _ = try await config(.of(provider), .of(store)).open() } }
            try await group.waitForAll()
        }
    }
}
