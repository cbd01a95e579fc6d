import Fieldward
import Foundation
import Testing

/// The rows of `core/docs/input-contract.md`, in its order.
@Suite struct ContractTests {
    let records: Records
    let keyring: Keyring

    init() async throws {
        keyring = try await memoryKeyring()
        records = try keyring.records(everyType())
    }

    func back(_ name: String, _ node: Node) throws -> Node? { try records.decrypt(records.encrypt(["id": 7, name: node]))[name] }

    func refused(_ name: String, _ node: Node) -> String { code { _ = try back(name, node) } }

    /// A record of one member, by its `Codable` type.
    func coded<T: Codable>(_ name: String, _ value: T) throws -> T {
        let row = try records.encrypt(Of(id: 7, name: name, value: value))
        return try #require(try records.decrypt(Of<T>.self, from: row).value)
    }

    struct Name: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    struct Of<T: Codable>: Codable {
        let id: Int
        let name: String
        let value: T?

        init(id: Int, name: String, value: T) { (self.id, self.name, self.value) = (id, name, value) }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Name.self)
            id = try members.decode(Int.self, forKey: Name(stringValue: "id"))
            name = members.allKeys.first { $0.stringValue != "id" }!.stringValue
            value = try members.decode(T.self, forKey: Name(stringValue: name))
        }

        func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: Name.self)
            try members.encode(id, forKey: Name(stringValue: "id"))
            try members.encode(value, forKey: Name(stringValue: name))
        }
    }

    @Test func nullMissingAndEmpty() throws {
        #expect(try back("a_text", .null) == .null)
        #expect(try records.encrypt(["id": 7, "a_text": nil] as [String: Node])["a_text"] == .null)
        #expect(try records.decrypt(records.encrypt(["id": 7] as [String: Node]))["a_text"] == nil)
        #expect(try back("a_text", "") == "")
        #expect(try back("a_bytes", .value(.bytes(Data()))) == .value(.bytes(Data())))
        #expect(try records.encrypt(["id": 7, "a_text": ""] as [String: Node])["a_text"]?.data?.count == 46)
    }

    @Test func numbers() throws {
        for number in [Int64.min, .max, 9_007_199_254_740_993] { #expect(try coded("a_i64", number) == number) }
        #expect(try coded("a_i64", UInt8(255)) == 255)
        #expect(code { _ = try coded("a_i64", UInt64.max) } == "value_out_of_range")
        #expect(refused("a_i64", 5.0) == "wrong_type")
        #expect(refused("a_f64", 5) == "wrong_type")
        #expect(code { _ = try coded("a_f64", Float(5)) } == "wrong_type")
        for number in [0.1, -0.0, .nan, -.infinity, .leastNonzeroMagnitude] {
            #expect(try coded("a_f64", number).bitPattern == number.bitPattern)
        }
        #expect(try coded("a_bool", true))
        #expect(refused("a_bool", 1) == "wrong_type")
    }

    @Test func datesAndTimes() throws {
        for day in [CalendarDate(year: 1, month: 1, day: 1), CalendarDate(year: 9999, month: 12, day: 31)] {
            #expect(try coded("a_date", day) == day)
        }
        for day in [(0, 1, 1), (2023, 2, 29), (2024, 13, 1)] {
            let date = CalendarDate(year: day.0, month: day.1, day: day.2)
            #expect(refused("a_date", .value(.date(date))) == "value_out_of_range")
        }
        #expect(refused("a_date", .value(.date(CalendarDate(year: 10_000, month: 1, day: 1)))) == "value_not_canonical")
        #expect(code { _ = try coded("a_date", Date()) } == "wrong_type")
        let now = Date()
        #expect(try coded("a_timestamp", now) == now)
        for text in ["2024-02-29T23:59:59.123456789+05:45", "1969-07-20T20:17:40", "2024-02-29T23:59:59.120Z"] {
            #expect(try coded("a_timestamp", Timestamp(text)) == Timestamp(text))
        }
        #expect(refused("a_timestamp", .value(.timestamp(Timestamp("2024-02-28 10:00")))) == "value_not_canonical")
        #expect(refused("a_timestamp", .value(.timestamp(Timestamp("2024-02-30T10:00:00Z")))) == "value_out_of_range")
        let row = try records.encrypt(Of(id: 7, name: "a_timestamp", value: Timestamp("1969-07-20T20:17:40")))
        #expect(code { _ = try records.decrypt(Of<Date>.self, from: row) } == "serialization_failed")
    }

    @Test func decimalsJSONAndUUIDs() throws {
        for text in ["-1.1", "0", "7000", "0.0000000001", "12345678901234567890123456789012345678"] {
            let number = try #require(Decimal(string: text))
            #expect(try coded("a_decimal", number) == number)
        }
        for text in ["-1.10", "-0.00", "7E+3", "12345678901234567890123456789012345678901234567890.0001"] {
            #expect(try back("a_decimal", .value(.decimal(text))) == .value(.decimal(text)))
        }
        let long = try records.encrypt(["id": 7, "a_decimal": .value(.decimal("1234567890123456789012345678901234567890"))] as [String: Node])
        #expect(code { _ = try records.decrypt(Of<Decimal>.self, from: long) } == "serialization_failed")
        #expect(code { _ = try coded("a_decimal", Decimal.nan) } == "value_out_of_range")
        #expect(refused("a_decimal", 1.5) == "wrong_type")
        let json: Node = ["b": [1, nil, 9_007_199_254_740_993], "a": ["c": true]]
        #expect(try back("a_json", json) == json)
        let field = try keyring.field(everyType(), "a_json")
        let exact = Value.json("{ \"a\" : 1.50 }")
        #expect(try field.decrypt(field.encrypt(exact, record: RecordID(7)), record: RecordID(7)) == exact)
        #expect(code { _ = try field.encrypt(.json("{"), record: RecordID(7)) } == "invalid_json")
        #expect(refused("a_json", .value(.json("18446744073709551615"))) == "value_out_of_range")
        let uuid = UUID()
        #expect(try coded("a_uuid", uuid) == uuid)
        #expect(refused("a_uuid", .value(.text(uuid.uuidString))) == "wrong_type")
        #expect(refused("a_date", "2024-02-29") == "wrong_type")
    }

    @Test func sizesAndWhatIsStored() throws {
        #expect(refused("a_bytes", .value(.bytes(Data(count: 16 * 1024 * 1024 + 1)))) == "value_too_long")
        var row = try records.encrypt(["id": 7, "a_text": "x"] as [String: Node])
        row["a_text"] = 5
        #expect(code { _ = try records.decrypt(row) } == "not_an_envelope")
        row["a_text"] = "fwd"
        #expect(code { _ = try records.decrypt(row) } == "wrong_stored_form")
        row["a_text"] = .null
        #expect(try records.decrypt(row)["a_text"] == .null)
    }
}
