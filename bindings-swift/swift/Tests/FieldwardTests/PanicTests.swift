import FieldwardNative
import Foundation
import Testing

@testable import Fieldward

/// A panic in the library is the error `internal`, without its text, and everything goes on.
@Suite struct PanicTests {
    let canary = "CANARY-999-41-1234"
    let keyring: Fieldward.Keyring
    let ssn: Fieldward.Field
    let id = RecordID("p-7")

    init() async throws {
        keyring = try await memoryKeyring()
        ssn = try keyring.field(.patient(), "ssn")
    }

    func isInternal(_ error: any Error) -> Bool {
        guard let error = error as? FieldwardError else { return false }
        let said = "\(error) \(String(reflecting: error)) \(error.localizedDescription)"
        return error.code == "internal" && error.kind == .system && !error.isRetryable && !said.contains(canary)
    }

    func goesOn() async throws {
        let stored = try ssn.encrypt("x", record: id)
        #expect(try ssn.decrypt(stored, record: id) == "x")
        try await keyring.rotateImmediately()
        #expect(try ssn.needsRotation(stored))
        let moved = try ssn.reencrypt(stored, record: id).stored
        #expect(try await ssn.decryptMany([moved], records: [id]) == ["x"])
    }

    @Test func inACall() async throws {
        let records = try keyring.records(.patient())
        let row: [String: Fieldward.Node] = ["patient_id": "p-7", "ssn": .value(.text(canary))]
        let calls: [() throws -> Void] = [
            { _ = try ssn.encrypt(.text(canary), record: id) }, { _ = try ssn.query("exact", .text(canary)) },
            { _ = try records.encrypt(row) }, { _ = try keyring.field(.patient(), "ssn") }, { _ = try keyring.status() },
            { _ = try keyring.export() }, { _ = try keyring.id },
        ]
        for (at, call) in calls.enumerated() {
            // no suspension between the two: one thread
            armPanic(message: canary)
            do {
                try call()
                Issue.record("call \(at) does not panic")
            } catch {
                #expect(isInternal(error), "call \(at)")
            }
        }
        try await goesOn()
    }

    @Test func inACallThatWaits() async throws {
        let panicking = try Fieldward.Provider { panickingProvider(message: canary) }
        await #expect { _ = try await config(panicking).create() } throws: { isInternal($0) }
        await #expect { try await keyring.addProvider("second", panicking) } throws: { isInternal($0) }
        try await goesOn()
        #expect(try keyring.status().providers.map(\.name) == ["primary"])
    }

    struct Calling: KeyProvider {
        let kind = "calling"
        let keyName = "key-1"
        let message: String
        let field: Fieldward.Field

        func wrap(_ secret: Data, context: Fieldward.WrapContext) async throws -> Data { try sealed(secret) }
        func unwrap(_ wrapped: Data, context: Fieldward.WrapContext) async throws -> Data { wrapped }

        private func sealed(_ secret: Data) throws -> Data {
            armPanic(message: message)
            return try field.encrypt(.bytes(secret), record: RecordID("p-7"))!.data!
        }
    }

    @Test func inACallThatAProviderMakes() async throws {
        let provider = try Fieldward.Provider.of(Calling(message: canary, field: ssn))
        await #expect { _ = try await config(provider).create() } throws: { isInternal($0) }
        await #expect { try await keyring.addProvider("second", provider) } throws: { isInternal($0) }
        try await goesOn()
    }

    @Test func whileManyAreAtWork() async throws {
        let values: [Fieldward.Value?] = (0..<200).map { .text("value \($0)") }
        let ids = [RecordID](repeating: id, count: values.count)
        let sealed = try await ssn.encryptMany(values, records: ids)
        for stored in sealed.prefix(20) {
            armPanic(message: canary)
            #expect(code { _ = try ssn.decrypt(stored, record: id) } == "internal")
        }
        #expect(try await ssn.decryptMany(sealed, records: ids) == values)
    }

    /// A panic in a function that cannot throw ends the program. Those that there are put a value into its box, or are for tests.
    @Test func functionsThatCannotThrow() throws {
        let path = root.appendingPathComponent("target/mobile/swift/sources/FieldwardNative.swift")
        let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
        let heads = ["open func ", "public func ", "public static func "]
        let names = lines.filter { line in heads.contains { line.hasPrefix($0) } && line.contains("{") && !line.contains("throws") }
            .compactMap { $0.split(separator: "(").first?.split(separator: " ").last.map(String.init) }
            .filter { !$0.hasPrefix("FfiConverter") && !$0.hasPrefix("uniffi") }
        let boxes: Set = ["file", "memory", "host", "advance", "now", "lines", "typeName"]
        let tests: Set = ["make", "checkPin", "checkProvider", "checkStore", "armPanic", "panickingProvider", "runVector"]
        #expect(Set(names) == boxes.union(tests))
    }
}
