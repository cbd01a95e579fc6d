// A file: its bytes are a value, bound to the letter that they belong to.

import Fieldward
import Foundation

@Sendable func file() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("letters-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let config = KeyringConfig(
        id: "device-7", providers: ["primary": try .generated()], store: .memory(), noPin: "an example in memory")
    let keyring = try await config.create()
    let schema = try Schema(
        json: #"""
            {"format": "fieldward-schema", "version": 1, "table": "letters", "record_id": [{"path": "id", "type": "text"}],
             "fields": [{"id": "scan", "type": "bytes", "mode": "randomized"}]}
            """#)
    let (plain, sealed) = (folder.appendingPathComponent("letter.pdf"), folder.appendingPathComponent("letter.sealed"))
    let letter = Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
    try letter.write(to: plain)

    let scan = try keyring.field(schema, "scan")
    let stored = try scan.encrypt(.bytes(Data(contentsOf: plain)), record: RecordID("letter-1"))  // files of up to 16 MiB
    try stored?.data?.write(to: sealed)
    let opened = try scan.decrypt(Data(contentsOf: sealed), record: RecordID("letter-1"))

    print("\(letter.count) bytes, encrypted \(try Data(contentsOf: sealed).count)")
    print("read \(opened == .bytes(letter) ? "the same" : "something else")")
    do {
        _ = try scan.decrypt(Data(contentsOf: sealed), record: RecordID("letter-2"))
    } catch let refused as FieldwardError {
        print("as another letter: \(refused.code)")
    }
    keyring.close()
    try FileManager.default.removeItem(at: folder)
}
