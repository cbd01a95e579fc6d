import Fieldward
import Foundation

// The Swift part of the exchange between languages: core/vectors/exchange/README.md says what it writes and checks.

struct Failed: Error, CustomStringConvertible {
    let description: String
    init(_ what: String) { description = what }
}

func check(_ holds: Bool, _ what: String) throws {
    if !holds { throw Failed(what) }
}

/// JSON with its members in order: equal if and only if the values are.
func canonical(_ value: Any) throws -> String {
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .fragmentsAllowed]
    return String(decoding: try JSONSerialization.data(withJSONObject: value, options: options), as: UTF8.self)
}

struct Exchange {
    struct Item {
        let id, field: String
        let value: Value
    }

    struct Query {
        let id, field: String
        let index: String?
        let value: Value
        let column: String
        let finds: [Int]
    }

    let schema: Schema
    let recordID, otherRecordID: RecordID
    let items: [Item]
    let records: [[String: Any]]
    let queries: [Query]

    init(_ path: String) throws {
        let inputs = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as! [String: Any]
        schema = try Schema(json: canonical(inputs["schema"]!))
        recordID = RecordID(try Self.value(inputs["record_id"]!))
        otherRecordID = RecordID(try Self.value(inputs["other_record_id"]!))
        items = try (inputs["values"] as! [[String: Any]]).map {
            Item(id: $0["id"] as! String, field: $0["field"] as! String, value: try Self.value($0["value"]!))
        }
        records = inputs["records"] as! [[String: Any]]
        queries = try (inputs["queries"] as! [[String: Any]]).map {
            Query(
                id: $0["id"] as! String, field: $0["field"] as! String, index: $0["index"] as? String,
                value: try Self.value($0["value"]!), column: $0["column"] as! String, finds: $0["finds"] as! [Int])
        }
    }

    func config(_ language: String, _ directory: String, _ provider: Provider) -> KeyringConfig {
        KeyringConfig(
            id: "exchange-\(language)", providers: ["primary": provider], store: .file(directory + "/keys"),
            noPin: "the keyring of another language is read once")
    }

