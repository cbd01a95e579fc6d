import Fieldward
import Foundation
import Testing

/// The audit log: its sinks, its verification, and the counters beside it.
@Suite struct AuditTests {
    let patient = RecordID("p-7")
    let canary = "CANARY-999-41-1234"

    func ssn(_ keyring: Keyring) throws -> Field { try keyring.field(.patient(), "ssn") }

    /// Lines in memory, or what a test does with each.
    final class OwnSink: AuditSink, @unchecked Sendable {
        private let lock = NSLock()
        private var taken: [String] = []
        private let take: @Sendable (String) throws -> Void

        init(_ take: @escaping @Sendable (String) throws -> Void = { _ in }) { self.take = take }

        var lines: [String] { lock.withLock { taken } }

        func append(_ line: String) throws {
            try take(line)
            lock.withLock { taken.append(line) }
        }
    }

    /// A log of some length, and the keyring that wrote it.
    func logged(_ sinks: Sink...) async throws -> Keyring {
        let keyring = try await config(audit: sinks).create()
        try await keyring.rotateImmediately()
        try await keyring.addIndexKey()
        try await keyring.suspend(1, reason: "a test")
        try await keyring.resume(1, reason: "a test")
        return keyring
    }

    @Test func sinks() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        let (own, memory) = (OwnSink(), Sink.memory())
        let failing = Sink.of(OwnSink { _ in throw Broken(text: "full") })
        let keyring = try await logged(.of(own), memory, .jsonLines(file.path), failing)
        #expect(own.lines.count >= 5, "an event for each change")
        #expect(own.lines == memory.lines())
        #expect(try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init) == own.lines)
        let report = try await keyring.verifyAudit(own.lines)
        #expect(report.isIntact && report.verified == 5 && report.writers == 1)
        #expect(report.verified + report.unauthenticated + report.unverifiable == UInt64(own.lines.count))
        #expect(code { _ = try Sink.jsonLines(FileManager.default.temporaryDirectory.path) } == "audit_sink_failed")
    }

    @Test func sinkThatThrows() async throws {
        let keyring = try await logged(.of(OwnSink { _ in throw Broken(text: "full") }))
        #expect(try ssn(keyring).decrypt(ssn(keyring).encrypt("x", record: patient), record: patient) == "x")
        guard case let .object(figures) = try keyring.metrics(), case let .object(counters) = figures["keyring"] else {
            Issue.record("no counters")
            return
        }
        guard case let .value(.i64(failures)) = counters["audit_failures"] else { throw Broken(text: "no counter") }
        #expect(failures >= 5)
        #expect(counters["saves"] == 5)
    }

    @Test func sinkThatCallsBack() async throws {
        final class Held: @unchecked Sendable {
            var keyring: Keyring?
            var codes: Set<String> = []
        }
        let (held, patient) = (Held(), patient)
        let sink = OwnSink { _ in
            guard let keyring = held.keyring else { return }
            let field = try keyring.field(.patient(), "ssn")
            #expect(try field.decrypt(field.encrypt("x", record: patient), record: patient) == "x")
            held.codes.insert(code { _ = try keyring.status() })
            held.codes.insert(code { _ = try keyring.export() })
        }
        let keyring = try await config(audit: [.of(sink)]).create()
        held.keyring = keyring
        #expect(try await keyring.rotateImmediately() == 2)
        held.keyring = nil
        #expect(held.codes == ["invalid_argument"])
        #expect(try keyring.status().currentVersion == 2)
    }

    @Test func whatWasDoneToALog() async throws {
        let memory = Sink.memory()
        let keyring = try await logged(memory)
        let lines = memory.lines()
        func kinds(_ lines: [String]) async throws -> Set<String> {
            let report = try await keyring.verifyAudit(lines)
            #expect(report.isIntact == report.problems.isEmpty && report.problemCount == UInt64(report.problems.count))
            return Set(report.problems.map(\.kind))
        }
        var (without, swapped) = (lines, lines)
        without.remove(at: 2)
        swapped.swapAt(2, 3)
        #expect(try await kinds(lines) == [])
        #expect(try await kinds(lines.map { $0.replacingOccurrences(of: "a test", with: "a tent") }).contains("Edited"))
        #expect(try await kinds(without).contains("OutOfOrder"))
        #expect(try await kinds(swapped).contains("OutOfOrder"))
        #expect(try await kinds(lines.dropLast()).contains("CutAtTheEnd"))
        #expect(try await kinds(lines + [canary]) == ["Malformed"])
        #expect(try await keyring.verifyAudit(lines + [canary]).problems.first?.line == UInt64(lines.count + 1))
        let another = Sink.memory()
        _ = try await logged(another)
        #expect(try await !keyring.verifyAudit(lines + another.lines()).isIntact, "of another keyring")
        let many = 1 << 20 + 1
        #expect(
            try await thrown { _ = try await keyring.verifyAudit(Array(repeating: "", count: many)) }.code == "invalid_argument")
        #expect(code { _ = try keyring.unknownKeyIDs(Array(repeating: Data(), count: many)) } == "invalid_argument")
    }

    @Test func whoReads() async throws {
        let memory = Sink.memory()
        let keyring = try await logged(memory)
        let stored = try ssn(keyring).encrypt(.text(canary), record: patient)
        _ = try ssn(keyring).decrypt(stored, record: patient)
        #expect(!memory.lines().contains { $0.contains("values_read") })
        let reader = try keyring.readingAs("dr-who", reason: "treatment")
        #expect(try ssn(reader).decrypt(stored, record: patient) == .text(canary))
        let last = try #require(memory.lines().last)
        #expect(last.contains("values_read") && last.contains("dr-who"))
        #expect(!memory.lines().contains { $0.contains(canary) })
        #expect(code { _ = try keyring.readingAs("dr-who", reason: "") } == "reason_required")
        #expect(try await keyring.verifyAudit(memory.lines()).isIntact)
    }

    @Test func counters() async throws {
        let keyring = try await memoryKeyring()
        let field = try ssn(keyring)
        let stored = try field.encrypt(.text(canary), record: patient)
        _ = try field.decrypt(stored, record: patient)
        #expect(code { _ = try field.decrypt(stored, record: RecordID("p-8")) } == "authentication_failed")
        guard case let .object(figures) = try keyring.metrics(), case let .list(fields) = figures["fields"] else {
            throw Broken(text: "no figures")
        }
        let ssn = fields.first { if case let .object(field) = $0 { field["field"] == "ssn" } else { false } }
        guard case let .object(ssn) = ssn, case let .list(operations) = ssn["operations"] else {
            throw Broken(text: "no operations")
        }
        #expect(ssn["table"] == "patients")
        let decrypt = operations.first { if case let .object(one) = $0 { one["operation"] == "decrypt" } else { false } }
        guard case let .object(decrypt) = decrypt else { throw Broken(text: "no decryptions") }
        #expect(decrypt["calls"] == 2 && decrypt["failures"] == ["authentication": 1])
        #expect(try keyring.prometheus().contains("field=\"ssn\""))
        #expect(try !keyring.prometheus().contains(canary))
        keyring.close()
        #expect(code { _ = try keyring.metrics() } == "closed")
        #expect(try await thrown { _ = try await keyring.verifyAudit([]) }.code == "closed")
    }
}
