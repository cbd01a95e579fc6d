import Fieldward
import Foundation
import Testing

/// Many values, and many records, in one call.
@Suite struct ManyTests {
    let keyring: Keyring

    init() async throws { keyring = try await memoryKeyring() }

    /// Code and row of the error that the call throws.
    func failure(_ call: () async throws -> Void) async -> String {
        do {
            try await call()
            return "nothing"
        } catch let error as FieldwardError {
            return error.row.map { "\(error.code) \($0)" } ?? error.code
        } catch {
            return "another error"
        }
    }

    @Test func valuesOfEveryTypeInOrder() async throws {
        let ids = (0..<3).map { RecordID(Int64($0)) }
        for (name, value) in ValuesTests().values {
            let field = try keyring.field(everyType(), name)
            let given = [value, nil, value]
            let sealed = try await field.encryptMany(given, records: ids)
            #expect(try zip(sealed, ids).map { try field.decrypt($0, record: $1) } == given, "\(name)")
            #expect(sealed[0] != sealed[2])
            let singles = try zip(given, ids).map { try field.encrypt($0, record: $1) }
            #expect(try await field.decryptMany(singles, records: ids) == given, "\(name)")
            let opened = try await field.openMany(sealed, records: ids)
            #expect(opened.values == given && opened.failures.isEmpty && opened.untrustedRows == 0)
        }
        let field = try keyring.field(named(), "x")
        #expect(try await field.encryptMany([]).isEmpty)
        #expect(try await field.decryptMany([]).isEmpty)
    }

    @Test func whatFailsNamesItsRow() async throws {
        let field = try keyring.field(everyType(), "a_text")
        let ids = (0..<3).map { RecordID(Int64($0)) }
        #expect(await failure { _ = try await field.encryptMany(["x", .i64(1), .i64(2)], records: ids) } == "wrong_type 1")
        #expect(await failure { _ = try await field.encryptMany(["x"], records: ids) } == "invalid_argument")
        #expect(await failure { _ = try await field.encryptMany(["x"]) } == "record_id_missing")
        let other = try keyring.field(named(), "x")
        #expect(await failure { _ = try await other.encryptMany(["x"], records: [ids[0]]) } == "record_id_unexpected")

        let sealed = try await field.encryptMany(["x", "x", nil], records: ids)
        let swapped = [sealed[0], sealed[0], nil]
        #expect(await failure { _ = try await field.decryptMany(swapped, records: ids) } == "authentication_failed 1")
        let form = [sealed[0], .text("fw1.x"), nil]
        #expect(await failure { _ = try await field.decryptMany(form, records: ids) } == "wrong_stored_form 1")
        let opened = try await field.openMany(swapped, records: ids)
        #expect(opened.values == ["x", nil, nil])
        #expect(opened.failures.map(\.row) == [1])
        #expect(opened.failures.map(\.error.code) == ["authentication_failed"] && opened.failures[0].error.row == 1)
        #expect(await failure { _ = try await field.openMany(swapped, records: [ids[0]]) } == "invalid_argument")
    }

    @Test func queriesIndexValuesAndTokens() async throws {
        let (field, token) = (try keyring.field(named(), "x"), try keyring.field(everyType(), "code"))
        let values: [Value] = ["Ana", "Bo"]
        let withNull: [Value?] = ["Ana", "Bo", nil]
        let indexes = try await field.indexValuesMany(withNull)
        #expect(try indexes == withNull.map { try field.indexValues($0) })
        #expect(indexes[2]["x_exact"] == .null)
        #expect(try await field.queryMany("exact", values) == values.map { try field.query("exact", $0) })
        #expect(await failure { _ = try await field.queryMany("exact", ["Ana", ""]) } == "query_empty 1")
        let sealed = try await token.encryptMany(values)
        #expect(try await token.tokensMany(values).map(\.first) == sealed)
        #expect(await failure { _ = try await field.tokensMany(values) } == "wrong_field_mode 0")
        #expect(await failure { _ = try await field.indexValuesMany([nil, .i64(1)]) } == "wrong_type 1")
    }

    struct Patient: Codable, Equatable, Sendable {
        var patient_id: String
        var ssn: String?
        var ward: Int
    }

