import Fieldward
import Foundation
import Testing

/// No key and no data in `description`, `debugDescription`, `Mirror`, `dump` or errors.
@Suite struct LeaksTests {
    let canary = "CANARY-999-41-1234"
    let key = Data((0..<32).map { UInt8($0 * 7 + 3) })

    func shown(_ text: String) -> Bool {
        let forms = [
            canary, key.base64EncodedString(), key.map { String(format: "%02x", $0) }.joined(),
            key.map { "\($0)" }.joined(separator: ", "),
        ]
        return forms.contains { text.lowercased().contains($0.lowercased()) }
    }

    func everything(_ thing: Any) -> String {
        var dumped = ""
        dump(thing, to: &dumped)
        var text = "\(thing) \(String(reflecting: thing)) \(String(describing: thing)) \([thing]) \(Optional(thing) as Any) \(dumped)"
        func walk(_ mirror: Mirror, _ depth: Int) {
            guard depth < 6 else { return }
            for child in mirror.children {
                text += " \(child.label ?? "") \(child.value)"
                walk(Mirror(reflecting: child.value), depth + 1)
            }
        }
        walk(Mirror(reflecting: thing), 0)
        return text
    }

    @Test func theCanaryIsFoundWhereItIs() {
        #expect(shown(everything(["x": canary])) && shown(everything(Array(key))))
    }

    @Test func descriptions() async throws {
        let keyring = try await config(.local(key: key)).create()
        let (field, records) = (try keyring.field(.patient(), "ssn"), try keyring.records(.patient()))
        let row = try records.encrypt(["patient_id": "p-7", "ssn": .value(.text(canary))] as [String: Node])
        let stored = try field.encrypt(.text(canary), record: RecordID("p-7"))
        let things: [Any] = [
            keyring, field, records, try Schema.patient(), try Provider.local(key: key),
            try Provider.passphrase(canary, name: "person"), try config(.local(key: key)), try records.open(row),
            try records.decrypt(row), try field.open(stored, record: RecordID("p-7")), RecordID(canary), Value.text(canary),
            Value.bytes(key), Value.json("\"\(canary)\""), Value.decimal("99941.1234"), Timestamp(canary), Stored.text(canary),
            try keyring.status(), try field.query("exact", .text(canary)), Node.value(.text(canary)),
            Node.list([.value(.text(canary))]), Node.object(["x": .value(.text(canary))]),
        ]
        let ids = [RecordID("p-7"), RecordID("p-8")]
        var other = row
        other["patient_id"] = "p-8"
        let (values, rows) = (try await field.openMany([stored, stored], records: ids), try await records.openMany([row, other]))
        #expect(values.failures.count == 1 && rows.failures.count == 1)
        let many: [Any] = [
            values, rows, values.failures, rows.failures, try field.reencrypt(stored, record: ids[0]), try inspect(#require(stored)),
        ]
        for thing in things + many { #expect(!shown(everything(thing)), "\(type(of: thing))") }
        #expect(!everything(Value.date(CalendarDate(year: 1984, month: 6, day: 2))).contains("1984"))
        #expect(!everything(Value.decimal("99941.1234")).contains("99941"))
        #expect(!everything(Value.i64(424_242)).contains("424242"))
    }

    @Test func errors() async throws {
        let keyring = try await config(.local(key: key)).create()
        let (field, records) = (try keyring.field(.patient(), "ssn"), try keyring.records(.patient()))
        struct Wrong: Codable { var patient_id: Int }
        let row = try records.encrypt(["patient_id": .value(.text(canary))] as [String: Node])
        let calls: [() throws -> Void] = [
            { _ = try field.encrypt(.json(canary), record: RecordID("p-7")) },
            { _ = try field.decrypt(text: canary, record: RecordID("p-7")) },
            { _ = try field.decrypt(Data(canary.utf8), record: RecordID("p-7")) },
            { _ = try keyring.records(everyType()).encrypt(["id": 7, canary: .value(.text(canary))] as [String: Node]) },
            { _ = try records.encrypt(["patient_id": "p-7", "ssn": [.value(.text(canary))]] as [String: Node]) },
            { _ = try records.encrypt(json: "{\"ssn\": \(canary)") },
            { _ = try records.decrypt(Wrong.self, from: row) },
            { _ = try Schema(json: "{\"\(canary)\": 1}") },
            { _ = try Provider.local(key: key + key) },
            { _ = try keyring.field(everyType(), "a_decimal").encrypt(.decimal(canary), record: RecordID(7)) },
            { _ = try keyring.field(everyType(), "a_timestamp").encrypt(.timestamp(Timestamp(canary)), record: RecordID(7)) },
        ]
        let many: [() async throws -> Void] = [
            { _ = try await field.encryptMany(["x", .json(canary)], records: [RecordID("p-7"), RecordID(canary)]) },
            { _ = try await field.decryptMany([.text(canary)], records: [RecordID("p-7")]) },
            { _ = try await field.queryMany("exact", [.json(canary)]) },
            { _ = try await records.encryptMany([["patient_id": "p-7", "ssn": [.value(.text(canary))]]] as [[String: Node]]) },
            { _ = try await records.decryptMany(Wrong.self, from: [row]) },
            { try keyring.records(everyType()).checkNames([canary]) },
            { _ = try Provider.keyText(canary) },
            { _ = try inspect(.text(canary)) },
        ]
        for (at, call) in (calls.map { call in { try call() } } + many).enumerated() {
            do {
                try await call()
                Issue.record("call \(at) is not refused")
            } catch {
                #expect(error is FieldwardError, "call \(at)")
                #expect(!shown(everything(error) + error.localizedDescription), "call \(at)")
            }
        }
    }
}
