import Dispatch
import Foundation

/// Threads for providers and stores. Swift's own never wait, and the system's few are not taken by those who wait for these.
private let answerers = DispatchQueue(label: "fieldward", attributes: .concurrent)

/// Runs a call that may ask a provider, off the caller's thread.
func waiting<T: Sendable>(_ call: @escaping @Sendable () throws -> T) async throws(FieldwardError) -> T {
    let inside: @Sendable (() throws -> T) throws -> T = Opening.carried()
    let result = await withCheckedContinuation { continuation in
        Waiters.shared.run {
            let result = Result<T, FieldwardError> { () throws(FieldwardError) in try guarded { try inside(call) } }
            continuation.resume(returning: result)
        }
    }
    return try result.get()
}

/// Waits for an asynchronous call, on a thread that may wait, at most so many seconds. The call runs on such threads too where the system
/// can be told so: Swift's own may all be waiting for what this gives.
func waited<T: Sendable>(for seconds: TimeInterval, _ call: @escaping @Sendable () async throws -> T) throws -> T {
    let reply = Reply<T>()
    let run: @Sendable () async -> Void = {
        do {
            reply.result = .success(try await call())
        } catch {
            reply.result = .failure(error)
        }
        reply.arrived.signal()
    }
    let task: Task<Void, Never>
    if #available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *) {
        task = Task.detached(executorPreference: Executor.shared, operation: run)
    } else {
        task = Task.detached(operation: run)
    }
    guard reply.arrived.wait(timeout: .now() + seconds) == .success else {
        task.cancel()
        throw NoAnswer(seconds: seconds)
    }
    guard let result = reply.result else { throw FieldwardError.of("internal") }
    return try result.get()
}

/// Written before the signal, read after it.
private final class Reply<T: Sendable>: @unchecked Sendable {
    let arrived = DispatchSemaphore(value: 0)
    var result: Result<T, any Error>?
}

@available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
private final class Executor: TaskExecutor {
    static let shared = Executor()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        answerers.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Threads that may wait, at most 64: each ends when it had nothing to do for a while.
private final class Waiters: @unchecked Sendable {
    static let shared = Waiters()

    private let changed = NSCondition()
    private var calls: [@Sendable () -> Void] = []
    private var (threads, idle) = (0, 0)

    func run(_ call: @escaping @Sendable () -> Void) {
        changed.withLock {
            calls.append(call)
            if calls.count > idle && threads < 64 {
                threads += 1
                Thread { self.work() }.start()
            }
            changed.signal()
        }
    }

    private func work() {
        while let call = next() { call() }
    }

    private func next() -> (@Sendable () -> Void)? {
        changed.withLock {
            let patience = Date(timeIntervalSinceNow: 10)
            idle += 1
            while calls.isEmpty && changed.wait(until: patience) {}
            idle -= 1
            guard !calls.isEmpty else {
                threads -= 1
                return nil
            }
            return calls.removeFirst()
        }
    }
}