    func write(_ directory: String) async throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let keyring = try await config("swift", directory, .newKeyFile(directory + "/root.key")).create()
        let patients = try keyring.records(schema)
        var values: [String: String] = [:]
        var stored: [Any] = []
        let half = items.count / 2
        for (items, records) in [(items[..<half], records[..<2]), (items[half...], records[2...])] {
            if !values.isEmpty { try await keyring.rotateImmediately() }
            for item in items {
                let envelope = try keyring.field(schema, item.field).encrypt(item.value, record: bound(item.field, recordID))
                values[item.id] = envelope?.text
            }
            for record in records {
                stored.append(try JSONSerialization.jsonObject(with: Data(patients.encrypt(document: canonical(record)).utf8)))
            }
        }
        var tokens: [String: [String]] = [:]
        for query in queries { tokens[query.id] = try self.tokens(keyring, query).sorted() }
        let corpus: [String: Any] = ["values": values, "records": stored, "tokens": tokens]
        try Data(canonical(corpus).utf8).write(to: URL(fileURLWithPath: directory + "/corpus.json"))
    }

    func read(_ language: String, _ directory: String) async throws {
        let file = try Data(contentsOf: URL(fileURLWithPath: directory + "/corpus.json"))
        guard let corpus = try JSONSerialization.jsonObject(with: file) as? [String: Any],
            let values = corpus["values"] as? [String: String], let stored = corpus["records"] as? [[String: Any]],
            let tokens = corpus["tokens"] as? [String: [String]]
        else { throw Failed("a corpus of another form") }
        let keyring = try await config(language, directory, .keyFile(directory + "/root.key")).open()
        let patients = try keyring.records(schema)
        try check(corpus.count == 3, "members of the corpus")
        try check(keyring.status().versions.count == 2, "versions")
        try check(Set(values.keys) == Set(items.map(\.id)), "the values")
        for item in items {
            do { try read(item, values[item.id]!, keyring) } catch { throw Failed("\(item.id): \(error)") }
        }
        try check(stored.count == records.count, "the number of records")
        for (row, record) in zip(stored, records) {
            let back = try JSONSerialization.jsonObject(with: Data(patients.decrypt(document: canonical(row)).utf8))
            try check(canonical(back) == canonical(record), "a record")
        }
        try check(Set(tokens.keys) == Set(queries.map(\.id)), "the queries")
        for query in queries {
            let made = try self.tokens(keyring, query)
            try check(made == Set(tokens[query.id]!), query.id)
            let found = stored.filter { ($0[query.column] as? String).map(made.contains) ?? false }
            try check(found.map { $0["id"] as? Int } == query.finds, query.id)
        }
    }

    private func read(_ item: Item, _ stored: String, _ keyring: Keyring) throws {
        let declared = schema.fields.first { $0.id == item.field }!
        let (field, id) = (try keyring.field(schema, item.field), bound(item.field, recordID))
        try check(field.decrypt(text: stored, record: id) == item.value, "another value")
        if !declared.isDeterministic {
            try refused("under another record id") { _ = try field.decrypt(text: stored, record: otherRecordID) }
        }
        let twin = schema.fields.first {
            $0.id != declared.id && $0.type == declared.type && $0.isDeterministic == declared.isDeterministic
        }
        if let twin {
            try refused("in another field") { _ = try keyring.field(schema, twin.id).decrypt(text: stored, record: id) }
        }
    }

    private func refused(_ what: String, _ call: () throws -> Void) throws {
        do { try call() } catch let error as FieldwardError where error.code == "authentication_failed" { return }
        throw Failed(what)
    }

    private func tokens(_ keyring: Keyring, _ query: Query) throws -> Set<String> {
        let field = try keyring.field(schema, query.field)
        let tokens = try query.index.map { try field.query($0, query.value).tokens } ?? field.tokens(query.value)
        return Set(tokens.compactMap(\.text))
    }

    /// Randomized values are bound to their record, deterministic ones to none.
    private func bound(_ field: String, _ id: RecordID) -> RecordID? {
        schema.fields.first { $0.id == field }!.isDeterministic ? nil : id
    }

    static func value(_ typed: Any) throws -> Value {
        let typed = typed as! [String: Any]
        let text = { (name: String) throws -> String in
            guard let text = typed[name] as? String else { throw Failed("no \(name)") }
            return text
        }
        switch try text("type") {
        case "bytes":
            let digits = Array(try text("hex"))
            return .bytes(Data(stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16)! }))
        case "text": return .text(try text("text"))
        case "i64": return .i64(Int64(try text("number"))!)
        case "f64": return .f64(Double(bitPattern: UInt64(try text("bits"), radix: 16)!))
        case "bool": return .bool(typed["bool"] as! Bool)
        case "date":
            let parts = try text("text").split(separator: "-").map { Int($0)! }
            return .date(CalendarDate(year: parts[0], month: parts[1], day: parts[2]))
        case "timestamp": return .timestamp(Timestamp(try text("text")))
        case "decimal": return .decimal(try text("text"))
        case "json": return .json(try text("text"))
        case "uuid": return .uuid(UUID(uuidString: try text("text"))!)
        case let type: throw Failed("an unknown type: \(type)")
        }
    }
}

let arguments = CommandLine.arguments.dropFirst()
do {
    let root = ProcessInfo.processInfo.environment["FIELDWARD_ROOT"] ?? "."
    let exchange = try Exchange(root + "/core/vectors/exchange/inputs.json")
    switch arguments.first {
    case "write" where arguments.count == 2:
        try await exchange.write(arguments[2] + "/swift")
    case "read" where arguments.count > 2:
        for language in arguments.dropFirst(2) {
            do { try await exchange.read(language, arguments[2] + "/" + language) } catch {
                throw Failed("swift reads \(language): \(error)")
            }
        }
    default: throw Failed("usage: exchange write DIR | exchange read DIR LANGUAGE...")
    }
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
