import Fieldward
import Foundation
import Testing

/// Golden vectors through the package: whatever takes no key, nonce or part of a document. Each test counts its cases.
@Suite struct PublicVectorsTests {
    let keyring: Keyring

    init() async throws { keyring = try await memoryKeyring() }

    struct Case {
        let name, op: String
        let input, expect: [String: Any]
        var error: String? { expect["error"] as? String }

        init(_ room: String, _ source: [String: Any]) {
            name = "\(room)/\(source["id"]!)"
            op = source["op"] as! String
            (input, expect) = (source["input"] as! [String: Any], source["expect"] as! [String: Any])
        }
    }

    func cases(_ room: String, _ op: String) throws -> [Case] {
        let file = try json("core/vectors/\(room).json") as! [String: Any]
        return (file["cases"] as! [[String: Any]]).map { Case(room, $0) }.filter { $0.op == op }
    }

    func outcome<T>(_ call: () throws -> T) -> (T?, String?) {
        do {
            return (try call(), nil)
        } catch {
            return (nil, (error as? FieldwardError)?.code ?? "another error")
        }
    }

    func hex(_ text: String) -> Data {
        let digits = Array(text)
        return Data(stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16)! })
    }

    /// Bytes as hexadecimal digits, or as a beginning and what fills the rest.
    func bytes(_ source: Any) -> Data {
        if let text = source as? String { return hex(text) }
        let parts = source as! [String: Any]
        let (beginning, fill) = (hex(parts["prefix"] as! String), hex(parts["fill"] as! String))
        return beginning + Data(repeating: fill[0], count: parts["len"] as! Int - beginning.count)
    }

    func text(_ source: Any) -> String {
        if let text = source as? String { return text }
        let parts = source as! [String: Any]
        return String(repeating: parts["repeat"] as! String, count: parts["times"] as! Int)
    }

    /// The value; none where Swift's own type cannot be what the case asks for: a day in another spelling.
    func value(_ source: [String: Any]) -> Value? {
        let of = { (member: String) in source[member] as! String }
        switch of("type") {
        case "bytes": return .bytes(hex(of("hex")))
        case "text": return .text(of("text"))
        case "i64": return .i64(Int64(of("number"))!)
        case "f64": return .f64(Double(bitPattern: UInt64(of("bits"), radix: 16)!))
        case "bool": return .bool(source["bool"] as! Bool)
        case "date":
            let parts = of("text").split(separator: "-").compactMap { Int($0) }
            guard parts.count == 3 else { return nil }
            let day = CalendarDate(year: parts[0], month: parts[1], day: parts[2])
            return day.text == of("text") ? .date(day) : nil
        case "timestamp": return .timestamp(Timestamp(of("text")))
        case "decimal": return .decimal(of("text"))
        case "json": return .json(of("text"))
        default: return .uuid(UUID(uuidString: of("text"))!)
        }
    }

    func schema(_ table: String, _ field: [String: Any], id: [String: Any] = ["record_binding": "none"]) throws -> Schema {
        let own: [String: Any] = ["format": "fieldward-schema", "version": 1, "table": table, "fields": [field]]
        let source = try JSONSerialization.data(withJSONObject: own.merging(id) { first, _ in first })
        return try Schema(json: String(decoding: source, as: UTF8.self))
    }

    @Test func whatEnvelopesSay() throws {
        let all = try cases("envelope", "envelope_inspect")
        for vector in all {
            let text = (vector.input["envelope"] as? [String: Any])?["text"] as? String
            let (found, error) = outcome { try inspect(text.map { .text($0) } ?? .bytes(bytes(vector.input["envelope"]!))) }
            #expect(error == vector.error, "\(vector.name)")
            guard let found else { continue }
            #expect(Int(found.suite) == vector.expect["suite"] as? Int, "\(vector.name)")
            #expect(found.keyID == vector.expect["key_id"] as? String, "\(vector.name)")
            #expect(Int(found.plaintextLength) == vector.expect["plaintext_len"] as? Int, "\(vector.name)")
            #expect(found.isText == (text != nil), "\(vector.name)")
        }
        #expect(all.count == 32)
    }

    @Test func values() throws {
        var ran = 0
        for vector in try cases("value", "value_encode") {
            let source = vector.input["value"] as! [String: Any]
            let padding = vector.input["padding"]
            guard let value = value(source), padding == nil || vector.error == nil else { continue }
            var declared: [String: Any] = ["id": "x", "type": source["type"]!, "mode": "randomized"]
            if let padding { declared["padding"] = padding is String ? padding : ["block": padding] }
            let field = try keyring.field(schema("t", declared), "x")
            let (stored, error) = outcome { try field.encrypt(value) }
            #expect(error == vector.error, "\(vector.name)")
            if let stored = stored ?? nil {
                let length = (vector.expect["plaintext"] as! String).utf8.count / 2
                #expect(try Int(inspect(stored).plaintextLength) == length, "\(vector.name)")
                #expect(try field.decrypt(stored) == value, "\(vector.name)")
            }
            ran += 1
        }
        #expect(ran == 57)
    }

    @Test func recordIDs() throws {
        let all = try cases("context", "context_record_id")
        for vector in all {
            let parts = vector.input["record"] as! [[String: Any]]
            let types = parts.isEmpty ? ["text"] : parts.prefix(8).map { $0["type"] as! String }
            let declared = types.enumerated().map { ["path": "p\($0)", "type": $1] }
            let schema = try schema("t", ["id": "x", "type": "text", "mode": "randomized"], id: ["record_id": declared])
            #expect(schema.recordID?.map(\.type) == types)
            let field = try keyring.field(schema, "x")
            let id = RecordID(parts: parts.map { value($0)! })
            let (stored, error) = outcome { try field.encrypt("x", record: id) }
            #expect(error == vector.error, "\(vector.name)")
            if let stored = stored ?? nil { #expect(try field.decrypt(stored, record: id) == "x", "\(vector.name)") }
        }
        #expect(all.count == 13)
    }

    @Test func normalizers() throws {
        let all = try cases("search", "search_normalize")
        for vector in all {
            let declared: [String: Any] = [
                "id": "x", "type": "text", "mode": "deterministic", "store": "normalized", "normalizer": vector.input["steps"]!,
            ]
            let (normalized, error) = outcome {
                let field = try keyring.field(schema("t", declared), "x")
                return try field.decrypt(field.encrypt(.text(text(vector.input["text"]!))))
            }
            #expect(error == vector.error, "\(vector.name)")
            if let normalized = normalized ?? nil { #expect(normalized == .text(text(vector.expect["text"]!)), "\(vector.name)") }
        }
        #expect(all.count == 68)
    }

    func indexed(_ vector: Case) throws -> Field {
        let place = vector.input["place"] as! [String: Any]
        var index = vector.input["index"] as! [String: Any]
        index["search_domain"] = index.removeValue(forKey: "domain")
        (index["name"], index["column"]) = ("i", "x_i")
        let field: [String: Any] = [
            "id": place["field"]!, "type": vector.input["type"]!, "mode": "randomized", "indexes": [index],
        ]
        let declared = try schema(place["table"] as! String, field)
        return try keyring.field(declared, place["field"] as! String, tenant: place["tenant"] as? String)
    }

    /// Form and length: the keys are others.
    func shape(_ index: Any?) -> [Int] {
        if let text = index as? String { return [text.utf8.count / 2] }
        return (index as? [String])?.map { $0.utf8.count / 2 } ?? []
    }

    func shape(_ index: Node?) -> [Int] {
        if case let .list(elements) = index { return elements.map { $0.data?.count ?? -1 } }
        return index?.data.map { [$0.count] } ?? []
    }

    @Test func indexValues() throws {
        let all = try cases("search", "search_index")
        for vector in all {
            let given = (vector.input["value"] as? [String: Any]).map { value($0)! }
            let (found, error) = outcome { try indexed(vector).indexValues(given) }
            #expect(error == vector.error, "\(vector.name)")
            guard let found else { continue }
            #expect(shape(found["x_i"]) == shape(vector.expect["value"]), "\(vector.name)")
            #expect((found["x_i"] == .null) == (vector.expect["value"] is NSNull), "\(vector.name)")
        }
        #expect(all.count == 44)
    }

    @Test func queries() throws {
        let all = try cases("search", "search_query")
        for vector in all {
            let (query, error) = outcome { try indexed(vector).query("i", value(vector.input["value"] as! [String: Any])!) }
            #expect(error == vector.error, "\(vector.name)")
            guard let query else { continue }
            #expect(query.tokens.map { $0.data?.count ?? -1 } == shape(vector.expect["tokens"]), "\(vector.name)")
            #expect(query.isExact == vector.expect["is_exact"] as? Bool, "\(vector.name)")
        }
        #expect(all.count == 20)
    }

    struct Root: KeyProvider {
        let kind, keyName: String
        let root: Data
        func wrap(_ secret: Data, context: WrapContext) async throws -> Data { Data(count: 1) }
        func unwrap(_ wrapped: Data, context: WrapContext) async throws -> Data { root }
    }

    struct Fixed: KeyStore {
        let document: Data
        func load(_ keyringID: String) async throws -> Data? { document }
        func save(_ keyringID: String, expected: DocumentTag?, document: Data, tag: DocumentTag) async throws -> Bool { false }
    }

    /// The first provider that a document names: of name, kind and key. None for one of the library's own, which has parameters.
    func provider(_ document: Data) -> [String]? {
        let plain = ["primary", "local", "k"]
        let body = document.range(of: Data("\nhmac-sha256 ".utf8)).map { document[..<$0.lowerBound] } ?? document
        guard let members = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
            let providers = members["providers"] as? [Any]
        else { return plain }
        guard let first = providers.first else { return nil }
        guard let entry = first as? [String: Any] else { return plain }
        let of = zip(["name", "kind", "key_name"], plain).map { entry[$0] as? String ?? $1 }
        let hasParameters = (entry["params"] as? [String: Any])?.isEmpty == false
        return hasParameters || !of[2].unicodeScalars.allSatisfy { (" "..."~").contains($0) } ? nil : of
    }

    @Test func documentsThatAProviderOfOursMayOpen() async throws {
        var ran = 0
        for vector in try cases("keyring", "keyring_document_open") {
            let source = vector.input["document"]!
            let document = (source as? String).map { Data($0.utf8) } ?? bytes(source)
            guard let named = provider(document) else { continue }
            var opened: Keyring?
            let failure = await code {
                let provider = try Provider.of(Root(kind: named[1], keyName: named[2], root: bytes(vector.input["root"]!)))
                let config = KeyringConfig(
                    id: vector.input["keyring_id"] as! String, providers: [named[0]: provider],
                    store: .of(Fixed(document: document)), noPin: "a test")
                opened = try await config.open()
            }
            #expect(failure == vector.error ?? "nothing", "\(vector.name)")
            if let opened {
                let status = try opened.status()
                #expect(NSNumber(value: status.generation) == vector.expect["generation"] as? NSNumber, "\(vector.name)")
                #expect(NSNumber(value: status.epoch) == vector.expect["epoch"] as? NSNumber, "\(vector.name)")
                let keys = (vector.expect["data_keys"] as! [String: Any]).mapValues { $0 is NSNull }
                let found = status.versions.map { ("\($0.version)", $0.state == .destroyed) }
                #expect(Dictionary(uniqueKeysWithValues: found) == keys, "\(vector.name)")
                opened.close()
            }
            ran += 1
        }
        #expect(ran == 108)
    }
}