    @Test func recordsInOrder() async throws {
        let patients = try keyring.records(.patient())
        let records = (0..<200).map { Patient(patient_id: "p-\($0)", ssn: $0 % 3 == 0 ? nil : "999-41-\(1000 + $0)", ward: $0) }
        var rows = try await patients.encryptMany(records)
        #expect(try rows.map { try patients.decrypt(Patient.self, from: $0) } == records)
        #expect(try await patients.decryptMany(Patient.self, from: rows) == records)
        rows[4]["ssn"] = rows[5]["ssn"]
        #expect(await failure { _ = try await patients.decryptMany(rows) } == "authentication_failed 4")
        let opened = try await patients.openMany([rows[0], rows[4], rows[7]])
        #expect(opened.records.map { $0?["patient_id"]?.text } == ["p-0", nil, "p-7"])
        #expect(opened.failures.map(\.row) == [1])
        let wrong: [[String: Node]] = [["patient_id": "p-1"], ["patient_id": "p-2", "ssn": 5]]
        #expect(await failure { _ = try await patients.encryptMany(wrong) } == "wrong_type 1")
        struct Other: Encodable, Sendable { var patient_id: String; var ssn: Float }
        let others = [Other(patient_id: "p-1", ssn: 1)]
        #expect(await failure { _ = try await patients.encryptMany(others) } == "wrong_type 0")
        struct More: Decodable, Sendable { var missing: String }
        #expect(await failure { _ = try await patients.decryptMany(More.self, from: [rows[0]]) } == "serialization_failed 0")
        #expect(try await patients.encryptMany([] as [[String: Node]]).isEmpty)
    }

    @Test func whatIsTooMuchIsRefused() async throws {
        let (field, bytes) = (try keyring.field(named(), "x"), try keyring.field(everyType(), "a_bytes"))
        let rows = [Value?](repeating: nil, count: (1 << 20) + 1)
        #expect(await failure { _ = try await field.encryptMany(rows) } == "invalid_argument")
        // one buffer many times: 16 MiB each, 17 of them
        let value = Value.bytes(Data(count: 1 << 24))
        let values = [Value?](repeating: value, count: 17)
        #expect(await failure { _ = try await bytes.encryptMany(values) } == "invalid_argument")
        let records = try keyring.records(everyType())
        let row: [String: Node] = ["id": 1, "nested": .list([Node](repeating: .value(value), count: 17))]
        #expect(await failure { _ = try await records.encryptMany([row]) } == "invalid_argument")
    }

    @Test func answersThatAreTooMuchAreRefusedBeforeTheyAreWhole() async throws {
        let schema = try Schema(
            json: #"""
                {"format": "fieldward-schema", "version": 1, "table": "t", "record_binding": "none",
                 "fields": [{"id": "scan", "type": "bytes", "mode": "deterministic"}]}
                """#)
        let token = try keyring.field(schema, "scan")
        for _ in 0..<9 { try await keyring.rotateImmediately() }
        // ten versions: 30 MiB ask for 300
        let value = Value.bytes(Data(count: 1 << 21))
        let values = [Value](repeating: value, count: 15)
        #expect(await failure { _ = try await token.tokensMany(values) } == "invalid_argument")
        #expect(try await token.tokensMany([value]).first?.count == 10)
    }

    @Test func untrustedRowsAreCounted() async throws {
        let field = try keyring.field(named(), "x")
        let sealed = try await field.encryptMany(["a", "b"])
        try await keyring.rotateImmediately()
        try await keyring.markCompromised(1, reason: "a test")
        #expect(await failure { _ = try await field.decryptMany(sealed) } == "key_compromised 0")
        let opened = try await keyring.allow(.compromised, reason: "a test").field(named(), "x").openMany(sealed)
        #expect(opened.values == ["a", "b"] && opened.untrustedRows == 2)
    }

    @Test func closedAndClosingMeanwhile() async throws {
        let (field, patients) = (try keyring.field(named(), "x"), try keyring.records(.patient()))
        let values: [Value?] = (0..<2_000).map { .text("value \($0)") }
        let sealed = try await field.encryptMany(values)
        await withTaskGroup(of: String.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while true {
                        let code = await self.failure {
                            let count = try await field.encryptMany(values).count
                            #expect(count == values.count)
                        }
                        if code != "nothing" { return code }
                    }
                }
            }
            _ = try? await field.encryptMany(values)
            keyring.close()
            for await code in group { #expect(code == "closed") }
        }
        #expect(await failure { _ = try await field.decryptMany(sealed) } == "closed")
        #expect(await failure { _ = try await patients.encryptMany([] as [[String: Node]]) } == "closed")
        #expect(await failure { _ = try await field.queryMany("exact", ["x"]) } == "closed")
    }

    @Test func manyThreads() async throws {
        let keyring = keyring
        try await withThrowingTaskGroup(of: Void.self) { group in
            for job in 0..<8 {
                group.addTask {
                    for round in 0..<10 {
                        let field = try keyring.field(named(), "x")
                        let values: [Value?] = (0..<500).map { .text("\(job)-\(round)-\($0)") }
                        #expect(try await field.decryptMany(try await field.encryptMany(values)) == values)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
