import Fieldward
import func FieldwardNative.runVector
import Foundation
import Testing

/// JSON with its members in order: equal if and only if the values are.
private func canonical(_ value: Any) throws -> String {
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .fragmentsAllowed]
    return String(decoding: try JSONSerialization.data(withJSONObject: value, options: options), as: UTF8.self)
}

/// Every golden vector: all rooms in the library that this process loaded, schemas and records through the package as well.
@Suite struct VectorsTests {
    struct Case {
        let id, op: String
        let input: [String: Any]
        let expect: String

        init(_ source: [String: Any]) throws {
            id = try #require(source["id"] as? String)
            op = try #require(source["op"] as? String)
            input = try #require(source["input"] as? [String: Any])
            expect = try canonical(try #require(source["expect"]))
        }
    }

    func cases(_ room: String) throws -> [Case] {
        let file = try #require(try json("core/vectors/\(room).json") as? [String: Any])
        return try #require(file["cases"] as? [[String: Any]]).map(Case.init)
    }

    func rooms() throws -> [String] {
        let directory = root.appendingPathComponent("core/vectors")
        return try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }.map { $0.deletingPathExtension().lastPathComponent }.sorted()
    }

    @Test func howManyThereAre() throws {
        let counts = Dictionary(uniqueKeysWithValues: try rooms().map { ($0, try cases($0).count) })
        let expected = [
            "context": 44, "derive": 13, "envelope": 114, "keyring": 239, "record": 92, "schema": 191, "search": 175, "suite": 34,
            "value": 146,
        ]
        #expect(counts == expected)
    }

    @Test func inTheLibrary() throws {
        var ran = 0
        for room in try rooms() {
            for vector in try cases(room) {
                let result = try #require(
                    runVector(room: room, op: vector.op, input: try canonical(vector.input)), "\(room)/\(vector.id)")
                let actual = try canonical(try JSONSerialization.jsonObject(with: Data(result.utf8)))
                #expect(actual == vector.expect, "\(room)/\(vector.id)")
                ran += 1
            }
        }
        #expect(ran == 1048)
    }

    @Test func schemas() throws {
        for vector in try cases("schema") {
            let actual = try result {
                let schema =
                    if let toml = vector.input["toml"] { try Schema(toml: text(toml)) } else { try Schema(json: text(vector.input["json"]!)) }
                return ["fields": schema.fields.map(\.id)]
            }
            #expect(actual == vector.expect, "schema/\(vector.id)")
        }
    }

    @Test func records() async throws {
        for vector in try cases("record") {
            let keyring = try await memoryKeyring()
            let records = try keyring.records(Schema(json: try #require(vector.input["schema"] as? String)))
            let record = try #require(vector.input["record"] as? String)
            let actual = try result {
                vector.op == "record_encrypt"
                    ? try encrypted(records, record) : try changed(records, record, vector.input["change"] as! [String: Any])
            }
            #expect(actual == vector.expect, "record/\(vector.id)")
        }
    }

    private func encrypted(_ records: Records, _ record: String) throws -> [String: Any] {
        let row = try records.encrypt(json: record)
        #expect(try records.decryptJSON(row) == record)
        let names = Set((try JSONSerialization.jsonObject(with: Data(record.utf8)) as! [String: Any]).keys)
        var indexes: [String: Int] = [:]
        for (column, node) in row where !names.contains(column) {
            if case let .list(elements) = node { indexes[column] = elements.count } else { indexes[column] = node == .null ? 0 : 1 }
        }
        let encrypted = row.filter { names.contains($0.name) && ($0.node.data ?? $0.node.text.map { Data($0.utf8) }) != nil }
        return ["encrypted": encrypted.map(\.name), "indexes": indexes]
    }

    private func changed(_ records: Records, _ record: String, _ changes: [String: Any]) throws -> [String: Any] {
        let row = try records.encrypt(json: record)
        var changed = row
        for (name, change) in changes {
            let cell: Node
            if let other = (change as? [String: Any])?["cell"] as? String {
                cell = row.first { $0.name == other }!.node
            } else {
                let text = try JSONSerialization.data(withJSONObject: change, options: .fragmentsAllowed)
                cell = .value(.json(String(decoding: text, as: UTF8.self)))
            }
            changed.removeAll { $0.name == name }
            changed.append((name, cell))
        }
        return ["same": try sameJSON(try records.decryptJSON(changed), record)]
    }

    private func sameJSON(_ left: String, _ right: String) throws -> Bool {
        let parsed = try [left, right].map { try canonical(JSONSerialization.jsonObject(with: Data($0.utf8))) }
        return parsed[0] == parsed[1]
    }

    private func result(_ call: () throws -> [String: Any]) throws -> String {
        do {
            return try canonical(try call())
        } catch let error as FieldwardError {
            return try canonical(["error": error.code])
        }
    }

    private func text(_ source: Any) -> String {
        if let text = source as? String { return text }
        let parts = source as! [String: Any]
        return String(repeating: parts["repeat"] as! String, count: parts["times"] as! Int)
    }
}
