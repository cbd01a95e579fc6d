import Fieldward
import Foundation
import Testing

/// Values of every type, records, search, and what is refused.
@Suite struct ValuesTests {
    let values: [String: Value] = [
        "a_text": .text("Zoe\u{308} 🩺\0"),
        "a_bytes": .bytes(Data([0, 255, 128])),
        "a_i64": .i64(.min),
        "a_f64": .f64(-0.0),
        "a_bool": .bool(true),
        "a_date": .date(CalendarDate(year: 2024, month: 2, day: 29)),
        "a_timestamp": .timestamp(Timestamp("1996-12-19T16:39:57.120-08:00")),
        "a_decimal": .decimal("-0.00"),
        "a_uuid": .uuid(UUID(uuidString: "0188f0aa-1111-7abc-8def-0123456789ab")!),
        "a_json": .json(#"{"b":[1,null],"a":1.50}"#),
    ]

    @Test func everyTypeComesBackAsItWas() async throws {
        let (keyring, schema, id) = (try await memoryKeyring(), try everyType(), RecordID(7))
        for (name, value) in values {
            let field = try keyring.field(schema, name)
            let stored = try field.encrypt(value, record: id)
            #expect(try field.decrypt(stored, record: id) == value, "\(name)")
            #expect(try field.open(stored, record: id).value == value)
            #expect(try field.open(stored, record: id).isTrusted)
            #expect(code { _ = try field.decrypt(stored, record: RecordID(8)) } == "authentication_failed")
            let other = try keyring.field(schema, values.keys.first { $0 != name }!)
            #expect(code { _ = try other.decrypt(stored, record: id) } == "authentication_failed")
            for (_, wrong) in values where wrong.type != value.type {
                #expect(code { _ = try field.encrypt(wrong, record: id) } == "wrong_type")
            }
        }
        let composed = try keyring.field(schema, "a_text").encrypt("Zo\u{eb}", record: id)
        #expect(try keyring.field(schema, "a_text").decrypt(composed, record: id) != .text("Zoe\u{308}"))
    }

    @Test func knownSizes() async throws {
        let (keyring, schema) = (try await memoryKeyring(), try everyType())
        #expect(try keyring.field(schema, "a_text").encrypt("999-41-1234", record: RecordID(7))?.data?.count == 46 + 11)
        #expect(try keyring.field(schema, "code").encrypt("999-41-1234")?.data?.count == 22 + 11)
    }

    struct Thing: Codable, Equatable {
        struct History: Codable, Equatable {
            var allergies: [String]
            var score: Double
            var since: Int?
        }
        var id: Int
        var ward: String
        var nested: [String: [Int]]
        var a_text: String?
        var a_bytes: Data
        var a_i64: Int64
        var a_f64: Double
        var a_bool: Bool
        var a_date: CalendarDate
        var a_timestamp: Date
        var a_decimal: Decimal
        var a_uuid: UUID
        var a_json: History
    }

    let thing = Thing(
        id: 7, ward: "3b", nested: ["list": [1, 2]], a_text: nil, a_bytes: Data([1, 2]), a_i64: -5, a_f64: 0.1, a_bool: false,
        a_date: CalendarDate(year: 1, month: 1, day: 1), a_timestamp: Date(timeIntervalSince1970: 1_709_251_199.120),
        a_decimal: Decimal(string: "-1.10")!, a_uuid: UUID(), a_json: .init(allergies: ["é"], score: 2.5, since: nil))

    @Test func codableRecords() async throws {
        let records = try await memoryKeyring().records(everyType())
        let row = try records.encrypt(thing)
        #expect(try records.decrypt(Thing.self, from: row) == thing)
        #expect(row["a_text"] == nil && row["ward"] == "3b")
        #expect(row["a_uuid"]?.data?.count == 46 + 16)
        var other = thing
        (other.a_text, other.a_timestamp) = ("", Date())
        #expect(try records.decrypt(Thing.self, from: try records.encrypt(other)) == other)
        let open = try records.open(row)
        #expect(open.isTrusted)
        #expect(open.record["a_json"] == ["allergies": ["é"], "score": 2.5])
    }

    @Test func recordsThatAreRefused() async throws {
        let records = try await memoryKeyring().records(everyType())
        func refused(_ member: (String, Node)) -> String {
            code { _ = try records.encrypt(["id": 7, member.0: member.1]) }
        }
        #expect(refused(("unknown", 1)) == "undeclared_field")
        #expect(refused(("a_text", 1)) == "wrong_type")
        #expect(refused(("a_f64", 1)) == "wrong_type")
        #expect(refused(("a_json", ["day": .value(.date(CalendarDate(year: 2024, month: 1, day: 1)))])) == "wrong_type")
        #expect(refused(("a_json", [.value(.f64(.nan))])) == "value_out_of_range")
        #expect(refused(("a_date", .value(.date(CalendarDate(year: 2023, month: 2, day: 29))))) != "nothing")
        var deep: Node = .null
        for _ in 0..<1_000 { deep = [deep] }
        #expect(refused(("nested", deep)) == "record_too_deep")
        #expect(code { _ = try records.encrypt(["a_text": "x"] as [String: Node]) } == "record_id_invalid")
        #expect(code { _ = try records.encrypt("text") } == "record_shape")
        #expect(code { _ = try records.encrypt(["id": UInt64.max]) } == "value_out_of_range")
        #expect(code { _ = try records.encrypt(["id": Float(1)]) } == "wrong_type")
        struct Other: Codable { var id: String }
        let row = try records.encrypt(["id": 7, "a_i64": 300] as [String: Node])
        #expect(code { _ = try records.decrypt(Other.self, from: row) } == "serialization_failed")
        struct Small: Codable { var a_i64: UInt8 }
        #expect(code { _ = try records.decrypt(Small.self, from: row) } == "serialization_failed")
    }

    @Test func dates() throws {
        for interval in [-62_135_596_800.0, -0.5, 0, 951_782_400.25, 1_709_251_199.123_456_7, 253_402_300_799] {
            let date = Date(timeIntervalSince1970: interval)
            #expect(try Timestamp(date).date == date)
        }
        #expect(try Timestamp(Date(timeIntervalSince1970: 951_782_400.25)).text == "2000-02-29T00:00:00.250Z")
        #expect(try Timestamp("1970-01-01T00:00:00+05:45").date == Date(timeIntervalSince1970: -20_700))
        #expect(try Timestamp("1970-01-01T00:00:00").date == nil)
        for refused in [Double.nan, .infinity, 253_402_300_800, -62_135_596_801] {
            #expect(code { _ = try Timestamp(Date(timeIntervalSince1970: refused)) } == "value_out_of_range")
        }
    }

    @Test func searchAndMove() async throws {
        let field = try await memoryKeyring().field(named(), "x")
        let stored = try field.encrypt("Ana Maria")
        let indexes = try field.indexValues("Ana Maria")
        #expect(Set(indexes.keys) == ["x_exact", "x_words"])
        let query = try field.query("exact", "ana maria")
        #expect(query.tokens.map(\.text) == [indexes["x_exact"]?.text] && query.isExact)
        #expect(try field.matches("exact", "ANA MARIA", stored))
        #expect(try !field.matches("exact", "Ana", stored))
        #expect(code { _ = try field.query("other", "x") } == "unknown_index")
        #expect(code { _ = try field.query("words", "  ") } == "query_empty")
        #expect(code { _ = try field.tokens("x") } == "wrong_field_mode")
        #expect(try !field.needsRotation(stored))
        #expect(try field.decrypt(field.reencrypt(stored).stored) == "Ana Maria")
        #expect(code { _ = try field.encrypt(.text(stored!.text!)) } == "already_encrypted")
        #expect(code { _ = try field.decrypt(Data([1, 2, 3])) } == "wrong_stored_form")
        #expect(code { _ = try field.decrypt(text: "plain") } == "not_an_envelope")
        #expect(code { _ = try field.encrypt("x", record: RecordID(7)) } == "record_id_unexpected")
        #expect(try field.encrypt(nil) == nil)
        #expect(try field.decrypt(nil as Stored?) == nil)
    }

    @Test func aValueMovesToAnotherRecordTenantOrField() async throws {
        let (keyring, schema, id) = (try await memoryKeyring(), try everyType(), RecordID(7))
        let (text, token) = (try keyring.field(schema, "a_text"), try keyring.field(schema, "code"))
        let stored = try text.encrypt("x", record: id)
        let moved = try text.reencrypt(stored, record: id, newRecord: RecordID(8)).stored
        #expect(try text.decrypt(moved, record: RecordID(8)) == "x")
        #expect(code { _ = try text.decrypt(moved, record: id) } == "authentication_failed")
        let tenant = try keyring.field(schema, "a_text", tenant: "clinic-2")
        let elsewhere = try text.reencrypt(stored, record: id, to: tenant).stored
        #expect(try tenant.decrypt(elsewhere, record: id) == "x")
        #expect(code { _ = try text.decrypt(elsewhere, record: id) } == "authentication_failed")
        let bound = try token.reencrypt(try token.encrypt("y"), to: text, newRecord: id).stored
        #expect(try text.decrypt(bound, record: id) == "y")
        #expect(code { _ = try text.reencrypt(stored, record: id, to: token) } == "invalid_argument")
        #expect(code { _ = try token.reencrypt(try token.encrypt("y"), to: text) } == "record_id_missing")
        let number = try keyring.field(schema, "a_i64")
        #expect(code { _ = try text.reencrypt(stored, record: id, to: number) } == "wrong_type")
        #expect(code { _ = try text.reencrypt(stored, record: RecordID(8), newRecord: id) } == "authentication_failed")
        let another = try await memoryKeyring()
        let foreign = try another.field(schema, "a_text")
        #expect(try foreign.decrypt(text.reencrypt(stored, record: id, to: foreign).stored, record: id) == "x")
        another.close()
        #expect(code { _ = try text.reencrypt(stored, record: id, to: foreign) } == "closed")
    }

    @Test func whatIsDeclared() async throws {
        let (keyring, schema) = (try await memoryKeyring(), try Schema.patient())
        #expect(schema.recordID?.map(\.path) == ["patient_id"] && schema.recordID?.map(\.type) == ["text"])
        #expect(try named().recordID == nil)
        let ssn = try #require(schema.field("ssn"))
        #expect(ssn.id == "ssn" && ssn.column == "ssn")
        let exact = try #require(ssn.indexes.first { $0.name == "exact" })
        #expect(exact.column == "ssn_exact" && exact.isExact && !exact.isList)
        #expect(try named().field("x")?.indexes.first { $0.name == "words" }?.isList == true)
        #expect(schema.field("other") == nil)
        #expect(try keyring.field(schema, "ssn").id == "ssn")
        let records = try keyring.records(schema)
        #expect(try records.isIndexColumn("ssn_exact"))
        #expect(try !records.isIndexColumn("ssn"))
        try records.checkNames(["patient_id", "ssn"])
        let others = try keyring.records(everyType())
        #expect(code { try others.checkNames(["id", "unknown"]) } == "undeclared_field")
    }

    @Test func whatEnvelopesAndKeysSay() async throws {
        let keyring = try await memoryKeyring()
        let stored = try #require(try keyring.field(named(), "x").encrypt("999-41-1234"))
        let found = try inspect(stored)
        #expect(found.suite == 1 && found.plaintextLength == 12 && found.isText)
        #expect(try keyring.status().versions.map(\.keyID) == [found.keyID])
        #expect(code { _ = try inspect(.text("plain")) } == "not_an_envelope")
        #expect(try !Provider.keyText("fwk1." + String(repeating: "A", count: 43)).keyName.isEmpty)
        #expect(code { _ = try Provider.keyText(String(repeating: "00", count: 32)) } == "key_file_malformed")
    }
}
