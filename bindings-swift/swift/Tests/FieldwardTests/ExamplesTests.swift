import Fieldward
import Foundation
import Testing

/// The examples of the README, as they run.
@Suite struct ExamplesTests {
    struct Patient: Codable, Equatable {
        var patient_id: String
        var ssn: String?
        var ward: Int
    }

    @Test func encryptARecord() async throws {
        let keyring = try await memoryKeyring()
        // README: encrypt a record
        let patients = try keyring.records(.patient())
        let row = try patients.encrypt(Patient(patient_id: "p-7", ssn: "999-41-1234", ward: 3))
        // row["ssn"]?.data for the database, row["ssn_exact"]?.data stands beside it for search
        let patient = try patients.decrypt(Patient.self, from: row)
        // end
        #expect(patient == Patient(patient_id: "p-7", ssn: "999-41-1234", ward: 3))
        #expect(row["ssn"]?.data?.count == 46 + 11 && row["ssn_exact"]?.data != nil)
    }

    @Test func search() async throws {
        let patients = try await memoryKeyring().records(.patient())
        let table = try ["999-41-1234", "123-45-6789"].enumerated().map { at, ssn in
            try patients.encrypt(Patient(patient_id: "p-\(at)", ssn: ssn, ward: 3))
        }
        // README: search
        let query = try patients.query("ssn", "exact", "999 41 1234")
        // SELECT ... WHERE ssn_exact = token: found with or without dashes
        let token = query.tokens.first?.data
        // end
        let found = table.filter { $0[query.column]?.data == token }
        #expect(try found.map { try patients.decrypt(Patient.self, from: $0).patient_id } == ["p-0"])
    }

    @Test func rotate() async throws {
        let keyring = try await memoryKeyring()
        let patients = try keyring.records(.patient())
        var table = [try patients.encrypt(Patient(patient_id: "p-7", ssn: "999-41-1234", ward: 3))]
        // README: rotate
        try await keyring.rotateImmediately()  // `rotate()` takes over after a day, when other processes know the key
        for (at, row) in table.enumerated() where try patients.needsRotation(row) {
            table[at] = try patients.reencrypt(row).record
        }
        // end
        #expect(try keyring.status().currentVersion == 2)
        #expect(try !patients.needsRotation(table[0]))
        #expect(try patients.decrypt(Patient.self, from: table[0]).ssn == "999-41-1234")
    }

    // README: own provider
    struct ServiceProvider: KeyProvider {
        let kind = "service"
        let keyName = "app-key"
        let service: Service

        func wrap(_ secret: Data, context: WrapContext) async throws -> Data {
            try await service.encrypt(secret, associatedData: context.data)
        }

        func unwrap(_ wrapped: Data, context: WrapContext) async throws -> Data {
            try await service.decrypt(wrapped, associatedData: context.data)
        }
    }
    // end

    /// A service on another actor: it hands out a handle for each secret that it keeps, and refuses the wrong context.
    actor Service {
        private var kept: [Data: (Data, Data)] = [:]

        func encrypt(_ secret: Data, associatedData: Data) throws -> Data {
            let handle = Data("handle \(kept.count)".utf8)
            kept[handle] = (secret, associatedData)
            return handle
        }

        func decrypt(_ handle: Data, associatedData: Data) throws -> Data {
            guard let (secret, bound) = kept[handle], bound == associatedData else {
                throw FieldwardError.provider("provider_wrong_key")
            }
            return secret
        }
    }

    @Test func ownProvider() async throws {
        let (store, service) = (Store.memory(), Service())
        _ = try await config(.of(ServiceProvider(service: service)), store).create()
        let keyring = try await config(.of(ServiceProvider(service: service)), store).open()
        #expect(try keyring.id == "device-7")
        #expect(await code { _ = try await config(.of(ServiceProvider(service: Service())), store).open() } == "provider_wrong_key")
    }

    @Test func file() async throws {
        let keyring = try await memoryKeyring()
        let schema = try Schema(
            json: #"""
                {"format": "fieldward-schema", "version": 1, "table": "letters", "record_id": [{"path": "id", "type": "text"}],
                 "fields": [{"id": "scan", "type": "bytes", "mode": "randomized"}]}
                """#)
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let (plain, sealed) = (directory.appendingPathComponent("letter.pdf"), directory.appendingPathComponent("letter.sealed"))
        try Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0) }).write(to: plain)
        // README: file
        let scan = try keyring.field(schema, "scan")
        let stored = try scan.encrypt(.bytes(Data(contentsOf: plain)), record: RecordID("letter-1"))  // files of up to 16 MiB
        try stored?.data?.write(to: sealed)
        let opened = try scan.decrypt(Data(contentsOf: sealed), record: RecordID("letter-1"))
        // end
        let original = try Data(contentsOf: plain)
        #expect(opened == .bytes(original))
    }

    @Test func theReadmeShowsWhatRuns() throws {
        func blocks(_ path: String, from: String, to: String) throws -> [String] {
            let text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
            return text.components(separatedBy: from).dropFirst().map { part in
                let lines = part.components(separatedBy: to)[0].components(separatedBy: "\n").dropFirst()
                return lines.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }.joined(separator: "\n")
            }
        }
        let run = try blocks(
            "bindings-swift/swift/Tests/FieldwardTests/ExamplesTests.swift", from: "// README" + ":", to: "// end" + "\n")
        let shown = try blocks("bindings-swift/README.md", from: "```swift", to: "```")
        #expect(run.count == 5)
        #expect(run == shown)
    }
}
