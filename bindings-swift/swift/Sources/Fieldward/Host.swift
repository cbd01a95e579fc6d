internal import FieldwardNative
import Foundation

/// One opening of a keyring: calls back into it are refused where its own providers, stores and sinks make them.
final class Opening: Sendable {
    /// The openings whose providers, stores and sinks run in this task.
    @TaskLocal private static var asking: [Opening] = []

    /// Refuses a call that would wait for itself.
    func check() throws(FieldwardError) {
        guard !Self.asking.contains(where: { $0 === self }) else {
            throw .of("invalid_argument", "called from inside a provider, store or sink of the same keyring")
        }
    }

    /// Runs a provider's or store's code and waits for it, at most so many seconds: then it is cancelled, and its answer comes too late.
    func ask<T: Sendable>(
        _ codes: Codes, within seconds: TimeInterval, _ call: @escaping @Sendable () async throws -> T
    ) throws(Refusal) -> T {
        let openings = Self.asking + [self]
        return try refusing(codes) {
            try waited(for: seconds) { try await Self.$asking.withValue(openings, operation: call) }
        }
    }

    /// Runs a sink's code.
    func tell(_ codes: Codes, _ call: () throws -> Void) throws(Refusal) {
        try refusing(codes) { try Self.$asking.withValue(Self.asking + [self], operation: call) }
    }

    /// What the task is inside of, for a thread that works for it.
    static func carried<T>() -> @Sendable (() throws -> T) throws -> T {
        let openings = asking
        return { call in try $asking.withValue(openings, operation: call) }
    }
}

/// What it means that no answer came.
enum Codes: String {
    case provider = "provider_unavailable"
    case store = "store_timeout"
    case pin = "pin_unavailable"
    case audit = "audit_sink_failed"
}

extension Data {
    /// Bytes that the library looks at, unless they are so many that they never reach the boundary.
    func within(_ code: String) throws(FieldwardError) -> Data {
        guard count <= 1 << 25 else { throw .of(code) }
        return self
    }
}

/// An error on its way through the library.
final class Kept: Thrown {
    let error: any Error

    init(_ error: any Error) { self.error = error }

    func typeName() -> String { String(describing: type(of: error)) }
}

/// What is thrown becomes the underlying error of the library's: by the code that it names, else as the caller decides.
private func refusing<T>(_ codes: Codes, _ call: () throws -> T) throws(Refusal) -> T {
    do {
        return try call()
    } catch {
        let code = (error as? FieldwardError)?.code ?? (error is NoAnswer ? codes.rawValue : nil)
        throw .Of(code: code, thrown: Kept(error))
    }
}

/// A provider or store did not answer in time.
struct NoAnswer: Error, CustomStringConvertible {
    let seconds: TimeInterval
    var description: String { "no answer within \(seconds) s" }
}
